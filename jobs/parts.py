"""The parts of a worker, made from its settings."""

from collections.abc import Mapping, Sequence

from jobs.collect import Crawl
from jobs.crawl import crawl
from jobs.periodic import PeriodicJob
from jobs.prpc.address import Seed, parse_seeds
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from schema.domain.cycle import CycleOptions
from schema.domain.observation import SeedReply
from schema.writes import SnapshotStore
from server.settings import BadSettings, Settings
from server.storage.connect import Mongo
from server.storage.events import EventLog
from server.storage.writes import MongoSnapshotStore


def seeds_of(settings: Settings) -> tuple[Seed, ...]:
    """The seeds to ask. Raises BadSettings for a text that cannot name one."""
    try:
        return parse_seeds(settings.ip_nodes)
    except ValueError as error:
        raise BadSettings((f"IP_NODES: {error}",)) from error


def crawler(settings: Settings, dial_map: Mapping[str, str] | None) -> Crawl:
    """Asks all seeds once, whenever it is called. Raises BadSettings for a seed that cannot be one."""
    seeds = seeds_of(settings)
    dialler = Dialler(allow_private=settings.allow_private_seeds, dial_map=dial_map)
    limits = Limits.for_interval(settings.cache_ttl, max_body_bytes=settings.rpc_max_body_bytes)

    async def crawl_once() -> Sequence[SeedReply]:
        async with PrpcClient(dialler, limits) as client:
            return await crawl(client, seeds)

    return crawl_once


def cycle_options(settings: Settings) -> CycleOptions:
    """What the operator decides about a cycle."""
    return CycleOptions(
        network=settings.network,
        interval=settings.cache_ttl,
        grace_seconds=settings.liveness_grace_seconds,
        latest_version=settings.latest_version,
        latest_version_min_share=settings.latest_version_min_share,
        consistency_window_days=settings.consistency_window_days,
        retire_after_days=settings.offline_retention_days,
    )


def snapshot_store(mongo: Mongo) -> SnapshotStore:
    """Where cycles are kept, with everything that follows a commit."""
    return MongoSnapshotStore(mongo, (EventLog(),))


def periodic_jobs(settings: Settings, mongo: Mongo) -> tuple[PeriodicJob, ...]:
    """What runs beside the cycles."""
    return ()
