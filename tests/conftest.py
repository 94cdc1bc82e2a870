"""The stores of tests: those of TEST_MONGO_URI and TEST_REDIS_URL, or embedded ones.

`mongo_uri` and `redis_url` exist for the whole run. `store_db` is a separate database for one test. No database remains
in a given store.
"""

import gc
import logging
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pymongo
import pytest
import structlog
from coverage import Coverage
from hypothesis import HealthCheck, settings

from server.storage.connect import Mongo
from tests.embedded import EmbeddedStores
from tests.nightly import EXAMPLES, runs_now
from tests.pasts import Copies
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY

# The one profile of all property tests. A slow or busy machine never makes them fail.
settings.register_profile(
    "pnodes",
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    # A derandomized run reads no examples of earlier runs.
    database=None if "CI" in os.environ else settings.get_profile("default").database,
)
settings.load_profile("pnodes")

GIVEN_MONGO = "TEST_MONGO_URI"
# The tests of the parts with a minimum branch coverage. Only these are measured, because it doubles their time.
MEASURED = tuple(REPOSITORY / folder for folder in ("tests/schema/domain", "tests/jobs/prpc"))
# Long tests among them, of whole cycles, which reach no additional branch.
UNMEASURED = frozenset({"test_estimated.py", "test_inventing_seeds.py", "test_liars.py"})
PATIENT: dict[str, Any] = {"server_selection_seconds": PATIENCE_SECONDS, "timeout_seconds": PATIENCE_SECONDS}
"""For connections to a running store. A slow response fails no test."""


class Measuring:
    """If coverage is requested, measure only the tests in MEASURED."""

    def __init__(self) -> None:
        self._stopped: list[Coverage] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        if item.path.name not in UNMEASURED and any(item.path.is_relative_to(folder) for folder in MEASURED):
            while self._stopped:
                self._stopped.pop().start()
        else:
            # A worker of pytest-xdist has two `Coverage` objects. The first continues if only the second is stopped.
            while (coverage := Coverage.current()) is not None:
                coverage.stop()
                self._stopped.append(coverage)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # Nearly everything that collection creates stays, so a garbage collection meanwhile finds nothing to free.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that run only in `make nightly`."""
    left_out = [item for item in items if not runs_now(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if runs_now(item)]


def pytest_collection_finish(session: pytest.Session) -> None:
    # All modules and tests of the run are in memory now and stay. Without this, each garbage collection traverses them.
    gc.collect()
    gc.freeze()
    if Coverage.current() is not None:
        session.config.pluginmanager.register(Measuring())


@pytest.fixture(scope="session")
def embedded_stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStores]:
    """Both stores, started once. Only this fixture stops them."""
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


@pytest.fixture(scope="module")
def copies() -> Copies:
    """Database contents that the tests of a module share."""
    return Copies()


@pytest.fixture
def db_name() -> str:
    return f"test_{uuid.uuid4().hex[:16]}"


@pytest.fixture
async def connect_db(mongo_uri: str, db_name: str) -> AsyncIterator[Callable[..., Mongo]]:
    """Connects to this test's database, with any options of `Mongo`. Connections are closed after the test."""
    opened: list[Mongo] = []

    def connect(**options: object) -> Mongo:
        opened.append(Mongo(mongo_uri, db_name, **(PATIENT | options)))  # type: ignore[arg-type]  any options
        return opened[-1]

    yield connect
    for mongo in opened:
        await mongo.close()


@pytest.fixture
async def store_db(mongo_uri: str, db_name: str) -> AsyncIterator[Mongo]:
    """An empty database for one test, with bound documents and existing indexes."""
    mongo = Mongo(mongo_uri, db_name, **PATIENT)
    await mongo.prepare()
    yield mongo
    # The embedded engine takes seconds to drop a database, and stalls the next test. Removing its folder suffices.
    if os.environ.get(GIVEN_MONGO):
        with pymongo.timeout(PATIENCE_SECONDS):
            await mongo.database.client.drop_database(db_name)
    await mongo.close()


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Restores logging after a test that configures it, also by running a command in this process."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    yield
    if not structlog.is_configured():
        return
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)
    for name in ("uvicorn.access", "uvicorn.error", "arq", "pymongo", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
    # A logger that was used meanwhile keeps the configuration of that time, and `capture_logs` would miss it.
    for module in list(sys.modules.values()):
        logger = getattr(module, "log", None)
        if type(logger).__name__ == "BoundLoggerLazyProxy":
            vars(logger).pop("bind", None)
