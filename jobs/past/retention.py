"""Deletes data past its retention: a bounded amount per run, resumed where the last run stopped.

Data that is not rolled up yet is never deleted, nor is data that an import pinned.
"""

import time
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, Record, UnixSeconds
from schema.domain.history.points import Resolution
from schema.upkeep import RetentionStore

BUDGET_SECONDS = 20.0
BATCH = 1_000


class Retention(Record):
    """How long each kind of data is kept, in seconds.

    `raw` applies to every slot: its snapshot and its raw samples. `hourly` applies to hourly buckets and the last
    snapshot of each hour. Daily buckets are kept permanently.
    """

    raw: int = 48 * HOUR
    m5: int = 14 * DAY
    hourly: int = 90 * DAY
    events: int = 90 * DAY


class Forgotten(NamedTuple):
    """What a run deleted, and whether there is more to do."""

    snapshots: int = 0
    documents: int = 0
    events: int = 0
    done: bool = False


async def run(
    store: RetentionStore,
    now: float,
    retention: Retention,
    *,
    budget_seconds: float = BUDGET_SECONDS,
    batch: int = BATCH,
) -> Forgotten:
    """Delete, for about `budget_seconds`, what is past its retention at `now`. It may be stopped anywhere and run
    again."""
    end = time.monotonic() + budget_seconds
    rolled = await store.rolled_until()
    if rolled is None:
        return Forgotten(done=True)
    # The time of retention does not advance while hours wait to be rolled up.
    at = min(int(now), rolled)
    total = Forgotten()
    for forget in (_thin, _drop_snapshots, _drop_history, _drop_events):
        done = False
        while not done:
            if time.monotonic() >= end:
                return total
            found = await forget(store, at, retention, batch)
            done = found.done
            total = _sum(total, found)
    return total._replace(done=True)


async def _thin(store: RetentionStore, now: UnixSeconds, retention: Retention, batch: int) -> Forgotten:
    """Reduce the oldest hour that still has all its slots to its last snapshot."""
    progress = await store.retention_progress()
    until = (now - retention.raw) // HOUR * HOUR
    if progress is None or progress.thinned >= until:
        return Forgotten(done=True)
    hour = await _next_hour(store, progress.thinned, until)
    slots = await store.kept_slots(hour) if hour < until else ()
    count = await store.thin(hour, slots[-1:]) if hour < until else 0
    after = progress.model_copy(update={"thinned": min(until, hour + HOUR)})
    await store.save_retention(progress, after)
    return Forgotten(snapshots=count)


async def _drop_snapshots(store: RetentionStore, now: UnixSeconds, retention: Retention, batch: int) -> Forgotten:
    """Delete all snapshots of the oldest hour that has one."""
    progress = await store.retention_progress()
    until = (now - retention.hourly) // HOUR * HOUR
    if progress is None or progress.dropped >= until:
        return Forgotten(done=True)
    hour = await _next_hour(store, progress.dropped, until)
    count = await store.thin(hour, ()) if hour < until else 0
    after = progress.model_copy(update={"dropped": min(until, hour + HOUR)})
    await store.save_retention(progress, after)
    return Forgotten(snapshots=count)


async def _next_hour(store: RetentionStore, start: UnixSeconds, until: UnixSeconds) -> UnixSeconds:
    """The first hour from `start` that has data left; `until` if there is none before it.

    An hour without snapshots still counts while it has chunks: a run may have been stopped in between.
    """
    slot = await store.next_remains(start, until)
    return until if slot is None else slot // HOUR * HOUR


async def _drop_history(store: RetentionStore, now: UnixSeconds, retention: Retention, batch: int) -> Forgotten:
    ages = {Resolution.RAW: retention.raw, Resolution.M5: retention.m5, Resolution.H1: retention.hourly}
    counts = [await store.drop_history(resolution, now - age, batch) for resolution, age in ages.items()]
    return Forgotten(documents=sum(counts), done=max(counts) < batch)


async def _drop_events(store: RetentionStore, now: UnixSeconds, retention: Retention, batch: int) -> Forgotten:
    count = await store.drop_events(now - retention.events, batch)
    return Forgotten(events=count, done=count < batch)


def _sum(a: Forgotten, b: Forgotten) -> Forgotten:
    return Forgotten(a.snapshots + b.snapshots, a.documents + b.documents, a.events + b.events)
