"""The columns by which nodes can be filtered and ordered."""

from enum import StrEnum

import strawberry
from strawberry import UNSET

from schema.domain.node.pnode import PNode
from schema.domain.versions import sort_key
from schema.graphql.lists.columns import Column, Columns, finite
from schema.graphql.lists.filter_inputs import (
    BigIntFilter,
    BooleanFilter,
    DateTimeFilter,
    FloatFilter,
    IntFilter,
    PNodeStatusFilter,
    StringFilter,
    TierFilter,
    VersionFilter,
    operator,
)
from schema.graphql.types.enums import OrderDirection, describe

PNODE_COLUMNS = Columns[PNode](
    kind="pnodes",
    by_name={
        "id": Column(lambda node: node.id),
        "address": Column(lambda node: node.address or None),
        "pubkey": Column(lambda node: node.pubkey),
        "status": Column(lambda node: node.status),
        "version": Column(lambda node: node.version, sort_key),
        "is_public": Column(lambda node: node.is_public),
        "supported": Column(lambda node: node.supported),
        "key_conflict": Column(lambda node: node.key_conflict),
        "rank": Column(lambda node: found.rank if (found := node.newest_score) is not None else None),
        "expected_loss": Column(
            finite(lambda node: found.expected_loss if (found := node.newest_score) is not None else None)
        ),
        "uptime": Column(lambda node: node.uptime),
        "score": Column(finite(lambda node: found.composite if (found := node.newest_score) is not None else None)),
        "tier": Column(lambda node: node.newest_tier),
        "storage_committed": Column(lambda node: node.storage_committed),
        "storage_used": Column(lambda node: node.storage_used),
        "storage_usage_percent": Column(finite(lambda node: node.storage_usage_percent)),
        "witness_count": Column(lambda node: node.witness_count),
        "first_seen": Column(lambda node: node.first_seen),
        "last_seen": Column(lambda node: node.last_seen),
    },
    identify=lambda node: node.id,
)


@strawberry.input(
    name="PNodeWhere",
    description="A filter of nodes. At most 100 conditions, nested at most 5 deep.",
)
class PNodeWhere:
    id: StringFilter | None = operator("Identity: public key, or `addr:HOST:PORT`.")
    address: StringFilter | None = operator("Address, as `HOST:PORT`.")
    pubkey: StringFilter | None = operator("Public key in base58.")
    status: PNodeStatusFilter | None = operator("Whether it is alive.")
    version: VersionFilter | None = operator("Version of its software.")
    is_public: BooleanFilter | None = operator("Whether its RPC is publicly reachable.")
    supported: BooleanFilter | None = operator(
        "Whether enough seeds list it for it to count in figures about the network."
    )
    uptime: BigIntFilter | None = operator("Seconds since its last start.")
    score: FloatFilter | None = operator("Composite score by the newest policy, 0 to 100 points.")
    tier: TierFilter | None = operator("Tier of its score by the newest policy.")
    storage_committed: BigIntFilter | None = operator("Committed storage, in bytes.")
    storage_used: BigIntFilter | None = operator("Used storage, in bytes.")
    storage_usage_percent: FloatFilter | None = operator("Used storage as a share of committed storage, in percent.")
    witness_count: IntFilter | None = operator("Number of seeds that list it.")
    first_seen: DateTimeFilter | None = operator("When it was first seen.")
    last_seen: DateTimeFilter | None = operator("The last gossip about it.")
    and_: list["PNodeWhere"] | None = strawberry.field(
        name="and", description="All of these hold; at most 100.", default=UNSET
    )
    or_: list["PNodeWhere"] | None = strawberry.field(
        name="or", description="At least one of these holds; at most 100. An empty list matches nothing.", default=UNSET
    )
    not_: "PNodeWhere | None" = strawberry.field(name="not", description="This does not hold.", default=UNSET)


class PNodeOrderField(StrEnum):
    """Columns by which nodes can be ordered."""

    SCORE = "score"
    RANK = "rank"
    UPTIME = "uptime"
    LAST_SEEN = "last_seen"
    FIRST_SEEN = "first_seen"
    STORAGE_USED = "storage_used"
    STORAGE_COMMITTED = "storage_committed"
    STORAGE_USAGE_PERCENT = "storage_usage_percent"
    WITNESS_COUNT = "witness_count"
    VERSION = "version"
    ADDRESS = "address"


describe(
    PNodeOrderField,
    "A field that nodes can be sorted by.",
    {
        PNodeOrderField.SCORE: "Composite score by the newest policy, in points.",
        PNodeOrderField.RANK: "Rank by the newest policy: 1 is the best.",
        PNodeOrderField.UPTIME: "Seconds since the last start.",
        PNodeOrderField.LAST_SEEN: "The last gossip about it.",
        PNodeOrderField.FIRST_SEEN: "When it was first seen.",
        PNodeOrderField.STORAGE_USED: "Used storage, in bytes.",
        PNodeOrderField.STORAGE_COMMITTED: "Committed storage, in bytes.",
        PNodeOrderField.STORAGE_USAGE_PERCENT: "Used storage as a share of committed storage, in percent.",
        PNodeOrderField.WITNESS_COUNT: "Number of seeds that list it.",
        PNodeOrderField.VERSION: "Version, by precedence: 0.10 is above 0.9. A text that is not a version is below all versions.",
        PNodeOrderField.ADDRESS: "Address, as text.",
    },
)


@strawberry.input(name="PNodeOrder", description="One sort criterion for nodes.")
class PNodeOrder:
    field: PNodeOrderField = strawberry.field(description="The field to sort by.")
    direction: OrderDirection = strawberry.field(description="The sort direction.", default=OrderDirection.ASC)
