"""The job queue in Redis: enqueuing jobs, and running them.

This is the only module that imports arq. Jobs are plain coroutine functions here. arq exits if Redis fails for longer
than its retries, so the loop around it starts it again.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import structlog
from arq.connections import ArqRedis
from arq.utils import poll
from arq.worker import Function, Worker, func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobs.schedule.cycles import Cycles
from jobs.schedule.due import CYCLE, Job
from jobs.schedule.periodic import PeriodicJob, PeriodicJobs
from schema.domain.base import backoff
from server.config.redis_options import tls_options
from server.process.supervisor import close, end, owned

POLL_SECONDS = 0.25
HEALTH_SECONDS = 15
RESTART_SECONDS = 1.0
MAX_RESTART_SECONDS = 4.0  # workers are back at the queue within ten seconds
SERVED_SECONDS = 10.0
MAX_JOBS = 8
MAX_TRIES = 3
DEADLINE_MARGIN_SECONDS = 5.0

log = structlog.get_logger(__name__)


def dumps(value: Mapping[str, Any]) -> bytes:
    """Encode a job as JSON. An exception among the results becomes its text."""
    return orjson.dumps(value, default=repr)


def loads(raw: bytes) -> dict[str, Any]:
    """Decode a job from JSON. Raises ValueError for anything else. Data in Redis is never executed, as a pickle would
    be."""
    job = orjson.loads(raw)
    if not isinstance(job, dict):
        raise TypeError(f"a job of type {type(job).__name__}: expected an object")
    return cast("dict[str, Any]", job)


def queue_client(url: str, *, patient: bool) -> ArqRedis:
    """A client of the queue's Redis. A `patient` one retries during a restart of Redis; any other fails at once."""
    patience: dict[str, Any] = {
        "retry": Retry(ExponentialBackoff(cap=2, base=0.1), 20),
        "retry_on_timeout": True,
        "retry_on_error": [
            RedisConnectionError,
            RedisTimeoutError,
            ConnectionRefusedError,
            ConnectionResetError,
            OSError,
        ],
    }
    # redis-py 5 does not type from_url.
    client = cast("Any", ArqRedis).from_url(
        url, socket_connect_timeout=1, socket_timeout=5, **tls_options(url), **(patience if patient else {})
    )
    client.job_serializer = dumps
    client.job_deserializer = loads
    return cast("ArqRedis", client)


class Queue:
    """The job queue of one deployment. Several may share a Redis: all names contain the database's name."""

    def __init__(self, url: str, deployment: str) -> None:
        self._url = url
        self._deployment = deployment
        self._name = f"pnodes:{deployment}:jobs"
        self.client = queue_client(url, patient=False)

    async def put(self, job: Job) -> None:
        """Enqueue a job unless it was enqueued before. Raises OSError if Redis is unreachable."""
        try:
            await self.client.enqueue_job(
                job.name,
                job.slot,
                _job_id=f"{self._deployment}:{job.name}:{job.slot}",
                _queue_name=self._name,
                _defer_until=datetime.fromtimestamp(job.start, UTC),
            )
        except RedisError as error:
            raise ConnectionError(str(error)) from error

    async def serve(self, functions: Sequence[Function], stop: asyncio.Event, *, grace_seconds: float) -> None:
        """Run jobs until `stop` is set, whatever happens to Redis, then give running jobs `grace_seconds` to finish.

        If the queue fails, it is retried after a pause that grows with each consecutive failure. Each cause is logged
        once.
        """
        stopping = owned(stop.wait(), name="stop")
        failures, said = 0, ""
        while not stop.is_set():
            began = time.monotonic()
            error = await self._serve_once(functions, stopping, grace_seconds)
            if error is None:
                break
            if time.monotonic() - began > SERVED_SECONDS:
                failures, said = 0, ""
            failures += 1
            if error != said:
                said = error
                log.warning("queue.lost", error=error, cycles="each worker runs due jobs itself")
            pause = backoff(failures, first=RESTART_SECONDS, longest=MAX_RESTART_SECONDS)
            await asyncio.wait([stopping], timeout=pause)
        await end(stopping)

    async def _serve_once(
        self, functions: Sequence[Function], stopping: "asyncio.Task[Any]", grace_seconds: float
    ) -> str | None:
        """Run one arq worker until it ends. Returns its error, or None if it was stopped."""
        worker = self._worker(functions)
        running = owned(worker.main(), name="arq")
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopped = stopping.done()
        if stopped:
            worker.allow_pick_jobs = False
            await _settle(worker, grace_seconds)
        await end(running)
        await _close(worker)
        if stopped:
            return None
        return "arq was cancelled" if running.cancelled() else repr(running.exception())

    def _worker(self, functions: Sequence[Function]) -> Worker:
        return _Worker(
            functions,
            queue_name=self._name,
            redis_pool=queue_client(self._url, patient=True),
            handle_signals=False,
            max_jobs=MAX_JOBS,
            max_tries=MAX_TRIES,
            poll_delay=POLL_SECONDS,
            health_check_interval=HEALTH_SECONDS,
            job_serializer=dumps,
            job_deserializer=loads,
            log_results=False,
        )


class _Worker(Worker):
    """arq's worker without the right to call Redis INFO, which users without `@dangerous` lack."""

    async def main(self) -> None:
        """Run jobs until cancelled. Like arq's own method, without its log line about the server."""
        self.ctx["redis"] = self.pool
        async for _ in poll(self.poll_delay_s):
            await self._poll_iteration()

    async def close(self) -> None:
        """End the jobs, and remove the health key. arq itself closes the pool by a name that redis-py deprecates."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        await self.pool.delete(self.health_check_key)


async def _settle(worker: Worker, seconds: float) -> None:
    """Let jobs finish and be recorded as done."""
    tasks = list(worker.tasks.values())
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def _close(worker: Worker) -> None:
    """Close a worker that has ended, possibly because its Redis has. Bounded in time; errors are logged."""
    pool = worker.pool
    await close("the worker of the queue", worker.close())
    await close("the queue", pool.aclose())


def queue_functions(cycles: Cycles, jobs: PeriodicJobs, interval: int) -> list[Function]:
    """The functions that the queue may run. Results are kept until the end of their slot or period, to mark it done."""

    async def cycle(ctx: dict[Any, Any], slot: int) -> str:
        return await cycles.run(slot)

    return [
        # Shorter than the slot. The cycle's own deadline is slightly shorter still.
        func(cycle, name=CYCLE, timeout=0.95 * interval, keep_result=interval + 5),
        *(_periodic(job, jobs) for job in jobs.jobs),
    ]


def _periodic(job: PeriodicJob, jobs: PeriodicJobs) -> Function:
    async def run(ctx: dict[Any, Any], period: int) -> str:
        return await jobs.run(job.name, period)

    # The job's own deadline is slightly shorter.
    return func(run, name=job.name, timeout=job.timeout_seconds + DEADLINE_MARGIN_SECONDS, keep_result=job.seconds + 5)
