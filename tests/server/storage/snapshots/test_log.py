"""The log of stored snapshots: finding by time, and thinning."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from schema.domain.base import DAY, HOUR, Slot
from schema.domain.snapshot.record import Snapshot
from schema.writes import Lease
from server.storage.codec import CHUNK_RECORDS
from server.storage.connect import Mongo
from server.storage.documents import ChunkDocument, SnapshotDocument
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.payload import SnapshotWriter
from server.storage.snapshots.writes import MongoSnapshotStore, PastSnapshots
from tests.factories import AT
from tests.server.storage.builders import commit, snapshot_of

T = TypeVar("T")

NOW = AT + 400 * DAY


async def keep(mongo: Mongo, *slots: Slot, pinned: bool = False) -> None:
    past = PastSnapshots(mongo)
    for slot in slots:
        await past.keep(snapshot_of(slot), pinned=pinned, now=AT)


async def load(mongo: Mongo, slot: Slot) -> Snapshot | None:
    marker = await SnapshotLog(mongo).find(slot)
    return await SnapshotLog(mongo).load(marker) if marker else None


async def kept(mongo: Mongo) -> list[Slot]:
    return sorted([one.id for one in await mongo.documents(SnapshotDocument).find({}).to_list()])


async def test_the_newest_at_a_time_is_found_over_gaps_of_any_length(store_db: Mongo) -> None:
    slots = [AT, AT + 60, AT + 3 * HOUR, AT + 4 * DAY, AT + 90 * DAY, AT + 900 * DAY]
    await keep(store_db, *slots)
    assert await SnapshotLog(store_db).earliest() == AT
    for slot, following in zip(slots, [*slots[1:], None], strict=True):
        assert await SnapshotLog(store_db).newest_at(slot) == slot
        assert await SnapshotLog(store_db).newest_at((following or slot + 1_000 * DAY) - 1) == slot
    assert await SnapshotLog(store_db).newest_at(AT - 1) is None
    assert await SnapshotLog(store_db).newest_at(0) is None


async def test_an_empty_log_has_nothing(store_db: Mongo) -> None:
    assert await SnapshotLog(store_db).earliest() is None
    assert await SnapshotLog(store_db).newest_at(AT) is None
    assert await SnapshotLog(store_db).find(AT) is None


async def test_what_is_kept_for_a_slot_stays(store_db: Mongo) -> None:
    await keep(store_db, AT)
    await PastSnapshots(store_db).keep(snapshot_of(AT, 9), pinned=True, now=AT)
    assert await load(store_db, AT) == snapshot_of(AT)


async def test_each_chunk_is_decoded_in_a_step_of_its_own_and_the_event_loop_runs_between_them(store_db: Mongo) -> None:
    """A step may turn the garbage collector off, and exclude existing objects, so nothing else may run in it."""
    count = 2 * CHUNK_RECORDS + 1
    await PastSnapshots(store_db).keep(snapshot_of(AT, count), pinned=True, now=AT)
    marker = await SnapshotLog(store_db).find(AT)
    assert marker is not None
    inside = False
    seen: list[str] = []

    def step(work: Callable[[], T], /) -> T:
        nonlocal inside
        inside = True
        made = work()
        inside = False
        seen.append("step")
        return made

    async def others() -> None:
        while True:
            assert not inside
            if seen and seen[-1] == "step":
                seen.append("others")
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    loaded = await SnapshotLog(store_db).load(marker, step)
    beside.cancel()
    assert len(loaded.nodes) == count
    assert seen[:5] == ["step", "others", "step", "others", "step"]
    with pytest.raises(asyncio.CancelledError):
        await beside


async def test_thinning_leaves_what_is_to_be_kept_whole(store_db: Mongo) -> None:
    """The last snapshot of the hour is packed against the first, which can no longer be read by itself."""
    slots = list(range(AT, AT + 2 * HOUR, 600))
    await keep(store_db, *slots)
    keeping = {AT + HOUR - 600, AT + 2 * HOUR - 600}
    assert await SnapshotLog(store_db).thin(AT, AT + 2 * HOUR, keeping, NOW) == len(slots) - 2
    assert await kept(store_db) == sorted(keeping)
    for slot in keeping:
        assert await load(store_db, slot) == snapshot_of(slot)
    chunks = {one.slot for one in await store_db.documents(ChunkDocument).find({}).to_list()}
    assert chunks == keeping | {AT, AT + HOUR}


async def test_thinning_can_be_repeated_and_finished_later(store_db: Mongo) -> None:
    await keep(store_db, AT, AT + 60, AT + 120)
    # as if stopped between the markers and their chunks
    await store_db.collection(SnapshotDocument).delete_many({"_id": {"$in": [AT + 60, AT + 120]}})
    assert await SnapshotLog(store_db).thin(AT, AT + HOUR, {AT}, NOW) == 0
    assert {one.slot for one in await store_db.documents(ChunkDocument).find({}).to_list()} == {AT}
    assert await SnapshotLog(store_db).thin(AT, AT + HOUR, (), NOW) == 1
    assert await store_db.documents(ChunkDocument).find({}).count() == 0


async def test_thinning_stays_within_its_range(store_db: Mongo) -> None:
    await keep(store_db, AT - HOUR, AT, AT + HOUR)
    assert await SnapshotLog(store_db).thin(AT, AT + HOUR, (), NOW) == 1
    assert await kept(store_db) == [AT - HOUR, AT + HOUR]
    assert await load(store_db, AT - HOUR) == snapshot_of(AT - HOUR)


async def test_pinned_snapshots_are_exempt(store_db: Mongo) -> None:
    await keep(store_db, AT, AT + 60, pinned=True)
    assert await SnapshotLog(store_db).thin(AT, AT + HOUR, (), NOW) == 0
    assert await load(store_db, AT + 60) == snapshot_of(AT + 60)


async def test_fresh_chunks_may_still_get_their_marker(store_db: Mongo) -> None:
    """An import writes into the same past from which retention deletes."""
    marker = await SnapshotWriter(store_db).write(snapshot_of(AT), token=0, written=NOW - 10)
    assert await SnapshotLog(store_db).thin(AT, AT + HOUR, (), NOW) == 0
    await SnapshotLog(store_db).put(marker, pinned=True)
    assert await load(store_db, AT) == snapshot_of(AT)


async def test_the_hour_that_is_being_written_is_left_alone(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db, clock=lambda: 0.0)
    lease = await store.acquire("a", 0.0, 30.0)
    assert isinstance(lease, Lease)
    await store.commit(lease, commit(AT))
    await store.commit(lease, commit(AT + 60))
    assert await SnapshotLog(store_db).thin(AT - HOUR, AT + DAY, (), NOW) == 0
    await store.commit(lease, commit(AT + HOUR))
    assert await SnapshotLog(store_db).thin(AT - HOUR, AT + DAY, (), NOW) == 2


@pytest.mark.parametrize(("start", "end"), [(AT + 1, AT + HOUR), (AT, AT + 60)])
async def test_ranges_are_whole_hours(store_db: Mongo, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="expected whole UTC hours"):
        await SnapshotLog(store_db).thin(start, end, (), NOW)
