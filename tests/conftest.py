"""Stores for the tests that need them: those of TEST_MONGO_URI and TEST_REDIS_URL, else embedded ones.

`mongo_uri` and `redis_url` are for the whole run. `store_db` is a database of one test's own; none is left in a given store.
"""

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import pymongo
import pytest
from hypothesis import HealthCheck, settings

from server.storage.connect import Mongo
from tests.embedded import EmbeddedStores

# The one profile of all property tests: how slow or busy the machine is never decides whether they pass.
settings.register_profile(
    "pnodes",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    # A derandomized run reads no examples of earlier runs.
    database=None if "CI" in os.environ else settings.default.database,
)
settings.load_profile("pnodes")

GIVEN_MONGO = "TEST_MONGO_URI"
DROP_SECONDS = 60.0


@pytest.fixture(scope="session")
def embedded_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStores]:
    """Both stores, started once; nobody stops or kills them but this fixture."""
    stores = EmbeddedStores(tmp_path_factory.mktemp("stores")).start()
    yield stores
    if stores.child.poll() is None:
        stores.stop()


@pytest.fixture(scope="session")
def mongo_uri(request: pytest.FixtureRequest) -> str:
    """A MongoDB that tests may fill."""
    given = os.environ.get(GIVEN_MONGO)
    return given or request.getfixturevalue("embedded_stores").mongo_uri


@pytest.fixture(scope="session")
def redis_url(request: pytest.FixtureRequest) -> str:
    """A Redis that tests may fill."""
    given = os.environ.get("TEST_REDIS_URL")
    return given or request.getfixturevalue("embedded_stores").redis_url


@pytest.fixture
def db_name() -> str:
    return f"test_{uuid.uuid4().hex[:16]}"


@pytest.fixture
async def connect_db(mongo_uri: str, db_name: str) -> AsyncIterator[Callable[..., Mongo]]:
    """Connects to this test's database, with any options of `Mongo`; connections are closed after the test."""
    opened: list[Mongo] = []

    def connect(**options: object) -> Mongo:
        opened.append(Mongo(mongo_uri, db_name, **options))  # type: ignore[arg-type]  whatever a test asks for
        return opened[-1]

    yield connect
    for mongo in opened:
        await mongo.close()


@pytest.fixture
async def store_db(mongo_uri: str, db_name: str) -> AsyncIterator[Mongo]:
    """An empty database of this test's own, with its documents bound and its indexes made."""
    mongo = Mongo(mongo_uri, db_name)
    await mongo.prepare()
    yield mongo
    # The embedded engine takes seconds to drop what its folder's removal drops anyway, and stalls the next test meanwhile.
    if os.environ.get(GIVEN_MONGO):
        with pymongo.timeout(DROP_SECONDS):
            await mongo.database.client.drop_database(db_name)
    await mongo.close()
