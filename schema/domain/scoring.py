"""How far a node can be trusted with stake: trust, capacity, and their composite.

composite = 0.6·trust + 0.4·capacity, each 0..100, by the published `Policy`. Parts are rounded to two decimals for
display; the composite is computed from unrounded parts, and its tier from the rounded composite, so that the figure
shown and the tier never disagree.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schema.domain.base import DAY, GIB
from schema.domain.pnode import Capacity, CapacityParts, PNode, Score, Tier, Trust, TrustParts
from schema.domain.policy import POLICIES, POLICY_1_0, CapacityPolicy, Policy
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
    "rank_nodes",
    "score_node",
    "tier_color",
    "trust",
]


class TrustResult(NamedTuple):
    """Trust before rounding (`raw`, 0..100), as published, and the names of its inputs that were missing."""

    raw: float
    trust: Trust
    missing: tuple[str, ...]


class CapacityResult(NamedTuple):
    """Capacity before rounding (`raw`, 0..100), as published, and the names of its inputs that were missing."""

    raw: float
    capacity: Capacity
    missing: tuple[str, ...]


class CompositeResult(NamedTuple):
    """The composite, 0..100 with two decimals, with the tier that it earns and that tier's looks."""

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

    `uptime` in seconds, `consistency` 0..1. Thirty days show a node that stays, three witnesses one that the network
    sees from several sides. Each part is clamped to its range. Of a missing input (None) the part is None, its default
    is in the sum, and its name in `missing`; the version's points also need `latest_version`.
    """
    raise NotImplementedError


def capacity(
    *,
    storage_committed: float | None,
    storage_usage_percent: float | None,
    growth_trend: float | None,
    policy: Policy = POLICY_1_0,
) -> CapacityResult:
    """Capacity 0..100 = 30·min(GiB/100, 1) + 40·balance + 30·trend.

    `storage_committed` in bytes, `storage_usage_percent` 0..100, `growth_trend` 0..1 (0.5 is level). Balance is u/20
    below 20 %, 1 from 20 to 80, (100 − u)/20 above: room that is used, and room that is left. Each part is clamped to
    its range. Of a missing input (None) the part is None, its default is in the sum, and its name in `missing`.
    """
    raise NotImplementedError


def composite(trust: float, capacity: float, policy: Policy = POLICY_1_0) -> CompositeResult:
    """0.6·trust + 0.4·capacity, from unrounded values, with the tier of the rounded result."""
    raise NotImplementedError


def tier_color(tier: Tier, policy: Policy = POLICY_1_0) -> str:
    """The colour of a tier as `#rrggbb`."""
    return policy.band(tier).color


def score_node(node: PNode, *, latest_version: str | None, policy: Policy = POLICY_1_0) -> Score | None:
    """The node's score, without rank and percentile; None unless it is online."""
    raise NotImplementedError


def rank_nodes(nodes: Iterable[PNode]) -> tuple[PNode, ...]:
    """The same nodes in the same order, with rank and percentile filled in where there is a score.

    Equal composites share a rank, and the next rank counts them (1, 2, 2, 4). The percentile is the share (0..100) of
    scored nodes whose composite is not higher, so that the best node has 100.
    """
    raise NotImplementedError
