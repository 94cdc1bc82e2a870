"""Scores with everything that they were computed from."""

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.domain.node.pnode import (
    Capacity,
    CapacityParts,
    Score,
    Trust,
    TrustParts,
)
from schema.graphql.types.enums import Tier
from schema.graphql.types.fields import attribute, published, resolved


def inputs_missing(root: strawberry.Parent[Score]) -> list[str]:
    return [to_camel_case(name) for name in root.inputs_missing]


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


@published(Score, "Score", "How far a node can be trusted with stake. Only online nodes have one.")
class ScoreType:
    composite: float | None = attribute("0.6 × trust + 0.4 × capacity, 0 to 100 points.")
    tier: Tier = attribute("Risk class of the composite.")
    color: str = attribute("Colour of the tier, as `#10b981`.")
    rank: int | None = attribute("1 for the best online node; equal composites share a rank.")
    percentile: float | None = attribute("Share of online nodes that do not score higher, 0 to 100 percent.")
    trust: TrustType = attribute("How reliable it has been, with its parts.")
    capacity: CapacityType = attribute("What it has to offer, with its parts.")
    inputs_missing = resolved(
        inputs_missing, list[str], "Inputs that were not known; each counts as its default in `scorePolicy.defaults`."
    )
    policy_version: str = attribute("Version of the policy that it was computed by; see `scorePolicy`.")
