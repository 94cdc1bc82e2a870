"""Bodies of `/network/health`, `/network/analytics`, `/network/growth` and `/network/topology`."""

from pydantic import Field

from server.rest.models.base import (
    IN_GOSSIP,
    Address,
    AnswerTime,
    Body,
    Bytes,
    Count,
    Percent,
    Points,
    Seconds,
    Share,
    UnixTime,
    VersionMap,
)
from server.rest.models.pnodes import NetworkStats, NetworkSummary


class HealthFactors(Body):
    availability: Points = Field(description="0 to 30: share of nodes that are online")
    version_consistency: Points = Field(description="0 to 25: share of the most common version")
    node_quality: Points = Field(description="0 to 25: mean composite score")
    connectivity: Points = Field(description="0 to 20: mean number of seeds that list a node, of 3")


class NetworkHealthScore(Body):
    health_score: Points
    status: str = Field(description="healthy, fair, degraded, critical; unknown without nodes")
    factors: HealthFactors


class NetworkAlert(Body):
    severity: str = Field(description="high or medium")
    type: str = Field(description="low_node_count, version_fragmentation or low_health_score")
    message: str
    recommendation: str


class NetworkHealthAnswer(Body):
    """The network's health score, its factors, and the alerts."""

    health: NetworkHealthScore
    network_stats: NetworkStats
    summary: NetworkSummary
    alerts: list[NetworkAlert]
    timestamp: AnswerTime


class CurrentState(Body):
    total_pnodes: Count = Field(description=IN_GOSSIP)
    online_pnodes: Count = Field(description="Online nodes: the distributions are over these")
    public_nodes: Count = Field(description="Online nodes known to serve pRPC to the public")
    private_nodes: Count = Field(description="Online nodes known not to")
    unknown_nodes: Count = Field(
        description="Online nodes for which no seed reports it; the three counts add up to all online nodes"
    )
    public_ratio_percent: Percent = Field(description="100 public / online; 0 if it is known for no node")


class Comparison(Body):
    start_time: UnixTime
    end_time: UnixTime
    start_time_readable: str
    end_time_readable: str


class NodeGrowth(Body):
    start_count: Count
    end_count: Count
    growth: int
    growth_percent: float = Field(description="Percent of the start; 0 if the start is 0")


class StorageGrowth(Body):
    start_committed: Bytes
    end_committed: Bytes
    growth: int
    growth_percent: float = Field(description="Percent of the start; 0 if the start is 0")


class PeerGrowth(Body):
    start_peer_count: float
    end_peer_count: float
    peer_count_change: float


class Growth(Body):
    """The network then and now. If no stored snapshot is close to that time, `available` is false, and only `message`
    is present."""

    available: bool
    message: str | None = Field(default=None, description="Why no comparison is possible; absent otherwise")
    period_hours: Count | None = Field(default=None, description="Requested hours")
    covered_hours: float | None = Field(default=None, description="Hours that lie between the two snapshots")
    comparison: Comparison | None = None
    nodes: NodeGrowth | None = Field(default=None, description=IN_GOSSIP)
    online_nodes: NodeGrowth | None = Field(default=None, description="Online nodes")
    storage: StorageGrowth | None = None
    network_health: PeerGrowth | None = None


class GrowthAnswer(Body):
    """How the network changed."""

    growth_metrics: Growth
    timestamp: AnswerTime


class GrowthPeriods(Body):
    day: Growth = Field(alias="24_hours")
    week: Growth = Field(alias="7_days")


class VersionSection(Body):
    distribution: VersionMap
    latest_version: str = Field(description="The network's latest release; `unknown` if it cannot be determined")
    latest_version_count: Count = Field(description="Online nodes on it, or on anything newer")
    outdated_count: Count = Field(description="Online nodes on older releases")
    unknown_count: Count = Field(description="Online nodes whose version is not known or not comparable")
    compliance_percent: Percent
    fragmentation_index: Count = Field(description="Number of different versions")
    health: str = Field(description="good, fair or poor")


class StorageBuckets(Body):
    empty: Count = Field(description="Under 10 % used")
    low: Count = Field(description="10 % to under 30 %")
    optimal: Count = Field(description="30 % to under 70 %")
    high: Count = Field(description="70 % to under 90 %")
    critical: Count = Field(description="90 % and more")
    unknown: Count = Field(description="Not known")


class StorageSection(Body):
    distribution: StorageBuckets
    optimal_nodes: Count
    optimal_percent: Percent
    critical_nodes: Count
    health: str = Field(description="good, fair or poor")


class ConnectivityBuckets(Body):
    isolated: Count = Field(description="Listed by at most one seed")
    weak: Count = Field(description="By two")
    good: Count = Field(description="By three or four")
    excellent: Count = Field(description="By five and more")


class ConnectivitySection(Body):
    distribution: ConnectivityBuckets
    well_connected: Count
    well_connected_percent: Percent
    isolated_nodes: Count
    health: str = Field(description="good, fair or poor")


class Performance(Body):
    """The durations of the newest cycle."""

    cycle_seconds: float
    crawl_seconds: float
    compute_seconds: float
    seeds_ok: Count
    seeds_failed: Count
    rpc_latency_p50_ms: float | None = Field(description="Null if no call succeeded")
    rpc_latency_p95_ms: float | None = Field(description="Null if no call succeeded")
    snapshot_age_seconds: Seconds
    response_cache_hit_ratio: Share | None = Field(description="Null without a response cache")


class AnalyticsAdvice(Body):
    category: str = Field(description="version, storage, connectivity or general")
    severity: str = Field(description="high, medium, low or info")
    message: str
    action: str


class AnalyticsAnswer(Body):
    """The distributions of the network, with advice."""

    current_state: CurrentState
    growth: GrowthPeriods
    growth_metrics: GrowthPeriods = Field(description="The same as `growth`")
    version_analysis: VersionSection
    storage_analysis: StorageSection
    connectivity_analysis: ConnectivitySection
    performance: Performance
    recommendations: list[AnalyticsAdvice]
    timestamp: AnswerTime


class TopologyProperties(Body):
    """The facts about a point of the graph: the first five fields for `ip_node`, the others for `pnode`."""

    active_streams: Count | None = None
    cpu_percent: float | None = None
    ram_used_percent: float | None = None
    total_pods_reported: Count | None = None
    uptime: Seconds = 0
    pubkey: str | None = None
    version: str | None = None
    storage_committed: Bytes | None = None
    storage_used: Bytes | None = None
    storage_usage_percent: Percent | None = None
    is_public: bool | None = None
    peer_count: Count | None = None
    last_seen: UnixTime | None = None


class TopologyNode(Body):
    id: str = Field(description="The seed's name, or the node's address")
    type: str = Field(description="ip_node (a seed) or pnode")
    label: str = Field(description="The host, cut to 15 characters")
    group: str = Field(description="ip, public, private or unknown")
    properties: TopologyProperties


class TopologyEdge(Body):
    source: str = Field(description="The seed")
    target: Address
    type: str = Field(description="Always gossip_connection")


class TopologyStats(Body):
    total_nodes: Count
    ip_nodes: Count
    pnodes: Count
    total_connections: Count
    avg_connections_per_pnode: float
    timestamp: AnswerTime


class TopologyAnswer(Body):
    """Which seed lists which node, as a graph."""

    nodes: list[TopologyNode]
    edges: list[TopologyEdge]
    stats: TopologyStats
