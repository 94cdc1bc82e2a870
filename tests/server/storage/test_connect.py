"""A connection to a store that may be away."""

import asyncio
import time
from collections.abc import Callable

import pytest

from schema.domain.errors import SnapshotUnavailable
from server.storage.connect import MODELS, Mongo
from server.storage.documents import DOCUMENTS, HeadDocument
from tests.mongo_proxy import MongoProxy, close_client
from tests.processes import free_port


async def test_making_one_does_no_io() -> None:
    mongo = Mongo(f"mongodb://127.0.0.1:{free_port()}", "nowhere")
    await mongo.close()


async def test_all_documents_are_bound_and_their_indexes_made(store_db: Mongo) -> None:
    assert set(DOCUMENTS) <= set(MODELS)
    for model in DOCUMENTS:
        expected = {index.document["name"] for index in getattr(model.Settings, "indexes", ())} | {"_id_"}
        found = await model.get_pymongo_collection().index_information()
        # Without an index of its own a collection begins with its first document.
        assert set(found) == expected or (not found and expected == {"_id_"})


async def test_a_store_that_is_away_shows_as_unavailable_in_time() -> None:
    mongo = Mongo(f"mongodb://user:secret@127.0.0.1:{free_port()}", "nowhere", server_selection_seconds=0.1)
    began = time.monotonic()
    with pytest.raises(SnapshotUnavailable, match="the store does not answer") as failed:
        await mongo.ping()
    assert time.monotonic() - began < 5
    assert "secret" not in str(failed.value) + str(failed.value.__cause__)
    await close_client(mongo)


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
        await close_client(mongo)


async def test_many_who_come_first_prepare_once(mongo_uri: str, db_name: str, connect_db: Callable[..., Mongo]) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        mongo = Mongo(proxy.uri, db_name)
        await asyncio.gather(*[mongo.prepare() for _ in range(5)])
        assert proxy.commands.count("listCollections") == 1
        await mongo.close()
