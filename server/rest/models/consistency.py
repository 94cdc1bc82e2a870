"""Bodies of the consistency routes."""

from pydantic import Field

from server.rest.models.base import Address, AnswerTime, Body, Count, Seconds, Share, UnixTime


class ConsistentNode(Body):
    """How steadily one node stays in gossip."""

    address: Address
    consistency_score: Share = Field(description="Appearances / (appearances + disappearances) over the window")
    gossip_appearances: Count = Field(description="Since the node was first seen")
    gossip_disappearances: Count = Field(description="Since the node was first seen")
    last_drop: UnixTime | None = Field(description="Null before the first one")
    last_appearance: UnixTime | None = Field(description="Null before the first one")
    time_since_last_drop_seconds: Seconds | None = Field(description="Null before the first one")
    time_since_last_appearance_seconds: Seconds | None = Field(description="Null before the first one")
    status: str = Field(description="flapping (under 0.8) or stable")
    is_online: bool


class ConsistencySummary(Body):
    """Over all nodes, whatever the list leaves out."""

    total_nodes: Count = Field(description="All nodes of the snapshot: flapping, stable and unknown ones")
    flapping_nodes: Count
    stable_nodes: Count = Field(description="Nodes that do not flap")
    unknown_nodes: Count = Field(
        description="Nodes whose presence has not been assessed yet; the list shows them as consistent"
    )
    avg_consistency_score: Share
    total_network_appearances: Count
    total_network_disappearances: Count
    network_health: str = Field(description="excellent, good, fair or poor; unknown without nodes")


class ConsistencyFilters(Body):
    min_consistency: float
    sort_by: str


class NetworkConsistencyAnswer(Body):
    """How steadily nodes stay in gossip."""

    nodes: list[ConsistentNode]
    flapping_nodes: list[ConsistentNode] = Field(description="At most `limit` of the flapping nodes, the worst first")
    summary: ConsistencySummary
    filters: ConsistencyFilters
    timestamp: AnswerTime


class NodeConsistency(Body):
    score: Share = Field(description="Appearances / (appearances + disappearances) over the window")
    status: str = Field(description="flapping (under 0.8), unstable (under 0.9) or stable")
    status_emoji: str
    appearances: Count
    disappearances: Count
    ratio: str = Field(description="`appearances:disappearances`")
    total_events: Count


class RecentActivity(Body):
    """Null if it never happened."""

    last_drop: UnixTime | None
    last_drop_readable: str | None
    time_since_drop_seconds: Seconds | None
    time_since_drop_hours: float | None
    last_appearance: UnixTime | None
    last_appearance_readable: str | None
    time_since_appearance_seconds: Seconds | None
    time_since_appearance_hours: float | None


class ConsistencyAdvice(Body):
    severity: str = Field(description="high, medium, warning or info")
    issue: str
    recommendation: str
    action: str


class ConsistencyNodeInfo(Body):
    is_online: bool
    version: str | None = Field(description="Null if not known")
    first_seen: UnixTime | None
    last_seen: UnixTime | None


class NodeConsistencyAnswer(Body):
    """How steadily one node stays in gossip, with advice."""

    address: Address
    consistency: NodeConsistency
    recent_activity: RecentActivity
    recommendations: list[ConsistencyAdvice]
    node_info: ConsistencyNodeInfo
    timestamp: AnswerTime
