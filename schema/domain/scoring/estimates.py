"""Policy 2.0: how far a node can be trusted with stake, as an estimate with bounds.

composite = Σ points·share over the parts that are known, scaled to 100. Each part has bounds of its own, which
independent uncertainties combine: low = composite − √Σ(points·(share − its low))². A part that is not known counts as
the mean of the others, with 0 and 1 as its bounds: it lowers nothing, and widens the bounds.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from math import sqrt
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.estimate_policy import AvailabilityPolicy, EstimatePolicy
from schema.domain.node.coverage import Counts, Observed, Windows
from schema.domain.node.estimate import Estimate, Evidence, Standing
from schema.domain.scoring.currency import Adoption
from schema.domain.scoring.standing import percentiles, ranks, shares_not_above, weights

WINDOW_DAYS = 30
_SHARE_DIGITS = 4
_MAX_DISPUTED = 2
_MOST = 100.0

Share = tuple[float, float, float]
"""What a part earns of its points, with its bounds: share, low, high, each 0..1."""

Background = tuple[Counts | None, Standing | None]
"""What an estimate was computed from, and the estimate of the day before."""

_UNKNOWN: Share = (-1.0, 0.0, 1.0)
_BLANK = Estimate(composite=0, low=0, high=0, shares=(), raw=(), policy_version="")


class Placed(NamedTuple):
    """What a node's parts depend on besides its own evidence: its place among the others.

    `currency` is what its version earns (0..1), `newer` the share of its network on newer releases (0..1), `percentile`
    that of its committed storage (0..100); None where not known.
    """

    currency: float | None
    newer: float | None
    percentile: float | None


class Network:
    """What the nodes of one moment are compared with: each other."""

    def __init__(self, evidence: Sequence[Evidence], policy: EstimatePolicy, adoption: Adoption) -> None:
        self._adoption = adoption
        self.weights = counted_weights(evidence, policy)
        # Rounded before anything is made of them, so that a stored estimate can be computed again from what is stored.
        places = percentiles([node.committed for node in evidence], self.weights)
        self._percentiles = [None if place is None else round(place, 2) for place in places]
        self._available: dict[Windows, tuple[Share, float | None]] = {}
        self._by_version: dict[str | None, tuple[float | None, float | None]] = {}

    def available(self, node: Evidence, policy: EstimatePolicy) -> tuple[Share, float | None]:
        """What its observed availability earns (`availability`): worked out once for all nodes that are the same in it."""
        key = node.day, node.week, node.month
        found = self._available.get(key)
        if found is None:
            found = self._available[key] = availability(*key, policy.availability, policy.deviations)
        return found

    def placed(self, number: int, version: str | None) -> Placed:
        """The place of the node at this position of the evidence, if it runs this version."""
        found = self._by_version.get(version)
        if found is None:
            found = self._by_version[version] = self._adoption.share(version), self._adoption.newer_share(version)
        return Placed(found[0], found[1], self._percentiles[number])


def adoption_of(evidence: Iterable[Evidence], policy: EstimatePolicy, *, own: str, at: int) -> Adoption:
    """The releases that these nodes run, as far as enough seeds list them; `own` is the network that we watch."""
    nodes = list(evidence)
    versions = zip([node.version for node in nodes], counted_weights(nodes, policy), strict=True)
    return Adoption(versions, policy.currency, own=own, at=at)


def counted_weights(evidence: Sequence[Evidence], policy: EstimatePolicy) -> list[int]:
    """What each node counts for among the others: nothing where too few seeds list it."""
    each = iter(weights([node.group for node in evidence if node.supported], policy.commitment.group_size))
    return [next(each) if node.supported else 0 for node in evidence]


def estimates(
    evidence: Sequence[Evidence],
    policy: EstimatePolicy,
    adoption: Adoption,
    *,
    version: str,
    backgrounds: Sequence[Background] | None = None,
) -> list[Estimate]:
    """The estimate of each node, with its rank and percentile, in the order of the evidence.

    `evidence` is of all online nodes. Those that enough seeds list are compared with each other; the others are compared
    with them, and have no rank and no percentile. `version` is the
    policy's, `backgrounds` what is stored with each of them.
    """
    if not evidence:
        return []
    network = Network(evidence, policy, adoption)
    found = [
        figures(node, network.placed(number, node.version), policy, network.available(node, policy))
        for number, node in enumerate(evidence)
    ]
    compared = [number for number, node in enumerate(evidence) if node.supported]
    lows = [found[number].low for number in compared]
    places = ranks(
        lows,
        [evidence[number].group for number in compared],
        [(evidence[number].known_day, evidence[number].id) for number in compared],
        policy.places_per_group,
    )
    above = shares_not_above(lows, [network.weights[number] for number in compared])
    placed: list[tuple[int | None, float | None]] = [(None, None)] * len(found)
    for number, rank, share in zip(compared, places, above, strict=True):
        placed[number] = rank, round(share, 2)
    return [
        published(each, version, rank=rank, percentile=percentile, background=background)
        for each, (rank, percentile), background in zip(
            found, placed, backgrounds or repeat((None, None), len(found)), strict=True
        )
    ]


class Figures(NamedTuple):
    """An estimate without its place among the others: the fields of `Estimate` of the same names."""

    composite: float
    low: float
    high: float
    shares: tuple[float | None, ...]
    raw: tuple[float | None, ...]


def published(
    each: Figures,
    version: str,
    *,
    rank: int | None = None,
    percentile: float | None = None,
    background: Background = (None, None),
) -> Estimate:
    """The estimate as it is stored; `version` is the policy's."""
    # Not validated: these are our own figures, and there is one estimate for every node of every cycle.
    composite, low, high, shares, raw = each
    return _BLANK.model_copy(
        update={
            "composite": composite,
            "low": low,
            "high": high,
            "shares": shares,
            "raw": raw,
            "policy_version": version,
            "rank": rank,
            "percentile": percentile,
            "counts": background[0],
            "before": background[1],
        }
    )


def figures(node: Evidence, placed: Placed, policy: EstimatePolicy, available: tuple[Share, float | None]) -> Figures:
    """The estimate of one node, without its place among the others; `available` is what its availability earns."""
    rules = policy.commitment
    percentile, now = placed.percentile, placed.currency
    earns, month = available
    stable, between = stability(node, policy)
    agreed, listed = agreement(node, policy)
    parts: tuple[tuple[float, Share], ...] = (
        (policy.availability.points, earns),
        (policy.stability.points, stable),
        (policy.currency.points, _UNKNOWN if now is None else (now, now, now)),
        (rules.points, _UNKNOWN if percentile is None else _commitment(percentile, policy, confirmed=node.confirmed)),
        (policy.agreement.points, agreed),
    )
    known = earned = below = above = missing = 0.0
    shares: list[float | None] = []
    # Plain products: this runs for every node of every cycle.
    for points, (share, low, high) in parts:
        if share < 0:
            missing += points * points
            shares.append(None)
            continue
        known += points
        earned += points * share
        down, up = points * (share - low), points * (high - share)
        below += down * down
        above += up * up
        # Most parts are whole.
        shares.append(round(share, _SHARE_DIGITS) if share < 1 else 1.0)
    mean = earned / known if known else 0.0
    composite = 100 * mean
    least = composite - sqrt(below + missing * mean * mean)
    most = composite + sqrt(above + missing * (1 - mean) * (1 - mean))
    return Figures(
        round(composite, 2),
        round(least, 2) + 0.0 if least > 0 else 0.0,
        round(most, 2) if most < _MOST else _MOST,
        tuple(shares),
        (month, between, placed.newer, percentile, listed),
    )


def availability(
    day: Observed, week: Observed, month: Observed, rules: AvailabilityPolicy, deviations: float
) -> tuple[Share, float | None]:
    """What observed availability earns, with its bounds, and the availability over the longest window (None: not seen).

    Each window's estimate is (prior·weight + days online)/(weight + days expected), where the prior of a shorter window
    is the estimate of the next longer one, and a little downtime is forgiven. What was expected counts, not what was received, and our own outages are in
    neither.
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
        # Plain comparisons: this runs for every node of every cycle, and calls of `min` and `max` cost more than it all.
        earned = (prior - floor) / width
        least, most = earned - error / width, earned + error / width
        share += part if earned > 1 else part * earned if earned > 0 else 0.0
        low += part if least > 1 else part * least if least > 0 else 0.0
        high += part if most > 1 else part * most if most > 0 else 0.0
    seen = round(month[1] / month[0], _SHARE_DIGITS) if month[0] else None
    return (min(share, 1.0), min(low, 1.0), min(high, 1.0)), seen


def stability(node: Evidence, policy: EstimatePolicy) -> tuple[Share, float]:
    """What the days between disturbances earn, with its bounds, and those days.

    Where none was seen, the next one counts as due now: a node that is watched for a week is not known to last longer.
    """
    rules = policy.stability
    watched = min(node.watched / DAY, WINDOW_DAYS)
    claimed = min(node.claimed / DAY, WINDOW_DAYS - watched)
    count = node.disturbances + 1
    days = (watched + claimed + rules.prior_days) / count
    proven = watched + claimed * rules.claim_worth + rules.prior_days
    least = proven / (count + sqrt(count))
    most = days * count / (count - 0.5)
    full = rules.full_days
    return (min(days / full, 1.0), min(least / full, 1.0), min(most / full, 1.0)), round(days, 2)


def agreement(node: Evidence, policy: EstimatePolicy) -> tuple[Share, float | None]:
    """What the word of the seeds earns, with its bounds, and the share of the seeds that list the node (None: none can).

    Half of the seeds that could list a node suffice: a seed that leaves it out, or that lies about it, costs nothing
    while most of the others do not.
    """
    rules, seeds = policy.agreement, node.could_list
    if seeds <= 0:
        return _UNKNOWN, None
    listed = min(node.witnesses / ((seeds + 1) // 2), 1.0)
    share = listed * (1 - rules.dispute_share * min(node.disputed, _MAX_DISPUTED))
    spread = rules.spread / (seeds + 1) / (2 if node.confirmed else 1)
    shares = (share, max(share - spread, 0.0), min(share + spread, 1.0))
    return shares, round(min(node.witnesses / seeds, 1.0), _SHARE_DIGITS)


def _commitment(percentile: float, policy: EstimatePolicy, *, confirmed: bool) -> Share:
    """What committed storage earns; what nobody but gossip confirms may be less."""
    rules = policy.commitment
    share = min(percentile / rules.full_percentile, 1.0)
    return share, share if confirmed else share * (1 - rules.unconfirmed_share), share
