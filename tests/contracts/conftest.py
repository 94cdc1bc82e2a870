"""Each contract is tested on the fakes and on MongoDB."""

from collections.abc import AsyncIterator

import pytest

from schema.upkeep import JobRuns
from server.storage.connect import Mongo
from server.storage.job_runs import MongoJobRuns
from tests.contracts.worlds import World, fake_world, mongo_world
from tests.fake_stores import FakeJobRuns

KINDS = ("fakes", "mongo")


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, db_name: str) -> AsyncIterator[World]:
    """An empty store, with a reader and any number of workers."""
    opened = fake_world() if request.param == "fakes" else mongo_world(request.getfixturevalue("mongo_uri"), db_name)
    async with opened as made:
        yield made


@pytest.fixture(params=KINDS)
async def runs(request: pytest.FixtureRequest, mongo_uri: str, db_name: str) -> AsyncIterator[JobRuns]:
    if request.param == "fakes":
        yield FakeJobRuns()
        return
    mongo = Mongo(mongo_uri, db_name)
    await mongo.prepare()
    yield MongoJobRuns(mongo)
    await mongo.close()
