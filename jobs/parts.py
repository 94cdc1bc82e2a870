"""Builds the parts of a worker from its settings."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from jobs.cycle.collect import Crawl
from jobs.cycle.crawl import crawl
from jobs.cycle.probing import Prober, public_client
from jobs.cycle.seeds import seeds_of
from jobs.enrich import sources as enrichment
from jobs.enrich.fetch import Fetcher
from jobs.past import retention as forgetting
from jobs.past import rollup
from jobs.past.retention import Retention
from jobs.prpc.address import Seed
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from jobs.prpc.public import PublicDialler
from jobs.schedule.periodic import PeriodicJob
from schema.domain.base import DAY, HOUR, MINUTE
from schema.domain.cycle.advance import CycleOptions
from schema.domain.node.observation import SeedReply
from schema.reads import RETENTION, ROLLUP
from schema.writes import SnapshotStore
from server.settings import Settings
from server.storage.connect import Mongo
from server.storage.enrichment import MongoEnrichment
from server.storage.events.log import EventLog
from server.storage.snapshots.writes import MongoSnapshotStore
from server.storage.upkeep import MongoUpkeep

PROMOTED_SECONDS = 4.0
UPKEEP_PERIOD = 5 * MINUTE
ENRICHMENT = "enrichment"
STORE_SECONDS = 30.0


def crawler(
    settings: Settings, dial_map: Mapping[str, str] | None, promoted: Callable[[], Sequence[Seed]] = tuple
) -> Crawl:
    """The crawl: polls all seeds, and the nodes in `promoted`, whenever it is called.

    Raises BadSettings for an invalid seed.
    """
    seeds = seeds_of(settings)
    dialler = Dialler(allow_private=settings.allow_private_seeds, dial_map=dial_map)
    limits = Limits.for_interval(settings.cache_ttl, max_body_bytes=settings.rpc_max_body_bytes)
    # A promoted node adds little, and must not delay a cycle.
    brief = replace(limits, seed_seconds=min(PROMOTED_SECONDS, limits.seed_seconds))

    async def crawl_once() -> Sequence[SeedReply]:
        extra = promoted()
        async with PrpcClient(dialler, limits) as client, PrpcClient(PublicDialler(dial_map), brief) as public:
            asked, listed = await asyncio.gather(crawl(client, seeds), crawl(public, extra))
        return (*asked, *(reply._replace(promoted=True) for reply in listed))

    return crawl_once


def prober(settings: Settings, dial_map: Mapping[str, str] | None) -> Prober | None:
    """The direct probes. None if they are disabled."""
    if not settings.probe_nodes:
        return None
    beside = [seed.host for seed in seeds_of(settings)] if settings.seed_discovery else None
    return Prober(settings.cache_ttl, opted_out=settings.probe_opt_out, beside=beside, client=public_client(dial_map))


def cycle_options(settings: Settings) -> CycleOptions:
    """The operator's settings for a cycle."""
    return CycleOptions(
        network=settings.network,
        interval=settings.cache_ttl,
        grace_seconds=settings.liveness_grace_seconds,
        latest_version=settings.latest_version,
        latest_version_min_share=settings.latest_version_min_share,
        consistency_window_days=settings.consistency_window_days,
        retire_after_days=settings.offline_retention_days,
        min_witnesses=settings.min_witnesses,
        trusted_seeds=settings.trusted_seeds,
        max_newcomers=settings.max_newcomers,
    )


def snapshot_store(mongo: Mongo) -> SnapshotStore:
    """The store of cycles, with everything that follows a commit."""
    return MongoSnapshotStore(mongo, (EventLog(mongo),))


def retention(settings: Settings) -> Retention:
    """How long each kind of data is kept."""
    return Retention(
        raw=settings.raw_retention_hours * HOUR,
        m5=settings.m5_retention_days * DAY,
        hourly=settings.h1_retention_days * DAY,
        events=settings.events_retention_days * DAY,
    )


def periodic_jobs(settings: Settings, mongo: Mongo) -> tuple[PeriodicJob, ...]:
    """The periodic jobs: rolling up history, deleting data past its retention, and fetching enabled sources other than
    gossip."""
    upkeep = MongoUpkeep(mongo)
    keep = retention(settings)
    return (
        PeriodicJob(ROLLUP, UPKEEP_PERIOD, 2 * rollup.BUDGET_SECONDS, lambda: rollup.run(upkeep)),
        PeriodicJob(
            RETENTION,
            UPKEEP_PERIOD,
            2 * forgetting.BUDGET_SECONDS,
            lambda: forgetting.run(upkeep, time.time(), keep),
        ),
        *_enrichment(settings, mongo),
    )


def _enrichment(settings: Settings, mongo: Mongo) -> tuple[PeriodicJob, ...]:
    """The job that fetches the sources with a URL. None if there are none."""
    credits_url, rpc_url = settings.credits_url, settings.solana_rpc_url
    wanted = enrichment.sources(
        credits_url.get_secret_value() if credits_url else None, rpc_url.get_secret_value() if rpc_url else None
    )
    if not wanted:
        return ()
    store, fetcher = MongoEnrichment(mongo), Fetcher()
    seconds = len(wanted) * (fetcher.limits.total_seconds + STORE_SECONDS)

    async def run() -> object:
        return await enrichment.enrich(wanted, fetcher, store, network=settings.network, now=time.time())

    return (PeriodicJob(ENRICHMENT, enrichment.PERIOD_SECONDS, seconds, run),)
