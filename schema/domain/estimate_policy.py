"""The constants of policy 2.0, whose score is an estimate with bounds. Each is explained in `docs/formulas.md`."""

from schema.domain.base import Record


class AvailabilityPolicy(Record):
    """Observed availability over 24 hours, 7 days and 30 days.

    Of what was expected, `forgiven` (0..1) counts as online in any case. Each window has a prior: the month's is
    `prior_mean` (0..1) with the weight of `prior_days`; the week's is the month's estimate with the weight of
    `week_prior_days`, the day's is the week's with `day_prior_days`. An estimate earns nothing at `none_below` and
    everything from `full_from` on. The windows' shares add up to 1.
    `looks_per_day` is how many independent observations a day of watching is worth.
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

    (days + `prior_days`)/(disturbances + 1), full at `full_days`. The days are those that we watched and the uptime at
    first sight, of which the lower bound believes `claim_worth` (0..1); 30 at most. `upgrade_grace_seconds` is how near
    to a new version a restart is an upgrade, and for how long its absence is forgiven, once in `upgrade_every_seconds`.
    Disturbances within `quiet_seconds` of one that counted belong to it.
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

    No loss up to `lag_from`, everything from `lag_full` on; the loss grows over `deadline_days` from when the newer
    release passed `lag_from`. A network of fewer than `least_nodes` is too small to compare with.
    """

    points: float = 5
    lag_from: float = 0.5
    lag_full: float = 0.9
    deadline_days: float = 7
    least_nodes: float = 5


class CommitmentPolicy(Record):
    """The percentile of the committed storage among online nodes, full at `full_percentile`.

    The nodes of one group (/24 or /48) count as one node together, and as less where they are more than `group_size`. Where neither the node itself nor a
    probe confirms anything, the lower bound believes `unconfirmed_percentile` at most.
    """

    points: float = 5
    full_percentile: float = 75
    group_size: int = 4
    unconfirmed_percentile: float = 50


class AgreementPolicy(Record):
    """Witnesses over the seeds that could list the node, full at half of them.

    A field on which the seeds have no majority takes `dispute_share` (0..1) of it, two such fields at most. The bounds
    lie `spread`/(seeds + 1) apart from it (0..1), half of that where the node answered itself.
    """

    points: float = 5
    dispute_share: float = 0.25
    spread: float = 1


class LossPolicy(Record):
    """The share of its time (0..1) that a node is expected to lose: what ranks go by.

    (days away + `disturbance_hours`/24 for each disturbance + `prior_loss`·`prior_days`)/(days expected + `prior_days`), of
    30 days. Nodes that are expected to lose no more than `sound_to` (0..1), and that were watched for `sound_days`, are
    equally good.
    """

    prior_loss: float = 0.0075
    prior_days: float = 10
    disturbance_hours: float = 1.2
    sound_to: float = 0.01
    sound_days: float = 1


class WatchPolicy(Record):
    """Bounds of the alerts that policy 2.0 raises.

    Availability falls where the last day lies `fall_points` (of 100) under the last week and under `fall_below` (0..1);
    it is critical under `fall_critical`. `storm_warning` and `storm_critical` are disturbances within 24 hours.
    `lag_warning_days` is how long before its deadline a lagging node is warned. A tier is at risk where the score has
    fallen by `tier_fall_points` since the day before, and would leave the tier within `tier_days` if that went on.
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
    """Everything that turns observations into an estimate. The parts' points add up to 100.

    The bounds are `deviations` standard deviations away: some 80 % of what is true lies within. A group has
    `places_per_group` places among the ranks before all others have theirs.
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
