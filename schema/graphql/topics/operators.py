"""Operators: the nodes of one key, and the concentration of the network."""

from enum import StrEnum
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.domain.network.operators import Concentration, Operator, Shares
from schema.domain.node.pnode import PNode
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot, in_snapshot
from schema.graphql.lists.columns import Column, Columns
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.filter_inputs import BigIntFilter, DateTimeFilter, IntFilter, StringFilter, operator
from schema.graphql.lists.filters import compile_filter
from schema.graphql.lists.paging import Page, PageEdge, window
from schema.graphql.lists.selecting import ListField, order_of, page_of
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.types.enums import OrderDirection, describe
from schema.graphql.types.fields import (
    PAGE_INFO,
    PAGED,
    After,
    AsOf,
    First,
    Weight,
    argument,
    attribute,
    fixed,
    published,
    resolved,
)
from schema.graphql.types.scalars import BigInt, DateTime

OPERATOR_COLUMNS = Columns[Operator](
    kind="operators",
    by_name={
        "key": Column(lambda operator: operator.key),
        "pubkey": Column(lambda operator: operator.pubkey),
        "node_count": Column(lambda operator: operator.node_count),
        "online_count": Column(lambda operator: operator.online_count),
        "address_count": Column(lambda operator: operator.address_count),
        "online_address_count": Column(lambda operator: operator.online_address_count),
        "storage_committed": Column(lambda operator: operator.storage_committed),
        "storage_used": Column(lambda operator: operator.storage_used),
        "first_seen": Column(lambda operator: operator.first_seen),
        "address": Column(lambda operator: operator.addresses[0] if operator.addresses else None),
    },
    identify=lambda operator: operator.key,
)
_BY_SIZE = (("address_count", True), ("online_address_count", True), ("address", False))
OPERATORS = ListField(OPERATOR_COLUMNS, lambda tables: tables.facts.operators, usual=_BY_SIZE)


@strawberry.input(
    name="OperatorWhere", description="A filter of operators. At most 100 conditions, nested at most 5 deep."
)
class OperatorWhere:
    key: StringFilter | None = operator("Public key, or a node's id if no valid key is known.")
    pubkey: StringFilter | None = operator("Public key in base58.")
    node_count: IntFilter | None = operator("Number of its nodes.")
    online_count: IntFilter | None = operator("Number of its online nodes.")
    address_count: IntFilter | None = operator("Number of addresses under which its key is listed now.")
    online_address_count: IntFilter | None = operator("Number of live addresses.")
    storage_committed: BigIntFilter | None = operator("Committed storage of its nodes, in bytes.")
    storage_used: BigIntFilter | None = operator("Used storage of its nodes, in bytes.")
    first_seen: DateTimeFilter | None = operator("When the first of its nodes was first heard of.")
    and_: list["OperatorWhere"] | None = strawberry.field(
        name="and", description="All of these hold; at most 100.", default=UNSET
    )
    or_: list["OperatorWhere"] | None = strawberry.field(
        name="or", description="At least one of these holds; at most 100. An empty list matches nothing.", default=UNSET
    )
    not_: "OperatorWhere | None" = strawberry.field(name="not", description="This does not hold.", default=UNSET)


class OperatorOrderField(StrEnum):
    """Columns by which operators can be ordered."""

    NODE_COUNT = "node_count"
    ONLINE_COUNT = "online_count"
    ADDRESS_COUNT = "address_count"
    ONLINE_ADDRESS_COUNT = "online_address_count"
    STORAGE_COMMITTED = "storage_committed"
    STORAGE_USED = "storage_used"
    FIRST_SEEN = "first_seen"
    ADDRESS = "address"


describe(
    OperatorOrderField,
    "A field that operators can be sorted by.",
    {
        OperatorOrderField.NODE_COUNT: "Number of nodes.",
        OperatorOrderField.ADDRESS_COUNT: "Number of addresses.",
        OperatorOrderField.ONLINE_ADDRESS_COUNT: "Number of live addresses.",
        OperatorOrderField.ONLINE_COUNT: "Number of online nodes.",
        OperatorOrderField.STORAGE_COMMITTED: "Committed storage, in bytes.",
        OperatorOrderField.STORAGE_USED: "Used storage, in bytes.",
        OperatorOrderField.FIRST_SEEN: "When the first of the nodes was first listed.",
        OperatorOrderField.ADDRESS: "First address, as text.",
    },
)


@strawberry.input(name="OperatorOrder", description="One sort criterion for operators.")
class OperatorOrder:
    field: OperatorOrderField = strawberry.field(description="The field to sort by.")
    direction: OrderDirection = strawberry.field(description="The sort direction.", default=OrderDirection.ASC)


async def operators(
    info: Info,
    *,
    first: First = None,
    after: After = None,
    where: Annotated[OperatorWhere | None, argument("A filter of operators; all by default.")] = None,
    order_by: Annotated[
        list[OperatorOrder] | None,
        argument(
            "Sort criteria, the most significant first, at most 5; by default the operator with most addresses first."
        ),
    ] = None,
    as_of: AsOf = None,
) -> Page[Operator]:
    return await page_of(
        info.context,
        OPERATORS,
        window(first, after),
        chosen=compile_filter(where, OPERATOR_COLUMNS),
        order=order_of(order_by, _BY_SIZE),
        as_of=as_of,
    )


def operator_nodes(root: strawberry.Parent[InSnapshot[Operator]]) -> list[InSnapshot[PNode]]:
    by_id = root.tables.snapshot.by_id
    return in_snapshot((by_id[node_id] for node_id in root.record.node_ids if node_id in by_id), root.tables)


def page_concentration(root: strawberry.Parent[Page[Operator]]) -> Concentration:
    return root.selection.tables.facts.concentration


@published(Operator, "Operator", "All addresses under one key. Gossip shows only keys, so one key is one operator.")
class OperatorType:
    key: strawberry.ID = attribute("Public key, or the node's id if no valid key is known.")
    pubkey: str | None = attribute("Public key in base58; null if no valid key is known.")
    node_count: int = attribute("Number of its nodes. It is 1, because a key identifies one node; see `addressCount`.")
    online_count: int = attribute("Number of its online nodes.")
    storage_committed: BigInt = attribute("Committed storage of its nodes, in bytes, over the known values.")
    storage_used: BigInt = attribute("Used storage of its nodes, in bytes, over the known values.")
    addresses: list[str] = attribute(
        "Addresses under which its key is listed now, sorted. If there are none, its last address."
    )
    address_count: int = attribute("Number of `addresses`, which REST's `/operators` counts as nodes.")
    online_address_count: int = attribute("Number of live `addresses`.")
    versions: list[str] = attribute("Versions that its nodes run, newest first.")
    first_seen: DateTime = attribute("When the first of its nodes was first heard of.")
    pnodes = resolved(operator_nodes, list[PNodeType], "Its nodes.", weight=Weight(items=fixed(2)))


@published(Shares, "Shares", "How concentrated a quantity is among operators.")
class SharesType:
    largest_percent: float | None = attribute("Share of the largest operator, in percent.")
    decentralization: float | None = attribute("100 minus the share of the largest operator.")
    nakamoto: int = attribute("Minimum number of operators that together hold more than half.")
    hhi: float | None = attribute("Herfindahl-Hirschman index: the sum of squared shares, 0 to 1.")


@published(Concentration, "Concentration", "How concentrated the whole network is, regardless of page and filter.")
class ConcentrationType:
    operators: int = attribute("Number of operators.")
    nodes: int = attribute("Number of nodes.")
    addresses: int = attribute("Number of addresses of all operators.")
    nodes_per_operator: float | None = attribute("Mean number of nodes of an operator.")
    addresses_per_operator: float | None = attribute("Mean number of addresses of an operator.")
    by_nodes: SharesType = attribute("By number of nodes.")
    by_addresses: SharesType = attribute("By number of addresses.")
    by_storage: SharesType = attribute("By committed storage.")


@published(PageEdge, "OperatorEdge", "An operator in a page.")
class OperatorEdgeType:
    node: OperatorType = attribute("The operator.")
    cursor: str = attribute("The cursor to continue from this operator: for `after`.")


@published(Page, "OperatorConnection", "A page of operators.")
class OperatorConnectionType:
    edges: list[OperatorEdgeType] = attribute("The operators of this page, each with its cursor.", weight=PAGED)
    nodes: list[OperatorType] = attribute("The operators of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("The position of this page in the list.", weight=PAGE_INFO)
    total_count: int = attribute("Number of operators that match, in all pages.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
    concentration = resolved(page_concentration, ConcentrationType, "How concentrated the whole network is.")
