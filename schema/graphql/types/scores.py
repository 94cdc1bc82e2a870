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


@published(TrustParts, "TrustParts", "The parts of trust, in points; a part is null if its input is not known.")
class TrustPartsType:
    uptime: float | None = attribute("Days since the last start, 0 to 40 points; all points from 30 days on.")
    gossip_presence: float | None = attribute(
        "Number of seeds that list the node, 0 to 30 points; all points from three on."
    )
    version_compliance: float | None = attribute(
        "20 points for the latest release, 10 for one minor release behind, otherwise 0."
    )
    gossip_consistency: float | None = attribute("How steadily it stays in gossip, 0 to 10 points.")


@published(Trust, "Trust", "How reliable a node has been.")
class TrustType:
    score: float | None = attribute("Sum of the parts, 0 to 100 points.")
    parts: TrustPartsType = attribute("Its parts.")


@published(
    CapacityParts, "CapacityParts", "The parts of capacity, in points; a part is null if its input is not known."
)
class CapacityPartsType:
    storage_committed: float | None = attribute("Committed storage, 0 to 30 points; all points from 100 GiB on.")
    usage_balance: float | None = attribute("Storage usage, 0 to 40 points; all points from 20 to 80 percent.")
    growth_trend: float | None = attribute(
        "Growth of used storage over 7 days, or since it is first known, 0 to 30 points; 15 means no growth."
    )


@published(Capacity, "Capacity", "How much storage a node offers, and how well it is used.")
class CapacityType:
    score: float | None = attribute("Sum of the parts, 0 to 100 points.")
    parts: CapacityPartsType = attribute("Its parts.")


@published(ScorePart, "ScorePart", "One part of a score.")
class ScorePartType:
    name: ScorePartName = attribute("The criterion.")
    weight: float = attribute("Maximum points of this part in the composite.")
    raw: float | None = attribute(
        "The measured value, in `unit`; null if it is not known, or if it is a field of the node."
    )
    unit: str | None = attribute("Unit of `raw`: share (0 to 1), days, or percentile (0 to 100).")
    points: float | None = attribute("Points earned; null if the input is not known.")
    points_lost: float | None = attribute("Points not earned; null if the input is not known.")
    next_step: str | None = attribute("How to gain the lost points; null if none are lost.")


@published(Score, "Score", "How far a node can be trusted with stake, by one policy. Only online nodes have one.")
class ScoreType:
    composite: float | None = attribute(
        "The score, 0 to 100 points; by policy 2.0 the best estimate between its bounds."
    )
    low: float | None = attribute(
        "Lower bound, in points: the true score of one in ten nodes is lower. Null by policy 1.0."
    )
    high: float | None = attribute(
        "Upper bound, in points: the true score of one in ten nodes is higher. Null by policy 1.0."
    )
    confidence: float | None = attribute("How narrow the bounds are: 1 − (high − low)/100, 0 to 1. Null by policy 1.0.")
    expected_loss: float | None = attribute(
        "Share of time that the node is expected to lose, 0 to 1. It determines the rank. Null by policy 1.0."
    )
    tier: Tier = attribute(
        "Risk class of the composite. By policy 2.0 it is HIGH_RISK only if the upper bound is HIGH_RISK too."
    )
    color: str = attribute("Colour of the tier, such as `#10b981`.")
    rank: int | None = attribute(
        "1 for the best online node; equal nodes share a rank. Policy 2.0 ranks by `expectedLoss`. All sound nodes "
        "share the first rank, and only a few nodes of a neighbourhood (/24 or /48) are ranked before all other "
        "nodes."
    )
    percentile: float | None = attribute(
        "Share of online nodes that do not score higher, 0 to 100 percent. Policy 2.0 compares `low`."
    )
    parts = resolved(
        score_parts,
        list[ScorePartType],
        "The parts of the score.",
        weight=Weight(base=PARTS_COST, items=fixed(5)),
    )
    next_step = resolved(
        best_step,
        str | None,
        "The improvement that gains most points; null if no points are known to be lost.",
        weight=Weight(base=PARTS_COST),
    )
    trust = resolved(
        trust_of, TrustType, "Trust and its parts, by policy 1.0. By other policies, the fields in it are null."
    )
    capacity = resolved(
        capacity_of,
        CapacityType,
        "Capacity and its parts, by policy 1.0. By other policies, the fields in it are null.",
    )
    inputs_missing = resolved(
        inputs_missing,
        list[str],
        "Inputs that are not known. By policy 1.0 each counts as its default in `scorePolicy.defaults`. By policy 2.0 "
        "it widens the bounds and does not lower the score.",
    )
    policy_version: str = attribute("Version of the policy that it was computed by; see `scorePolicy`.")
