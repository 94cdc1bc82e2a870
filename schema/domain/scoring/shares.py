"""The share of its points that each part of an estimate earns, with bounds, and the expected loss of a node."""

from functools import lru_cache
from math import sqrt

from schema.domain.base import DAY
from schema.domain.estimate_policy import AvailabilityPolicy, EstimatePolicy
from schema.domain.node.coverage import Observed
from schema.domain.node.estimate import Evidence

WINDOW_DAYS = 30
SHARE_DIGITS = 4
_MAX_DISPUTED = 2
_HOURS = 24
_LEAST = 0.1

Share = tuple[float, float, float]
"""The share of its points that a part earns, with bounds: share, low, high, each 0..1."""

UNKNOWN: Share = (-1.0, 0.0, 1.0)


def availability(
    day: Observed, week: Observed, month: Observed, rules: AvailabilityPolicy, deviations: float
) -> tuple[Share, float | None]:
    """The share that observed availability earns, with bounds, and the availability over the longest window (None: not
    seen).

    Each window's estimate is (prior·weight + days online)/(weight + days expected). The prior of a shorter window is
    the estimate of the next longer one, and a little downtime is forgiven. The divisor is the expected time rather than
    the received samples, and excludes outages on our side.
    """
    floor = rules.none_below
    width = rules.full_from - floor
    prior = rules.prior_mean
    share = low = high = 0.0
    for window, weight, part in (
        (month, rules.prior_days, rules.month_share),
        (week, rules.week_prior_days, rules.week_share),
        (day, rules.day_prior_days, rules.day_share),
    ):
        expected = weight + window[0] / DAY
        online = min(window[1] + rules.forgiven * window[0], window[0])
        prior = (prior * weight + online / DAY) / expected
        error = deviations * sqrt(max(prior * (1 - prior), 0.0) / (expected * rules.looks_per_day + 1))
        # Plain comparisons, because this runs for every node in every cycle and calls of `min` and `max` would dominate
        # it.
        earned = (prior - floor) / width
        least, most = earned - error / width, earned + error / width
        share += part if earned > 1 else part * earned if earned > 0 else 0.0
        low += part if least > 1 else part * least if least > 0 else 0.0
        high += part if most > 1 else part * most if most > 0 else 0.0
    seen = round(month[1] / month[0], SHARE_DIGITS) if month[0] else None
    return (min(share, 1.0), min(low, 1.0), min(high, 1.0)), seen


def stability(node: Evidence, policy: EstimatePolicy) -> tuple[Share, float]:
    """The share that the days between disturbances earn, with bounds, and those days.

    Without any disturbance, the next one counts as due now: a node monitored for a week is not known to last longer.
    """
    rules = policy.stability
    watched = min(node.watched / DAY, WINDOW_DAYS)
    claimed = min(node.claimed / DAY, WINDOW_DAYS - watched)
    count = node.disturbances + 1
    days = watched + claimed + rules.prior_days
    proven = watched + claimed * rules.claim_worth + rules.prior_days
    fewest, most = plausible(count, policy.deviations)
    full = rules.full_days
    shares = (min(days / count / full, 1.0), min(proven / most / full, 1.0), min(days / fewest / full, 1.0))
    return shares, round(days / count, 2)


@lru_cache(maxsize=1_024)
def plausible(count: int, deviations: float) -> tuple[float, float]:
    """The lowest and highest plausible number of events for this time, given the number seen.

    They are quantiles of the Gamma distribution with this shape, by the approximation of Wilson and Hilferty (1931).
    """
    middle, width = 1 - 1 / (9 * count), deviations / (3 * sqrt(count))
    return count * max(middle - width, _LEAST) ** 3, count * (middle + width) ** 3


def expected_loss(node: Evidence, policy: EstimatePolicy) -> float:
    """The share of its time that a node is expected to lose, 0..1: its past loss, and the expected cost of restarts."""
    rules, (expected, online) = policy.loss, node.month
    lost = (expected - online) / DAY + node.disturbances * rules.disturbance_hours / _HOURS
    loss = (lost + rules.prior_loss * rules.prior_days) / (expected / DAY + rules.prior_days)
    return round(min(loss, 1.0), SHARE_DIGITS)


def agreement(node: Evidence, policy: EstimatePolicy) -> tuple[Share, float | None]:
    """The share that the seeds' agreement earns, with bounds, and the share of the seeds that list the node (None: none
    can).

    Half of the seeds that could list a node are enough: a seed that omits it, or reports it falsely, costs nothing
    while most of the others do not.
    """
    rules, seeds = policy.agreement, node.could_list
    if seeds <= 0:
        return UNKNOWN, None
    listed = min(node.witnesses / ((seeds + 1) // 2), 1.0)
    share = listed * (1 - rules.dispute_share * min(node.disputed, _MAX_DISPUTED))
    spread = rules.spread / (seeds + 1) / (2 if node.confirmed else 1)
    shares = (share, max(share - spread, 0.0), min(share + spread, 1.0))
    return shares, round(min(node.witnesses / seeds, 1.0), SHARE_DIGITS)


def commitment(percentile: float, policy: EstimatePolicy, *, confirmed: bool) -> Share:
    """The share that committed storage earns. The lower bound is less if only gossip confirms the value."""
    rules = policy.commitment
    share = min(percentile / rules.full_percentile, 1.0)
    believed = percentile if confirmed else min(percentile, rules.unconfirmed_percentile)
    return share, min(believed / rules.full_percentile, 1.0), share
