"""A deployment runs for SOAK_SECONDS with common faults: it takes every slot, and its resources do not grow.

The allowed growth does not depend on the duration, so a longer soak finds a slower leak.
"""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from schema.domain.base import HOUR, written
from server.storage.connect import Mongo
from server.storage.history.progress import Progress
from server.storage.snapshots.past import MAX_SNAPSHOTS
from tests.faults import census
from tests.faults.clients import AS_OF, ask_on, come_and_go
from tests.faults.conftest import Note
from tests.faults.doors import Treat, dripping, honest, resetting, silent
from tests.faults.growth import FIGURES, Holding, growth
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader, check_kept
from tests.faults.rig import (
    NODES,
    SLOT_SECONDS,
    Rig,
    commits,
    descriptors,
    events,
    memory_kb,
    slot_start,
    until,
)
from tests.faults.wire import Wire
from tests.pasts import commit_all, moment
from tests.processes import Process

SOAK_SECONDS = int(os.environ.get("SOAK_SECONDS", "180"))
LEAST_SECONDS = 120
LONG_SECONDS = 1_800  # an hour may end within such a soak, and is then rolled up
ALLOWED = {"memory_kb": 8_192.0, "descriptors": 4.0, "tasks": 4.0, "objects": 5_000.0}
CENSUS_SECONDS = 10.0
ROLL_UP_SECONDS = 400.0  # longer than the period of roll-ups
OUTAGE_EVERY_SLOTS = 6
OUTAGE_SECONDS = 2.0
BAD_DAYS: tuple[Treat, ...] = (honest, resetting, honest, silent, honest, dripping)

pytestmark = pytest.mark.soak


class Counted:
    """A process that runs under the census."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.held: list[Holding] = []

    async def sample(self) -> None:
        before, pid = len(events(self._process, census.EVENT)), self._process.child.pid
        self._process.child.send_signal(signal.SIGUSR1)
        await until(lambda: len(events(self._process, census.EVENT)) > before, CENSUS_SECONDS, "a census")
        counted = events(self._process, census.EVENT)[-1]
        self.held.append(
            Holding(memory_kb(pid), descriptors(pid), counted["tasks"], counted["objects"], counted["kinds"])
        )

    def in_words(self) -> str:
        early, late = self.held[len(self.held) // 3], self.held[-1]
        return ", ".join(f"{name} {getattr(early, name):,} to {getattr(late, name):,}" for name in FIGURES)


async def commit_past(rig: Rig) -> list[int]:
    """Give the deployment a past that fills the caches of the past, so they do not grow later, and a whole hour to roll
    up for a long soak. Returns its newest slots."""
    mongo = Mongo(rig.mongo_uri, rig.database)
    await mongo.prepare()
    now = int(time.time() // TTL) * TTL
    hour = now // HOUR * HOUR
    newest = list(range(now - MAX_SNAPSHOTS * TTL, now, TTL))
    rolled = range(hour - HOUR, min(hour, newest[0]), TTL) if SOAK_SECONDS >= LONG_SECONDS else ()
    slots = [*rolled, *newest]
    await commit_all(mongo, [moment(slot, NODES, interval=TTL, network="simulated") for slot in slots])
    await mongo.close()
    return newest


async def first_roll_up(rig: Rig) -> None:
    """Wait until the worker has rolled up an hour. The first one needs memory that the process keeps."""
    mongo = Mongo(rig.mongo_uri, rig.database)
    await mongo.prepare()
    progress, hour = Progress(mongo), int(time.time()) // HOUR * HOUR

    async def is_rolled() -> bool:
        found = await progress.rollup()
        return found is not None and found.next_hour >= hour

    await until(is_rolled, ROLL_UP_SECONDS, "the past hour is rolled up")
    await mongo.close()


async def trouble_seeds(rig: Rig) -> None:
    """In each slot another seed has a failure, of another kind."""
    for seed, day in zip(itertools.cycle(rig.doors.seeds), itertools.cycle(BAD_DAYS), strict=False):
        door = rig.doors.of[seed]
        door.treat = day
        await slot_start(TTL - 0.5)
        door.treat = honest


async def cut_store(wire: Wire) -> None:
    """From time to time no process reaches the store for some seconds, outside the time of commits."""
    while True:
        await asyncio.sleep(OUTAGE_EVERY_SLOTS * TTL)
        await slot_start(TTL - OUTAGE_SECONDS - 1)
        wire.cut()
        await asyncio.sleep(OUTAGE_SECONDS)
        await wire.mend()


@asynccontextmanager
async def at_work(*work: Callable[[], Awaitable[None]]) -> AsyncGenerator[None]:
    """Run these meanwhile. Fails if one of them fails."""
    tasks = [asyncio.ensure_future(one()) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []


async def test_a_long_day_leaves_nothing_behind(rig: Rig, note: Note) -> None:
    assert SOAK_SECONDS >= LEAST_SECONDS, f"SOAK_SECONDS={SOAK_SECONDS}: expected at least {LEAST_SECONDS}"
    rig.runner = ("tests.faults.census",)
    asked: Counter[str] = Counter()
    slots = await commit_past(rig)
    async with Wire(rig.mongo_uri) as wire:
        worker = rig.worker(MONGO_URI=wire.uri)
        api = await rig.healthy_api(MONGO_URI=wire.uri)
        await api.newer_than(slots[-1] + TTL, SLOT_SECONDS)
        if SOAK_SECONDS >= LONG_SECONDS:
            await first_roll_up(rig)
        for slot in slots:
            await api.ask(AS_OF.format(past=written(slot)))
        counted = {"worker": Counted(worker), "API": Counted(api.process)}
        end = time.monotonic() + SOAK_SECONDS
        async with (
            Reader(api, rig.session) as reader,
            at_work(
                lambda: ask_on(api, slots, asked),
                lambda: come_and_go(api, rig.session),
                lambda: trouble_seeds(rig),
                lambda: cut_store(wire),
            ),
        ):
            while time.monotonic() < end:
                await slot_start(TTL - 1.5)
                await asyncio.gather(*(one.sample() for one in counted.values()))
            assert reader.refused == []
    await check_kept(rig.mongo_uri, rig.database, reader)
    grown = {name: growth(one.held) for name, one in counted.items()}
    for name, one in counted.items():
        note(f"{name}: {one.in_words()}")
    note(f"{len(commits(worker))} slots, worst gap {reader.worst_gap} s, {reader.looks} looks, {dict(asked)}")
    assert {name: of.beyond(ALLOWED) for name, of in grown.items()} == {"worker": [], "API": []}
    assert reader.worst_gap <= LOAD.gap(2)
    assert len(reader.slots) >= SOAK_SECONDS // TTL - 2
    assert asked["unavailable"] < 0.01 * asked["answered"], (
        "what needs the store is not to be had only while it is away"
    )
    assert events(api.process, "http.failed") == events(worker, "cycle.failed") == []
