"""How far a node can be trusted with stake: trust, capacity, and their composite.

composite = 0.6·trust + 0.4·capacity, each 0..100, by the published `Policy`. Parts are rounded to two decimals for
display; the composite is computed from unrounded parts, and its tier from the rounded composite, so that the figure
shown and the tier never disagree.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple, TypeVar

from schema.domain.base import DAY, GIB, rounded
from schema.domain.lean import unchecked
from schema.domain.node.pnode import Capacity, CapacityParts, PNode, Score, Trust, TrustParts
from schema.domain.policy import POLICIES, POLICY_1_0, CapacityPolicy, Policy, Tier
from schema.domain.versions import Compliance, compliance

__all__ = [
    "POLICIES",
    "POLICY_1_0",
    "CapacityResult",
    "CompositeResult",
    "Policy",
    "TrustResult",
    "capacity",
    "composite",
    "counted_parts",
    "growth_trend",
    "ranked",
    "score_node",
    "tier_color",
    "trust",
]


Parts = TypeVar("Parts", TrustParts, CapacityParts)

_TRUST_INPUTS = ("uptime", "version", "latest_version", "consistency")
_CAPACITY_INPUTS = ("storage_committed", "storage_usage_percent", "storage_growth")
# Points have two decimals, so many nodes earn equal ones, and a node earns the same for ten minutes. Equal parts are
# one object, in every node and cycle.
_SHARED = 16_384
_score = unchecked(Score)


class TrustResult(NamedTuple):
    """Trust before rounding (`raw`, 0..100), as published, and the names of its missing inputs."""

    raw: float
    trust: Trust
    missing: tuple[str, ...]


class CapacityResult(NamedTuple):
    """Capacity before rounding (`raw`, 0..100), as published, and the names of its missing inputs."""

    raw: float
    capacity: Capacity
    missing: tuple[str, ...]


class CompositeResult(NamedTuple):
    """The composite, 0..100 with two decimals, with its tier and how the tier is displayed."""

    value: float
    tier: Tier
    color: str
    emoji: str | None


def trust(
    *,
    uptime: float | None,
    witnesses: int,
    version: str | None,
    latest_version: str | None,
    consistency: float | None,
    policy: Policy = POLICY_1_0,
) -> TrustResult:
    """Trust 0..100 = 40·min(days/30, 1) + 30·min(witnesses/3, 1) + version 20/10/0 + 10·consistency.

    `uptime` is in seconds, `consistency` 0..1. Thirty days prove a permanent node, and three witnesses one that several
    seeds see. Each part is clamped to its range. The part of a missing input (None) is None, its default is in the sum,
    and its name is in `missing`. The version's points also need `latest_version`.
    """
    rules, defaults = policy.trust, policy.defaults
    missing = _missing(_TRUST_INPUTS, (uptime, version, latest_version, consistency))
    days = (defaults.uptime if uptime is None else uptime) / DAY
    steadiness = defaults.consistency if consistency is None else consistency
    versions_known = version is not None and latest_version is not None
    points = (
        _part(rules.uptime_points, days / rules.uptime_full_days),
        _part(rules.presence_points, witnesses / rules.presence_full),
        _version_points(version, latest_version, policy) if versions_known else defaults.version_points,
        _part(rules.consistency_points, steadiness),
    )
    raw = sum(points)
    published = _trust(
        rounded(raw, 2),
        None if uptime is None else rounded(points[0], 2),
        rounded(points[1], 2),
        rounded(points[2], 2) if versions_known else None,
        None if consistency is None else rounded(points[3], 2),
    )
    return TrustResult(raw, published, missing)


def capacity(
    *,
    storage_committed: float | None,
    storage_usage_percent: float | None,
    growth_trend: float | None,
    policy: Policy = POLICY_1_0,
) -> CapacityResult:
    """Capacity 0..100 = 30·min(GiB/100, 1) + 40·balance + 30·trend.

    `storage_committed` is in bytes, `storage_usage_percent` 0..100, `growth_trend` 0..1 (0.5 is level). Balance is u/20
    below 20 %, 1 from 20 to 80, (100 − u)/20 above: it rewards used storage with free space left. Each part is clamped
    to its range. The part of a missing input (None) is None, its default is in the sum, and its name is in `missing`.
    """
    rules, defaults = policy.capacity, policy.defaults
    missing = _missing(_CAPACITY_INPUTS, (storage_committed, storage_usage_percent, growth_trend))
    committed = defaults.storage_committed if storage_committed is None else storage_committed
    usage = defaults.storage_usage_percent if storage_usage_percent is None else storage_usage_percent
    trend = defaults.growth_trend if growth_trend is None else growth_trend
    points = (
        _part(rules.committed_points, committed / GIB / rules.committed_full_gib),
        _part(rules.balance_points, _balance(usage, rules)),
        _part(rules.growth_points, trend),
    )
    raw = sum(points)
    published = _capacity(
        rounded(raw, 2),
        None if storage_committed is None else rounded(points[0], 2),
        None if storage_usage_percent is None else rounded(points[1], 2),
        None if growth_trend is None else rounded(points[2], 2),
    )
    return CapacityResult(raw, published, missing)


def composite(trust: float, capacity: float, policy: Policy = POLICY_1_0) -> CompositeResult:
    """0.6·trust + 0.4·capacity, from unrounded values, with the tier of the rounded result."""
    value = rounded(policy.trust_weight * trust + policy.capacity_weight * capacity, 2)
    band = policy.band_for(value)
    return CompositeResult(value, band.tier, band.color, band.emoji)


def growth_trend(growth: float | None) -> float | None:
    """The share 0..1 for a node's growth −1..1: 0.5 + 0.5·growth. None stays None."""
    return None if growth is None else 0.5 + 0.5 * growth


def counted_parts(score: Score) -> tuple[TrustParts, CapacityParts]:
    """The parts of a score, with the points that its policy counted for each missing input, so that they add up."""
    trusted, able = _default_parts(score.policy_version)
    return _filled(score.trust.parts, trusted), _filled(score.capacity.parts, able)


def tier_color(tier: Tier, policy: Policy = POLICY_1_0) -> str:
    """The colour of a tier as `#rrggbb`."""
    return policy.band(tier).color


def score_node(node: PNode, *, latest_version: str | None, policy: Policy = POLICY_1_0) -> Score | None:
    """The node's score, without rank and percentile. None unless it is online."""
    if not node.is_online:
        return None
    trusted = trust(
        uptime=node.uptime,
        witnesses=node.witness_count,
        version=node.version,
        latest_version=latest_version,
        consistency=node.consistency.score if node.consistency else None,
        policy=policy,
    )
    able = capacity(
        storage_committed=node.storage_committed,
        storage_usage_percent=node.storage_usage_percent,
        growth_trend=growth_trend(node.storage_growth),
        policy=policy,
    )
    result = composite(trusted.raw, able.raw, policy)
    return _score(
        composite=result.value,
        tier=result.tier,
        color=result.color,
        trust=trusted.trust,
        capacity=able.capacity,
        inputs_missing=trusted.missing + able.missing,
        policy_version=policy.version,
    )


def ranked(scores: Sequence[Score | None]) -> list[Score | None]:
    """The same scores in the same order, with rank and percentile added where there is a score.

    Equal composites share a rank, and the next rank counts them (1, 2, 2, 4). The percentile is the share (0..100) of
    scored nodes whose composite is not higher, so the best node has 100.
    """
    composites = sorted(score.composite for score in scores if score)
    return [score and _placed(score, composites) for score in scores]


def _placed(score: Score, composites: list[float]) -> Score:
    """The score with its place among all composites (ascending)."""
    not_higher = bisect_right(composites, score.composite)
    place = {
        "rank": len(composites) - not_higher + 1,
        "percentile": rounded(100 * not_higher / len(composites), 2),
    }
    return score.model_copy(update=place)


def _missing(names: tuple[str, ...], values: tuple[object, ...]) -> tuple[str, ...]:
    if None not in values:
        return ()
    return tuple(name for name, value in zip(names, values, strict=True) if value is None)


@lru_cache(_SHARED)
def _trust(
    score: float, uptime: float | None, presence: float, version: float | None, consistency: float | None
) -> Trust:
    parts = TrustParts(
        uptime=uptime, gossip_presence=presence, version_compliance=version, gossip_consistency=consistency
    )
    return Trust(score=score, parts=parts)


@lru_cache(_SHARED)
def _capacity(score: float, committed: float | None, balance: float | None, growth: float | None) -> Capacity:
    return Capacity(
        score=score, parts=CapacityParts(storage_committed=committed, usage_balance=balance, growth_trend=growth)
    )


def _part(points: float, share: float) -> float:
    """The points for a share, which is clamped to 0..1."""
    return points * min(max(share, 0.0), 1.0)


@cache
def _default_parts(policy_version: str) -> tuple[TrustParts, CapacityParts]:
    """The points of each part if its input is missing. Presence is always known."""
    policy = POLICIES.get(policy_version, POLICY_1_0)
    rules, defaults = policy.trust, policy.defaults
    able = capacity(
        storage_committed=defaults.storage_committed,
        storage_usage_percent=defaults.storage_usage_percent,
        growth_trend=defaults.growth_trend,
        policy=policy,
    )
    trusted = TrustParts(
        uptime=rounded(_part(rules.uptime_points, defaults.uptime / DAY / rules.uptime_full_days), 2),
        gossip_presence=0.0,
        version_compliance=defaults.version_points,
        gossip_consistency=rounded(_part(rules.consistency_points, defaults.consistency), 2),
    )
    return trusted, able.capacity.parts


def _filled(parts: Parts, defaults: Parts) -> Parts:
    missing = {name: getattr(defaults, name) for name, points in parts if points is None}
    return parts.model_copy(update=missing) if missing else parts


def _version_points(version: str | None, latest: str | None, policy: Policy) -> float:
    rules = policy.trust
    earned = {Compliance.LATEST: rules.version_points, Compliance.BEHIND: rules.version_behind_points}
    return earned.get(compliance(version, latest), 0.0)


def _balance(usage: float, rules: CapacityPolicy) -> float:
    """The balance for `usage` (percent), 0..1 before clamping: 1 where a node is neither idle nor nearly full."""
    if usage < rules.balance_low:
        return usage / rules.balance_low
    return 1.0 if usage <= rules.balance_high else (100 - usage) / (100 - rules.balance_high)
