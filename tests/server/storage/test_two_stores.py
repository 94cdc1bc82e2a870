"""Two databases in one process: each connection reads and writes its own."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from beanie.exceptions import CollectionWasNotInitialized

from jobs.past import rollup
from schema.domain.base import HOUR
from schema.domain.history.points import Resolution
from schema.domain.network.enrichment import EnrichmentSourceName, SourceState
from schema.reads import CollectorState, EventFilter
from server.storage.connect import Mongo
from server.storage.documents import MODELS, StoredDocument
from server.storage.enrichment import MongoEnrichment
from server.storage.events.log import EventLog
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.job_runs import MongoJobRuns
from server.storage.reads import MongoReads
from server.storage.snapshots.writes import MongoSnapshotStore
from server.storage.upkeep import MongoUpkeep
from tests.conftest import PATIENT
from tests.factories import AT
from tests.server.storage.builders import commit

SLOTS = 4
NOW = AT + SLOTS * HOUR
CREDITS = SourceState(name=EnrichmentSourceName.CREDITS, origin="credits.example", network="devnet", attempted_at=NOW)


@pytest.fixture
async def other_db(mongo_uri: str) -> AsyncIterator[Mongo]:
    """A second empty database, prepared after the first."""
    mongo = Mongo(mongo_uri, f"test_{uuid.uuid4().hex[:16]}", **PATIENT)
    await mongo.prepare()
    yield mongo
    await mongo.close()


def reads_of(mongo: Mongo) -> MongoReads:
    history = HistoryReads(mongo, clock=lambda: NOW)
    return MongoReads(mongo, history, EventReads(mongo, history.earliest, clock=lambda: NOW), clock=lambda: NOW)


async def work(mongo: Mongo, first: int, nodes: int, *, holder: str) -> None:
    """The writes of a worker and its jobs. Slots, nodes and names differ from those of another worker."""
    store = MongoSnapshotStore(mongo, [EventLog(mongo)])
    for slot in range(first, first + SLOTS * HOUR, HOUR):
        lease = await store.acquire(holder, 0.0, 1e9)
        assert lease is not None
        await store.commit(lease, commit(slot, nodes))
        await store.report(lease, CollectorState(attempted_slot=slot, committed_slot=slot))
    await rollup.run(MongoUpkeep(mongo, clock=lambda: NOW))
    await MongoJobRuns(mongo).claim(holder, first, seconds=60, holder=holder, now=NOW, lasts=60.0)


async def content(mongo: Mongo) -> dict[str, int]:
    return {
        name: await mongo.database[name].count_documents({}) for name in await mongo.database.list_collection_names()
    }


async def test_two_workers_in_one_process_do_not_mix_their_writes(store_db: Mongo, other_db: Mongo) -> None:
    await asyncio.gather(
        work(store_db, AT, 3, holder="one"),
        work(other_db, AT + 600, 5, holder="two"),
        MongoEnrichment(store_db).keep(CREDITS, b'[["a",1]]'),
    )

    for mongo, first, nodes, holder in ((store_db, AT, 3, "one"), (other_db, AT + 600, 5, "two")):
        newest = commit(first + (SLOTS - 1) * HOUR, nodes).snapshot
        reads = reads_of(mongo)
        assert await reads.refresh() == newest
        assert await reads.snapshot(first) == commit(first, nodes).snapshot
        assert (await reads.available()).earliest_snapshot == first
        assert await reads.event_count(EventFilter()) == nodes * SLOTS
        registered = await reads.registry(newest, skip=0, limit=10)
        assert (len(registered.entries), registered.total) == (nodes, nodes)
        raw = await reads.network_history(AT - HOUR, NOW, Resolution.RAW)
        assert {point.start for point in raw.points} == set(range(first, first + SLOTS * HOUR, HOUR))
        collector = await reads.collector()
        assert collector.committed_slot == newest.slot
        assert [job.name for job in collector.jobs] == [holder]
        status, total = await reads.history_status(10)
        assert (len(status), total) == (nodes, nodes)
    assert (await reads_of(store_db).enrichment()).sources == (CREDITS,)
    assert (await reads_of(other_db).enrichment()).sources == ()


async def test_a_connection_that_is_prepared_later_or_closed_leaves_the_first_alone(
    store_db: Mongo, mongo_uri: str
) -> None:
    await work(store_db, AT, 3, holder="one")
    before = await content(store_db)
    later = Mongo(mongo_uri, f"test_{uuid.uuid4().hex[:16]}", **PATIENT)
    await later.prepare()
    await work(later, AT, 4, holder="two")
    await later.close()

    assert await content(store_db) == before
    assert await reads_of(store_db).refresh() == commit(AT + (SLOTS - 1) * HOUR, 3).snapshot


@pytest.mark.parametrize("model", MODELS)
async def test_no_document_class_is_bound_to_a_database_by_itself(store_db: Mongo, model: type[StoredDocument]) -> None:
    with pytest.raises(CollectionWasNotInitialized):
        await model.find({}).to_list()
    assert await store_db.documents(model).find({}).to_list() == []


@pytest.mark.parametrize("model", MODELS)
def test_document_classes_declare_fields_only(model: type[StoredDocument]) -> None:
    """Copies of them have no methods and no validators."""
    declared = {name for name in vars(model).keys() - vars(StoredDocument).keys() if not name.startswith("__")}
    assert declared - model.model_fields.keys() == {"Settings"}
