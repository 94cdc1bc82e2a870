"""The registry of periodic jobs: each runs once per period, bounded in time, and can safely be repeated.

To add one, write a coroutine function in its own module that receives its dependencies as arguments, and append a
`PeriodicJob` in the worker's list.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import structlog

from jobs.schedule.due import Period
from schema.domain.base import UnixSeconds
from schema.domain.errors import SnapshotUnavailable
from schema.upkeep import JobRuns
from server.process.reasons import in_words

DONE = "done"
FAILED = "failed"
NOT_OURS = "not_ours"

log = structlog.get_logger(__name__)


class PeriodicJob(NamedTuple):
    """Calls `run` once in every `seconds`, aligned to UTC, for at most `timeout_seconds`.

    `name` is used in the queue, in the store and in logs. A run that fails or times out is logged and retried in the
    next third of the period.
    """

    name: str
    seconds: int
    timeout_seconds: float
    run: Callable[[], Awaitable[object]]

    @property
    def period(self) -> Period:
        return Period(self.name, self.seconds)


class PeriodicJobs:
    """The periodic jobs of one worker process. `holder` names the process.

    A run is first claimed in the store, so the queue and every worker may request it.
    """

    def __init__(
        self, jobs: Sequence[PeriodicJob], runs: JobRuns, *, holder: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.jobs = tuple(jobs)
        self._by_name = {job.name: job for job in jobs}
        self._runs = runs
        self._holder = holder
        self._clock = clock

    @property
    def periods(self) -> Sequence[Period]:
        return [job.period for job in self.jobs]

    async def run(self, name: str, period: UnixSeconds) -> str:
        """Run a job for a period, unless another worker has: `done`, `failed` or `not_ours`. Never raises the job's
        errors."""
        job = self._by_name[name]
        try:
            if not await self._runs.claim(
                name, period, seconds=job.seconds, holder=self._holder, now=self._clock(), lasts=job.timeout_seconds
            ):
                return NOT_OURS
            outcome = await self._attempt(job, period)
            await self._runs.finish(name, period, holder=self._holder, now=self._clock(), succeeded=outcome == DONE)
        except SnapshotUnavailable as error:
            log.warning("job.not_recorded", job=name, period=period, error=in_words(error))
            return FAILED
        return outcome

    async def _attempt(self, job: PeriodicJob, period: UnixSeconds) -> str:
        began = time.monotonic()
        try:
            async with asyncio.timeout(job.timeout_seconds):
                result = await job.run()
        except Exception as error:
            log.exception("job.failed", job=job.name, period=period, error=repr(error))
            return FAILED
        seconds = round(time.monotonic() - began, 3)
        log.info("job.done", job=job.name, period=period, result=str(result), seconds=seconds)
        return DONE
