"""The complete policy behind scores, ratings and alerts, so that clients can recompute them."""

from typing import Annotated, NamedTuple

import strawberry

from schema.domain.estimate_policy import (
    AgreementPolicy,
    AvailabilityPolicy,
    CommitmentPolicy,
    CurrencyPolicy,
    EstimatePolicy,
    LossPolicy,
    StabilityPolicy,
    WatchPolicy,
)
from schema.domain.policy import (
    POLICIES,
    POLICY_2_0,
    AlertPolicy,
    AnalyticsPolicy,
    CapacityPolicy,
    ConsistencyPolicy,
    DefaultsPolicy,
    HealthPolicy,
    Policy,
    TierBand,
    TrustPolicy,
    known_policy,
)
from schema.domain.snapshot.record import ScorePolicy
from schema.graphql.execution.context import Info
from schema.graphql.types.enums import Tier
from schema.graphql.types.fields import Weight, argument, attribute, fixed, published, resolved
from schema.graphql.types.scalars import BigInt


class PolicyView(NamedTuple):
    """A policy, and the facts about the current one from the newest snapshot. None before the first snapshot."""

    policy: Policy
    in_force: ScorePolicy | None

    def __getattr__(self, name: str) -> object:
        return getattr(self.policy, name)


def score_policy(
    info: Info,
    *,
    version: Annotated[
        str | None, argument("Version of a policy, such as `1.0`; by default the newest in force.")
    ] = None,
) -> PolicyView:
    current = info.context.reads.current()
    in_force = current.header.policy if current is not None else None
    wanted = version or (in_force.newest_version if in_force is not None else POLICY_2_0.version)
    return PolicyView(known_policy(wanted), in_force)


def is_in_force(root: strawberry.Parent[PolicyView]) -> bool:
    in_force = root.in_force
    return in_force is not None and root.policy.version in {in_force.version, in_force.estimate_version}


def latest_version(root: strawberry.Parent[PolicyView]) -> str | None:
    return root.in_force.latest_version if root.in_force is not None else None


def latest_version_source(root: strawberry.Parent[PolicyView]) -> str | None:
    return root.in_force.latest_version_source if root.in_force is not None else None


def known_versions(root: strawberry.Parent[PolicyView]) -> list[str]:
    return list(POLICIES)


@published(TrustPolicy, "TrustPolicy", "Constants of trust; points are added up, each part clamped to its range.")
class TrustPolicyType:
    uptime_points: float = attribute("Points for uptime, at `uptimeFullDays`; proportional below.")
    uptime_full_days: float = attribute("Uptime that earns all points, in days.")
    presence_points: float = attribute("Points for being listed, at `presenceFull`; proportional below.")
    presence_full: int = attribute("Number of seeds that earns all points.")
    version_points: float = attribute("Points for the latest release, a newer one, or a build of it.")
    version_behind_points: float = attribute("Points for one minor release behind; older releases earn none.")
    consistency_points: float = attribute("Points, multiplied by consistency, 0 to 1.")


@published(CapacityPolicy, "CapacityPolicy", "Constants of capacity; points are added up, each part clamped.")
class CapacityPolicyType:
    committed_points: float = attribute("Points for committed storage, at `committedFullGib`; proportional below.")
    committed_full_gib: float = attribute("Committed storage that earns all points, in GiB.")
    balance_points: float = attribute("Points for storage usage between `balanceLow` and `balanceHigh`.")
    balance_low: float = attribute("Usage below which the points fall, to 0 at 0 percent.")
    balance_high: float = attribute("Usage above which the points fall, to 0 at 100 percent.")
    growth_points: float = attribute("Points, multiplied by the trend, which is 0.5 + 0.5 × growth.")
    growth_days: float = attribute("Age of the used storage that growth is measured from, in days.")
    growth_min_days: float = attribute("Minimum time span of data for growth, in days.")
    growth_floor_bytes: BigInt = attribute("Minimum base that growth is measured against, in bytes.")


@published(DefaultsPolicy, "DefaultsPolicy", "The values that unknown inputs count as.")
class DefaultsPolicyType:
    uptime: float = attribute("Uptime, in seconds.")
    version_points: float = attribute("Points for the version.")
    consistency: float = attribute("Consistency, 0 to 1.")
    storage_committed: float = attribute("Committed storage, in bytes.")
    storage_usage_percent: float = attribute("Storage usage, in percent.")
    growth_trend: float = attribute("Growth trend, 0 to 1; 0.5 means no growth.")


@published(TierBand, "TierBand", "A tier, and the score that it requires.")
class TierBandType:
    tier: Tier = attribute("The tier.")
    minimum: float | None = attribute("Minimum rounded composite, in points; null if no score is required.")
    color: str = attribute("Colour, such as `#10b981`.")
    emoji: str | None = attribute("Its emoji; null if it has none.")
    description: str = attribute("Its meaning.")


@published(HealthPolicy, "HealthPolicy", "Constants of network health, and of alerts about the network.")
class HealthPolicyType:
    availability_points: float = attribute("Points, multiplied by the share of online nodes.")
    version_points: float = attribute("Points, multiplied by the share of the most common version.")
    quality_points: float = attribute("Points, multiplied by the mean composite score / 100.")
    connectivity_points: float = attribute("Points for mean witnesses, at `connectivityFull`; proportional below.")
    connectivity_full: float = attribute("Mean number of witnesses that earns all points.")
    healthy: float = attribute("Minimum score of HEALTHY, in points.")
    fair: float = attribute("Minimum score of FAIR, in points.")
    degraded: float = attribute("Minimum score of DEGRADED, in points.")
    low_nodes: int = attribute("Number of online nodes below which the network counts as small.")
    very_low_nodes: int = attribute("Number of online nodes below which the network counts as very small.")
    max_versions: int = attribute("Number of versions above which the network counts as fragmented.")
    low_score: float = attribute("Score below which an alert is raised, in points.")


@published(AlertPolicy, "AlertPolicy", "Bounds of alerts about nodes.")
class AlertPolicyType:
    offline_info_seconds: int = attribute("Time without a sign of life from which the alert informs, in seconds.")
    offline_warning_seconds: int = attribute("Time without a sign of life from which the alert warns, in seconds.")
    offline_critical_seconds: int = attribute("Time without sign of life from which the alert is critical, in seconds.")
    uptime_critical_seconds: int = attribute("Uptime below which the alert is critical, in seconds.")
    uptime_warning_seconds: int = attribute("Uptime below which the alert warns, in seconds.")
    storage_critical_percent: float = attribute("Storage usage above which the alert is critical, in percent.")
    storage_warning_percent: float = attribute("Storage usage above which the alert warns, in percent.")
    underutilized_percent: float = attribute("Storage usage below which the alert informs, in percent.")
    versions_critical: int = attribute("Number of minor releases behind from which the alert is critical.")
    versions_warning: int = attribute("Number of minor releases behind from which the alert warns.")
    isolated_witnesses: int = attribute("Maximum number of witnesses of an isolated node.")
    weak_witnesses: int = attribute("Maximum number of witnesses of a weakly connected node.")
    min_answering_seeds: int = attribute("Minimum number of answering seeds for alerts about witnesses.")
    flapping_changes: int = attribute("Number of presence changes above which a node flaps.")


@published(ConsistencyPolicy, "ConsistencyPolicy", "Constants of consistency.")
class ConsistencyPolicyType:
    window_days: int = attribute("The window, in days.")
    flapping_below: float = attribute("Consistency below which a node flaps.")
    unstable_below: float = attribute("Consistency below which a node is unstable.")
    network_excellent: float = attribute("Minimum mean of EXCELLENT.")
    network_good: float = attribute("Minimum mean of GOOD.")
    network_fair: float = attribute("Minimum mean of FAIR.")
    many_drops: int = attribute("Number of drops above which advice is given.")
    recent_drop_seconds: int = attribute("Age of the last drop below which advice is given, in seconds.")


@published(AnalyticsPolicy, "AnalyticsPolicy", "Bounds of the distributions, and thresholds of the advice.")
class AnalyticsPolicyType:
    storage_low: float = attribute("Minimum usage of the low bucket, in percent.")
    storage_optimal: float = attribute("Minimum usage of the optimal bucket, in percent.")
    storage_high: float = attribute("Minimum usage of the high bucket, in percent.")
    storage_critical: float = attribute("Minimum usage of the critical bucket, in percent.")
    witnesses_weak: int = attribute("Minimum number of witnesses of the weak bucket.")
    witnesses_good: int = attribute("Minimum number of witnesses of the good bucket.")
    witnesses_excellent: int = attribute("Minimum number of witnesses of the excellent bucket.")
    compliance_good: float = attribute("Compliance above which the grade of versions is good, in percent.")
    compliance_fair: float = attribute("Compliance above which the grade of versions is fair, in percent.")
    isolated_share: float = attribute("Share of isolated nodes above which advice is given, in percent.")
    critical_share: float = attribute("Share of nearly full nodes above which advice is given, in percent.")
    empty_share: float = attribute("Share of empty nodes above which advice is given, in percent.")


@published(AvailabilityPolicy, "AvailabilityPolicy", "Constants of observed availability.")
class AvailabilityPolicyType:
    points: float = attribute("Maximum points.")
    prior_mean: float = attribute("Availability assumed for an unknown node, 0 to 1.")
    prior_days: float = attribute("Weight of `priorMean` in the month's estimate, in days.")
    week_prior_days: float = attribute("Weight of the month's estimate as a prior for the week's, in days.")
    day_prior_days: float = attribute("Weight of the week's estimate as a prior for the day's, in days.")
    forgiven: float = attribute("Share of the time that counts as online in any case, 0 to 1.")
    none_below: float = attribute("Availability that earns no points, 0 to 1.")
    full_from: float = attribute("Availability that earns all points, 0 to 1; points are proportional in between.")
    day_share: float = attribute("Weight of the last 24 hours, 0 to 1.")
    week_share: float = attribute("Weight of the last 7 days, 0 to 1.")
    month_share: float = attribute("Weight of the last 30 days, 0 to 1.")
    looks_per_day: float = attribute("Number of independent observations that one day of observation counts as.")


@published(StabilityPolicy, "StabilityPolicy", "Constants of stability: days between disturbances.")
class StabilityPolicyType:
    points: float = attribute("Maximum points.")
    full_days: float = attribute("Days between disturbances that earn all points; proportional below.")
    prior_days: float = attribute("Days that are added for every node as a prior.")
    claim_worth: float = attribute("Share of the uptime at first sight that counts for the lower bound, 0 to 1.")
    upgrade_grace_seconds: int = attribute(
        "Time around a version change in which a restart is an upgrade, and longest absence forgiven with it, in "
        "seconds."
    )
    upgrade_every_seconds: int = attribute("Minimum time between two upgrades that are forgiven, in seconds.")
    quiet_seconds: int = attribute("Time within which disturbances count as one, in seconds.")


@published(
    CurrencyPolicy, "CurrencyPolicy", "Constants of version currency, within the network that a version is built for."
)
class CurrencyPolicyType:
    points: float = attribute("Maximum points.")
    lag_from: float = attribute("Share of the network on newer releases up to which no points are lost, 0 to 1.")
    lag_full: float = attribute("Share of the network on newer releases from which all points are lost, 0 to 1.")
    deadline_days: float = attribute("Days until all points are lost, once a newer release has passed `lagFrom`.")
    least_nodes: float = attribute("Minimum number of nodes to compare with.")


@published(CommitmentPolicy, "CommitmentPolicy", "Constants of committed storage: its percentile among online nodes.")
class CommitmentPolicyType:
    points: float = attribute("Maximum points.")
    full_percentile: float = attribute("Percentile that earns all points, 0 to 100; proportional below.")
    group_size: int = attribute("Size up to which a neighbourhood counts as one node; a larger one counts less.")
    unconfirmed_percentile: float = attribute("Highest percentile that the lower bound uses if only gossip reports it.")


@published(AgreementPolicy, "AgreementPolicy", "Constants of agreement between the seeds.")
class AgreementPolicyType:
    points: float = attribute("Maximum points.")
    dispute_share: float = attribute("Share deducted for each field on which the seeds have no majority, 0 to 1.")
    spread: float = attribute("Width of the bounds, 0 to 1; it is divided by the number of seeds plus one.")


@published(LossPolicy, "LossPolicy", "Constants of the expected loss, which determines ranks.")
class LossPolicyType:
    prior_loss: float = attribute("Expected loss assumed for an unknown node, 0 to 1.")
    prior_days: float = attribute("Weight of `priorLoss`, in days.")
    disturbance_hours: float = attribute("Hours that a disturbance counts as, in addition to the absence itself.")
    sound_to: float = attribute("Expected loss up to which nodes are sound and share the first rank, 0 to 1.")
    sound_days: float = attribute("Minimum time of observation of a sound node, in days.")


@published(WatchPolicy, "WatchPolicy", "Bounds of the alerts that policy 2.0 raises.")
class WatchPolicyType:
    fall_points: float = attribute("How far the day's availability must be below the week's, in percentage points.")
    fall_below: float = attribute("Availability of the last day at or above which there is no alert, 0 to 1.")
    fall_critical: float = attribute("Availability of the last day below which the alert is critical, 0 to 1.")
    storm_warning: int = attribute("Number of disturbances within 24 hours from which the alert warns.")
    storm_critical: int = attribute("Number of disturbances within 24 hours from which the alert is critical.")
    lag_warning_days: float = attribute("How long before its deadline a lagging node gets a warning, in days.")
    tier_fall_points: float = attribute("Fall of a score in a day from which its tier is at risk, in points.")
    tier_days: float = attribute("Time within which the score would leave its tier, in days.")


@published(EstimatePolicy, "EstimatePolicy", "Constants of a score with bounds. The points of its parts add up to 100.")
class EstimatePolicyType:
    availability: AvailabilityPolicyType = attribute("Observed availability.")
    stability: StabilityPolicyType = attribute("Days between disturbances.")
    currency: CurrencyPolicyType = attribute("Version currency.")
    commitment: CommitmentPolicyType = attribute("Committed storage.")
    agreement: AgreementPolicyType = attribute("Agreement of the seeds.")
    loss: LossPolicyType = attribute("The expected loss, which determines ranks.")
    alerts: WatchPolicyType = attribute("Bounds of alerts about nodes.")
    deviations: float = attribute("Standard deviations from the score to its bounds.")
    places_per_group: int = attribute("Number of nodes of a neighbourhood that are ranked before all other nodes.")


@published(Policy, "ScorePolicy", "All constants that turn measurements into scores, ratings and alerts.")
class ScorePolicyType:
    version: str = attribute("Version of the policy.")
    in_force = resolved(is_in_force, bool, "Whether the newest snapshot was scored with it.")
    versions = resolved(known_versions, list[str], "Versions of all known policies.")
    trust: TrustPolicyType = attribute("Constants of trust, which counts if `trustWeight` is above 0.")
    capacity: CapacityPolicyType = attribute("Constants of capacity, which counts if `capacityWeight` is above 0.")
    trust_weight: float = attribute("Weight of trust in the composite.")
    capacity_weight: float = attribute("Weight of capacity in the composite.")
    defaults: DefaultsPolicyType = attribute("The values that unknown inputs count as.")
    tiers: list[TierBandType] = attribute("Tiers, the best first.", weight=Weight(items=fixed(5)))
    latest_version = resolved(
        latest_version, str | None, "The network's latest release in the newest snapshot; null if not known."
    )
    latest_version_source = resolved(
        latest_version_source,
        str | None,
        "How it was found: network (at least `latestMinShare` of online nodes run it), override (set by the operator "
        "of this service) or none.",
    )
    latest_min_share: float = attribute("Share of online nodes that the latest release needs, 0 to 1.")
    health: HealthPolicyType = attribute("Constants of network health.")
    alerts: AlertPolicyType = attribute("When nodes raise alerts.")
    consistency: ConsistencyPolicyType = attribute("Constants of the ratings of consistency.")
    analytics: AnalyticsPolicyType = attribute("Constants of the grades of distributions.")
    estimate: EstimatePolicyType | None = attribute("Constants of the score by policy 2.0; null for other policies.")
