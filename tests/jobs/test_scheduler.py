"""The scheduler: fills the queue over and over, and polls by itself while there is none."""

import asyncio

from jobs.schedule import Job, Period
from jobs.scheduler import Scheduler
from schema.domain.base import Slot


class Queue:
    """Remembers what was put in it; refuses while `down`."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.filled = asyncio.Event()
        self.down = False
        self.stuck = False

    async def put(self, job: Job) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        if self.down:
            raise ConnectionError("refused")
        if job not in self.jobs:
            self.jobs.append(job)
        self.filled.set()


class Runner:
    def __init__(self) -> None:
        self.slots: list[Slot] = []

    async def run(self, slot: Slot) -> str:
        self.slots.append(slot)
        return "committed"


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def _tick(scheduler: Scheduler) -> None:
    async with asyncio.TaskGroup() as own:
        await scheduler.tick(own)


async def test_cycles_and_periodic_jobs_are_put_in_the_queue() -> None:
    queue, runner = Queue(), Runner()
    scheduler = Scheduler(queue.put, runner.run, interval=60, periods=[Period("retention", 300)], clock=Clock(1_201.0))
    await _tick(scheduler)
    assert queue.jobs == [
        Job("cycle", 1_200, 1_200),
        Job("cycle", 1_260, 1_260),
        Job("retention", 1_200, 1_200),
    ]
    assert runner.slots == []


async def test_a_flushed_queue_is_filled_again() -> None:
    queue = Queue()
    scheduler = Scheduler(queue.put, Runner().run, interval=60, clock=Clock(1_230.0))
    await _tick(scheduler)
    queue.jobs.clear()
    await _tick(scheduler)
    assert [job.slot for job in queue.jobs] == [1_200, 1_260]


async def test_without_a_queue_the_running_slot_is_polled_by_this_process() -> None:
    queue, runner, clock = Queue(), Runner(), Clock(1_201.0)
    queue.down = True
    scheduler = Scheduler(queue.put, runner.run, interval=60, clock=clock)
    await _tick(scheduler)
    clock.now = 1_258.0
    await _tick(scheduler)
    clock.now = 1_260.1
    await _tick(scheduler)
    assert runner.slots == [1_200, 1_260]


async def test_a_queue_that_is_back_is_used_again() -> None:
    queue, runner = Queue(), Runner()
    scheduler = Scheduler(queue.put, runner.run, interval=60, clock=Clock(1_201.0))
    queue.down = True
    await _tick(scheduler)
    queue.down = False
    await _tick(scheduler)
    assert [job.slot for job in queue.jobs] == [1_200, 1_260]
    assert runner.slots == [1_200]


async def test_a_stuck_queue_counts_as_unreachable() -> None:
    queue, runner = Queue(), Runner()
    queue.stuck = True
    scheduler = Scheduler(queue.put, runner.run, interval=60, clock=Clock(1_201.0), queue_timeout_seconds=0.01)
    await _tick(scheduler)
    assert runner.slots == [1_200]


async def test_it_runs_until_cancelled() -> None:
    queue = Queue()
    task = asyncio.create_task(Scheduler(queue.put, Runner().run, interval=60, clock=Clock(1_201.0)).run())
    await queue.filled.wait()
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(outcome, asyncio.CancelledError)
