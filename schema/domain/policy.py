"""The constants behind every score, rating and alert, published as data and stored by version.

Add a new `Policy` to `POLICIES` to change a rule. Never edit a policy that stored snapshots refer to.
"""

from collections.abc import Mapping
from enum import StrEnum

from schema.domain.base import DAY, HOUR, Record
from schema.domain.errors import BadUserInput
from schema.domain.estimate_policy import EstimatePolicy


class Tier(StrEnum):
    """The risk class of a node, derived from its rounded composite score."""

    LOW_RISK = "LOW_RISK"
    MEDIUM_RISK = "MEDIUM_RISK"
    HIGH_RISK = "HIGH_RISK"
    OFFLINE = "OFFLINE"
    UNKNOWN = "UNKNOWN"


class TrustPolicy(Record):
    """Trust = `uptime_points`·min(days/`uptime_full_days`, 1) + `presence_points`·min(witnesses/`presence_full`, 1)
    + the version's points + `consistency_points`·consistency.

    A version earns `version_points` if it is the latest release (or a newer one, or a pre-release or build of it),
    `version_behind_points` if it is older by at most one minor release, and 0 otherwise.
    """

    uptime_points: float = 40
    uptime_full_days: float = 30
    presence_points: float = 30
    presence_full: int = 3
    version_points: float = 20
    version_behind_points: float = 10
    consistency_points: float = 10


class CapacityPolicy(Record):
    """Capacity = `committed_points`·min(GiB/`committed_full_gib`, 1) + `balance_points`·balance +
    `growth_points`·trend.

    Balance rises from 0 to 1 up to `balance_low` percent of use, stays at 1 up to `balance_high`, and falls to 0 at
    100. The trend is 0.5 + 0.5·growth. Growth is the change of used bytes over `growth_days`, relative to at least
    `growth_floor_bytes`, within −1..1. It is unknown with less than `growth_min_days` of data.
    """

    committed_points: float = 30
    committed_full_gib: float = 100
    balance_points: float = 40
    balance_low: float = 20
    balance_high: float = 80
    growth_points: float = 30
    growth_days: float = 7
    growth_min_days: float = 1
    growth_floor_bytes: int = 2**20


class DefaultsPolicy(Record):
    """The value of a missing input in a composite. It is 0, except for consistency (no drop seen) and trend (no
    change)."""

    uptime: float = 0
    version_points: float = 0
    consistency: float = 1
    storage_committed: float = 0
    storage_usage_percent: float = 0
    growth_trend: float = 0.5


class TierBand(Record):
    """A tier, its display, and the lowest rounded composite that earns it (None if no score decides the tier)."""

    tier: Tier
    minimum: float | None
    color: str
    emoji: str | None
    description: str


class HealthPolicy(Record):
    """The weights of network health, the lowest score of each status, and the thresholds of the network's alerts."""

    availability_points: float = 30
    version_points: float = 25
    quality_points: float = 25
    connectivity_points: float = 20
    connectivity_full: float = 3
    healthy: float = 80
    fair: float = 60
    degraded: float = 40
    low_nodes: int = 50
    very_low_nodes: int = 30
    max_versions: int = 3
    low_score: float = 60


class AlertPolicy(Record):
    """Thresholds of node alerts, in seconds, percent, releases, witnesses and presence changes."""

    offline_info_seconds: int = 0
    offline_warning_seconds: int = 3 * DAY
    offline_critical_seconds: int = 7 * DAY
    uptime_critical_seconds: int = HOUR
    uptime_warning_seconds: int = DAY
    storage_critical_percent: float = 95
    storage_warning_percent: float = 85
    underutilized_percent: float = 5
    versions_critical: int = 2
    versions_warning: int = 1
    isolated_witnesses: int = 1
    weak_witnesses: int = 2
    min_answering_seeds: int = 3
    flapping_changes: int = 3


class ConsistencyPolicy(Record):
    """The window in days, the scores below which a node is flapping or unstable, and the network's bands and
    thresholds."""

    window_days: int = 7
    flapping_below: float = 0.8
    unstable_below: float = 0.9
    network_excellent: float = 0.9
    network_good: float = 0.8
    network_fair: float = 0.7
    many_drops: int = 10
    recent_drop_seconds: int = HOUR


class AnalyticsPolicy(Record):
    """Thresholds of the distributions (percent used, witnesses) and of the advice based on them (percent of nodes)."""

    storage_low: float = 10
    storage_optimal: float = 30
    storage_high: float = 70
    storage_critical: float = 90
    witnesses_weak: int = 2
    witnesses_good: int = 3
    witnesses_excellent: int = 5
    compliance_good: float = 70
    compliance_fair: float = 50
    isolated_share: float = 10
    critical_share: float = 10
    empty_share: float = 30


class Policy(Record):
    """All constants that turn measurements into scores, ratings and alerts, under one version.

    `latest_min_share` is the share of online nodes (0..1) that must run a release before it counts as the latest. If
    `estimate` is set, it determines the score, and trust and capacity have no weight.
    """

    version: str
    trust: TrustPolicy = TrustPolicy()
    capacity: CapacityPolicy = CapacityPolicy()
    defaults: DefaultsPolicy = DefaultsPolicy()
    trust_weight: float = 0.6
    capacity_weight: float = 0.4
    tiers: tuple[TierBand, ...]
    latest_min_share: float = 0.05
    health: HealthPolicy = HealthPolicy()
    alerts: AlertPolicy = AlertPolicy()
    consistency: ConsistencyPolicy = ConsistencyPolicy()
    analytics: AnalyticsPolicy = AnalyticsPolicy()
    estimate: EstimatePolicy | None = None

    def band_for(self, composite: float) -> TierBand:
        """The band of a rounded composite (0..100)."""
        return next(band for band in self.tiers if band.minimum is not None and composite >= band.minimum)

    def band(self, tier: Tier) -> TierBand:
        """How a tier is displayed."""
        return next(band for band in self.tiers if band.tier is tier)


POLICY_1_0 = Policy(
    version="1.0",
    tiers=(
        TierBand(tier=Tier.LOW_RISK, minimum=80, color="#10b981", emoji="🟢", description="sound on every count"),
        TierBand(
            tier=Tier.MEDIUM_RISK, minimum=60, color="#f59e0b", emoji="🟡", description="usable, with weak points"
        ),
        TierBand(tier=Tier.HIGH_RISK, minimum=0, color="#ef4444", emoji="🔴", description="weak on several counts"),
        TierBand(tier=Tier.OFFLINE, minimum=None, color="#6b7280", emoji=None, description="not online: no score"),
        TierBand(tier=Tier.UNKNOWN, minimum=None, color="#6b7280", emoji=None, description="nothing proves it lives"),
    ),
)
POLICY_2_0 = Policy(version="2.0", trust_weight=0, capacity_weight=0, tiers=POLICY_1_0.tiers, estimate=EstimatePolicy())
POLICIES: Mapping[str, Policy] = {policy.version: policy for policy in (POLICY_1_0, POLICY_2_0)}


def known_policy(version: str) -> Policy:
    """The policy of this version. Raises BadUserInput."""
    policy = POLICIES.get(version)
    if policy is None:
        raise BadUserInput(f"policy {version:.40} is not known, expected one of {', '.join(POLICIES)}")
    return policy
