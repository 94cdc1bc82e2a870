"""Whether the store accepts writes, as an API detects while nothing new is committed."""

import pytest
from pymongo.errors import NotPrimaryError, OperationFailure, PyMongoError

from server.process import reasons
from server.storage.connect import Mongo
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.reads import MongoReads
from server.storage.write_probe import WriteProbe, write
from tests.factories import AT
from tests.pasts import commit_all, moment


class Store:
    """Counts the writes, and refuses them with `error` if it is set."""

    def __init__(self, error: PyMongoError | None = None) -> None:
        self.error = error
        self.writes = 0

    async def write(self, now: int) -> None:
        self.writes += 1
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (None, None),
        (OperationFailure("you are over your space quota, using 513 MB of 512 MB", 8000), reasons.QUOTA),
        (
            OperationFailure("available disk space of 4096 bytes is less than required: OutOfDiskSpace", 14031),
            reasons.DISK,
        ),
        (OperationFailure("WiredTigerRecordStore: No space left on device", 28), reasons.DISK),
        (NotPrimaryError("not primary"), reasons.NO_PRIMARY),
        (OperationFailure("the server is in read-only mode", 20), reasons.NO_PRIMARY),
        (OperationFailure("not authorized on db to execute command", 13), None),
    ],
)
async def test_a_store_that_takes_no_writes_is_named(error: PyMongoError | None, fault: str | None) -> None:
    assert await WriteProbe(lambda: 0.0, Store(error).write).fault() == fault


async def test_a_store_is_asked_every_ten_seconds_at_most() -> None:
    store, now = Store(OperationFailure("you are over your space quota", 8000)), [100.0]
    probe = WriteProbe(lambda: now[0], store.write)
    for _ in range(5):
        assert await probe.fault() == reasons.QUOTA
    assert store.writes == 1
    now[0] += 10
    store.error = None
    assert await probe.fault() is None
    assert store.writes == 2


async def test_a_real_store_takes_it_as_often_as_it_comes(store_db: Mongo) -> None:
    await write(store_db, 1)
    await write(store_db, 2)
    assert [document["at"] for document in await store_db.database["upkeep"].find({}).to_list()] == [2]


@pytest.mark.parametrize(("age", "writes"), [(0, 0), (179, 0), (180, 1)])
async def test_readers_write_nothing_while_slots_are_committed(store_db: Mongo, age: int, writes: int) -> None:
    await commit_all(store_db, [moment(AT)])
    history = HistoryReads(store_db)
    reads = MongoReads(store_db, history, EventReads(store_db, history.earliest), clock=lambda: AT + float(age))
    await reads.refresh()
    assert (await reads.collector()).store_fault is None
    assert await store_db.database["upkeep"].count_documents({"_id": "write probe"}) == writes
