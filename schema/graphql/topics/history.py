"""Histories as GraphQL types: points of a node and of the network, bucket by bucket."""

from collections.abc import Callable
from typing import Any, NamedTuple

import strawberry

from schema.domain.history.availability import availability_of
from schema.domain.history.points import (
    METRIC_SCALE,
    Availability,
    Derived,
    History,
    HistoryPoint,
    Stat,
)
from schema.domain.history.trends import (
    HistorySummary,
    NodeTrends,
    history_summary,
    node_trends,
)
from schema.graphql.types.changes import BigIntChangeType, FloatChangeType
from schema.graphql.types.enums import Resolution
from schema.graphql.types.fields import PAGED, Weight, attribute, published, resolved
from schema.graphql.types.prices import AVAILABILITY_COST, TRENDS_COST
from schema.graphql.types.scalars import BigInt, DateTime


class Metric(NamedTuple):
    """One metric of a bucket. `scale` is how many stored units make a published one."""

    stat: Stat
    scale: int

    @property
    def samples(self) -> int:
        return self.stat.n

    @property
    def avg(self) -> float:
        return self.stat.sum / self.stat.n / self.scale

    @property
    def min(self) -> float:
        return self._published(self.stat.min)

    @property
    def max(self) -> float:
        return self._published(self.stat.max)

    @property
    def last(self) -> float:
        return self._published(self.stat.last)

    def _published(self, stored: int) -> float:
        return stored if self.scale == 1 else stored / self.scale


class VersionSample(NamedTuple):
    """The number of samples of online nodes with a version in a bucket, and their share of all samples, 0..1."""

    version: str | None
    samples: int
    share: float


def metric_of(point: HistoryPoint, name: str) -> Metric | None:
    """One metric of a point. None if it was never known."""
    stat = point.stats.get(name)
    return Metric(stat, METRIC_SCALE[name]) if stat is not None and stat.n else None


def in_gossip(root: strawberry.Parent[HistoryPoint]) -> Derived | None:
    return root.in_gossip()


def public_unknown(root: strawberry.Parent[HistoryPoint]) -> Derived | None:
    return root.public_unknown()


def version_samples(root: strawberry.Parent[HistoryPoint]) -> list[VersionSample]:
    total = sum(count for _, count in root.versions) or 1
    return [VersionSample(version, count, count / total) for version, count in root.versions]


def online_share(root: strawberry.Parent[HistoryPoint]) -> float | None:
    return root.mean("online")


def is_online(root: strawberry.Parent[HistoryPoint]) -> bool | None:
    last = root.last("online")
    return None if last is None else last > 0


def trends_of(root: strawberry.Parent[History]) -> NodeTrends | None:
    return node_trends(root.points)


def summary_of(root: strawberry.Parent[History]) -> HistorySummary | None:
    return history_summary(root.points)


def availability_in(root: strawberry.Parent[History]) -> Availability | None:
    return availability_of(root)


def integer_metric(name: str, text: str) -> Any:
    """A field with one integer metric of a point."""
    return _metric_field(name, BigIntMetricType | None, text)


def float_metric(name: str, text: str) -> Any:
    """A field with one fractional metric of a point."""
    return _metric_field(name, FloatMetricType | None, text)


def _metric_field(name: str, type_: object, text: str) -> Any:
    def metric(root: strawberry.Parent[HistoryPoint]) -> Metric | None:
        return metric_of(root, name)

    resolver: Callable[..., Metric | None] = metric
    return resolved(resolver, type_, f"{text} Null if it was never known.")


@published(Metric, "BigIntMetric", "Aggregates of an integer metric in a bucket, in the unit of the field.")
class BigIntMetricType:
    samples: int = attribute("Number of samples in which it was known.")
    avg: float | None = attribute("Mean of the samples.")
    min: BigInt = attribute("Minimum of the samples.")
    max: BigInt = attribute("Maximum of the samples.")
    last: BigInt = attribute("Newest sample.")


@published(Derived, "DerivedCount", "A count that is derived from other counts of a bucket.")
class DerivedCountType:
    samples: int = attribute("Number of samples in which it was known.")
    avg: float | None = attribute("Mean of the samples.")
    last: BigInt = attribute("Newest sample.")


@published(Metric, "FloatMetric", "Aggregates of a fractional metric in a bucket, in the unit of the field.")
class FloatMetricType:
    samples: int = attribute("Number of samples in which it was known.")
    avg: float | None = attribute("Mean of the samples.")
    min: float | None = attribute("Minimum of the samples.")
    max: float | None = attribute("Maximum of the samples.")
    last: float | None = attribute("Newest sample.")


@published(VersionSample, "VersionSample", "How many nodes ran a version within a bucket.")
class VersionSampleType:
    version: str | None = attribute("The version; null for nodes whose version was not known.")
    samples: BigInt = attribute("Number of samples of online nodes that ran it.")
    share: float | None = attribute("Its share of all samples of online nodes, 0 to 1.")


@published(HistoryPoint, "NetworkPoint", "The network in one bucket, start-inclusive and aligned to UTC.")
class NetworkPointType:
    start: DateTime = attribute("Start of the bucket.")
    end: DateTime = attribute("End of the bucket, exclusive.")
    partial: bool = attribute("Whether the bucket is still open.")
    samples: int = attribute("Number of slots with a sample.")
    expected: int = attribute("Number of slots in the bucket.")
    total = integer_metric("total", "Known nodes, also those that left gossip.")
    in_gossip = resolved(
        in_gossip,
        DerivedCountType | None,
        "Nodes in gossip, alive or not: `total` minus `offline`. Null if it was never known.",
    )
    online = integer_metric("online", "Online nodes.")
    ghost = integer_metric("ghost", "Ghosts.")
    offline = integer_metric("offline", "Offline nodes.")
    unknown = integer_metric("unknown", "Nodes without evidence that they are alive or dead.")
    public = integer_metric("public", "Online nodes with a public RPC.")
    private = integer_metric("private", "Online nodes with a private RPC.")
    public_unknown = resolved(
        public_unknown,
        DerivedCountType | None,
        "Online nodes for which no seed reports whether their RPC is public; older buckets count them as `private`."
        " Null if it was never known.",
    )
    storage_committed = integer_metric("storage_committed", "Committed storage of online nodes, in bytes.")
    storage_used = integer_metric("storage_used", "Used storage of online nodes, in bytes.")
    storage_usage_percent = float_metric("storage_usage_percent", "Mean use of storage of online nodes, in percent.")
    avg_uptime = integer_metric("avg_uptime", "Mean uptime of online nodes, in seconds.")
    avg_witnesses = float_metric("avg_witnesses", "Mean number of seeds that list an online node.")
    avg_score = float_metric("avg_score", "Mean composite score of online nodes by policy 1.0, in points.")
    health_score = float_metric("health_score", "Network health, in points.")
    seeds_configured = integer_metric("seeds_configured", "Seeds that were polled.")
    seeds_ok = integer_metric("seeds_ok", "Seeds that answered.")
    avg_cpu_percent = float_metric("avg_cpu_percent", "Mean CPU load of the seeds, in percent.")
    avg_ram_used_percent = float_metric("avg_ram_used_percent", "Mean use of memory of the seeds, in percent.")
    active_streams = integer_metric("active_streams", "Active streams of the seeds.")
    bytes_processed = integer_metric("bytes_processed", "Bytes processed by the seeds.")
    versions = resolved(version_samples, list[VersionSampleType], "Versions that online nodes ran.")


@published(HistoryPoint, "NodePoint", "A node in one bucket, start-inclusive and aligned to UTC.")
class NodePointType:
    start: DateTime = attribute("Start of the bucket.")
    end: DateTime = attribute("End of the bucket, exclusive.")
    partial: bool = attribute("Whether the bucket is still open.")
    samples: int = attribute("Number of slots in which the node was observed.")
    expected: int = attribute("Number of slots in the bucket.")
    is_online = resolved(is_online, bool | None, "Whether it was online in the newest sample.")
    online_share = resolved(online_share, float | None, "Share of the samples in which it was online, 0 to 1.")
    uptime = integer_metric("uptime", "Uptime, in seconds.")
    storage_committed = integer_metric("storage_committed", "Committed storage, in bytes.")
    storage_used = integer_metric("storage_used", "Used storage, in bytes.")
    storage_usage_percent = float_metric("storage_usage_percent", "Storage usage, in percent.")
    witnesses = integer_metric("witnesses", "Number of seeds that list it.")
    score = float_metric("score", "Composite score by policy 1.0, in points.")
    estimate = float_metric(
        "estimate", "Composite score by policy 2.0, in points, as it was computed then; older points have none."
    )
    trust = float_metric("trust", "Trust, in points.")
    capacity = float_metric("capacity", "Capacity, in points.")


@published(
    HistorySummary,
    "NetworkHistorySummary",
    "The last point compared with the first. A change is null if either value is not known.",
)
class NetworkHistorySummaryType:
    start: DateTime = attribute("Start of the first point.")
    end: DateTime = attribute("End of the last point.")
    total: BigIntChangeType | None = attribute(
        "Number of known nodes, including those that left gossip and are not yet forgotten."
    )
    in_gossip: BigIntChangeType | None = attribute("Number of nodes in gossip, which is the size of the network.")
    online: BigIntChangeType | None = attribute("Online nodes.")
    storage_committed: BigIntChangeType | None = attribute("Committed storage of online nodes, in bytes.")
    witnesses: FloatChangeType | None = attribute("Mean number of seeds that list an online node.")
    versions: BigIntChangeType = attribute("Number of known versions.")


@published(
    NodeTrends,
    "NodeTrends",
    "The last known point of a node compared with the first. A change is null if either value is not known.",
)
class NodeTrendsType:
    uptime: BigIntChangeType | None = attribute("Uptime, in seconds.")
    storage_used: BigIntChangeType | None = attribute("Used storage, in bytes.")
    score: FloatChangeType | None = attribute("Composite score by policy 1.0, in points.")
    estimate: FloatChangeType | None = attribute("Composite score by policy 2.0, in points.")


@published(Availability, "Availability", "How often a node was observed online. Its reported uptime is not used.")
class AvailabilityType:
    percent: float | None = attribute("Share of the samples in which it was online, 0 to 100 percent.")
    samples: int = attribute("Number of slots in which it was observed.")
    expected: int = attribute("Number of slots in the window.")


@published(History, "NetworkHistory", "The network over a range of time, in closed buckets.")
class NetworkHistoryType:
    resolution: Resolution = attribute("The resolution of the points; never AUTO.")
    start: DateTime = attribute("Start of the range.")
    end: DateTime = attribute("End of the range, exclusive.")
    coverage: float | None = attribute(
        "Existing samples divided by expected samples, 0 to 1; null if none is expected."
    )
    truncated: bool = attribute("Whether the range begins before the earliest data that is kept at this resolution.")
    points: list[NetworkPointType] = attribute("Buckets that have samples, oldest first.", weight=PAGED)
    summary = resolved(
        summary_of, NetworkHistorySummaryType | None, "Changes over the range; null if the range is empty."
    )


@published(History, "NodeHistory", "A node over a range of time, in closed buckets.")
class NodeHistoryType:
    resolution: Resolution = attribute("The resolution of the points; never AUTO.")
    start: DateTime = attribute("Start of the range.")
    end: DateTime = attribute("End of the range, exclusive.")
    coverage: float | None = attribute(
        "Existing samples divided by expected samples, 0 to 1; null if none is expected."
    )
    truncated: bool = attribute("Whether the range begins before the earliest data that is kept at this resolution.")
    points: list[NodePointType] = attribute("Buckets that have samples, oldest first.", weight=PAGED)
    summary = resolved(
        trends_of,
        NodeTrendsType | None,
        "Changes over the range; null if the range is empty.",
        weight=Weight(each=TRENDS_COST),
    )
    availability = resolved(
        availability_in,
        AvailabilityType | None,
        "How often it was observed online; null if there are too few samples.",
        weight=Weight(each=AVAILABILITY_COST),
    )
