"""The compared raters: the published policies, and simple rules that a score must beat.

A rater is a name and a function. It receives one online node of a snapshot and its observations up to then, never later
ones.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from jobs.evaluate.tally import Seen
from schema.domain.base import DAY
from schema.domain.node.pnode import PNode, Tier

PRIOR_SHARE, PRIOR_DAYS = 0.9, 2.0
"""The prior of `uptime-prior`: a new node counts as one that was watched for two days, and available 90 % of them."""
CONDEMNED_BELOW = 85.0
"""The simple raters have no tiers: they condemn below this availability, in percent."""
FULL_CLAIM_DAYS = 30


class Rating(NamedTuple):
    """A rating of a node: points 0..100, its tier, and the bounds of the points. None: the rater has none.

    If there is a `rank`, nodes are ordered by it, 1 for the best. Nodes of equal rank are chosen by `loss`, the lowest
    first.
    """

    points: float
    tier: Tier | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    rank: int | None = None
    loss: float | None = None

    @property
    def order(self) -> float:
        """The sort key of nodes, the greatest first."""
        return self.points if self.rank is None else -self.rank

    @property
    def choice(self) -> tuple[float, float]:
        """The sort key for choosing the best nodes, the greatest first. Equal ranks are ordered as in
        recommendations."""
        return self.order, 0.0 if self.rank is None or self.loss is None else -self.loss

    @property
    def condemned(self) -> bool:
        """Whether the rating warns stakers against the node."""
        return self.tier is Tier.HIGH_RISK if self.tier is not None else self.points < CONDEMNED_BELOW


class Look(NamedTuple):
    """The input of a rater: the published node, its observations of 30 days, and the number of observations per day."""

    node: PNode
    seen: Seen
    looks_per_day: float


class Rater(NamedTuple):
    """`rate` returns None for a node without a score. `says` is one sentence for the report."""

    name: str
    says: str
    rate: Callable[[Look], Rating | None]


def policy_2_0(look: Look) -> Rating | None:
    """The stored estimate of policy 2.0, ordered by rank."""
    found = look.node.estimate
    if found is None:
        return None
    return Rating(found.composite, found.tier, found.low, found.high, found.confidence, found.rank, found.expected_loss)


def policy_2_0_points(look: Look) -> Rating | None:
    """The composite of policy 2.0, as if nodes were ordered by it."""
    found = look.node.estimate
    return None if found is None else Rating(found.composite, found.tier)


def policy_1_0(look: Look) -> Rating | None:
    """The composite of policy 1.0 as it was stored."""
    score = look.node.score
    return Rating(score.composite, score.tier) if score is not None else None


def uptime(look: Look) -> Rating:
    """100·(observations online)/(observations expected) over 30 days."""
    return Rating(100 * look.seen.share)


def uptime_prior(look: Look) -> Rating:
    """The same with a prior of `PRIOR_DAYS` days at `PRIOR_SHARE`."""
    weight = PRIOR_DAYS * look.looks_per_day
    return Rating(100 * (look.seen.online + PRIOR_SHARE * weight) / (look.seen.expected + weight))


def claimed(look: Look) -> Rating | None:
    """100·min(days/30, 1) of the process uptime that the node itself gossips."""
    if look.node.uptime is None:
        return None
    return Rating(100 * min(look.node.uptime / DAY / FULL_CLAIM_DAYS, 1.0), Tier.UNKNOWN)


RATERS: Mapping[str, Rater] = {
    rater.name: rater
    for rater in (
        Rater(
            "2.0",
            "policy 2.0, ordered by its ranks; in the best tenth, equal ranks by the expected loss",
            policy_2_0,
        ),
        Rater("2.0-points", "policy 2.0, ordered by its composite", policy_2_0_points),
        Rater("1.0", "policy 1.0, the composite that REST serves by default", policy_1_0),
        Rater("uptime", "plain uptime: the share of 30 days in which the node was seen online", uptime),
        Rater("uptime-prior", "plain uptime with a prior of two days at 90 %", uptime_prior),
        Rater("claimed", "the process uptime that the node itself gossips, full at 30 days", claimed),
    )
}


def raters(names: Sequence[str]) -> tuple[Rater, ...]:
    """The raters with these names, in their order. All raters if there are no names. Raises ValueError."""
    unknown = [name for name in names if name not in RATERS]
    if unknown:
        raise ValueError(f"policy={unknown[0]!r}: expected one of {', '.join(RATERS)}")
    return tuple(RATERS[name] for name in dict.fromkeys(names)) or tuple(RATERS.values())
