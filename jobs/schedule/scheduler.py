"""Keeps the queue filled, and runs jobs itself if the queue does not.

Each worker runs one scheduler. All of them enqueue the same jobs under the same names, so any worker may die. A queue
can fail in two ways: it is unreachable, or it accepts jobs that are never run. A worker therefore runs a due cycle or
periodic job itself if the queue is unreachable, or if the job was not started within a third of its time. The store's
lease and commit marker still ensure one cycle per slot, and its claims one run per period, for any number of workers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from jobs.schedule.due import Job, Period, due_cycles, due_periodic, latest_start, served_by, third_of
from schema.domain.base import Slot, UnixSeconds, slot_of
from server.process.reasons import in_words
from server.process.supervisor import end, owned

log = structlog.get_logger(__name__)

QUEUE_TIMEOUT_SECONDS = 2.0
MAX_PAUSE_SECONDS = 2.0
_JUST_AFTER_SECONDS = 0.01

Enqueue = Callable[[Job], Awaitable[None]]
"""Enqueue a job unless it was enqueued before. Raises OSError or TimeoutError if the queue is unreachable."""

_UNDONE = frozenset({"committed", "no_seed_answered", "clock_ahead"})


class RunsCycles(Protocol):
    """The cycles of this process."""

    def begun(self, slot: Slot) -> bool:
        """Whether this process has started the cycle of a slot, through the queue or without it."""
        ...

    async def run(self, slot: Slot) -> str:
        """Run the cycle of a slot, unless it was started. Returns the outcome as one word."""
        ...


class RunsJobs(Protocol):
    """The periodic jobs of this process."""

    @property
    def periods(self) -> Sequence[Period]: ...

    async def run(self, name: str, period: UnixSeconds) -> str:
        """Run a job, unless a worker has started it in this period. Returns the outcome as one word."""
        ...


class Scheduler:
    """Checks what is due every few seconds. `clock` gives unix seconds.

    `fill` and `watch` run concurrently, so that a queue that hangs does not delay due jobs.
    """

    def __init__(
        self,
        enqueue: Enqueue,
        cycles: RunsCycles,
        jobs: RunsJobs,
        *,
        interval: int,
        clock: Callable[[], float] = time.time,
        queue_timeout_seconds: float = QUEUE_TIMEOUT_SECONDS,
    ) -> None:
        self._enqueue = enqueue
        self._cycles = cycles
        self._jobs = jobs
        self._interval = interval
        self._clock = clock
        self._queue_timeout_seconds = queue_timeout_seconds
        self._reachable = True
        self._served = True
        self._started = clock()
        self._direct: Slot | None = None
        self._tried: dict[str, tuple[UnixSeconds, int]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def fill(self) -> None:
        """Keep the queue filled until cancelled."""
        while True:
            await self.fill_once()
            await asyncio.sleep(self._pause(0.0))

    async def watch(self) -> None:
        """Run the jobs that the queue does not run, until cancelled."""
        try:
            while True:
                self.watch_once()
                await asyncio.sleep(self._pause(0.0, served_by(self._interval)))
        finally:
            await end(*self._running)

    async def fill_once(self) -> None:
        """Enqueue everything that is due now."""
        now = self._clock()
        try:
            async with asyncio.timeout(self._queue_timeout_seconds):
                for job in (*due_cycles(now, self._interval), *due_periodic(now, self._jobs.periods)):
                    await self._enqueue(job)
        except OSError as error:
            self._note_reachable(reachable=False, error=in_words(error))
        else:
            self._note_reachable(reachable=True)

    def watch_once(self) -> None:
        """Start due jobs that were not started in time, each in its own task."""
        now = self._clock()
        self._watch_cycle(now)
        for period in self._jobs.periods:
            self._watch_job(now, period)

    def _watch_cycle(self, now: float) -> None:
        slot = slot_of(now, self._interval)
        if self._cycles.begun(slot):
            if slot != self._direct and not self._served:
                self._served = True
                log.info("queue.served", slot=slot)
            return
        since = now - slot
        late = since >= served_by(self._interval)
        if since <= latest_start(self._interval) and slot != self._direct and (late or not self._reachable):
            self._direct = slot
            # A worker that starts late in a slot runs it at once, before the queue has had time to.
            had_time = now - self._started >= served_by(self._interval)
            expected = self._reachable and had_time
            self._begin(self._cycle(slot, expected=expected), f"cycle {slot} without the queue")

    def _watch_job(self, now: float, period: Period) -> None:
        start, third = slot_of(now, period.seconds), third_of(now, period)
        left_alone = not (self._reachable and self._served)
        if (third or left_alone) and self._tried.get(period.name) != (start, third):
            self._tried[period.name] = (start, third)
            self._begin(self._job(period.name, start), f"{period.name} {start} without the queue")

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = owned(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _cycle(self, slot: Slot, *, expected: bool) -> None:
        """Run a cycle. `expected`: the queue had accepted it and should have run it."""
        outcome = await self._cycles.run(slot)
        if expected and outcome in _UNDONE and self._served:
            self._served = False
            log.warning("queue.not_served", slot=slot, cycles="each worker runs due jobs itself")

    async def _job(self, name: str, period: UnixSeconds) -> None:
        await self._jobs.run(name, period)

    def _pause(self, *offsets: float) -> float:
        """Seconds to the next check: soon, and in any case just after each of these times into a slot."""
        into = self._clock() % self._interval
        waits = [(offset - into) % self._interval for offset in offsets]
        return min(MAX_PAUSE_SECONDS, *(wait + _JUST_AFTER_SECONDS for wait in waits))

    def _note_reachable(self, *, reachable: bool, error: str | None = None) -> None:
        if reachable is self._reachable:
            return
        self._reachable = reachable
        if reachable:
            log.info("queue.back")
        else:
            log.warning("queue.unreachable", error=error, cycles="each worker runs due jobs itself")
