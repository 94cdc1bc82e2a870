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
    version: Annotated[str | None, argument("Version of a policy, as `1.0`; by default the newest in force.")] = None,
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
    uptime_full_days: float = attribute("Uptime that earns all its points, in days.")
    presence_points: float = attribute("Points for being listed, at `presenceFull`; proportional below.")
    presence_full: int = attribute("Number of seeds that earns all its points.")
    version_points: float = attribute("Points on the latest release, or on a newer one, or a build of it.")
    version_behind_points: float = attribute("Points at most one minor release behind; none beyond.")
    consistency_points: float = attribute("Points times consistency, which is 0 to 1.")


@published(CapacityPolicy, "CapacityPolicy", "Constants of capacity; points are added up, each part clamped.")
class CapacityPolicyType:
    committed_points: float = attribute("Points for committed storage, at `committedFullGib`; proportional below.")
    committed_full_gib: float = attribute("Committed storage that earns all its points, in GiB.")
    balance_points: float = attribute("Points for use of storage between `balanceLow` and `balanceHigh`.")
    balance_low: float = attribute("Use below which balance falls to 0 at no use, in percent.")
    balance_high: float = attribute("Use above which balance falls to 0 when full, in percent.")
    growth_points: float = attribute("Points times trend, which is 0.5 + 0.5 × growth.")
    growth_days: float = attribute("What used storage is compared with, in days ago.")
    growth_min_days: float = attribute("Least data for a growth, in days.")
    growth_floor_bytes: BigInt = attribute("Least used storage that growth is measured against, in bytes.")


@published(DefaultsPolicy, "DefaultsPolicy", "What an input that is not known counts as.")
class DefaultsPolicyType:
    uptime: float = attribute("Uptime, in seconds.")
    version_points: float = attribute("Points for the version.")
    consistency: float = attribute("Consistency, 0 to 1.")
    storage_committed: float = attribute("Committed storage, in bytes.")
    storage_usage_percent: float = attribute("Use of storage, in percent.")
    growth_trend: float = attribute("Trend of growth, 0 to 1; 0.5 is level.")


@published(TierBand, "TierBand", "A tier and what earns it.")
class TierBandType:
    tier: Tier = attribute("The tier.")
    minimum: float | None = attribute("Least rounded composite, in points; null where a score is not what decides.")
    color: str = attribute("Colour, as `#10b981`.")
    emoji: str | None = attribute("A sign for it; null where it has none.")
    description: str = attribute("What it means.")


@published(HealthPolicy, "HealthPolicy", "Constants of network health, and of alerts about the network.")
class HealthPolicyType:
    availability_points: float = attribute("Points times share of online nodes.")
    version_points: float = attribute("Points times share of the most common version.")
    quality_points: float = attribute("Points times mean composite / 100.")
    connectivity_points: float = attribute("Points for mean witnesses, at `connectivityFull`; proportional below.")
    connectivity_full: float = attribute("Mean number of witnesses that earns all its points.")
    healthy: float = attribute("Least score of HEALTHY, in points.")
    fair: float = attribute("Least score of FAIR, in points.")
    degraded: float = attribute("Least score of DEGRADED, in points.")
    low_nodes: int = attribute("Number of online nodes under which the network is small.")
    very_low_nodes: int = attribute("Number of online nodes under which it is very small.")
    max_versions: int = attribute("Number of versions above which it is fragmented.")
    low_score: float = attribute("Score under which it raises an alert, in points.")


@published(AlertPolicy, "AlertPolicy", "Bounds of alerts about nodes.")
class AlertPolicyType:
    offline_info_seconds: int = attribute("Time without life from which to inform, in seconds.")
    offline_warning_seconds: int = attribute("Time without life from which to warn, in seconds.")
    offline_critical_seconds: int = attribute("Time without life from which it is critical, in seconds.")
    uptime_critical_seconds: int = attribute("Uptime under which it is critical, in seconds.")
    uptime_warning_seconds: int = attribute("Uptime under which to warn, in seconds.")
    storage_critical_percent: float = attribute("Use of storage above which it is critical, in percent.")
    storage_warning_percent: float = attribute("Use of storage above which to warn, in percent.")
    underutilized_percent: float = attribute("Use of storage under which to inform, in percent.")
    versions_critical: int = attribute("Minor releases behind from which it is critical.")
    versions_warning: int = attribute("Minor releases behind from which to warn.")
    isolated_witnesses: int = attribute("Most witnesses of an isolated node.")
    weak_witnesses: int = attribute("Most witnesses of a weakly connected node.")
    min_answering_seeds: int = attribute("Answering seeds under which witnesses say nothing.")
    flapping_changes: int = attribute("Changes of presence above which a node flaps.")


@published(ConsistencyPolicy, "ConsistencyPolicy", "Constants of consistency.")
class ConsistencyPolicyType:
    window_days: int = attribute("The window, in days.")
    flapping_below: float = attribute("Consistency under which a node flaps.")
    unstable_below: float = attribute("Consistency under which a node is unstable.")
    network_excellent: float = attribute("Least mean of EXCELLENT.")
    network_good: float = attribute("Least mean of GOOD.")
    network_fair: float = attribute("Least mean of FAIR.")
    many_drops: int = attribute("Number of drops above which to advise.")
    recent_drop_seconds: int = attribute("Age of a drop under which to advise, in seconds.")


@published(AnalyticsPolicy, "AnalyticsPolicy", "Bounds of the distributions, and of the advice drawn from them.")
class AnalyticsPolicyType:
    storage_low: float = attribute("Least use of the low bucket, in percent.")
    storage_optimal: float = attribute("Least use of the optimal bucket, in percent.")
    storage_high: float = attribute("Least use of the high bucket, in percent.")
    storage_critical: float = attribute("Least use of the critical bucket, in percent.")
    witnesses_weak: int = attribute("Least witnesses of the weak bucket.")
    witnesses_good: int = attribute("Least witnesses of the good bucket.")
    witnesses_excellent: int = attribute("Least witnesses of the excellent bucket.")
    compliance_good: float = attribute("Compliance above which versions are good, in percent.")
    compliance_fair: float = attribute("Compliance above which versions are fair, in percent.")
    isolated_share: float = attribute("Share of isolated nodes above which to advise, in percent.")
    critical_share: float = attribute("Share of nearly full nodes above which to advise, in percent.")
    empty_share: float = attribute("Share of empty nodes above which to advise, in percent.")


@published(AvailabilityPolicy, "AvailabilityPolicy", "Constants of observed availability.")
class AvailabilityPolicyType:
    points: float = attribute("What it is worth, in points.")
    prior_mean: float = attribute("Availability assumed for an unknown node, 0 to 1.")
    prior_days: float = attribute("Weight of that in the estimate of a month, in days.")
    week_prior_days: float = attribute("Weight of the month's estimate in that of a week, in days.")
    day_prior_days: float = attribute("Weight of the week's estimate in that of a day, in days.")
    forgiven: float = attribute("Share of the time that counts as online in any case, 0 to 1.")
    none_below: float = attribute("Availability that earns nothing, 0 to 1.")
    full_from: float = attribute("Availability that earns everything, 0 to 1; proportional in between.")
    day_share: float = attribute("Share of the last 24 hours, 0 to 1.")
    week_share: float = attribute("Share of the last 7 days, 0 to 1.")
    month_share: float = attribute("Share of the last 30 days, 0 to 1.")
    looks_per_day: float = attribute("Independent observations that a day of watching is worth.")


@published(StabilityPolicy, "StabilityPolicy", "Constants of stability: days between disturbances.")
class StabilityPolicyType:
    points: float = attribute("What it is worth, in points.")
    full_days: float = attribute("Days between disturbances that earn everything; proportional below.")
    prior_days: float = attribute("Days that every node has to begin with.")
    claim_worth: float = attribute("Share of the uptime at first sight that counts for the lower bound, 0 to 1.")
    upgrade_grace_seconds: int = attribute(
        "How near to a newer version a restart is an upgrade, and how long an absence with it is forgiven, in seconds."
    )
    upgrade_every_seconds: int = attribute("Least time between two upgrades that are forgiven, in seconds.")
    quiet_seconds: int = attribute("Time within which disturbances count as one, in seconds.")


@published(
    CurrencyPolicy, "CurrencyPolicy", "Constants of version currency, within the network that a version is built for."
)
class CurrencyPolicyType:
    points: float = attribute("What it is worth, in points.")
    lag_from: float = attribute("Share of the network on newer releases up to which nothing is lost, 0 to 1.")
    lag_full: float = attribute("Share of the network on newer releases from which everything is lost, 0 to 1.")
    deadline_days: float = attribute("Days over which the loss grows, once a newer release has passed `lagFrom`.")
    least_nodes: float = attribute("Least number of nodes to compare with.")


@published(CommitmentPolicy, "CommitmentPolicy", "Constants of committed storage: its percentile among online nodes.")
class CommitmentPolicyType:
    points: float = attribute("What it is worth, in points.")
    full_percentile: float = attribute("Percentile that earns everything, 0 to 100; proportional below.")
    group_size: int = attribute("Nodes of a neighbourhood that count as one together; more count as less.")
    unconfirmed_percentile: float = attribute("Highest percentile that the lower bound takes from gossip alone.")


@published(AgreementPolicy, "AgreementPolicy", "Constants of agreement: seeds that list a node, of those that could.")
class AgreementPolicyType:
    points: float = attribute("What it is worth, in points.")
    dispute_share: float = attribute("Share that a field takes on which the seeds have no majority, 0 to 1.")
    spread: float = attribute("Width of the bounds with one seed, 0 to 1; over the number of seeds plus one.")


@published(LossPolicy, "LossPolicy", "Constants of the time that a node is expected to lose: ranks go by it.")
class LossPolicyType:
    prior_loss: float = attribute("Expected loss assumed for an unknown node, 0 to 1.")
    prior_days: float = attribute("Weight of that, in days.")
    disturbance_hours: float = attribute("What a disturbance counts as beside the absence itself, in hours.")
    sound_to: float = attribute("Up to this expected loss nodes are equally good, 0 to 1.")
    sound_days: float = attribute("How long a node must have been watched to be among them, in days.")


@published(WatchPolicy, "WatchPolicy", "Bounds of the alerts that policy 2.0 raises.")
class WatchPolicyType:
    fall_points: float = attribute("How far the day's availability lies under the week's, in percent.")
    fall_below: float = attribute("Availability of a day at or above which there is no alert, 0 to 1.")
    fall_critical: float = attribute("Availability of a day under which it is critical, 0 to 1.")
    storm_warning: int = attribute("Disturbances within 24 hours from which to warn.")
    storm_critical: int = attribute("Disturbances within 24 hours from which it is critical.")
    lag_warning_days: float = attribute("How long before its deadline a lagging node is warned, in days.")
    tier_fall_points: float = attribute("Fall of a score since the day before from which a tier is at risk, in points.")
    tier_days: float = attribute("Within how long the score would leave its tier, in days.")


@published(EstimatePolicy, "EstimatePolicy", "Constants of a score with bounds; the points of its parts add up to 100.")
class EstimatePolicyType:
    availability: AvailabilityPolicyType = attribute("Observed availability.")
    stability: StabilityPolicyType = attribute("Days between disturbances.")
    currency: CurrencyPolicyType = attribute("Version currency.")
    commitment: CommitmentPolicyType = attribute("Committed storage.")
    agreement: AgreementPolicyType = attribute("The word of the seeds.")
    loss: LossPolicyType = attribute("What ranks go by.")
    alerts: WatchPolicyType = attribute("Bounds of alerts about nodes.")
    deviations: float = attribute("Standard deviations from the score to its bounds.")
    places_per_group: int = attribute("Places of a neighbourhood among the ranks before all others have theirs.")


@published(Policy, "ScorePolicy", "Everything that turns measurements into scores, words and alerts.")
class ScorePolicyType:
    version: str = attribute("Version of the policy.")
    in_force = resolved(is_in_force, bool, "Whether the newest snapshot was scored with it.")
    versions = resolved(known_versions, list[str], "Versions of all policies that are known.")
    trust: TrustPolicyType = attribute("How trust is made; it counts where `trustWeight` is above 0.")
    capacity: CapacityPolicyType = attribute("How capacity is made; it counts where `capacityWeight` is above 0.")
    trust_weight: float = attribute("Weight of trust in the composite.")
    capacity_weight: float = attribute("Weight of capacity in the composite.")
    defaults: DefaultsPolicyType = attribute("What an input that is not known counts as.")
    tiers: list[TierBandType] = attribute("Tiers, the best first.", weight=Weight(items=fixed(5)))
    latest_version = resolved(
        latest_version, str | None, "The network's latest release in the newest snapshot; null where not known."
    )
    latest_version_source = resolved(
        latest_version_source,
        str | None,
        "How it was found: network (what at least `latestMinShare` of online nodes run), override (set by the operator "
        "of this service) or none.",
    )
    latest_min_share: float = attribute("Share of online nodes that a release needs to be named the latest, 0 to 1.")
    health: HealthPolicyType = attribute("How network health is made.")
    alerts: AlertPolicyType = attribute("When nodes raise alerts.")
    consistency: ConsistencyPolicyType = attribute("How consistency is judged.")
    analytics: AnalyticsPolicyType = attribute("How distributions are judged.")
    estimate: EstimatePolicyType | None = attribute(
        "How the score is made, by policy 2.0; null where trust and capacity make it."
    )
