"""The scheduler fills the queue continuously, and runs what the queue does not serve."""

import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from jobs.schedule.due import Job, Period
from jobs.schedule.scheduler import Scheduler
from schema.domain.base import Slot

RETENTION = Period("retention", 300)


class Queue:
    """Remembers what was put in it. Refuses while `down`, hangs while `stuck`."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.filled = asyncio.Event()
        self.asked = asyncio.Event()
        self.down = False
        self.stuck = False

    async def put(self, job: Job) -> None:
        self.asked.set()
        if self.stuck:
            await asyncio.Event().wait()
        if self.down:
            raise ConnectionError("refused")
        if job not in self.jobs:
            self.jobs.append(job)
        self.filled.set()


class Cycles:
    """Remembers which cycles ran here; `outcome` is that of all of them."""

    def __init__(self, outcome: str = "committed") -> None:
        self.slots: list[Slot] = []
        self.ran = asyncio.Event()
        self.outcome = outcome

    def begun(self, slot: Slot) -> bool:
        return slot in self.slots

    async def run(self, slot: Slot) -> str:
        if slot not in self.slots:
            self.slots.append(slot)
        self.ran.set()
        return self.outcome


class Jobs:
    """Remembers which periodic jobs were requested here."""

    def __init__(self, *periods: Period) -> None:
        self.periods: Sequence[Period] = periods
        self.runs: list[tuple[str, int]] = []

    async def run(self, name: str, period: int) -> str:
        self.runs.append((name, period))
        return "done"


class World:
    """A scheduler with its dependencies, and a clock that the test sets."""

    def __init__(self, now: float, *periods: Period, interval: int = 60, outcome: str = "committed") -> None:
        self.now = now
        self.queue = Queue()
        self.cycles = Cycles(outcome)
        self.jobs = Jobs(*periods)
        self.scheduler = Scheduler(
            self.queue.put,
            self.cycles,
            self.jobs,
            interval=interval,
            clock=lambda: self.now,
            queue_timeout_seconds=0.01,
        )

    async def at(self, *times: float) -> None:
        """Check the clock at each of these times, as both loops do."""
        for self.now in times:
            await self.scheduler.fill_once()
            await self.watch()

    async def watch(self) -> None:
        self.scheduler.watch_once()
        while begun := self.scheduler._running:
            await asyncio.wait(begun)


async def test_cycles_and_periodic_jobs_are_put_in_the_queue() -> None:
    world = World(1_201.0, RETENTION)
    await world.at(1_201.0)
    assert world.queue.jobs == [
        Job("cycle", 1_200, 1_200),
        Job("cycle", 1_260, 1_260),
        Job("retention", 1_200, 1_200),
    ]
    assert (world.cycles.slots, world.jobs.runs) == ([], [])


async def test_a_flushed_queue_is_filled_again() -> None:
    world = World(1_210.0)
    await world.at(1_210.0)
    world.queue.jobs.clear()
    await world.at(1_210.0)
    assert [job.slot for job in world.queue.jobs] == [1_200, 1_260]


async def test_without_a_queue_the_running_slot_is_polled_by_this_process() -> None:
    world = World(1_201.0)
    world.queue.down = True
    await world.at(1_201.0, 1_258.0, 1_260.1)
    assert world.cycles.slots == [1_200, 1_260]


async def test_a_queue_that_is_back_is_used_again() -> None:
    world = World(1_201.0)
    world.queue.down = True
    await world.at(1_201.0)
    world.queue.down = False
    await world.at(1_202.0, 1_261.0)
    assert [job.slot for job in world.queue.jobs] == [1_200, 1_260, 1_320]
    assert world.cycles.slots == [1_200]


async def test_a_stuck_queue_counts_as_unreachable() -> None:
    world = World(1_201.0)
    world.queue.stuck = True
    await world.at(1_201.0)
    assert world.cycles.slots == [1_200]


@pytest.mark.parametrize(("interval", "served_by"), [(60, 20.0), (120, 40.0), (5, 0.625), (12, 1.5)])
async def test_a_slot_that_the_queue_has_not_begun_in_time_is_run_directly(interval: int, served_by: float) -> None:
    start = float(100 * interval)
    world = World(start, interval=interval)
    await world.at(start + served_by - 0.01)
    assert world.cycles.slots == []
    await world.at(start + served_by)
    assert world.cycles.slots == [start]


async def test_a_slot_that_the_queue_has_begun_is_not_begun_again() -> None:
    world = World(1_200.0)
    await world.cycles.run(1_200)
    await world.at(1_225.0)
    assert world.cycles.slots == [1_200]


async def test_a_slot_is_run_directly_once_whatever_its_outcome() -> None:
    world = World(1_200.0, outcome="failed")
    world.cycles.slots = []
    await world.at(1_221.0, 1_223.0, 1_225.0)
    assert world.cycles.slots == [1_200]


async def test_a_slot_without_room_for_a_cycle_is_not_begun() -> None:
    world = World(1_243.0)
    await world.at(1_243.0)
    assert world.cycles.slots == []


async def test_a_queue_that_hangs_does_not_hold_up_the_running_slot() -> None:
    """With slots of 5 s, the time-out of the queue alone is longer than the time in which a cycle must begin."""
    world = World(1_200.7, interval=5)
    world.queue.stuck = True
    filling = asyncio.create_task(world.scheduler.fill_once())
    await world.queue.asked.wait()
    await world.watch()
    assert world.cycles.slots == [1_200]
    await filling


async def test_a_start_in_the_middle_of_a_slot_says_nothing_of_the_queue() -> None:
    world = World(1_230.0)
    with capture_logs() as logs:
        await world.at(1_230.0)
    assert world.cycles.slots == [1_200]
    assert logs == []


async def test_a_queue_that_does_not_serve_is_named_once_and_so_is_its_return() -> None:
    world = World(1_200.0)
    with capture_logs() as logs:
        await world.at(1_221.0, 1_281.0)
        await world.cycles.run(1_320)
        await world.at(1_321.0)
    assert [line["event"] for line in logs] == ["queue.not_served", "queue.served"]


@pytest.mark.parametrize("outcome", ["already_committed", "not_ours"])
async def test_a_slot_that_another_worker_does_is_no_fault_of_the_queue(outcome: str) -> None:
    world = World(1_200.0, outcome=outcome)
    with capture_logs() as logs:
        await world.at(1_221.0)
    assert logs == []


async def test_periodic_jobs_are_left_to_a_queue_that_serves_for_a_third_of_their_time() -> None:
    world = World(1_200.0, RETENTION)
    await world.at(1_201.0, 1_299.0)
    assert world.jobs.runs == []
    await world.at(1_300.0, 1_310.0, 1_399.0)
    assert world.jobs.runs == [("retention", 1_200)]
    await world.at(1_400.0, 1_499.0)
    assert world.jobs.runs == [("retention", 1_200)] * 2


async def test_periodic_jobs_run_at_once_without_a_queue() -> None:
    world = World(1_200.0, RETENTION, Period("rollup", 300))
    world.queue.down = True
    await world.at(1_201.0, 1_203.0, 1_501.0)
    assert world.jobs.runs == [("retention", 1_200), ("rollup", 1_200), ("retention", 1_500), ("rollup", 1_500)]


async def test_periodic_jobs_run_at_once_where_the_queue_does_not_serve_cycles() -> None:
    world = World(1_200.0, RETENTION)
    await world.at(1_221.0, 1_223.0)
    assert world.jobs.runs == [("retention", 1_200)]


@pytest.mark.parametrize("interval", [5, 60, 90])
async def test_looks_come_just_after_a_slot_begins_and_just_after_it_must_be_served(interval: int) -> None:
    world = World(0.0, interval=interval)
    start = 100 * interval
    for offset in (0.0, 0.3, 1.0, interval / 3, interval - 0.5):
        world.now = start + offset
        assert 0 < world.scheduler._pause(0.0, interval / 3) <= 2.0
    world.now = start + interval - 0.5
    assert world.scheduler._pause(0.0) == pytest.approx(0.51)


async def test_it_fills_and_watches_until_cancelled() -> None:
    world = World(1_221.0)
    loops = [asyncio.create_task(world.scheduler.fill()), asyncio.create_task(world.scheduler.watch())]
    await world.queue.filled.wait()
    await world.cycles.ran.wait()
    for task in loops:
        task.cancel()
    outcomes = await asyncio.gather(*loops, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
