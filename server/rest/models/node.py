"""The node object, which several routes share."""

from pydantic import Field

from server.rest.models.base import Address, Body, Bytes, Count, Percent, Points, Seconds, UnixTime


class TrustBreakdown(Body):
    uptime: Points = Field(description="0 to 40: days up, of 30")
    gossip_presence: Points = Field(description="0 to 30: seeds that list it, of 3")
    version_compliance: Points = Field(description="20 on the latest release, 10 one minor release behind, else 0")
    gossip_consistency: Points = Field(
        description="0 to 10: how consistently it stays in gossip; 10 if not known, as in the score"
    )


class CapacityBreakdown(Body):
    storage_committed: Points = Field(description="0 to 30: GiB committed, of 100")
    usage_balance: Points = Field(description="0 to 40: full between 20 % and 80 % of use")
    growth_trend: Points = Field(
        description="0 to 30: growth of the used storage over 7 days, or since it is known; 15 (no change) under a "
        "day, as in the score"
    )


class TrustScore(Body):
    score: Points
    breakdown: TrustBreakdown


class CapacityScore(Body):
    score: Points
    breakdown: CapacityBreakdown


class StakeConfidence(Body):
    composite_score: Points = Field(description="0.6 trust + 0.4 capacity; 0 for a node that is not online")
    rating: str = Field(description="low_risk, medium_risk, high_risk, offline or unknown")
    color: str = Field(description="The colour of the rating, as `#rrggbb`")
    emoji: str = Field(description="The colour of the rating, as a circle")


class NodeScores(Body):
    trust: TrustScore
    capacity: CapacityScore
    stake_confidence: StakeConfidence


class EstimatePart(Body):
    name: str = Field(description="AVAILABILITY, STABILITY, VERSION, STORAGE or AGREEMENT")
    weight: Points = Field(description="The maximum number of points")
    raw: float | None = Field(description="The measured value, in `unit`; null if not known")
    unit: str | None = Field(description="share (0 to 1), days or percentile (0 to 100)")
    points: Points | None = Field(description="The points earned; null if the input is not known")
    points_lost: Points | None = Field(description="The points lost; null if the input is not known")
    next_step: str | None = Field(description="How to gain the lost points; null if none are lost")


class NodeEstimate(Body):
    """The score by policy 2.0: the estimate and its bounds."""

    policy_version: str
    composite: Points
    low: Points = Field(description="Lower bound; the percentile is computed from it")
    high: Points = Field(description="Upper bound")
    confidence: float = Field(description="1 − (high − low)/100", ge=0, le=1)
    expected_loss: float | None = Field(
        description="Share of its time that the node is expected to lose; the rank is computed from it", ge=0, le=1
    )
    rank: int | None = Field(description="1 is the best; null if too few seeds list the node")
    percentile: Percent | None = Field(description="Share of online nodes whose lower bound is not higher")
    next_step: str | None = Field(description="What would gain most; null if no points are known to be lost")
    parts: list[EstimatePart]


class PreviousAddress(Body):
    address: Address
    until: UnixTime = Field(description="When the node was last listed there, unix seconds")


class Node(Body):
    """A storage node. Unknown values are 0, false, "unknown" or the protocol's default, never null."""

    id: str = Field(description="The pubkey, or `addr:HOST:PORT` if no valid key is known")
    address: Address
    pubkey: str = Field(description="The public key; the address if no valid one is known")
    status: str = Field(description="ONLINE, GHOST (listed, but its uptime does not advance), OFFLINE or UNKNOWN")
    is_online: bool = Field(description="Whether the status is ONLINE")
    liveness_basis: str = Field(
        description="The evidence for the status: UPTIME, FIRST_SIGHT, GOSSIP_AGE, DIRECT, ABSENCE, NONE"
    )
    supported: bool = Field(
        description="Whether enough seeds list it; a node without is shown, but not counted in totals or recommended"
    )
    last_seen: UnixTime = Field(description="Last contact according to gossip, unix seconds")
    last_checked: UnixTime = Field(description="When the seeds were last asked about it, unix seconds")
    offline_duration: Seconds | None = Field(
        default=None, description="Seconds since the last evidence that it was online; absent while it is online"
    )
    version: str = Field(description='Version of its software; "unknown" if not known')
    uptime: Seconds = Field(description="Seconds since its process started; 0 unless it is online")
    uptime_days: float = Field(description="The same in days, to one decimal", ge=0)
    is_public: bool = Field(description="Whether it serves pRPC to the public; false if not known")
    rpc_port: int = Field(description="Port of its pRPC endpoint; 6000 if not known", ge=0, le=65_535)
    storage_committed: Bytes
    storage_used: Bytes
    storage_usage_percent: Percent = Field(description="100 used / committed", ge=0)
    peer_sources: list[str] = Field(description="The seeds that list it now, sorted")
    peer_count: Count = Field(description="How many seeds list it now")
    first_seen: UnixTime = Field(description="When it was first seen, unix seconds; never after `last_seen`")
    source_ips: list[str] = Field(description="All seeds that ever listed it, sorted")
    previous_addresses: list[PreviousAddress] = Field(description="Other addresses under which it was seen")
    scores: NodeScores
    score: Points = Field(description="The composite score; 0 for a node that is not online")
    tier: str = Field(description="low_risk, medium_risk, high_risk, offline or unknown")
    estimate: NodeEstimate | None = Field(
        default=None, description="The score with its bounds; only with `policy=2.0`; null if the node has none"
    )
