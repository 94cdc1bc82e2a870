"""Figures over the nodes that match a filter, and over groups of them, as GraphQL types."""

from typing import Annotated

import strawberry

from schema.domain.errors import BadUserInput
from schema.graphql.lists.figures import Aggregate, Group, GroupKey, Numbers, Whole, groups_of
from schema.graphql.types.fields import Weight, argument, attribute, number_argument, published, resolved
from schema.graphql.types.prices import COLUMN_COST, GROUP_COST, column_cost, group_cost
from schema.graphql.types.scalars import BigInt

MAX_GROUPS = 500
DEFAULT_GROUPS = 100
_COLUMN = Weight(base=COLUMN_COST, more=column_cost)

Top = Annotated[
    int | None, argument("Number of separate groups, 1 to 500. The nodes of all others form one more group.")
]


def group_by(
    root: strawberry.Parent[Whole],
    key: Annotated[GroupKey, argument("The field to group by.")],
    top: Top = DEFAULT_GROUPS,
) -> list[Group]:
    kept = DEFAULT_GROUPS if top is None else top
    if not 1 <= kept <= MAX_GROUPS:
        raise BadUserInput(f"top is {kept}, expected 1 to {MAX_GROUPS}", {"limit": MAX_GROUPS})
    return groups_of(root, key, kept)


@published(Numbers, "BigIntAggregate", "Figures of an integer over nodes, in the unit of the field.")
class BigIntAggregateType:
    count: int = attribute("Number of nodes with a known value.")
    sum: BigInt | None = attribute("Sum; null if no value is known.")
    avg: float | None = attribute("Mean; null if no value is known.")
    min: BigInt | None = attribute("Minimum; null if no value is known.")
    max: BigInt | None = attribute("Maximum; null if no value is known.")
    p50: float | None = attribute("Median, interpolated linearly; null if no value is known.")
    p95: float | None = attribute("95th percentile, interpolated linearly; null if no value is known.")


@published(Numbers, "FloatAggregate", "Figures of a number over nodes, in the unit of the field.")
class FloatAggregateType:
    count: int = attribute("Number of nodes with a known value.")
    sum: float | None = attribute("Sum; null if no value is known.")
    avg: float | None = attribute("Mean; null if no value is known.")
    min: float | None = attribute("Minimum; null if no value is known.")
    max: float | None = attribute("Maximum; null if no value is known.")
    p50: float | None = attribute("Median, interpolated linearly; null if no value is known.")
    p95: float | None = attribute("95th percentile, interpolated linearly; null if no value is known.")


@published(Aggregate, "PNodeFigures", "Figures over the nodes of one group.")
class PNodeFiguresType:
    count: int = attribute("Number of nodes.")
    uptime: BigIntAggregateType = attribute("Uptime, in seconds.")
    score: FloatAggregateType = attribute("Composite score, in points.")
    storage_committed: BigIntAggregateType = attribute("Committed storage, in bytes.")
    storage_used: BigIntAggregateType = attribute("Used storage, in bytes.")
    storage_usage_percent: FloatAggregateType = attribute("Used storage as a share of committed storage, in percent.")
    witness_count: BigIntAggregateType = attribute("Number of seeds that list a node.")


@published(Group, "Group", "Nodes that share a value.")
class GroupType:
    key: str | None = attribute("The shared value, as text; null if it is not known, and for the group of all others.")
    other: bool = attribute("Whether this group has the nodes of all groups beyond `top`.")
    size: int = attribute("Number of nodes.")
    share: float | None = attribute("Share of all nodes that match, 0 to 1.")
    aggregate: PNodeFiguresType = attribute("Figures over them.")


@published(Whole, "PNodeAggregate", "Figures over all nodes that match, regardless of the page.")
class PNodeAggregateType:
    count: int = attribute("Number of nodes.")
    uptime: BigIntAggregateType = attribute("Uptime, in seconds.", weight=_COLUMN)
    score: FloatAggregateType = attribute("Composite score, in points.", weight=_COLUMN)
    storage_committed: BigIntAggregateType = attribute("Committed storage, in bytes.", weight=_COLUMN)
    storage_used: BigIntAggregateType = attribute("Used storage, in bytes.", weight=_COLUMN)
    storage_usage_percent: FloatAggregateType = attribute(
        "Used storage as a share of committed storage, in percent.", weight=_COLUMN
    )
    witness_count: BigIntAggregateType = attribute("Number of seeds that list a node.", weight=_COLUMN)
    group_by = resolved(
        group_by,
        list[GroupType],
        "The nodes in groups, the largest first.",
        weight=Weight(base=GROUP_COST, more=group_cost, items=number_argument("top", DEFAULT_GROUPS, MAX_GROUPS)),
    )
