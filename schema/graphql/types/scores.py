"""Scores with all of their inputs."""

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import (
    Capacity,
    CapacityParts,
    Score,
    Trust,
    TrustParts,
)
from schema.domain.scoring.parts import ScorePart, next_step, parts_of
from schema.graphql.types.enums import ScorePartName, Tier
from schema.graphql.types.fields import Weight, attribute, fixed, published, resolved
from schema.graphql.types.prices import PARTS_COST

AnyScore = Score | Estimate

_NO_TRUST = Trust.model_construct(
    score=None,
    parts=TrustParts(uptime=None, gossip_presence=None, version_compliance=None, gossip_consistency=None),
)
_NO_CAPACITY = Capacity.model_construct(
    score=None, parts=CapacityParts(storage_committed=None, usage_balance=None, growth_trend=None)
)


def inputs_missing(root: strawberry.Parent[AnyScore]) -> list[str]:
    return [to_camel_case(name) for name in root.inputs_missing]


def trust_of(root: strawberry.Parent[AnyScore]) -> Trust:
    return root.trust if isinstance(root, Score) else _NO_TRUST


def capacity_of(root: strawberry.Parent[AnyScore]) -> Capacity:
    return root.capacity if isinstance(root, Score) else _NO_CAPACITY


def score_parts(root: strawberry.Parent[AnyScore]) -> tuple[ScorePart, ...]:
    return parts_of(root)


def best_step(root: strawberry.Parent[AnyScore]) -> str | None:
    return next_step(root)


@published(TrustParts, "TrustParts", "What trust is made of, in points; a part is null where its input is not known.")
class TrustPartsType:
    uptime: float | None = attribute("Days since the last start, 0 to 40 points; full from 30 days on.")
    gossip_presence: float | None = attribute("Seeds that list the node, 0 to 30 points; full from three on.")
    version_compliance: float | None = attribute("20 points on the latest release, 10 one minor behind, else 0.")
    gossip_consistency: float | None = attribute("How steadily it stays in gossip, 0 to 10 points.")


@published(Trust, "Trust", "How reliable a node has been.")
class TrustType:
    score: float | None = attribute("Sum of the parts, 0 to 100 points.")
    parts: TrustPartsType = attribute("What it is made of.")


@published(CapacityParts, "CapacityParts", "What capacity is made of, in points; null where the input is not known.")
class CapacityPartsType:
    storage_committed: float | None = attribute("Committed storage, 0 to 30 points; full from 100 GiB on.")
    usage_balance: float | None = attribute("Use of storage, 0 to 40 points; full from 20 to 80 percent.")
    growth_trend: float | None = attribute(
        "Growth of used storage over 7 days, or since it is known, 0 to 30 points; 15 is level."
    )


@published(Capacity, "Capacity", "What a node has to offer.")
class CapacityType:
    score: float | None = attribute("Sum of the parts, 0 to 100 points.")
    parts: CapacityPartsType = attribute("What it is made of.")


@published(ScorePart, "ScorePart", "One part of a score.")
class ScorePartType:
    name: ScorePartName = attribute("The criterion.")
    weight: float = attribute("What it is worth at most, in points of the composite.")
    raw: float | None = attribute(
        "What was measured, in `unit`; null where it is not known, or is a field of the node."
    )
    unit: str | None = attribute("Unit of `raw`: share (0 to 1), days, or percentile (0 to 100).")
    points: float | None = attribute("What it earns, in points; null where its input is not known.")
    points_lost: float | None = attribute("What it does not earn, in points; null where its input is not known.")
    next_step: str | None = attribute("What would gain the points that are lost; null where none are.")


@published(Score, "Score", "How far a node can be trusted with stake, by one policy. Only online nodes have one.")
class ScoreType:
    composite: float | None = attribute("The score, 0 to 100 points; by policy 2.0 the best guess between its bounds.")
    low: float | None = attribute("Lower bound, in points: one of ten nodes is worse. Null by policy 1.0.")
    high: float | None = attribute("Upper bound, in points: one of ten nodes is better. Null by policy 1.0.")
    confidence: float | None = attribute("How narrow the bounds are: 1 − (high − low)/100, 0 to 1. Null by policy 1.0.")
    expected_loss: float | None = attribute(
        "Share of its time that the node is expected to lose, 0 to 1: ranks go by it. Null by policy 1.0."
    )
    tier: Tier = attribute(
        "Risk class of the composite. By policy 2.0 it is HIGH_RISK only where the upper bound is too."
    )
    color: str = attribute("Colour of the tier, as `#10b981`.")
    rank: int | None = attribute(
        "1 for the best online node; equal nodes share a rank. By policy 2.0 it goes by `expectedLoss`, all sound nodes "
        "share the first one, and a neighbourhood (/24 or /48) has few places before all others have theirs."
    )
    percentile: float | None = attribute(
        "Share of online nodes that do not score higher, 0 to 100 percent. By policy 2.0 it goes by `low`."
    )
    parts = resolved(
        score_parts,
        list[ScorePartType],
        "What it is made of, part by part.",
        weight=Weight(base=PARTS_COST, items=fixed(5)),
    )
    next_step = resolved(
        best_step,
        str | None,
        "What would gain most; null where nothing is lost that is known.",
        weight=Weight(base=PARTS_COST),
    )
    trust = resolved(
        trust_of, TrustType, "How reliable it has been, with its parts, by policy 1.0; null within, by others."
    )
    capacity = resolved(
        capacity_of, CapacityType, "What it has to offer, with its parts, by policy 1.0; null within, by others."
    )
    inputs_missing = resolved(
        inputs_missing,
        list[str],
        "Inputs that were not known. By policy 1.0 each counts as its default in `scorePolicy.defaults`; by policy 2.0 "
        "it lowers nothing, and widens the bounds.",
    )
    policy_version: str = attribute("Version of the policy that it was computed by; see `scorePolicy`.")
