"""Stores of every release: the first lease migrates them, and stores of a newer release are refused."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from schema.domain.cycle.events import Event, EventType
from schema.domain.errors import StoreTooNew
from schema.domain.history.points import Resolution
from schema.reads import EventFilter
from schema.writes import Lease
from server.storage.connect import MODELS, Mongo
from server.storage.documents import HeadDocument, collection_name
from server.storage.events.log import EventLog
from server.storage.events.reads import EventReads
from server.storage.head import Head
from server.storage.history.reads import HistoryReads
from server.storage.migrations import steps
from server.storage.migrations.version import DOCUMENT_VERSION, check_version
from server.storage.reads import MongoReads
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT
from tests.server.storage.builders import commit
from tests.server.storage.old_stores import INTERVAL, NODES, SLOTS, all_documents, documents_of, put_store, versions

LEASE_SECONDS = 30.0
EVERYTHING = EventFilter()
each_version = pytest.mark.parametrize("version", versions())


def reads_of(mongo: Mongo) -> MongoReads:
    def clock() -> float:
        return SLOTS[-1] + 1.0

    history = HistoryReads(mongo, clock=clock)
    return MongoReads(mongo, history, EventReads(mongo, history.earliest, clock=clock), clock=clock)


async def lease_of(mongo: Mongo) -> Lease:
    lease = await MongoSnapshotStore(mongo, (EventLog(mongo),)).acquire("a", 1_000.0, LEASE_SECONDS)
    assert lease is not None
    return lease


def test_a_store_of_every_version_is_recorded() -> None:
    assert versions() == list(range(1, DOCUMENT_VERSION + 1))
    assert sorted(steps.STEPS) == list(range(2, DOCUMENT_VERSION + 1))


async def test_documents_of_the_newest_version_are_those_of_this_release(store_db: Mongo) -> None:
    models = {collection_name(model): store_db.documents(model) for model in MODELS}
    for name, documents in documents_of(DOCUMENT_VERSION).items():
        for document in documents:
            models[name].model_validate(document)


@each_version
async def test_the_first_lease_brings_a_store_up_to_date(store_db: Mongo, version: int) -> None:
    await put_store(store_db.database, version)
    with capture_logs() as logs:
        lease = await lease_of(store_db)
    assert lease.committed_slot == SLOTS[-1]
    assert {"event": "store.migrated", "log_level": "info", "before": None, "after": DOCUMENT_VERSION} in logs
    found = await Head(store_db).read()
    assert found is not None
    assert found.document_version == DOCUMENT_VERSION


@each_version
async def test_nothing_is_lost_on_the_way(store_db: Mongo, version: int) -> None:
    await put_store(store_db.database, version)
    await lease_of(store_db)
    reads = reads_of(store_db)
    await reads.refresh()
    for slot in SLOTS:
        made = commit(slot, NODES, interval=INTERVAL)
        found = await reads.snapshot_at(slot)
        assert [node.id for node in found.nodes] == [node.id for node in made.snapshot.nodes]
        assert [node.uptime for node in found.nodes] == [node.uptime for node in made.snapshot.nodes]
    expected = [event for slot in SLOTS for event in commit(slot, NODES, interval=INTERVAL).events]
    assert list(await reads.events(EVERYTHING, None, 100)) == expected
    hours = await reads.network_history(AT, SLOTS[-1] + INTERVAL, Resolution.H1, include_current=True)
    assert [(point.start, point.samples) for point in hours.points] == [(AT + hour * 3_600, 3) for hour in range(3)]


@each_version
async def test_the_registry_is_in_order_of_contact(store_db: Mongo, version: int) -> None:
    await put_store(store_db.database, version)
    await lease_of(store_db)
    documents = await store_db.database["registry"].find({}).to_list()
    assert len(documents) == NODES
    assert {document["seen"] for document in documents} == {SLOTS[-1]}
    indexes = set(await store_db.database["registry"].index_information())
    assert "contact" in indexes
    assert "seen" not in indexes


@each_version
async def test_a_migration_may_be_stopped_and_repeated(store_db: Mongo, version: int) -> None:
    database = store_db.database
    await put_store(database, version)
    for one in await database["events"].find({}).limit(5).to_list():  # the state after an interrupted migration
        if "event" in one:
            await database["events"].update_one({"_id": one["_id"]}, {"$set": one["event"], "$unset": {"event": ""}})
    await steps.migrate(database, None)
    once = await all_documents(database)
    await steps.migrate(database, None)
    assert await all_documents(database) == once
    event = Event(slot=AT, index=0, at=AT, type=EventType.JOINED, subject="", address=None)
    assert set(once["events"][next(iter(once["events"]))]) == {"_id", "pinned", *event.model_dump()}


async def test_a_new_store_has_the_newest_version_from_its_first_lease(store_db: Mongo) -> None:
    await lease_of(store_db)
    found = await Head(store_db).read()
    assert found is not None
    assert found.document_version == DOCUMENT_VERSION


async def test_a_store_that_is_up_to_date_is_not_migrated_again(store_db: Mongo) -> None:
    await lease_of(store_db)
    with capture_logs() as logs:
        await lease_of(store_db)
    assert [line["event"] for line in logs] == []


@pytest.mark.parametrize("found", [None, 1, DOCUMENT_VERSION])
def test_older_versions_are_accepted(found: int | None) -> None:
    check_version(found)


def test_the_refusal_names_both_versions() -> None:
    expected = (
        f"the store has documents of version {DOCUMENT_VERSION + 1}, and this release reads versions up to "
        f"{DOCUMENT_VERSION}: run the release that wrote it, or a newer one"
    )
    with pytest.raises(StoreTooNew) as refused:
        check_version(DOCUMENT_VERSION + 1)
    assert str(refused.value) == expected


async def make_newer(mongo: Mongo) -> None:
    await mongo.database["head"].update_one({"_id": "head"}, {"$set": {"document_version": DOCUMENT_VERSION + 1}})


async def test_a_newer_store_is_refused_before_anything_is_written(
    store_db: Mongo, connect_db: Callable[..., Mongo]
) -> None:
    await store_db.database["head"].insert_one({"_id": "head", "document_version": DOCUMENT_VERSION + 1})
    await store_db.database["registry"].drop_indexes()
    late = connect_db()
    with pytest.raises(StoreTooNew):
        await late.ping()
    assert set(await store_db.database["registry"].index_information()) == {"_id_"}


async def test_a_worker_leaves_the_lease_of_a_store_that_became_newer(store_db: Mongo) -> None:
    await lease_of(store_db)
    await make_newer(store_db)
    before = await store_db.database["head"].find_one({"_id": "head"})
    for holder, now in (("a", 2_000.0), ("b", 9_000.0)):
        with pytest.raises(StoreTooNew):
            await MongoSnapshotStore(store_db).acquire(holder, now, LEASE_SECONDS)
    assert await store_db.database["head"].find_one({"_id": "head"}) == before


async def test_an_api_keeps_its_last_snapshot_of_a_store_that_became_newer(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db)
    await store.commit(await lease_of(store_db), commit(AT))
    reads = reads_of(store_db)
    await reads.refresh()
    await make_newer(store_db)
    with pytest.raises(StoreTooNew):
        await reads.refresh()
    current = reads.current()
    assert current is not None
    assert current.slot == AT
    assert HeadDocument.model_fields["document_version"].default is None
