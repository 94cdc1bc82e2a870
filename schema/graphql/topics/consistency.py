"""How steadily nodes stay in gossip, as a list."""

from enum import StrEnum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.domain.node.pnode import Consistency, PNode
from schema.domain.scoring.consistency import ConsistencySummary, status_of
from schema.graphql.execution.context import Info
from schema.graphql.lists.columns import Column, Columns, finite
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.filter_inputs import (
    BigIntFilter,
    ConsistencyStatusFilter,
    DateTimeFilter,
    FloatFilter,
    PNodeStatusFilter,
    StringFilter,
    operator,
)
from schema.graphql.lists.filters import compile_filter
from schema.graphql.lists.paging import Page, PageEdge, window
from schema.graphql.lists.selecting import ListField, order_of, page_of
from schema.graphql.topics.pnodes import ConsistencyType, Node, PNodeType, node_consistency
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.types.enums import ConsistencyHealth, OrderDirection, describe
from schema.graphql.types.fields import PAGE_INFO, PAGED, After, First, argument, attribute, published, resolved
from schema.graphql.types.scalars import BigInt


def _of(node: PNode) -> Consistency:
    if node.consistency is None:
        raise LookupError(f"{node.id} has no consistency, expected only nodes that have one")
    return node.consistency


CONSISTENCY_COLUMNS = Columns[PNode](
    kind="consistency",
    by_name={
        "score": Column(finite(lambda node: _of(node).score)),
        "all_time": Column(finite(lambda node: _of(node).all_time)),
        "consistency_status": Column(lambda node: status_of(_of(node).score)),
        "appearances": Column(lambda node: _of(node).appearances),
        "disappearances": Column(lambda node: _of(node).disappearances),
        "last_appearance": Column(lambda node: _of(node).last_appearance),
        "last_drop": Column(lambda node: _of(node).last_drop),
        "address": Column(lambda node: node.address or None),
        "pnode": Column(lambda node: node.id),
        "pnode_status": Column(lambda node: node.status),
    },
    identify=lambda node: node.id,
)
_LEAST_STEADY_FIRST = (("score", False), ("disappearances", True), ("address", False))
CONSISTENCIES = ListField(
    CONSISTENCY_COLUMNS,
    lambda tables: (node for node in tables.nodes if node.consistency is not None),
    usual=_LEAST_STEADY_FIRST,
)


@strawberry.input(
    name="ConsistencyWhere", description="A filter of nodes. At most 100 conditions, nested at most 5 deep."
)
class ConsistencyWhere:
    score: FloatFilter | None = operator("Consistency over the window, 0 to 1.")
    all_time: FloatFilter | None = operator("Consistency since first sight, 0 to 1.")
    consistency_status: ConsistencyStatusFilter | None = strawberry.field(
        name="status", description="The rating of consistency.", default=UNSET
    )
    appearances: BigIntFilter | None = operator("How often the node appeared, since first sight.")
    disappearances: BigIntFilter | None = operator("How often it dropped out, since first sight.")
    last_appearance: DateTimeFilter | None = operator("When it last appeared.")
    last_drop: DateTimeFilter | None = operator("When it last dropped out.")
    address: StringFilter | None = operator("Address of the node, as `HOST:PORT`.")
    pnode: StringFilter | None = operator("Id of the node.")
    pnode_status: PNodeStatusFilter | None = operator("Whether the node is alive.")
    and_: list["ConsistencyWhere"] | None = strawberry.field(
        name="and", description="All of these hold; at most 100.", default=UNSET
    )
    or_: list["ConsistencyWhere"] | None = strawberry.field(
        name="or", description="At least one of these holds; at most 100. An empty list matches nothing.", default=UNSET
    )
    not_: "ConsistencyWhere | None" = strawberry.field(name="not", description="This does not hold.", default=UNSET)


class ConsistencyOrderField(StrEnum):
    """Columns by which consistency can be ordered."""

    SCORE = "score"
    ALL_TIME = "all_time"
    DISAPPEARANCES = "disappearances"
    LAST_DROP = "last_drop"
    ADDRESS = "address"


describe(
    ConsistencyOrderField,
    "A field that consistencies can be sorted by.",
    {
        ConsistencyOrderField.SCORE: "Consistency over the window.",
        ConsistencyOrderField.ALL_TIME: "Consistency since first sight.",
        ConsistencyOrderField.DISAPPEARANCES: "How often the node dropped out.",
        ConsistencyOrderField.LAST_DROP: "When it last dropped out.",
        ConsistencyOrderField.ADDRESS: "Address, as text.",
    },
)


@strawberry.input(name="ConsistencyOrder", description="One sort criterion for consistencies.")
class ConsistencyOrder:
    field: ConsistencyOrderField = strawberry.field(description="The field to sort by.")
    direction: OrderDirection = strawberry.field(description="The sort direction.", default=OrderDirection.ASC)


async def consistency(
    info: Info,
    *,
    first: First = None,
    after: After = None,
    where: Annotated[ConsistencyWhere | None, argument("A filter of nodes; all by default.")] = None,
    order_by: Annotated[
        list[ConsistencyOrder] | None,
        argument("Sort criteria, the most significant first, at most 5; by default the least steady node first."),
    ] = None,
) -> Page[PNode]:
    return await page_of(
        info.context,
        CONSISTENCIES,
        window(first, after),
        chosen=compile_filter(where, CONSISTENCY_COLUMNS),
        order=order_of(order_by, _LEAST_STEADY_FIRST),
    )


def same_node(root: strawberry.Parent[Node]) -> Node:
    return root


def network_summary(root: strawberry.Parent[Page[PNode]]) -> ConsistencySummary:
    return root.selection.tables.facts.consistency


@published(PNode, "PNodeConsistency", "A node, and how steadily it stays in gossip.")
class PNodeConsistencyType:
    pnode = resolved(same_node, PNodeType, "The node.")
    consistency = resolved(node_consistency, ConsistencyType | None, "How steadily it stays in gossip.")


@published(ConsistencySummary, "ConsistencySummary", "Consistency of the whole network, regardless of page and filter.")
class ConsistencySummaryType:
    total: int = attribute("Number of nodes that have a consistency.")
    flapping: int = attribute("Number of nodes with consistency below 0.8.")
    unstable: int = attribute("Number of nodes with consistency from 0.8 up to 0.9.")
    stable: int = attribute("Number of nodes with consistency of 0.9 or more.")
    average: float | None = attribute("Mean over the window, 0 to 1; null if there are no nodes.")
    appearances: BigInt = attribute("Appearances of all nodes, since first sight.")
    disappearances: BigInt = attribute("Drops of all nodes, since first sight.")
    health: ConsistencyHealth = attribute("The rating of the mean.")


@published(PageEdge, "ConsistencyEdge", "A node in a page.")
class ConsistencyEdgeType:
    node: PNodeConsistencyType = attribute("The node with its consistency.")
    cursor: str = attribute("The cursor to continue from this node: for `after`.")


@published(Page, "ConsistencyConnection", "A page of nodes with their consistency.")
class ConsistencyConnectionType:
    edges: list[ConsistencyEdgeType] = attribute("The nodes of this page, each with its cursor.", weight=PAGED)
    nodes: list[PNodeConsistencyType] = attribute("The nodes of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("The position of this page in the list.", weight=PAGE_INFO)
    total_count: int = attribute("Number of nodes that match, in all pages.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
    summary = resolved(network_summary, ConsistencySummaryType, "Consistency of the whole network.")
