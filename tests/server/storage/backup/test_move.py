"""A store that is moved while it is in use: nothing is missing, and a second move adds what is new."""

import io
from collections.abc import AsyncIterator, Callable

import pytest

from jobs.backup.moving import move
from jobs.backup.progress import Progress
from schema.backup import BackupError, Batch, Moment
from schema.domain.base import HOUR, Slot
from server.storage.backup.source import MongoBackupSource
from server.storage.backup.target import MongoBackupTarget
from server.storage.connect import Mongo
from server.storage.events.log import EventLog
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT
from tests.server.storage.backup.test_backup import INTERVAL, LEASE_SECONDS, NODES, NOW, comparable, fill
from tests.server.storage.builders import commit, entry
from tests.server.storage.old_stores import all_documents

SLOTS = range(AT, AT + 2 * HOUR, INTERVAL)


@pytest.fixture
async def other(db_name: str, mongo_uri: str) -> AsyncIterator[Mongo]:
    """A second, empty database."""
    mongo = Mongo(mongo_uri, f"{db_name}_b", server_selection_seconds=60.0, timeout_seconds=60.0)
    yield mongo
    await mongo.close()


async def moved(source: MongoBackupSource, mongo: Mongo, *, force: bool = False) -> tuple[Moment, str]:
    out = io.StringIO()
    target = MongoBackupTarget(mongo, source=source, clock=lambda: NOW)
    with Progress(out, clock=lambda: 0.0) as progress:
        return await move(source, target, force=force, now=1, progress=progress), out.getvalue()


class Collecting(MongoBackupSource):
    """A source in which a worker commits a slot while each of the first `commits` batches of its past is read."""

    def __init__(self, mongo: Mongo, after: Slot, commits: int) -> None:
        super().__init__(mongo)
        self.mongo = mongo
        self.newest = after
        self.left = commits

    async def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        async for batch in super().past(moment, since):
            yield batch
            if self.left:
                self.left -= 1
                self.newest += INTERVAL
                await fill(self.mongo, [self.newest])


async def test_a_move_ends_at_the_newest_commit_of_a_store_in_use(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, SLOTS)
    source = Collecting(store_db, SLOTS[-1], commits=9)
    moment, said = await moved(source, other)
    assert source.left == 0
    assert moment.slot == source.newest
    assert "caught up to slot" in said
    here, there = await all_documents(store_db.database), await all_documents(other.database)
    assert comparable(there) == comparable(here)


async def test_a_second_move_brings_what_came_since(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, SLOTS)
    await moved(MongoBackupSource(store_db), other)
    renamed = entry(commit(AT, NODES).snapshot.nodes[0], SLOTS[-1] + INTERVAL, former_ids=("addr:45.0.3.7:9001",))
    await store_db.make_indexes()
    store = MongoSnapshotStore(store_db, (EventLog(store_db),))
    lease = await store.acquire("worker", 0.0, LEASE_SECONDS)
    assert lease is not None
    made = commit(SLOTS[-1] + INTERVAL, NODES, interval=INTERVAL)
    await store.commit(lease, made.model_copy(update={"registry": (*made.registry[1:], renamed)}))
    await other.database["registry"].insert_one({"_id": "addr:45.0.3.7:9001", "seen": 0, "token": 0})
    moment, said = await moved(MongoBackupSource(store_db), other)
    assert moment.slot == SLOTS[-1] + INTERVAL
    assert "continues after slot" in said
    assert comparable(await all_documents(other.database)) == comparable(await all_documents(store_db.database))


async def test_a_document_that_differs_is_copied_again(store_db: Mongo, other: Mongo) -> None:
    await fill(store_db, SLOTS)
    await moved(MongoBackupSource(store_db), other)
    chunk = await other.database["chunks"].find_one({})
    assert chunk is not None
    await other.database["chunks"].update_one({"_id": chunk["_id"]}, {"$set": {"body": b"damaged"}})
    await other.database["events"].delete_many({"slot": SLOTS[2]})
    _, said = await moved(MongoBackupSource(store_db), other)
    assert f"{NODES + 1} documents differed and were copied again" in said
    assert comparable(await all_documents(other.database)) == comparable(await all_documents(store_db.database))


async def test_a_database_with_other_data_is_replaced_by_force_alone(store_db: Mongo, other: Mongo) -> None:
    await fill(other, [AT + 10 * HOUR])
    await fill(store_db, SLOTS)
    with pytest.raises(BackupError, match="--force replaces what is there"):
        await moved(MongoBackupSource(store_db), other)
    await moved(MongoBackupSource(store_db), other, force=True)
    assert comparable(await all_documents(other.database)) == comparable(await all_documents(store_db.database))


async def test_a_worker_of_the_moved_store_goes_on_and_the_source_is_left_as_it_was(
    store_db: Mongo, other: Mongo, connect_db: Callable[..., Mongo]
) -> None:
    await fill(store_db, SLOTS)
    before = await all_documents(store_db.database)
    await moved(MongoBackupSource(store_db), other)
    assert await all_documents(store_db.database) == before
    store = MongoSnapshotStore(other, (EventLog(other),))
    lease = await store.acquire("next", NOW, LEASE_SECONDS)
    assert lease is not None
    await store.commit(lease, commit(SLOTS[-1] + INTERVAL, NODES, interval=INTERVAL))


async def test_an_empty_store_is_not_moved(store_db: Mongo, other: Mongo) -> None:
    with pytest.raises(BackupError, match="nothing to move"):
        await moved(MongoBackupSource(store_db), other)
