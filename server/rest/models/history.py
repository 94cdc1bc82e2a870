"""Bodies of the history routes."""

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
    UnixTime,
    VersionMap,
)

COVERED = "Hours from the first point to the end of the last one: fewer than requested if less is stored"


class NetworkPoint(Body):
    """The network at one time, or over one bucket: counts and sizes are the newest in it, averages its means."""

    id: str = Field(alias="_id")
    timestamp: UnixTime = Field(description="Start of the point, unix seconds")
    timestamp_readable: str
    partial: bool = Field(description="Whether the bucket is still open")
    total_pnodes: Count = Field(description=IN_GOSSIP)
    online_pnodes: Count
    total_ip_nodes: Count
    public_pnodes: Count = Field(description="Online nodes known to serve pRPC to the public")
    private_pnodes: Count = Field(description="Online nodes known not to")
    public_unknown_pnodes: Count = Field(
        description="Online nodes for which no seed reports it; included in `private_pnodes` in points older than "
        "this count"
    )
    avg_cpu_percent: float
    avg_ram_used_percent: float
    total_active_streams: Count
    total_bytes_processed: Bytes
    total_storage_committed: Bytes
    total_storage_used: Bytes
    avg_storage_usage_percent: Percent
    storage_utilization_ratio: Percent = Field(description="100 used / committed over the whole network")
    avg_peer_count: float = Field(description="Mean number of seeds that list an online node")
    version_distribution: VersionMap
    version_diversity_index: Count = Field(
        description="Number of different known versions; rare ones together count as one"
    )


class NodeChange(Body):
    start_count: Count
    end_count: Count
    growth: int
    growth_percent: float = Field(description="Percent of the start; 0 if the start is 0")
    trend: str = Field(description="growing, declining or stable")


class StorageChange(Body):
    start_committed: Bytes
    end_committed: Bytes
    growth: int
    growth_percent: float = Field(description="Percent of the start; 0 if the start is 0")
    trend: str = Field(description="growing, declining or stable")


class PeerChange(Body):
    start_avg_peers: float
    end_avg_peers: float
    peer_change: float
    connectivity_trend: str = Field(description="improving, declining or stable")


class VersionStability(Body):
    start_version_count: Count
    end_version_count: Count
    stability: str = Field(description="improving (fewer versions at the end), fragmenting or stable")


class NetworkHistorySummary(Body):
    data_points: Count
    time_range_hours: Count = Field(description="As requested")
    covered_hours: float = Field(description=COVERED)
    resolution: str = Field(description="raw, 5m, 1h or 1d: what was used")
    coverage: float | None = Field(
        description="Share of the slots of the range that have a snapshot; null if the range has no slots"
    )
    start_timestamp: UnixTime | None = Field(description="`timestamp` of the first point; null without points")
    end_timestamp: UnixTime | None = Field(description="`timestamp` of the last point; null without points")
    start_time_readable: str | None
    end_time_readable: str | None
    node_growth: NodeChange = Field(description=IN_GOSSIP)
    storage_growth: StorageChange
    network_health: PeerChange
    version_stability: VersionStability
    message: str | None = Field(default=None, description="Why there are no points; absent otherwise")


class NetworkHistoryAnswer(Body):
    """The network over time, oldest first."""

    history: list[NetworkPoint]
    summary: NetworkHistorySummary
    timestamp: AnswerTime


class NodePoint(Body):
    """A node at one time, or over one bucket."""

    id: str = Field(alias="_id")
    address: Address
    timestamp: UnixTime = Field(description="Start of the point, unix seconds")
    timestamp_readable: str
    partial: bool = Field(description="Whether the bucket is still open")
    is_online: bool = Field(description="Whether it was online at the end of the point")
    online_percent: Percent = Field(description="Share of the samples in which it was online")
    version: str | None = Field(description="Version that it ran; null if not known")
    uptime: Seconds | None = Field(description="Null if nobody reported it then")
    storage_committed: Bytes | None = Field(description="Null if nobody reported it then")
    storage_used: Bytes | None = Field(description="Null if nobody reported it then")
    storage_usage_percent: Percent | None = Field(description="Null if nobody reported it then")
    peer_count: Count
    peer_sources: None = Field(
        description="Always null: which seeds list a node is stored for the current snapshot only"
    )
    is_public: bool = Field(description="The current value: past ones are not stored")
    score: Points = Field(description="Mean over the point; 0 while it was not online")
    trust_score: Points
    capacity_score: Points


class TimeRange(Body):
    start: UnixTime = Field(description="`timestamp` of the first point")
    end: UnixTime = Field(description="`timestamp` of the last point")
    start_readable: str
    end_readable: str
    days: Count = Field(description="As requested")
    covered_hours: float = Field(description=COVERED)


class NodeTrends(Body):
    uptime_change_seconds: int
    uptime_change_hours: float
    storage_used_change_bytes: int
    storage_used_change_gb: float
    score_change: float
    score_trend: str = Field(description="improving, declining or stable")


class NodeAvailability(Body):
    online_snapshots: Count
    offline_snapshots: Count
    total_snapshots: Count
    availability_percent: Percent


class NodeCurrentStatus(Body):
    is_online: bool
    score: Points
    uptime: Seconds
    storage_usage_percent: Percent


class NodeHistoryAnswer(Body):
    """A node over time, oldest first. For an unknown node `available` is false, with `message`, `note` and `error`."""

    address: str
    available: bool
    message: str | None = Field(default=None, description="Why nothing is available; absent otherwise")
    note: str | None = Field(default=None, description="What to do about it; absent otherwise")
    error: None = Field(default=None, description="Always null")
    data_points: Count | None = None
    resolution: str | None = Field(default=None, description="raw, 5m, 1h or 1d: what was used")
    time_range: TimeRange | None = None
    history: list[NodePoint] | None = None
    trends: NodeTrends | None = None
    availability: NodeAvailability | None = None
    current_status: NodeCurrentStatus | None = None


class NodeMetrics(Body):
    """A node's averages over a range; without points `available` is false, with a message."""

    available: bool
    message: str | None = Field(default=None, description="Why nothing is available; absent otherwise")
    time_range_hours: Count | None = Field(default=None, description="As requested")
    covered_hours: float | None = Field(default=None, description=COVERED)
    snapshots_analyzed: Count | None = None
    availability_percent: Percent | None = None
    avg_score: Points | None = None
    avg_storage_usage: Percent | None = None
    avg_peer_count: float | None = None
    min_score: Points | None = None
    max_score: Points | None = None


class MetricsSummaryAnswer(Body):
    """A node's averages over a range."""

    address: str
    metrics: NodeMetrics
    timestamp: AnswerTime


class HistoryStatusNode(Body):
    address: str
    snapshots: Count = Field(
        description="Samples of the node, counted up to the last whole hour, or up to now if it has none yet"
    )
    first_seen: UnixTime = Field(description="Its first sample; to the hour or day if no finer history is stored")
    last_seen: UnixTime = Field(description="Its last sample; to the hour or day if no finer history is stored")
    days_tracked: float = Field(description="Days from the first to the last sample")


class HistoryStatusStats(Body):
    oldest_snapshot: UnixTime | None = Field(
        description="The network's first sample, in the finest stored resolution; null if nothing is stored yet"
    )
    newest_snapshot: UnixTime | None = Field(description="Null if nothing is stored yet")
    total_snapshots: Count = Field(description="Samples of the nodes listed here")


class HistoryStatusAnswer(Body):
    """How much history is stored, for the nodes with most of it."""

    total_nodes_with_history: Count
    nodes: list[HistoryStatusNode]
    global_stats: HistoryStatusStats
    timestamp: AnswerTime
