"""Policy 2.0: how far a node can be trusted with stake, as an estimate with bounds.

composite = Σ points·share over the known parts, scaled to 100. Each part has its own bounds, combined as independent
uncertainties: low = composite − √Σ(points·(share − its low))². An unknown part counts as the mean of the others, with 0
and 1 as its bounds: it lowers nothing, and widens the bounds.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from math import sqrt
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.estimate_policy import EstimatePolicy, LossPolicy
from schema.domain.node.coverage import Counts, Windows
from schema.domain.node.estimate import Estimate, Evidence, Standing
from schema.domain.scoring.currency import Adoption
from schema.domain.scoring.shares import (
    SHARE_DIGITS,
    UNKNOWN,
    Share,
    agreement,
    availability,
    commitment,
    expected_loss,
    stability,
)
from schema.domain.scoring.standing import percentiles, ranks, shares_not_above, weights

_MOST = 100.0
_STEP = 10**-SHARE_DIGITS

Background = tuple[Counts | None, Standing | None]
"""The inputs of an estimate, and the estimate of the previous day."""

_BLANK = Estimate(composite=0, low=0, high=0, shares=(), raw=(), policy_version="")


class Placed(NamedTuple):
    """The inputs of a node's parts besides its own evidence: its position among the others.

    `currency` is what its version earns (0..1), `newer` the share of its network on newer releases (0..1), `percentile`
    that of its committed storage (0..100). None if not known.
    """

    currency: float | None
    newer: float | None
    percentile: float | None


class Network:
    """The nodes of one time, as the basis of comparison for each of them."""

    def __init__(self, evidence: Sequence[Evidence], policy: EstimatePolicy, adoption: Adoption) -> None:
        self._adoption = adoption
        self.weights = counted_weights(evidence, policy)
        # Rounded before any use, so that a stored estimate can be recomputed from stored values.
        places = percentiles([node.committed for node in evidence], self.weights)
        self._percentiles = [None if place is None else round(place, 2) for place in places]
        self._available: dict[Windows, tuple[Share, float | None]] = {}
        self._by_version: dict[str | None, tuple[float | None, float | None]] = {}

    def available(self, node: Evidence, policy: EstimatePolicy) -> tuple[Share, float | None]:
        """The share that its observed availability earns (`availability`), computed once for nodes with equal
        observations."""
        key = node.day, node.week, node.month
        found = self._available.get(key)
        if found is None:
            found = self._available[key] = availability(*key, policy.availability, policy.deviations)
        return found

    def placed(self, number: int, version: str | None) -> Placed:
        """The position of the node at this index of the evidence, if it runs this version."""
        found = self._by_version.get(version)
        if found is None:
            found = self._by_version[version] = self._adoption.share(version), self._adoption.newer_share(version)
        return Placed(found[0], found[1], self._percentiles[number])


def adoption_of(evidence: Iterable[Evidence], policy: EstimatePolicy, *, own: str, at: int) -> Adoption:
    """The releases that these nodes run, over nodes that enough seeds list. `own` is the monitored network."""
    nodes = list(evidence)
    versions = zip([node.version for node in nodes], counted_weights(nodes, policy), strict=True)
    return Adoption(versions, policy.currency, own=own, at=at)


def counted_weights(evidence: Sequence[Evidence], policy: EstimatePolicy) -> list[int]:
    """The weight of each node among the others; 0 if too few seeds list it."""
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

    `evidence` covers all online nodes. Nodes that enough seeds list are compared with each other. The others are
    compared with them, and have no rank and no percentile. `version` is the policy's, `backgrounds` is stored with each
    estimate.
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
        [-_ranked_by(found[number], evidence[number], policy.loss) for number in compared],
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


def _ranked_by(figures: "Figures", node: Evidence, rules: LossPolicy) -> float:
    """The rank value of a node, lowest first.

    Differences between sound nodes predict nothing, so they are equal. A node that lost nothing in a time too short to
    know it comes after these, by its lower bound. Expected losses are multiples of a step, and it stays within one.
    """
    if node.month.expected >= rules.sound_days * DAY:
        return max(figures.loss, rules.sound_to)
    return max(figures.loss, rules.sound_to + _STEP * (1 - figures.low / (2 * _MOST)))


class Figures(NamedTuple):
    """An estimate without its position among the others: the fields of `Estimate` with the same names."""

    composite: float
    low: float
    high: float
    loss: float
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
    """The estimate as stored. `version` is the policy's."""
    # Not validated: the figures are our own, and every node has one estimate in every cycle.
    composite, low, high, loss, shares, raw = each
    return _BLANK.model_copy(
        update={
            "composite": composite,
            "low": low,
            "high": high,
            "expected_loss": loss,
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
    """The estimate of one node, without its position among the others. `available` is what its availability earns."""
    rules = policy.commitment
    percentile, now = placed.percentile, placed.currency
    earns, month = available
    stable, between = stability(node, policy)
    agreed, listed = agreement(node, policy)
    parts: tuple[tuple[float, Share], ...] = (
        (policy.availability.points, earns),
        (policy.stability.points, stable),
        (policy.currency.points, UNKNOWN if now is None else (now, now, now)),
        (rules.points, UNKNOWN if percentile is None else commitment(percentile, policy, confirmed=node.confirmed)),
        (policy.agreement.points, agreed),
    )
    known = earned = below = above = missing = 0.0
    shares: list[float | None] = []
    # Plain products, because this runs for every node in every cycle.
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
        # Most parts are complete.
        shares.append(round(share, SHARE_DIGITS) if share < 1 else 1.0)
    mean = earned / known if known else 0.0
    composite = 100 * mean
    least = composite - sqrt(below + missing * mean * mean)
    most = composite + sqrt(above + missing * (1 - mean) * (1 - mean))
    return Figures(
        round(composite, 2),
        round(least, 2) + 0.0 if least > 0 else 0.0,
        round(most, 2) if most < _MOST else _MOST,
        expected_loss(node, policy),
        tuple(shares),
        (month, between, placed.newer, percentile, listed),
    )
