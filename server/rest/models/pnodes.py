"""Bodies of `/pnodes`, `/pnodes/compare` and `/recommendations`."""

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
from server.rest.models.node import CapacityBreakdown, Node, NodeEstimate, TrustBreakdown


class NetworkSummary(Body):
    """The whole network, regardless of filters."""

    total_pnodes: Count = Field(description="All nodes known in this snapshot: online and offline ones")
    unsupported_pnodes: Count = Field(
        description="Nodes that too few seeds list: the rows include them, these counts do not"
    )
    in_gossip_pnodes: Count = Field(description=f"{IN_GOSSIP}; `total_pnodes` and `nodes` of all other routes")
    online_pnodes: Count = Field(description="Those with status ONLINE")
    offline_pnodes: Count = Field(description="All others: GHOST, OFFLINE and UNKNOWN")
    ghost_pnodes: Count = Field(description="Those with status GHOST")
    unknown_pnodes: Count = Field(description="Those with status UNKNOWN")
    total_storage: Bytes = Field(description="Bytes committed by online nodes")
    snapshot_age_seconds: Seconds = Field(
        description="Age of the snapshot in whole polling intervals; exact on /health"
    )
    last_updated: UnixTime = Field(description="When the snapshot was taken, unix seconds")


class NetworkStats(Body):
    """Sums and averages over online nodes."""

    total_storage_committed: Bytes
    total_storage_used: Bytes
    avg_uptime_hours: float = Field(description="Mean uptime in hours, to two decimals; 0 if none is known", ge=0)
    version_distribution: VersionMap


class Pagination(Body):
    total: Count = Field(description="Nodes that pass the filter")
    limit: int
    skip: int
    returned: Count


class PnodesFilters(Body):
    status: str
    sort_by: str
    sort_order: str


class PnodesAnswer(Body):
    """A page of nodes."""

    summary: NetworkSummary
    network_stats: NetworkStats
    pagination: Pagination
    filters: PnodesFilters
    pnodes: list[Node]
    timestamp: AnswerTime


class RecommendationBreakdown(Body):
    trust: TrustBreakdown
    capacity: CapacityBreakdown


class RecommendationScores(Body):
    trust: Points
    capacity: Points
    breakdown: RecommendationBreakdown


class Recommendation(Body):
    """A node worth staking on."""

    address: Address
    pubkey: str = Field(description="The public key; the address if no valid one is known")
    score: Points
    tier: str
    scores: RecommendationScores
    uptime_days: float = Field(description="Days since its process started, to one decimal", ge=0)
    version: str
    storage_usage_percent: Percent
    is_public: bool
    peer_count: Count
    first_seen: UnixTime
    last_seen: UnixTime
    estimate: NodeEstimate | None = Field(default=None, description="The score with its bounds; only with `policy=2.0`")


class RecommendationFilters(Body):
    min_uptime_days: int
    require_public: bool
    min_score: float


class RecommendationsAnswer(Body):
    """The best nodes, best first."""

    recommendations: list[Recommendation]
    total_evaluated: Count = Field(description="Nodes that were evaluated: all nodes of the snapshot")
    filters: RecommendationFilters
    timestamp: AnswerTime


class ScoreWinner(Body):
    address: Address | None
    score: Points
    category: str


class UptimeWinner(Body):
    address: Address | None
    uptime: Seconds
    uptime_days: float
    category: str


class StorageWinner(Body):
    address: Address | None
    storage: Bytes
    storage_gb: float = Field(description="GiB, to two decimals")
    category: str


class ConnectivityWinner(Body):
    address: Address | None
    peers: Count
    category: str


class Winners(Body):
    """The best node of each category: address null and value 0 if no node has more than 0."""

    overall_score: ScoreWinner
    trust_score: ScoreWinner
    capacity_score: ScoreWinner
    best_uptime: UptimeWinner
    most_storage: StorageWinner
    best_connectivity: ConnectivityWinner


class CompareRecommendation(Body):
    recommended_node: Address | None
    reason: str
    considerations: list[str]


class CompareSummary(Body):
    nodes_compared: Count
    all_online: bool
    avg_score: Points


class CompareAnswer(Body):
    """Two to five nodes side by side, in the requested order."""

    comparison: list[Node]
    winners: Winners
    recommendation: CompareRecommendation
    summary: CompareSummary
    timestamp: AnswerTime
