"""The worker process (`python -m jobs.worker`), and everything that it is made of."""

import argparse
import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence

from jobs import parts
from jobs.cycle.announce import RedisAnnouncer
from jobs.cycle.collect import Collector, Crawl
from jobs.cycle.probing import Prober
from jobs.cycle.seeds import review_of
from jobs.schedule.cycles import Cycles
from jobs.schedule.due import cycle_seconds
from jobs.schedule.job_queue import Queue, queue_functions
from jobs.schedule.periodic import PeriodicJobs
from jobs.schedule.scheduler import Scheduler
from jobs.stack.dial_map import DIAL_MAP_VARIABLE, read_dial_map
from server import logs
from server.process.garbage import Garbage
from server.process.leaving import Leaving
from server.process.outage import Outage
from server.process.statuses import BAD_USAGE, FAILED
from server.process.supervisor import Supervisor, close, end, failures, owned
from server.settings import BadSettings, Settings, load_settings
from server.storage.connect import Mongo, refusal_of_store
from server.storage.job_runs import MongoJobRuns
from server.storage.network import refusal_of_network
from server.stores import check_stores

# Longer than the time between two writes of any kind but cycles at a long CACHE_TTL.
REFUSED_SECONDS = 600.0

log = logs.get_logger("jobs.worker")  # not __name__: this module is also run


def _holder() -> str:
    """The name of this run of the process, for leases."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def work(settings: Settings, crawl: Crawl, prober: Prober | None, leaving: Leaving) -> int:
    """Work until SIGTERM or SIGINT. A running cycle may finish. Returns the exit status.

    A store of a newer release, or of another network, is refused with status 2.
    """
    stop = asyncio.Event()
    leaving.on_signals(stop.set)
    interval, holder = settings.cache_ttl, _holder()
    supervisor = Supervisor(stop)
    mongo = Mongo(settings.mongo, settings.mongo_db, outage=Outage("store", log, hold_seconds=REFUSED_SECONDS))
    if (refusal := await _refusal(mongo, stop, settings.network)) is not None:
        leaving.begin()
        await mongo.close()
        sys.stderr.write(f"{refusal}\n")
        return BAD_USAGE
    queue = Queue(settings.redis, settings.mongo_db)
    collector = Collector(
        parts.snapshot_store(mongo),
        RedisAnnouncer(queue.client),
        crawl,
        parts.cycle_options(settings),
        holder=holder,
        lease_seconds=cycle_seconds(interval),
        probes=prober.take if prober else dict,
        garbage=Garbage(),
        faults=lambda: _faults(mongo, supervisor),
    )
    cycles = Cycles(prober.following(collector) if prober else collector.collect, interval)
    jobs = PeriodicJobs(parts.periodic_jobs(settings, mongo), MongoJobRuns(mongo), holder=holder)
    log.info("worker.started", holder=holder, interval=interval, seeds=len(settings.ip_nodes), network=settings.network)
    try:
        return await _serve(queue, cycles, jobs, stop, settings=settings, supervisor=supervisor, leaving=leaving)
    finally:
        leaving.begin()
        await cycles.drain(leaving.left())
        await close("the queue", queue.client.aclose())
        await mongo.close()
        log.info("worker.stopped", holder=holder)


async def _refusal(mongo: Mongo, stop: asyncio.Event, network: str) -> str | None:
    """Why this worker must not use the store. None also if it is stopped before the store has answered."""

    async def ask() -> str | None:
        return await refusal_of_store(mongo) or await refusal_of_network(mongo, network)

    asking = owned(ask(), name="check the version and the network of the store")
    stopping = owned(stop.wait(), name="stop")
    await asyncio.wait([asking, stopping], return_when=asyncio.FIRST_COMPLETED)
    answered = asking.done()
    await end(asking, stopping)
    return asking.result() if answered else None


def _faults(mongo: Mongo, supervisor: Supervisor) -> Mapping[str, int]:
    """The faults that this process has found since its start."""
    ended = sum(supervisor.ends.values()) + sum(failures().values())
    return {"store_damaged": mongo.damage.count, "task_ended": ended}


async def _serve(
    queue: Queue,
    cycles: Cycles,
    jobs: PeriodicJobs,
    stop: asyncio.Event,
    *,
    settings: Settings,
    supervisor: Supervisor,
    leaving: Leaving,
) -> int:
    """Fill the queue and run its jobs until `stop` is set (0), or until they cannot continue (1)."""
    functions = queue_functions(cycles, jobs, settings.cache_ttl)
    scheduler = Scheduler(queue.put, cycles, jobs, interval=settings.cache_ttl)
    supervisor.keep("queue", lambda: queue.serve(functions, stop, grace_seconds=settings.shutdown_seconds))
    supervisor.keep("fill", scheduler.fill)
    supervisor.keep("watch", scheduler.watch)
    waits = [owned(stop.wait(), name="stop"), owned(supervisor.gave_up.wait(), name="gave up")]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.begin()
        stop.set()
        await end(*waits)
        await supervisor.ended("queue")
        await supervisor.close()
    if supervisor.reason is None:
        return 0
    log.critical("worker.gave_up", reason=supervisor.reason)
    return FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker. Returns 0 after a clean stop, 1 if it cannot continue, 2 if the settings are invalid."""
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
        check_stores(settings)
        remarks = review_of(settings).remarks
        dial_map = read_dial_map(os.environ, simulated=simulated)
        prober = parts.prober(settings, dial_map)
        crawl = parts.crawler(settings, dial_map, lambda: prober.promoted if prober else ())
    except BadSettings as bad:
        sys.stderr.write(f"{bad}\n")
        return BAD_USAGE
    logs.configure(level=settings.log_level, log_format=settings.log_format)
    for remark in remarks:
        log.warning("seed.remark", remark=remark)
    return asyncio.run(work(settings, crawl, prober, Leaving(settings.shutdown_seconds)))


if __name__ == "__main__":
    raise SystemExit(main())
