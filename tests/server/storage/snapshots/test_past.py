"""The cache of past snapshots."""

import asyncio

import pytest

from schema.domain.errors import CursorExpired
from schema.domain.snapshot.record import Snapshot
from server.storage.snapshots.past import SnapshotCache
from tests.factories import network, snapshot


class Loads:
    """A loader that counts, and waits until it is released."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.leave = asyncio.Event()
        self.leave.set()

    async def __call__(self, slot: int) -> Snapshot:
        self.asked.append(slot)
        await self.leave.wait()
        if slot < 0:
            raise CursorExpired(f"slot {slot} is no longer kept")
        return snapshot((), slot)


async def test_a_snapshot_is_loaded_once() -> None:
    loads = Loads()
    cache = SnapshotCache(loads)
    assert await cache.get(60) is await cache.get(60)
    assert loads.asked == [60]


async def test_concurrent_questions_share_one_load() -> None:
    loads = Loads()
    loads.leave.clear()
    cache = SnapshotCache(loads)
    asking = [asyncio.create_task(cache.get(60)) for _ in range(5)]
    await asyncio.sleep(0)
    loads.leave.set()
    first, *others = await asyncio.gather(*asking)
    assert all(other is first for other in others)
    assert loads.asked == [60]


async def test_one_who_leaves_does_not_end_the_load_of_others() -> None:
    loads = Loads()
    loads.leave.clear()
    cache = SnapshotCache(loads)
    leaving, staying = (asyncio.create_task(cache.get(60)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    loads.leave.set()
    assert (await staying).slot == 60
    assert loads.asked == [60]


async def test_a_failed_load_is_not_remembered() -> None:
    loads = Loads()
    cache = SnapshotCache(loads)
    for _ in range(2):
        with pytest.raises(CursorExpired):
            await cache.get(-1)
    assert loads.asked == [-1, -1]


async def test_at_most_two_loads_run_at_a_time() -> None:
    loads = Loads()
    loads.leave.clear()
    cache = SnapshotCache(loads)
    asking = [asyncio.create_task(cache.get(slot)) for slot in (60, 120, 180)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert loads.asked == [60, 120]
    loads.leave.set()
    assert [s.slot for s in await asyncio.gather(*asking)] == [60, 120, 180]


async def test_the_snapshot_that_was_not_asked_for_longest_goes_first() -> None:
    loads = Loads()
    cache = SnapshotCache(loads, max_snapshots=2)
    for slot in (60, 120, 60, 180, 60, 120):
        await cache.get(slot)
    assert loads.asked == [60, 120, 180, 120]


def test_nodes_are_bounded_and_the_newest_stays_however_large() -> None:
    cache = SnapshotCache(Loads(), max_nodes=10)
    for slot in (60, 120):
        cache.put(network(5, slot))
    assert len(cache) == 2
    cache.put(network(30, 180))
    assert len(cache) == 1
    assert cache.peek(180) is not None
