"""Rolls committed snapshots up into history: each hour once it is over, each day once its hours are rolled up.

Every step is a function of the committed data and may be repeated. Progress is saved after each step, so the next run
completes an interrupted one with identical results.
"""

import asyncio
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.points import NETWORK_METRICS, NODE_METRICS
from schema.domain.history.rollup import Beat, Hour, Sample, hour_room, network_sample, node_sample, roll_hour
from schema.domain.snapshot.record import SnapshotHeader
from schema.upkeep import RollupProgress, RollupStore

# Node samples that are held at once, some 500 bytes each. An hour with more is read in several passes.
MAX_SAMPLES = 1_000_000
BUDGET_SECONDS = 30.0


class Rolled(NamedTuple):
    """What a run did, and whether there is more to do."""

    hours: int
    days: int
    done: bool


async def run(store: RollupStore, *, budget_seconds: float = BUDGET_SECONDS, max_samples: int = MAX_SAMPLES) -> Rolled:
    """Roll up what is over, oldest first, for about `budget_seconds`. The next run continues."""
    end = time.monotonic() + budget_seconds
    hours = days = 0
    while time.monotonic() < end:
        progress = await store.rollup_progress()
        committed = await store.committed_slot()
        if progress is None or committed is None:
            return Rolled(hours, days, done=True)
        # An hour is over once something newer is committed, because no older slot can follow.
        over = committed // HOUR * HOUR
        step = await _step(store, progress, over, max_samples)
        if step is None:
            return Rolled(hours, days, done=True)
        hours += step.next_hour == progress.next_hour + HOUR and step.open_day is not None
        days += progress.open_day is not None and step.open_day is None
        if not await store.save_rollup(progress, step):
            return Rolled(hours, days, done=False)
    return Rolled(hours, days, done=False)


async def _step(
    store: RollupStore, progress: RollupProgress, over: UnixSeconds, max_samples: int
) -> RollupProgress | None:
    """Close a day, roll up one hour, or skip a time without snapshots. None if nothing is over."""
    open_day, next_hour = progress.open_day, progress.next_hour
    if open_day is not None and open_day + DAY <= next_hour:
        await store.close_day(open_day)
        return progress.model_copy(update={"open_day": None})
    if next_hour >= over:
        return None
    slot = await store.next_kept(next_hour, over)
    found = over if slot is None else slot // HOUR * HOUR
    if found > next_hour:
        return progress.model_copy(update={"next_hour": found})
    await roll_up_hour(store, next_hour, max_samples=max_samples)
    day = next_hour // DAY * DAY
    return progress.model_copy(update={"next_hour": next_hour + HOUR, "open_day": day})


async def roll_up_hour(store: RollupStore, hour: UnixSeconds, *, max_samples: int = MAX_SAMPLES) -> None:
    """Write the history of a UTC hour, for each node and for the network, from its kept snapshots."""
    headers = await store.headers(hour)
    if not headers:
        return
    room = hour_room([Beat(header.slot, header.interval) for header in headers], hour)
    passes = -(-sum(header.node_count for header in headers) // max_samples)
    for number in range(passes):
        samples = await _samples(store, hour, number, passes)
        await store.write_hour(hour, _rolled(samples, hour, room))
    await store.write_hour(hour, [(store.network, network_hour(headers, hour, room))])


def network_hour(headers: Sequence[SnapshotHeader], hour: UnixSeconds, room: Mapping[UnixSeconds, int]) -> Hour:
    """The network's hour, from the headers of its snapshots (sorted, at least one)."""
    return roll_hour([network_sample(header) for header in headers], NETWORK_METRICS, hour, room)


async def _samples(store: RollupStore, hour: UnixSeconds, number: int, passes: int) -> dict[str, list[Sample]]:
    """The samples of the nodes that belong to this pass."""
    found: dict[str, list[Sample]] = {}
    async for snapshot in store.snapshots(hour):
        header = snapshot.header
        for node in snapshot.nodes:
            if passes == 1 or zlib.crc32(node.id.encode()) % passes == number:
                found.setdefault(node.id, []).append(node_sample(node, header.slot, header.interval))
        await asyncio.sleep(0)
    return found


def _rolled(
    samples: Mapping[str, Sequence[Sample]], hour: UnixSeconds, room: Mapping[UnixSeconds, int]
) -> Iterator[tuple[str, Hour]]:
    for node_id in sorted(samples):
        yield node_id, roll_hour(samples[node_id], NODE_METRICS, hour, room)
