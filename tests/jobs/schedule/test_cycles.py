"""Cycles in one process: one at a time, each slot once, inside its slot, and never fatal."""

import asyncio

import pytest
from structlog.testing import capture_logs

from jobs.cycle.collect import SeedsNotAsked
from jobs.schedule.cycles import Cycles
from schema.domain.base import Slot
from schema.reads import CollectorState


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Collect:
    """Returns each outcome in turn, and the last one permanently. An exception is raised. `gate` delays it."""

    def __init__(self, *outcomes: str | Exception) -> None:
        self._outcomes = list(outcomes) or ["committed"]
        self.slots: list[Slot] = []
        self.times: list[float] = []
        self.clock: Clock | None = None
        self.started = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.ended = 0

    async def __call__(self, slot: Slot) -> CollectorState:
        self.slots.append(slot)
        if self.clock is not None:
            self.times.append(self.clock.now)
        self.started.set()
        try:
            await self.gate.wait()
        finally:
            self.ended += 1
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return CollectorState(attempted_slot=slot, outcome=outcome)


async def test_a_slot_runs_once_however_often_it_is_asked_for() -> None:
    collect, clock = Collect(), Clock(600.5)
    cycles = Cycles(collect, 60, clock=clock)
    assert await asyncio.gather(cycles.run(600), cycles.run(600)) == ["committed", "committed"]
    assert await cycles.run(600) == "committed"
    assert collect.slots == [600]


@pytest.mark.parametrize(
    ("slot", "now"),
    [(600, 654.1), (600, 660.0), (600, 598.9), (630, 640.0), (4_200, 600.0)],
    ids=["no room left", "over", "too early", "of another interval", "far ahead"],
)
async def test_a_slot_that_is_not_now_is_skipped(slot: int, now: float) -> None:
    collect = Collect()
    assert await Cycles(collect, 60, clock=Clock(now)).run(slot) == "skipped"
    assert collect.slots == []


async def test_a_job_that_comes_a_moment_early_waits_for_its_slot() -> None:
    collect = Collect()
    clock = Clock(599.999)
    assert await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600) == "committed"
    assert clock.now == pytest.approx(600)


async def test_a_failure_is_tried_again_in_its_slot() -> None:
    collect, clock = Collect(ConnectionError("store"), "committed"), Clock(600.0)
    assert await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600) == "committed"
    assert collect.slots == [600, 600]


async def test_failures_are_bounded_and_never_fatal() -> None:
    collect, clock = Collect(RuntimeError("defect")), Clock(600.0)
    cycles = Cycles(collect, 60, clock=clock, sleep=clock.sleep)
    assert await cycles.run(600) == "failed"
    assert len(collect.slots) == 3
    clock.now = 660.0
    assert await cycles.run(660) == "failed"


@pytest.mark.parametrize(("interval", "last"), [(60, 42), (120, 96), (5, 1.25)])
async def test_tries_that_asked_the_seeds_are_spread_over_the_slot(interval: int, last: float) -> None:
    """A failover takes 10 to 30 s, so all of three tries in the first seconds would fail."""
    start = 120 * interval
    collect, clock = Collect(RuntimeError("defect")), Clock(start)
    collect.clock = clock
    await Cycles(collect, interval, clock=clock, sleep=clock.sleep).run(start)
    first, middle, end = [at - start for at in collect.times]
    assert first == 0
    assert middle == pytest.approx(last / 2, abs=0.1)
    assert last - 0.3 < end <= last


async def test_failures_before_the_seeds_are_asked_do_not_count_as_tries() -> None:
    away = SeedsNotAsked("the store is away")
    collect, clock = Collect(*[away] * 10, RuntimeError("defect"), "committed"), Clock(600.0)
    assert await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600) == "committed"
    assert len(collect.slots) == 12


async def test_a_store_that_stays_away_is_asked_a_bounded_number_of_times() -> None:
    collect, clock = Collect(SeedsNotAsked("the store is away")), Clock(600.0)
    assert await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600) == "failed"
    assert len(collect.slots) == 16


async def test_a_failure_is_logged_each_time_and_its_traceback_once() -> None:
    collect, clock = Collect(SeedsNotAsked("away"), SeedsNotAsked("away"), RuntimeError("defect")), Clock(600.0)
    with capture_logs() as logs:
        await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600)
    assert [(line["event"], line["seeds_asked"], line["exc_info"] is not None) for line in logs] == [
        ("cycle.failed", False, True),
        ("cycle.failed", False, False),
        ("cycle.failed", True, True),
        ("cycle.failed", True, False),
        ("cycle.failed", True, False),
    ]


async def test_late_in_the_slot_a_failure_is_final() -> None:
    collect = Collect(RuntimeError("defect"))
    assert await Cycles(collect, 60, clock=Clock(650.0)).run(600) == "failed"
    assert len(collect.slots) == 1


async def test_a_dead_workers_lease_is_waited_out() -> None:
    collect, clock = Collect("not_ours", "not_ours", "committed"), Clock(600.0)
    assert await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600) == "committed"


async def test_a_living_workers_lease_is_not_waited_for_beyond_the_last_start() -> None:
    collect, clock = Collect("not_ours"), Clock(600.0)
    assert await Cycles(collect, 60, clock=clock, sleep=clock.sleep).run(600) == "not_ours"
    assert 642 < clock.now < 648


async def test_a_cycle_is_cut_off_before_its_slot_ends() -> None:
    collect = Collect()
    collect.gate.clear()
    assert await Cycles(collect, 60, clock=Clock(653.99)).run(600) == "too_slow"
    assert collect.ended == 1


async def test_the_next_slot_waits_for_the_one_before() -> None:
    collect, clock = Collect(), Clock(600.0)
    collect.gate.clear()
    cycles = Cycles(collect, 60, clock=clock)
    first = asyncio.create_task(cycles.run(600))
    await collect.started.wait()
    clock.now = 660.0
    second = asyncio.create_task(cycles.run(660))
    for _ in range(5):
        await asyncio.sleep(0)
    assert collect.slots == [600]
    collect.gate.set()
    assert await asyncio.gather(first, second) == ["committed", "committed"]
    assert collect.slots == [600, 660]


async def test_trouble_with_the_queue_does_not_end_a_cycle() -> None:
    collect = Collect()
    collect.gate.clear()
    cycles = Cycles(collect, 60, clock=Clock(600.0))
    job = asyncio.create_task(cycles.run(600))
    await collect.started.wait()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    collect.gate.set()
    assert await cycles.run(600) == "committed"
    assert collect.slots == [600]


async def test_drain_lets_a_cycle_finish() -> None:
    collect = Collect()
    collect.gate.clear()
    cycles = Cycles(collect, 60, clock=Clock(600.0))
    job = asyncio.create_task(cycles.run(600))
    await collect.started.wait()
    asyncio.get_running_loop().call_soon(collect.gate.set)
    await cycles.drain(5)
    assert await job == "committed"


async def test_drain_cancels_what_takes_too_long() -> None:
    collect = Collect()
    collect.gate.clear()
    cycles = Cycles(collect, 60, clock=Clock(600.0))
    job = asyncio.create_task(cycles.run(600))
    await collect.started.wait()
    await cycles.drain(0)
    assert collect.ended == 1
    with pytest.raises(asyncio.CancelledError):
        await job


async def test_drain_of_nothing_is_nothing() -> None:
    await Cycles(Collect(), 60).drain(1)
