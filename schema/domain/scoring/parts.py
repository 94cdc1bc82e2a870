"""The parts of a score: the maximum of each, what was earned, and what would gain more."""

from collections.abc import Iterator
from enum import StrEnum

from schema.domain.base import Record, rounded
from schema.domain.node.estimate import Estimate, PartName
from schema.domain.node.pnode import Score
from schema.domain.policy import POLICIES, POLICY_1_0, EstimatePolicy


class ScorePartName(StrEnum):
    """The parts of all policies. Policy 2.0 has the first five, policy 1.0 the others, VERSION and STORAGE."""

    AVAILABILITY = "AVAILABILITY"
    STABILITY = "STABILITY"
    VERSION = "VERSION"
    STORAGE = "STORAGE"
    AGREEMENT = "AGREEMENT"
    UPTIME = "UPTIME"
    PRESENCE = "PRESENCE"
    CONSISTENCY = "CONSISTENCY"
    BALANCE = "BALANCE"
    GROWTH = "GROWTH"


class ScorePart(Record):
    """One part. `weight` is its maximum, `points` what it earns, `points_lost` the rest, all in points of the
    composite. `raw` is the measured value, in `unit`. None if not known. `next_step` would gain the lost points; None
    if none are lost."""

    name: ScorePartName
    weight: float
    raw: float | None
    unit: str | None
    points: float | None
    points_lost: float | None
    next_step: str | None


_UNITS = {
    PartName.AVAILABILITY: "share",
    PartName.STABILITY: "days",
    PartName.VERSION: "share",
    PartName.STORAGE: "percentile",
    PartName.AGREEMENT: "share",
}
_STEPS = {
    ScorePartName.AVAILABILITY: "Keep the node online: what it missed leaves the windows within 30 days.",
    ScorePartName.STABILITY: "Avoid restarts, changes of host and drops from gossip; upgrades do not count.",
    ScorePartName.VERSION: "Upgrade to the release that most of the network runs.",
    ScorePartName.STORAGE: "Commit as much storage as the upper quarter of the network.",
    ScorePartName.AGREEMENT: "Open its gossip port (UDP), so that more seeds list it.",
    ScorePartName.UPTIME: "Keep the process up: points grow with the days since the last start.",
    ScorePartName.PRESENCE: "Open its gossip port (UDP), so that more seeds list it.",
    ScorePartName.CONSISTENCY: "Keep the node in gossip without interruption.",
    ScorePartName.BALANCE: "Nothing to do: the network decides how much of its storage is used.",
    ScorePartName.GROWTH: "Nothing to do: the network decides how much of its storage is used.",
}
# The availability of a node that missed nothing: only the time for which it has been observed lowers its points.
_NOTHING_MISSED = "Keep the node online: it missed nothing, and gains points as the time of observation grows."
_FULL_SHARE = 1.0
_LEAST_LOSS = 0.005


def points_of(policy: EstimatePolicy) -> dict[PartName, float]:
    """The maximum of each part of an estimate, in points."""
    return {
        PartName.AVAILABILITY: policy.availability.points,
        PartName.STABILITY: policy.stability.points,
        PartName.VERSION: policy.currency.points,
        PartName.STORAGE: policy.commitment.points,
        PartName.AGREEMENT: policy.agreement.points,
    }


def parts_of(score: Score | Estimate) -> tuple[ScorePart, ...]:
    """The parts of a score, in the order of its policy."""
    return tuple(_of_estimate(score) if isinstance(score, Estimate) else _of_score(score))


def next_step(score: Score | Estimate) -> str | None:
    """The step that would gain most. None if no known points are lost."""
    lossy = [part for part in parts_of(score) if part.next_step is not None]
    return max(lossy, key=lambda part: part.points_lost or 0).next_step if lossy else None


def _of_estimate(score: Estimate) -> Iterator[ScorePart]:
    rules = score.policy.estimate
    if rules is None:
        return
    for (name, weight), share, raw in zip(points_of(rules).items(), score.shares, score.raw, strict=True):
        yield _part(ScorePartName(name), weight, None if share is None else weight * share, raw, _UNITS[name])


def _of_score(score: Score) -> Iterator[ScorePart]:
    policy = POLICIES.get(score.policy_version, POLICY_1_0)
    trust, capacity = policy.trust, policy.capacity
    trusted, able = score.trust.parts, score.capacity.parts
    rows = (
        (ScorePartName.UPTIME, policy.trust_weight, trust.uptime_points, trusted.uptime),
        (ScorePartName.PRESENCE, policy.trust_weight, trust.presence_points, trusted.gossip_presence),
        (ScorePartName.VERSION, policy.trust_weight, trust.version_points, trusted.version_compliance),
        (ScorePartName.CONSISTENCY, policy.trust_weight, trust.consistency_points, trusted.gossip_consistency),
        (ScorePartName.STORAGE, policy.capacity_weight, capacity.committed_points, able.storage_committed),
        (ScorePartName.BALANCE, policy.capacity_weight, capacity.balance_points, able.usage_balance),
        (ScorePartName.GROWTH, policy.capacity_weight, capacity.growth_points, able.growth_trend),
    )
    for name, factor, most, points in rows:
        yield _part(name, factor * most, None if points is None else factor * points, None, None)


def _part(name: ScorePartName, weight: float, points: float | None, raw: float | None, unit: str | None) -> ScorePart:
    lost = None if points is None else weight - points
    return ScorePart(
        name=name,
        weight=rounded(weight, 2),
        raw=raw,
        unit=unit,
        points=None if points is None else rounded(points, 2),
        points_lost=None if lost is None else rounded(max(lost, 0), 2),
        next_step=_step(name, raw) if lost is not None and lost >= _LEAST_LOSS else None,
    )


def _step(name: ScorePartName, raw: float | None) -> str:
    if name is ScorePartName.AVAILABILITY and raw is not None and raw >= _FULL_SHARE:
        return _NOTHING_MISSED
    return _STEPS[name]
