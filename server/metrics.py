"""The counters of this process, and figures of the network, in the text formats of Prometheus.

Requests are counted as they happen. The network's figures come from the snapshot in memory at each scrape, and the
worker's own from its report in the store.
"""

import asyncio
import copy
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schema.domain.network.enrichment import SourceState
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState
from server.metrics_format import PLAIN, Writer

LAG_PERIOD_SECONDS = 0.5

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)


class Scrape(NamedTuple):
    """The values that are read at each scrape.

    `store_ok` is the result of the last poll of the store, None before the first. `served` counts responses from memory
    by method, kind and status. `sockets` and `streams` are open WebSockets and event streams. `connections` are the
    open connections and the number of refused ones, None if they are not counted. `now` is in unix seconds. `network`
    is the configured network of this process.
    """

    snapshot: Snapshot | None
    collector: CollectorState | None
    store_ok: bool | None
    served: Mapping[tuple[str, str, int], int]
    sockets: int
    now: float
    streams: int = 0
    connections: tuple[int, int] | None = None
    task_ends: Mapping[str, int] = MappingProxyType({})
    network: str | None = None
    sources: tuple[SourceState, ...] = ()


class Metrics:
    """The counters of one process.

    `process` is its number among those that share its port. Any of them may answer a scrape. It is then a label of each
    sample, so that a scraper does not mix the counters of several processes.
    """

    def __init__(self, process: int | None = None) -> None:
        self._labels = {} if process is None else {"process": str(process)}
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._requests = Counter(
            "pnodes_http_requests", "Requests answered", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "pnodes_http_request_seconds",
            "Seconds from a request's head to the end of its answer",
            ("route",),
            buckets=_REQUEST_BUCKETS,
            registry=self._registry,
        )
        # Finding the child of a label set takes longer than counting. There are as many as the registry keeps anyway.
        self._of_kind: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._lag = Histogram(
            "pnodes_event_loop_lag_seconds",
            "How late the event loop came back to a timer, in seconds",
            buckets=_LAG_BUCKETS,
            registry=self._registry,
        )

    def observe_request(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one response. `route` is a template, never a path chosen by a client."""
        key = (method if method in _METHODS else "OTHER", route, status)
        counters = self._of_kind.get(key)
        if counters is None:
            counters = self._of_kind[key] = (
                self._requests.labels(key[0], route, str(status)),
                self._seconds.labels(route),
            )
        counters[0].inc()
        counters[1].observe(seconds)

    async def watch_event_loop(self) -> None:
        """Measure the delay of the event loop until cancelled."""
        while True:
            due = time.monotonic() + LAG_PERIOD_SECONDS
            await asyncio.sleep(LAG_PERIOD_SECONDS)
            self._lag.observe(max(0.0, time.monotonic() - due))

    def render(self, scrape: Scrape, write: Writer = PLAIN.write) -> bytes:
        """All metrics in the format of `write`. Unknown values are omitted."""
        return write(_Figures((*self._registry.collect(), *_figures(scrape)), self._labels))


class _Figures(Collector):
    """All samples of one scrape. Each also gets `labels`."""

    def __init__(self, figures: Iterable[Metric], labels: Mapping[str, str]) -> None:
        self._figures = tuple(_labelled(family, labels) for family in figures) if labels else tuple(figures)

    def collect(self) -> Iterable[Metric]:
        return self._figures


def _labelled(family: Metric, labels: Mapping[str, str]) -> Metric:
    # A copy, because some collectors return the same object at each scrape.
    labelled = copy.copy(family)
    labelled.samples = [sample._replace(labels={**sample.labels, **labels}) for sample in family.samples]
    return labelled


def _figures(scrape: Scrape) -> Iterator[Metric]:
    network = scrape.snapshot.header.network if scrape.snapshot is not None else scrape.network
    if network is not None:
        yield _by_label("pnodes_network_info", "1 for the network that is watched", "network", {network: 1})
    yield from _source_figures(scrape.sources, scrape.now)
    yield _served(scrape.served)
    yield _gauge("pnodes_websockets", "Open WebSockets", scrape.sockets)
    yield _counts("pnodes_task_ends", "Background tasks that ended unexpectedly", "task", scrape.task_ends)
    yield _gauge("pnodes_event_streams", "Open event streams", scrape.streams)
    if scrape.connections is not None:
        opened, refused = scrape.connections
        yield _gauge("pnodes_connections", "Open connections", opened)
        yield CounterMetricFamily(
            "pnodes_connections_refused", "Connections beyond a limit, of the process or of an address", value=refused
        )
    if scrape.store_ok is not None:
        yield _gauge("pnodes_store_up", "1 when the last look at the store succeeded", float(scrape.store_ok))
    if scrape.collector is not None:
        yield from _collector_figures(scrape.collector, scrape.now)
    if scrape.snapshot is not None:
        yield from _snapshot_figures(scrape.snapshot, scrape.now)


def _source_figures(sources: Sequence[SourceState], now: float) -> Iterator[Metric]:
    """The state of the sources other than gossip. Empty if all of them are disabled."""
    if sources:
        ages = {each.name.lower(): max(0.0, now - each.fetched_at) for each in sources if each.fetched_at is not None}
        failures = {each.name.lower(): float(each.failures) for each in sources}
        yield _by_label("pnodes_source_age_seconds", "Seconds since a source last answered", "source", ages)
        yield _by_label("pnodes_source_failures", "Failed attempts since then", "source", failures)


def _served(served: Mapping[tuple[str, str, int], int]) -> Metric:
    family = CounterMetricFamily(
        "pnodes_http_cached_answers", "Answers from memory", labels=("method", "kind", "status")
    )
    for (method, kind, status), count in served.items():
        family.add_metric((method, kind, str(status)), count)
    return family


def _counts(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=(label,))
    for of, count in counts.items():
        family.add_metric((of,), count)
    return family


def _collector_figures(state: CollectorState, now: float) -> Iterator[Metric]:
    if state.attempted_slot is not None:
        yield _gauge("pnodes_collector_attempted_slot_seconds", "Slot of the newest cycle", state.attempted_slot)
    if state.committed_slot is not None:
        yield _gauge("pnodes_collector_committed_slot_seconds", "Slot of the newest commit", state.committed_slot)
    up = GaugeMetricFamily("pnodes_seed_up", "1 when a seed's newest answer was usable", labels=("seed",))
    for seed in state.seeds:
        up.add_metric((seed.seed,), float(seed.failure is None))
    yield up
    yield _counts("pnodes_collector_faults", "What the worker found wrong since its start", "kind", state.faults)
    yield _by_label(
        "pnodes_job_age_seconds",
        "Seconds since a periodic job last succeeded",
        "job",
        {job.name: max(0.0, now - job.succeeded_at) for job in state.jobs if job.succeeded_at is not None},
    )


def _snapshot_figures(snapshot: Snapshot, now: float) -> Iterator[Metric]:
    header = snapshot.header
    totals = header.totals
    yield _gauge("pnodes_snapshot_slot_seconds", "Slot of the snapshot in memory, unix seconds", header.slot)
    yield _gauge("pnodes_snapshot_age_seconds", "Seconds since the snapshot was taken", max(0.0, now - header.taken_at))
    yield _gauge("pnodes_network_health_score", "Network health, 0 to 100", header.health.score)
    yield _by_label(
        "pnodes_network_nodes",
        "Nodes by status",
        "status",
        {"online": totals.online, "ghost": totals.ghost, "offline": totals.offline, "unknown": totals.unknown},
    )
    yield _by_label(
        "pnodes_network_storage_bytes",
        "Storage of online nodes, bytes",
        "kind",
        {"committed": totals.storage_committed, "used": totals.storage_used},
    )
    yield _by_label(
        "pnodes_seeds", "Seeds by state", "state", {"configured": totals.seeds_configured, "ok": totals.seeds_ok}
    )
    yield _by_label(
        "pnodes_cycle_seconds",
        "What the cycle of the snapshot took, seconds",
        "part",
        {
            "crawl": header.timing.crawl_seconds,
            "compute": header.timing.compute_seconds,
            "total": header.timing.total_seconds,
        },
    )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _by_label(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for of, value in values.items():
        family.add_metric((of,), value)
    return family
