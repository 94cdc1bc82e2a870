"""Queries for nodes: lists, a single node, and comparisons."""

from typing import Annotated

import strawberry

from schema.domain.errors import BadUserInput
from schema.domain.node.pnode import PNode
from schema.domain.policy import known_policy
from schema.domain.scoring.compare import (
    MAX_COMPARED,
    MIN_COMPARED,
    Comparison,
    Winner,
    compare,
)
from schema.domain.words import counted
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot, in_snapshot
from schema.graphql.lists.aggregates import PNodeAggregateType
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.figures import Whole
from schema.graphql.lists.filters import compile_filter
from schema.graphql.lists.paging import DEFAULT_PAGE, MAX_PAGE, Page, PageEdge, window
from schema.graphql.lists.selecting import ListField, order_of, page_of
from schema.graphql.topics.pnode_filters import PNODE_COLUMNS, PNodeOrder, PNodeWhere
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.types.advice import Figure, FigureType, figure
from schema.graphql.types.enums import ComparedBy
from schema.graphql.types.fields import (
    PAGE_INFO,
    PAGED,
    After,
    Arguments,
    AsOf,
    Before,
    First,
    Last,
    Terms,
    Weight,
    argument,
    attribute,
    fixed,
    published,
    resolved,
)
from schema.graphql.types.prices import COLUMN_COST, SCAN_COST, list_cost, list_order_cost

MAX_KEY_LENGTH = 200

PNODES = ListField(PNODE_COLUMNS, lambda tables: tables.nodes)

Compared = InSnapshot[Comparison]


def page_size(arguments: Arguments, terms: Terms) -> int:
    """The maximum number of items of a connection, by `first` or `last`. The resolver refuses invalid values."""
    sizes = [arguments.get("first"), arguments.get("last")]
    given = [size for size in sizes if isinstance(size, int)]
    return min(max(*given, 0), MAX_PAGE) if given else DEFAULT_PAGE


CONNECTION = Weight(base=SCAN_COST, more=list_cost, order=list_order_cost, page=page_size)


def page_aggregate(root: strawberry.Parent[Page[PNode]]) -> Whole:
    return Whole(root.selection.matching)


async def pnodes(
    info: Info,
    *,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    where: Annotated[PNodeWhere | None, argument("A filter of nodes; all by default.")] = None,
    order_by: Annotated[
        list[PNodeOrder] | None, argument("Sort criteria, the most significant first, at most 5; by default the id.")
    ] = None,
    as_of: AsOf = None,
) -> Page[PNode]:
    return await page_of(
        info.context,
        PNODES,
        window(first, after, last, before),
        chosen=compile_filter(where, PNODE_COLUMNS),
        order=order_of(order_by),
        as_of=as_of,
    )


async def pnode(
    info: Info,
    *,
    address: Annotated[str | None, argument("Any known address of the node, as `HOST:PORT`.")] = None,
    pubkey: Annotated[str | None, argument("Its public key, in base58.")] = None,
    id: Annotated[strawberry.ID | None, argument("Its id, or a former id.")] = None,  # noqa: A002  (public name)
    as_of: AsOf = None,
) -> InSnapshot[PNode] | None:
    given = {name: key for name, key in (("address", address), ("pubkey", pubkey), ("id", id)) if key is not None}
    if len(given) != 1:
        raise BadUserInput(f"{len(given)} keys were given, expected exactly one of address, pubkey and id")
    ((name, key),) = given.items()
    check_key(name, key)
    tables = await info.context.tables(as_of)
    snapshot = tables.snapshot
    node = (snapshot.by_address if name == "address" else snapshot.by_id).get(key)
    return InSnapshot(node, tables) if node is not None else None


def check_key(name: str, key: str) -> None:
    """Raise BadUserInput if a key is longer than any valid key."""
    if len(key) > MAX_KEY_LENGTH:
        raise BadUserInput(f"{name} has {len(key)} characters, expected at most {MAX_KEY_LENGTH}")


async def compare_pnodes(
    info: Info,
    *,
    addresses: Annotated[list[str], argument("Two to five addresses or ids of different nodes.")],
    policy: Annotated[
        str | None,
        argument("Version of a policy, such as `1.0`; by default the newest that the snapshot was scored with."),
    ] = None,
    as_of: AsOf = None,
) -> Compared:
    if not MIN_COMPARED <= len(addresses) <= MAX_COMPARED:
        raise BadUserInput(
            f"{counted(len(addresses), 'address was', 'addresses were')} given, expected {MIN_COMPARED} to {MAX_COMPARED}"
        )
    for address in addresses:
        check_key("addresses", address)
    tables = await info.context.tables(as_of)
    found = [tables.snapshot.find(address) for address in addresses]
    missing = [address for address, node in zip(addresses, found, strict=True) if node is None]
    if missing:
        raise BadUserInput(f"no node is known as {', '.join(missing)}", {"missing": missing})
    scored_by = known_policy(policy or tables.header.policy.newest_version)
    return InSnapshot(compare([node for node in found if node is not None], scored_by), tables)


def compared_nodes(root: strawberry.Parent[Compared]) -> list[InSnapshot[PNode]]:
    return in_snapshot(root.record.nodes, root.tables)


def recommended_node(root: strawberry.Parent[Compared]) -> InSnapshot[PNode] | None:
    best = root.record.recommended
    return InSnapshot(best, root.tables) if best is not None else None


def comparison_snapshot(root: strawberry.Parent[Compared]) -> InSnapshot[object]:
    return InSnapshot(root.tables.header, root.tables)


def winners(root: strawberry.Parent[Compared]) -> list[InSnapshot[Winner]]:
    return in_snapshot(root.record.winners, root.tables)


def winning_node(root: strawberry.Parent[InSnapshot[Winner]]) -> InSnapshot[PNode] | None:
    node = root.tables.snapshot.by_id.get(root.record.node_id or "")
    return InSnapshot(node, root.tables) if node is not None else None


def winning_value(root: strawberry.Parent[InSnapshot[Winner]]) -> Figure | None:
    return figure(root.record.value)


@published(PageEdge, "PNodeEdge", "A node in a page.")
class PNodeEdgeType:
    node: PNodeType = attribute("The node.")
    cursor: str = attribute("The cursor to continue from this node: for `after` or `before`.")


@published(Page, "PNodeConnection", "A page of nodes. All pages that are reached by cursors come from one snapshot.")
class PNodeConnectionType:
    edges: list[PNodeEdgeType] = attribute("The nodes of this page, each with its cursor.", weight=PAGED)
    nodes: list[PNodeType] = attribute("The nodes of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("The position of this page in the list.", weight=PAGE_INFO)
    total_count: int = attribute("Number of nodes that match, in all pages.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
    aggregate = resolved(
        page_aggregate, PNodeAggregateType, "Figures over all nodes that match.", weight=Weight(base=COLUMN_COST)
    )


@published(Winner, "Winner", "The best node in one category.")
class WinnerType:
    category: ComparedBy = attribute("The category.")
    pnode = resolved(winning_node, PNodeType | None, "The node with the highest value; null if no value is above 0.")
    value = resolved(winning_value, FigureType | None, "That value, in the unit of the category.")


@published(Comparison, "Comparison", "A comparison of nodes.")
class ComparisonType:
    pnodes = resolved(
        compared_nodes,
        list[PNodeType],
        "The nodes, in the order of the request.",
        weight=Weight(items=fixed(MAX_COMPARED)),
    )
    winners = resolved(
        winners, list[WinnerType], "The best node in each category.", weight=Weight(items=fixed(len(ComparedBy)))
    )
    recommended = resolved(
        recommended_node,
        PNodeType | None,
        "The recommended node: by policy 2.0 the one with the best rank, then the lowest expected loss. Null if none "
        "has a score.",
    )
    reason: str = attribute("Why this node is recommended.")
    considerations: list[str] = attribute("Reasons for other nodes, and reasons against some nodes.")
    all_online: bool = attribute("Whether all of them are online.")
    average_score: float | None = attribute("Mean composite score, in points; null if no node has one.")
    snapshot = resolved(comparison_snapshot, SnapshotType, "The snapshot that this was read from.")
