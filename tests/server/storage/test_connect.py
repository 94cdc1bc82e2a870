"""A connection to a store that may be away."""

import asyncio
import time
from collections.abc import Callable

import pytest

from schema.domain.errors import SnapshotUnavailable
from server.storage.connect import MODELS, Mongo
from server.storage.documents import DOCUMENTS, HeadDocument
from tests.mongo_proxy import MongoProxy


async def test_making_one_does_no_io() -> None:
    mongo = Mongo("mongodb://192.0.2.1", "nowhere")  # an address that nobody has
    await mongo.close()


async def test_all_documents_are_bound_and_their_indexes_made(store_db: Mongo) -> None:
    assert set(DOCUMENTS) <= set(MODELS)
    for model in DOCUMENTS:
        expected = {index.document["name"] for index in getattr(model.Settings, "indexes", ())} | {"_id_"}
        found = await model.get_pymongo_collection().index_information()
        # Without an index of its own a collection begins with its first document.
        assert set(found) == expected or (not found and expected == {"_id_"})


async def test_a_store_that_is_away_shows_as_unavailable_in_time(mongo_uri: str, db_name: str) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = Mongo(proxy.uri, db_name, server_selection_seconds=0.1)
        began = time.monotonic()
        with pytest.raises(SnapshotUnavailable, match=r"^the store does not answer$"):
            await mongo.ping()
        assert time.monotonic() - began < 5
        await proxy.close(mongo)


async def test_while_one_finds_out_whether_the_store_is_back_others_are_refused_at_once(
    mongo_uri: str, db_name: str
) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = Mongo(proxy.uri, db_name, server_selection_seconds=0.3)
        with pytest.raises(SnapshotUnavailable):
            await mongo.ping()
        probing = asyncio.create_task(mongo.ping())
        await asyncio.sleep(0)
        for _ in range(20):
            began = time.monotonic()
            with pytest.raises(SnapshotUnavailable):
                await mongo.ping()
            assert time.monotonic() - began < 0.1
        assert not probing.done()
        with pytest.raises(SnapshotUnavailable):
            await probing
        await proxy.close(mongo)


async def test_it_recovers_by_itself(mongo_uri: str, db_name: str) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = Mongo(proxy.uri, db_name, server_selection_seconds=0.1)
        with pytest.raises(SnapshotUnavailable):
            await mongo.ping()
        await proxy.mend()
        deadline = time.monotonic() + 20
        while True:
            try:
                await mongo.ping()
                break
            except SnapshotUnavailable:
                assert time.monotonic() < deadline
        async with mongo.answering():
            assert await HeadDocument.find({}).count() == 0
        await proxy.close(mongo)


async def test_many_who_come_first_prepare_once(mongo_uri: str, db_name: str, connect_db: Callable[..., Mongo]) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        mongo = Mongo(proxy.uri, db_name)
        await asyncio.gather(*[mongo.prepare() for _ in range(5)])
        assert proxy.commands.count("listCollections") == 1
        await mongo.close()
