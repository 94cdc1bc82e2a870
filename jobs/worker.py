"""The worker process (`python -m jobs.worker`): its queue, and everything that it is made of.

The only module that knows arq, whose jobs are plain coroutine functions here. arq ends with every trouble that Redis
has for longer than its retries; the loop around it starts it again.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import orjson
from arq.connections import ArqRedis
from arq.worker import Function, Worker, func
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from jobs import parts
from jobs.announce import RedisAnnouncer
from jobs.collect import Collector, Crawl
from jobs.cycles import Cycles
from jobs.dial_map import DIAL_MAP_VARIABLE, read_dial_map
from jobs.periodic import PeriodicJob
from jobs.probing import Prober
from jobs.schedule import CYCLE, Job, cycle_seconds
from jobs.scheduler import Scheduler
from jobs.tasks import end
from server import logs
from server.settings import BadSettings, Settings, load_settings
from server.storage.connect import Mongo

POLL_SECONDS = 0.25
HEALTH_SECONDS = 15
RESTART_SECONDS = 1.0
CLOSE_SECONDS = 3.0
MAX_JOBS = 8
MAX_TRIES = 3

log = logs.get_logger("jobs.worker")  # not __name__: this module is also run


def dumps(value: Mapping[str, Any]) -> bytes:
    """A job as JSON. An exception among the results becomes its text."""
    return orjson.dumps(value, default=repr)


def loads(raw: bytes) -> dict[str, Any]:
    """A job from JSON. Raises ValueError for anything else: what lies in Redis is never executed, as a pickle would be."""
    job = orjson.loads(raw)
    if not isinstance(job, dict):
        raise TypeError(f"a job of type {type(job).__name__}: expected an object")
    return cast("dict[str, Any]", job)


def queue_client(url: str, *, patient: bool) -> ArqRedis:
    """A client of the queue's Redis. A `patient` one rides out a restart of it, any other gives up at once."""
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
        url, socket_connect_timeout=1, socket_timeout=5, **(patience if patient else {})
    )
    client.job_serializer = dumps
    client.job_deserializer = loads
    return cast("ArqRedis", client)


class Queue:
    """The job queue of one deployment. Several may share a Redis: names carry the database's name."""

    def __init__(self, url: str, deployment: str) -> None:
        self._url = url
        self._deployment = deployment
        self._name = f"pnodes:{deployment}:jobs"
        self.client = queue_client(url, patient=False)

    async def put(self, job: Job) -> None:
        """Put a job in the queue unless it has been there. Raises OSError where Redis cannot be reached."""
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
        """Run jobs until `stop` is set, whatever becomes of Redis meanwhile; then give running ones `grace_seconds`."""
        stopping = asyncio.create_task(stop.wait(), name="stop")
        while not stop.is_set():
            worker = self._worker(functions)
            running = asyncio.create_task(worker.main(), name="arq")
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                worker.allow_pick_jobs = False
                await _settle(worker, grace_seconds)
            await end(running)
            await _close(worker)
            if not stop.is_set():
                log.warning("queue.lost", error=repr(running.exception()))
                await asyncio.wait([stopping], timeout=RESTART_SECONDS)

    def _worker(self, functions: Sequence[Function]) -> Worker:
        return Worker(
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


async def _settle(worker: Worker, seconds: float) -> None:
    """Let jobs end and be written down as done."""
    tasks = list(worker.tasks.values())
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


async def _close(worker: Worker) -> None:
    """Close a worker that has ended, maybe because its Redis did: within bounds, and whatever it complains of."""
    pool = worker.pool
    with contextlib.suppress(Exception, asyncio.CancelledError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await worker.close()
    with contextlib.suppress(Exception):
        await pool.aclose()


def queue_functions(cycles: Cycles, jobs: Sequence[PeriodicJob], interval: int) -> list[Function]:
    """What the queue may run. Results are kept until their slot or period is over: they mark it as done."""

    async def cycle(ctx: dict[Any, Any], slot: int) -> str:
        return await cycles.run(slot)

    return [
        # Shorter than the slot; cycles keep to a deadline of their own, still a little shorter.
        func(cycle, name=CYCLE, timeout=0.95 * interval, keep_result=interval + 5),
        *(_periodic(job) for job in jobs),
    ]


def _periodic(job: PeriodicJob) -> Function:
    async def run(ctx: dict[Any, Any], period: int) -> None:
        result = await job.run()
        log.info("job.done", job=job.name, period=period, result=str(result))

    return func(run, name=job.name, timeout=job.timeout_seconds, keep_result=job.seconds + 5)


def _holder() -> str:
    """A name for this life of this process, as leases know it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def work(settings: Settings, crawl: Crawl, prober: Prober | None = None) -> None:
    """Work until SIGTERM or SIGINT; a cycle that is under way then may finish."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    interval, holder = settings.cache_ttl, _holder()
    mongo = Mongo(settings.mongo, settings.mongo_db)
    queue = Queue(settings.redis, settings.mongo_db)
    collector = Collector(
        parts.snapshot_store(mongo),
        RedisAnnouncer(queue.client),
        crawl,
        parts.cycle_options(settings),
        holder=holder,
        lease_seconds=cycle_seconds(interval),
        probes=prober.take if prober else dict,
    )
    cycles = Cycles(prober.following(collector) if prober else collector.collect, interval)
    jobs = parts.periodic_jobs(settings, mongo)
    log.info("worker.started", holder=holder, interval=interval, seeds=len(settings.ip_nodes), network=settings.network)
    try:
        await _serve(queue, cycles, jobs, stop, settings)
    finally:
        await cycles.drain(settings.shutdown_seconds)
        await queue.client.aclose()
        await mongo.close()
        log.info("worker.stopped", holder=holder)


async def _serve(
    queue: Queue, cycles: Cycles, jobs: Sequence[PeriodicJob], stop: asyncio.Event, settings: Settings
) -> None:
    """Fill the queue and run what is in it, until `stop` is set."""
    interval = settings.cache_ttl
    functions = queue_functions(cycles, jobs, interval)
    scheduler = Scheduler(queue.put, cycles.run, interval=interval, periods=[job.period for job in jobs])
    serving = asyncio.create_task(queue.serve(functions, stop, grace_seconds=settings.shutdown_seconds), name="queue")
    scheduling = asyncio.create_task(scheduler.run(), name="scheduler")
    try:
        await asyncio.wait([serving, scheduling], return_when=asyncio.FIRST_COMPLETED)
        if scheduling.done():
            scheduling.result()
    finally:
        stop.set()
        await end(scheduling)
        await serving


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker. 0 after a clean stop, 2 where the settings cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.worker",
        description="Run a worker.",
        epilog="example: CACHE_TTL=60 python -m jobs.worker",
        allow_abbrev=False,
    )
    parser.add_argument("--simulated", action="store_true", help=f"accept the dial map that {DIAL_MAP_VARIABLE} names")
    simulated = parser.parse_args(arguments).simulated
    try:
        settings = load_settings()
        dial_map = read_dial_map(os.environ, simulated=simulated)
        crawl, prober = parts.crawler(settings, dial_map), parts.prober(settings, dial_map)
    except BadSettings as bad:
        sys.stderr.write(f"{bad}\n")
        return 2
    logs.configure(level=settings.log_level, log_format=settings.log_format)
    asyncio.run(work(settings, crawl, prober))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
