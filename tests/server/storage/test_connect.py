"""A connection to a store that may be unavailable."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from schema.domain.errors import SnapshotUnavailable
from server.process import supervisor
from server.storage.connect import Mongo
from server.storage.documents import MODELS, HeadDocument
from tests.conftest import PATIENT
from tests.mongo_proxy import MongoProxy
from tests.patience import patience, settle
from tests.processes import free_port


async def test_making_one_does_no_io() -> None:
    mongo = Mongo("mongodb://192.0.2.1", "nowhere")  # an unused address
    await mongo.close()


async def test_closing_ends_where_the_driver_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    mongo = Mongo("mongodb://192.0.2.1", "nowhere")
    waits = asyncio.Event()
    monkeypatch.setattr(supervisor, "CLOSE_SECONDS", 0)
    monkeypatch.setattr(mongo.database.client, "close", waits.wait)
    async with patience():
        await mongo.close()


async def test_waits_for_a_server_that_are_cancelled_twice_leave_the_client_usable() -> None:
    """Without `server.storage.condition_wait`, the lock of the driver's topology is lost on Python 3.11."""
    client = Mongo(f"mongodb://127.0.0.1:{free_port()}", "nowhere", **PATIENT).database.client
    pings = [asyncio.create_task(client.admin.command("ping")) for _ in range(4)]
    await settle()
    for _ in range(2):
        for ping in pings:
            ping.cancel()
        await asyncio.sleep(0)
    results = await asyncio.gather(*pings, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    async with patience():
        await client.close()


@pytest.mark.parametrize(
    ("options", "w"),
    [
        ("", "majority"),
        ("w=1", "majority"),
        ("w=majority", "majority"),
        ("w=2", 2),
        ("w=3", 3),
        ("w=MultipleDC", "MultipleDC"),
        ("w=1&wtimeoutMS=500", "majority"),
    ],
)
async def test_writes_are_acknowledged_by_a_majority_unless_the_uri_asks_for_more(options: str, w: str | int) -> None:
    mongo = Mongo(f"mongodb://192.0.2.1/?{options}", "nowhere")
    for model in ("head", "chunks", "registry", "history"):
        concern = mongo.database[model].write_concern.document
        assert (concern["w"], concern["j"]) == (w, True)
    await mongo.close()


async def test_all_documents_are_bound_and_their_indexes_made(store_db: Mongo) -> None:
    for model in MODELS:
        expected = {index.document["name"] for index in getattr(model.Settings, "indexes", ())} | {"_id_"}  # pyright: ignore[reportAttributeAccessIssue]
        found = await store_db.collection(model).index_information()
        # Without its own index, a collection begins with its first document.
        assert set(found) == expected or (not found and expected == {"_id_"})


async def test_a_store_that_is_away_shows_as_unavailable_in_time(mongo_uri: str, db_name: str) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = Mongo(proxy.uri, db_name, server_selection_seconds=0.1, timeout_seconds=3_600)
        async with patience():
            with pytest.raises(SnapshotUnavailable, match=r"^the store does not answer$"):
                await mongo.ping()
        await proxy.close(mongo)


async def test_while_one_finds_out_whether_the_store_is_back_others_are_refused_at_once(
    mongo_uri: str, db_name: str
) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = proxy.client(db_name, patient=False)
        with pytest.raises(SnapshotUnavailable):
            await mongo.ping()
        probing = asyncio.create_task(mongo.ping())
        await asyncio.sleep(0)
        refused = [asyncio.create_task(mongo.ping()) for _ in range(20)]
        await asyncio.sleep(0)  # one turn of the loop: none of them has waited
        assert all(task.done() for task in refused)
        assert {type(task.exception()) for task in refused} == {SnapshotUnavailable}
        assert not probing.done()
        with pytest.raises(SnapshotUnavailable):
            await probing
        await proxy.close(mongo)


async def test_it_recovers_by_itself(mongo_uri: str, db_name: str) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = proxy.client(db_name, patient=False)
        with pytest.raises(SnapshotUnavailable):
            await mongo.ping()
        await proxy.mend()
        async with patience():
            while True:
                with contextlib.suppress(SnapshotUnavailable):
                    await mongo.ping()
                    break
        async with mongo.answering():
            assert await mongo.documents(HeadDocument).find({}).count() == 0
        await proxy.close(mongo)


async def test_many_who_come_first_prepare_once(mongo_uri: str, db_name: str, connect_db: Callable[..., Mongo]) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        mongo = proxy.client(db_name)
        await asyncio.gather(*[mongo.prepare() for _ in range(5)])
        assert proxy.commands.count("listCollections") == 1
        await mongo.close()
