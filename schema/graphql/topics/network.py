"""The network as a whole: health, distributions, growth, history, versions over time."""

from typing import Annotated

import strawberry

from schema.domain.base import UnixSeconds
from schema.domain.errors import BadUserInput
from schema.domain.history.adoption import VersionSeries, VersionShare, version_series
from schema.domain.history.points import History
from schema.domain.history.trends import Growth
from schema.domain.network.analytics import (
    ConnectivityAnalysis,
    ConnectivityBuckets,
    NetworkAnalytics,
    Population,
    StorageAnalysis,
    StorageBuckets,
    VersionAnalysis,
)
from schema.domain.network.health import NetworkAlert
from schema.domain.snapshot.record import HealthFactors, NetworkHealth, NetworkTotals
from schema.graphql.execution.context import Context, Info
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.topics.pnodes import At, From, IncludeCurrent
from schema.graphql.topics.snapshots import NetworkTotalsType, SnapshotType, VersionCountType
from schema.graphql.types.advice import AdviceType
from schema.graphql.types.changes import BigIntChangeType, FloatChangeType
from schema.graphql.types.enums import AdviceLevel, Grade, NetworkStatus, Resolution
from schema.graphql.types.fields import (
    PAGED,
    Arguments,
    AsOf,
    Terms,
    Weight,
    argument,
    attribute,
    fixed,
    number_argument,
    published,
    resolved,
)
from schema.graphql.types.scalars import DateTime
from schema.growth import read_growth

DEFAULT_GROWTH_HOURS = 24
MAX_GROWTH_HOURS = 24 * 366 * 20
MAX_SERIES = 50
DEFAULT_SERIES = 10

Until = Annotated[
    DateTime | None, argument("End of the range, exclusive; by default the end of the newest snapshot's slot.")
]

Health = InSnapshot[NetworkHealth]
Analysis = InSnapshot[NetworkAnalytics]


async def network_health(info: Info, *, as_of: AsOf = None) -> Health:
    tables = await info.context.tables(as_of)
    return InSnapshot(tables.header.health, tables)


async def network_analytics(info: Info, *, as_of: AsOf = None) -> Analysis:
    tables = await info.context.tables(as_of)
    return InSnapshot(tables.facts.analytics, tables)


async def history(
    info: Info,
    *,
    from_: From,
    to: Until = None,
    resolution: At = Resolution.AUTO,
    include_current: IncludeCurrent = False,
) -> History:
    end = present(info.context) if to is None else to
    return await info.context.reads.network_history(
        from_, end, resolution or Resolution.AUTO, include_current=bool(include_current)
    )


async def growth(
    info: Info,
    *,
    hours: Annotated[int | None, argument("How far to look back, in hours: 1 or more.")] = DEFAULT_GROWTH_HOURS,
) -> Growth:
    back = DEFAULT_GROWTH_HOURS if hours is None else hours
    if not 1 <= back <= MAX_GROWTH_HOURS:
        raise BadUserInput(f"hours is {back}, expected 1 to {MAX_GROWTH_HOURS}", {"limit": MAX_GROWTH_HOURS})
    return await read_growth(info.context.reads, (await info.context.tables()).header, back)


async def version_adoption(
    info: Info,
    *,
    from_: From,
    to: Until = None,
    resolution: At = Resolution.AUTO,
    top: Annotated[int | None, argument("Number of separate versions, 1 to 50. All others form one series.")] = (
        DEFAULT_SERIES
    ),
) -> tuple[VersionSeries, ...]:
    count = DEFAULT_SERIES if top is None else top
    if not 1 <= count <= MAX_SERIES:
        raise BadUserInput(f"top is {count}, expected 1 to {MAX_SERIES}", {"limit": MAX_SERIES})
    end = present(info.context) if to is None else to
    found = await info.context.reads.network_history(from_, end, resolution or Resolution.AUTO)
    return version_series(found.points, count)


def series_expected(arguments: Arguments, terms: Terms) -> int:
    """The maximum number of series for `top`, including the rest."""
    return number_argument("top", DEFAULT_SERIES, MAX_SERIES)(arguments, terms) + 1


def present(context: Context) -> UnixSeconds:
    """The end of the newest slot, so that equal requests within it have equal results, else the time of the request."""
    current = context.reads.current()
    return current.slot + current.header.interval if current is not None else int(context.now)


def totals_of(root: strawberry.Parent[InSnapshot[object]]) -> NetworkTotals:
    return root.tables.header.totals


def alerts_of(root: strawberry.Parent[InSnapshot[object]]) -> tuple[NetworkAlert, ...]:
    return root.tables.network_alerts


def snapshot_of(root: strawberry.Parent[InSnapshot[object]]) -> InSnapshot[object]:
    return InSnapshot(root.tables.header, root.tables)


@published(HealthFactors, "HealthFactors", "The factors of network health, in points.")
class HealthFactorsType:
    availability: float | None = attribute("Share of online nodes, 0 to 30 points.")
    version_consistency: float | None = attribute("Share of the most common version, 0 to 25 points.")
    node_quality: float | None = attribute("Mean composite score of online nodes, 0 to 25 points.")
    connectivity: float | None = attribute(
        "Mean number of seeds that list a node, 0 to 20 points; all points from 3 on."
    )


@published(NetworkAlert, "NetworkAlert", "A problem of the network as a whole.")
class NetworkAlertType:
    level: AdviceLevel = attribute("Its priority.")
    type: str = attribute("The type: low_node_count, version_fragmentation or low_health_score.")
    message: str = attribute("The finding.")
    value: float | None = attribute("The measured value: nodes, versions or points.")
    threshold: float | None = attribute("The threshold that the value crossed, in the same unit.")
    recommendation: str = attribute("The recommended action.")


@published(NetworkHealth, "NetworkHealth", "The state of the network.")
class NetworkHealthType:
    score: float | None = attribute("Sum of the factors, 0 to 100 points; 0 if there are no nodes.")
    status: NetworkStatus = attribute("The rating of the score.")
    factors: HealthFactorsType | None = attribute("The factors of the score; null if there are no nodes.")
    totals = resolved(totals_of, NetworkTotalsType, "The network in figures.")
    alerts = resolved(
        alerts_of, list[NetworkAlertType], "Problems of the network as a whole.", weight=Weight(items=fixed(3))
    )
    snapshot = resolved(snapshot_of, SnapshotType, "The snapshot that this was read from.")


@published(Population, "Population", "The nodes that the distributions cover: online nodes.")
class PopulationType:
    total: int = attribute("Number of known nodes of any status.")
    in_gossip: int = attribute("Number of nodes in gossip, alive or not: `total` minus `offline`.")
    online: int = attribute("Number of online nodes.")
    public: int = attribute("Number of online nodes with a public RPC.")
    private: int = attribute("Number of online nodes with a private RPC.")
    public_unknown: int = attribute("Number of online nodes for which no seed reports whether their RPC is public.")
    public_percent: float | None = attribute(
        "Share of public nodes among online nodes, in percent; null if it is not known for any of them."
    )


@published(VersionAnalysis, "VersionAnalysis", "Versions of online nodes.")
class VersionAnalysisType:
    distribution: list[VersionCountType] = attribute("Number of nodes by version, the most common first.")
    latest_version: str | None = attribute("The network's latest release; null if it is not known.")
    latest_version_source: str = attribute("How it was found: network, override or none.")
    latest_count: int = attribute("Number of nodes on the latest release, on a newer one, or on a build of it.")
    outdated_count: int = attribute("Number of nodes on older releases.")
    unknown_count: int = attribute("Number of nodes whose version is not known or not comparable.")
    compliance_percent: float | None = attribute("Share of nodes on the latest release, in percent.")
    fragmentation_index: int = attribute("Number of different versions that are known.")
    grade: Grade = attribute("The grade of the distribution.")


@published(StorageBuckets, "StorageBuckets", "Online nodes by storage usage.")
class StorageBucketsType:
    empty: int = attribute("Under 10 percent used.")
    low: int = attribute("10 up to 30 percent used.")
    optimal: int = attribute("30 up to 70 percent used.")
    high: int = attribute("70 up to 90 percent used.")
    critical: int = attribute("90 percent used or more.")
    unknown: int = attribute("The usage is not known.")


@published(StorageAnalysis, "StorageAnalysis", "Storage usage of online nodes.")
class StorageAnalysisType:
    distribution: StorageBucketsType = attribute("Number of nodes by storage usage.")
    optimal_percent: float | None = attribute("Share of nodes with 30 up to 70 percent used, in percent.")
    grade: Grade = attribute("The grade of the distribution.")


@published(ConnectivityBuckets, "ConnectivityBuckets", "Online nodes by the number of seeds that list them.")
class ConnectivityBucketsType:
    isolated: int = attribute("Listed by one seed or none.")
    weak: int = attribute("Listed by two seeds.")
    good: int = attribute("Listed by three or four seeds.")
    excellent: int = attribute("Listed by five seeds or more.")


@published(ConnectivityAnalysis, "ConnectivityAnalysis", "Connectivity as the seeds that answered saw it.")
class ConnectivityAnalysisType:
    distribution: ConnectivityBucketsType = attribute("Number of nodes by number of seeds that list them.")
    well_connected: int = attribute("Number of nodes listed by three seeds or more.")
    well_connected_percent: float | None = attribute("Share of such nodes, in percent.")
    answering_seeds: int = attribute(
        "Number of seeds that answered. With fewer than three, the distribution says little about nodes."
    )
    grade: Grade = attribute("The grade of the distribution.")


@published(NetworkAnalytics, "NetworkAnalytics", "Distributions over the online nodes of one snapshot, with advice.")
class NetworkAnalyticsType:
    population: PopulationType = attribute("The nodes that the distributions cover.")
    versions: VersionAnalysisType = attribute("Versions.")
    storage: StorageAnalysisType = attribute("Storage usage.")
    connectivity: ConnectivityAnalysisType = attribute("Connectivity.")
    advice: list[AdviceType] = attribute("Advice for the operator of the node.")
    snapshot = resolved(snapshot_of, SnapshotType, "The snapshot that this was read from.")


@published(Growth, "Growth", "The network then and now; null if no snapshot close enough to that time is stored.")
class GrowthType:
    hours: float | None = attribute("The requested time span, in hours.")
    seconds: int | None = attribute(
        "Time between the two snapshots, in seconds. It is shorter than requested if the store is younger."
    )
    start: DateTime | None = attribute("When the earlier snapshot was taken.")
    end: DateTime = attribute("When the later snapshot was taken.")
    total: BigIntChangeType | None = attribute(
        "Number of known nodes, including those that left gossip and are not yet forgotten."
    )
    in_gossip: BigIntChangeType | None = attribute("Number of nodes in gossip, which is the size of the network.")
    online: BigIntChangeType | None = attribute("Online nodes.")
    storage_committed: BigIntChangeType | None = attribute("Committed storage of online nodes, in bytes.")
    storage_used: BigIntChangeType | None = attribute("Used storage of online nodes, in bytes.")
    witnesses: FloatChangeType | None = attribute("Mean number of seeds that list a node; null if not known.")
    score: FloatChangeType | None = attribute("Mean composite score, in points; null if not known.")
    health: FloatChangeType | None = attribute("Network health, in points.")


@published(VersionShare, "VersionShare", "How many nodes ran a version in one bucket.")
class VersionShareType:
    start: DateTime = attribute("Start of the bucket.")
    end: DateTime = attribute("End of the bucket, exclusive.")
    nodes: float | None = attribute("Mean number of online nodes that ran it.")
    share: float | None = attribute("Share of online nodes that ran it, 0 to 1.")


@published(VersionSeries, "VersionSeries", "One version over time, in closed buckets.")
class VersionSeriesType:
    version: str | None = attribute("The version; null for nodes whose version was not known; OTHER for all others.")
    other: bool = attribute("Whether this series has all versions that are not among the most common.")
    points: list[VersionShareType] = attribute("Buckets that have samples, oldest first.", weight=PAGED)
