"""Runs cycles in this process: one at a time, each slot once, and never past the end of its slot."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from jobs.cycle.collect import SeedsNotAsked
from jobs.schedule.due import cycle_seconds, latest_start
from schema.domain.base import Slot
from schema.domain.errors import SnapshotUnavailable
from schema.reads import CollectorState
from server.process.reasons import in_words
from server.process.supervisor import end, owned

log = structlog.get_logger(__name__)

Collect = Callable[[Slot], Awaitable[CollectorState]]
NOT_OURS = "not_ours"
FAILED = "failed"
SKIPPED = "skipped"

_EARLY_SECONDS = 1.0
_RETRY_SHARE = 0.05
_MAX_FAILURES = 3
_SPREAD_MARGIN_SECONDS = 0.05


class Cycles:
    """The cycles of one worker process.

    `collect` runs the cycle of a slot once, for any number of workers. `interval` is the length of a slot in seconds.
    `clock` gives unix seconds. Each cycle runs in its own task, so that errors of the queue that requested it do not
    end it.
    """

    def __init__(
        self,
        collect: Collect,
        interval: int,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._collect = collect
        self._interval = interval
        self._clock = clock
        self._sleep = sleep
        self._one_at_a_time = asyncio.Lock()
        self._tasks: dict[Slot, asyncio.Task[str]] = {}

    async def run(self, slot: Slot) -> str:
        """The outcome of the cycle of `slot`, as one word. Runs the cycle, or returns the outcome of an earlier run
        here.

        A slot that is over, far in the future, or of another interval is `skipped`.
        """
        now = self._clock()
        if slot % self._interval or not slot - _EARLY_SECONDS <= now < slot + cycle_seconds(self._interval):
            log.info("cycle.skipped", slot=slot, now=int(now), interval=self._interval)
            return SKIPPED
        if slot not in self._tasks:
            self._tasks = {of: task for of, task in self._tasks.items() if not task.done()}
            self._tasks[slot] = owned(self._run(slot), name=f"cycle {slot}")
        return await asyncio.shield(self._tasks[slot])

    def begun(self, slot: Slot) -> bool:
        """Whether this process has started the cycle of `slot`. Slots that are over may be forgotten."""
        return slot in self._tasks

    async def drain(self, seconds: float) -> None:
        """Let a running cycle finish within `seconds`, then cancel it."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=seconds)
            await end(*late)

    async def _run(self, slot: Slot) -> str:
        # The queue counts in whole milliseconds and may deliver a job slightly early.
        await self._sleep(max(0.0, slot - self._clock()))
        async with self._one_at_a_time:
            return await self._within(slot, slot + cycle_seconds(self._interval) - self._clock())

    async def _within(self, slot: Slot, seconds: float) -> str:
        deadline = asyncio.timeout(seconds)
        try:
            async with deadline:
                return await self._attempted(slot)
        except TimeoutError:
            log.warning("cycle.too_slow", slot=slot, limit_seconds=round(seconds, 1))
            return "too_slow"

    async def _attempted(self, slot: Slot) -> str:
        """The outcome of `collect`, retried while there is time left in the slot and a retry may succeed.

        The lease of another worker may belong to a dead one, and a failure may come from a store that is electing a
        primary. Attempts that polled the seeds are limited in number and spread over the time in which a cycle may
        start. Attempts that failed before polling are not limited and repeat at short intervals.
        """
        tries = _Tries(slot)
        while True:
            try:
                outcome = (await self._collect(slot)).outcome
            except SeedsNotAsked as error:
                tries.failed(error.__cause__ or error, asked=False)
                outcome = FAILED
            except Exception as error:  # noqa: BLE001  (whatever ends a cycle is logged, and no reason to end the worker)
                tries.failed(error, asked=True)
                outcome = FAILED
            left = slot + latest_start(self._interval) - self._clock()
            if left < 0 or tries.asked >= _MAX_FAILURES or outcome not in {FAILED, NOT_OURS}:
                return outcome
            pause = _RETRY_SHARE * self._interval
            if tries.asked_last:
                pause = max(pause, left / (_MAX_FAILURES - tries.asked) - _SPREAD_MARGIN_SECONDS)
            await self._sleep(pause)


class _Tries:
    """The failed attempts of one slot. `asked` of them had polled the seeds."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._said = ""
        self.failures = 0
        self.asked = 0
        self.asked_last = False

    def failed(self, error: BaseException, *, asked: bool) -> None:
        """Count a failure and log it, with its traceback unless the previous failure was the same."""
        self.failures += 1
        self.asked += asked
        self.asked_last = asked
        why = in_words(error) if isinstance(error, SnapshotUnavailable) else repr(error)
        log.error(
            "cycle.failed",
            slot=self._slot,
            attempt=self.failures,
            seeds_asked=asked,
            error=why,
            exc_info=None if why == self._said else error,
        )
        self._said = why
