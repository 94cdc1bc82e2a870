"""Keeps the queue filled, and polling going where there is no queue.

Each worker runs one. All of them put the same jobs in the queue under the same names, so any of them may die. Where
the queue cannot be reached the scheduler runs the due cycle itself: the store's lease and commit marker still make it
one cycle per slot, whatever the number of workers.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from jobs.schedule import Job, Period, due_cycles, due_periodic
from schema.domain.base import Slot

log = structlog.get_logger(__name__)

QUEUE_TIMEOUT_SECONDS = 2.0
MAX_PAUSE_SECONDS = 2.0

Enqueue = Callable[[Job], Awaitable[None]]
"""Put a job in the queue unless it has been there. Raises OSError or TimeoutError where the queue cannot be reached."""


class Scheduler:
    """Looks at the clock every few seconds and asks for what is due.

    `run_cycle` runs the cycle of a slot in this process, and knows by itself which ones are finished.
    """

    def __init__(
        self,
        enqueue: Enqueue,
        run_cycle: Callable[[Slot], Awaitable[object]],
        *,
        interval: int,
        periods: Sequence[Period] = (),
        clock: Callable[[], float] = time.time,
        queue_timeout_seconds: float = QUEUE_TIMEOUT_SECONDS,
    ) -> None:
        self._queue_timeout_seconds = queue_timeout_seconds
        self._enqueue = enqueue
        self._run_cycle = run_cycle
        self._interval = interval
        self._periods = tuple(periods)
        self._clock = clock
        self._reachable = True

    async def run(self) -> None:
        """Schedule until cancelled."""
        async with asyncio.TaskGroup() as own:
            while True:
                await self.tick(own)
                await asyncio.sleep(self._pause())

    async def tick(self, own: asyncio.TaskGroup) -> None:
        """Ask for everything that is due now; cycles that this process must run itself become tasks of `own`."""
        now = self._clock()
        cycles = due_cycles(now, self._interval)
        try:
            async with asyncio.timeout(self._queue_timeout_seconds):
                for job in (*cycles, *due_periodic(now, self._periods)):
                    await self._enqueue(job)
        except OSError as error:
            self._note(reachable=False, error=repr(error))
            for job in cycles:
                if job.start <= now:
                    own.create_task(self._cycle(job.slot))
        else:
            self._note(reachable=True)

    async def _cycle(self, slot: Slot) -> None:
        await self._run_cycle(slot)

    def _pause(self) -> float:
        """Seconds to the next look: soon, and in any case just after the next slot has begun."""
        to_next_slot = self._interval - self._clock() % self._interval
        return min(MAX_PAUSE_SECONDS, to_next_slot + 0.01)

    def _note(self, *, reachable: bool, error: str | None = None) -> None:
        if reachable is self._reachable:
            return
        self._reachable = reachable
        if reachable:
            log.info("queue.back")
        else:
            log.warning("queue.unreachable", error=error, polling="without the queue")
