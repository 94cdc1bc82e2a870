"""The constants of policy 2.0, whose score is an estimate with bounds. `docs/formulas.md` explains each."""

from schema.domain.base import Record


class AvailabilityPolicy(Record):
    """Observed availability over 24 hours, 7 days and 30 days.

    A share of `forgiven` (0..1) of the expected time always counts as online. Each window has a prior: the month's is
    `prior_mean` (0..1) with the weight of `prior_days`, the week's is the month's estimate with the weight of
    `week_prior_days`, and the day's is the week's estimate with `day_prior_days`. An estimate earns nothing at
    `none_below` and everything from `full_from` on. The windows' shares add up to 1. `looks_per_day` is the number of
    independent observations in a day of monitoring.
    """

    points: float = 40
    prior_mean: float = 0.9
    prior_days: float = 2
    week_prior_days: float = 1
    day_prior_days: float = 0.25
    forgiven: float = 0.02
    none_below: float = 0.85
    full_from: float = 0.985
    day_share: float = 0.25
    week_share: float = 0.35
    month_share: float = 0.4
    looks_per_day: float = 4


class StabilityPolicy(Record):
    """Days between disturbances: restarts, changes of host, drops from gossip, and absences.

    (days + `prior_days`)/(disturbances + 1), full at `full_days`. The days are the monitored days and the uptime at
    first sight, at most 30. `claim_worth` (0..1) is the part of that uptime that counts for the lower bound. A restart
    within `upgrade_grace_seconds` of a new version is an upgrade, and an absence of that length is forgiven, once in
    `upgrade_every_seconds`. Disturbances within `quiet_seconds` of one that counted belong to it.
    """

    points: float = 45
    full_days: float = 14
    prior_days: float = 1
    claim_worth: float = 0.5
    upgrade_grace_seconds: int = 1_800
    upgrade_every_seconds: int = 86_400
    quiet_seconds: int = 3_600


class CurrencyPolicy(Record):
    """How much of the node's own network runs a newer release than the node, as a share of its nodes (0..1).

    Nothing is lost up to `lag_from`, everything from `lag_full` on. The loss grows over `deadline_days` from when the
    newer release reached `lag_from`. A network of fewer than `least_nodes` is too small to compare with.
    """

    points: float = 5
    lag_from: float = 0.5
    lag_full: float = 0.9
    deadline_days: float = 7
    least_nodes: float = 5


class CommitmentPolicy(Record):
    """The percentile of the committed storage among online nodes, full at `full_percentile`.

    The nodes of one group (/24 or /48) together count as one node, and as less if they are more than `group_size`. If
    neither the node itself nor a probe confirms the value, the lower bound counts at most `unconfirmed_percentile`.
    """

    points: float = 5
    full_percentile: float = 75
    group_size: int = 4
    unconfirmed_percentile: float = 50


class AgreementPolicy(Record):
    """Witnesses over the seeds that could list the node, full at half of them.

    A field without a majority among the seeds subtracts `dispute_share` (0..1) of it, for at most two fields. The
    bounds are `spread`/(seeds + 1) away (0..1), or half of that if the node answered itself.
    """

    points: float = 5
    dispute_share: float = 0.25
    spread: float = 1


class LossPolicy(Record):
    """The share of its time (0..1) that a node is expected to lose. Ranks are ordered by it.

    (days away + `disturbance_hours`/24 for each disturbance + `prior_loss`·`prior_days`)/(days expected +
    `prior_days`), over 30 days. Nodes that are expected to lose no more than `sound_to` (0..1), and that were monitored
    for `sound_days`, are equally good.
    """

    prior_loss: float = 0.0075
    prior_days: float = 10
    disturbance_hours: float = 1.2
    sound_to: float = 0.01
    sound_days: float = 1


class WatchPolicy(Record):
    """Thresholds of the alerts of policy 2.0.

    Availability is falling if that of the last day is `fall_points` (of 100) below that of the last week and below
    `fall_below` (0..1). It is critical below `fall_critical`. `storm_warning` and `storm_critical` are disturbances
    within 24 hours. `lag_warning_days` is how long before its deadline a lagging node gets a warning. A tier is at risk
    if the score has fallen by `tier_fall_points` since the previous day, and would leave the tier within `tier_days` at
    that rate.
    """

    fall_points: float = 5
    fall_below: float = 0.95
    fall_critical: float = 0.5
    storm_warning: int = 3
    storm_critical: int = 6
    lag_warning_days: float = 2
    tier_fall_points: float = 1
    tier_days: float = 3


class EstimatePolicy(Record):
    """All constants that turn observations into an estimate. The parts' points add up to 100.

    The bounds are `deviations` standard deviations away, so about 80 % of the true values are within them. The first
    `places_per_group` nodes of a group are ranked with all others; its further nodes come after them.
    """

    availability: AvailabilityPolicy = AvailabilityPolicy()
    stability: StabilityPolicy = StabilityPolicy()
    currency: CurrencyPolicy = CurrencyPolicy()
    commitment: CommitmentPolicy = CommitmentPolicy()
    agreement: AgreementPolicy = AgreementPolicy()
    loss: LossPolicy = LossPolicy()
    alerts: WatchPolicy = WatchPolicy()
    deviations: float = 1.2816
    places_per_group: int = 3
