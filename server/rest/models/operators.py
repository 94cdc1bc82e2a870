"""The body of `/operators`."""

from pydantic import Field

from server.rest.models.base import Address, AnswerTime, Body, Bytes, Count, Percent, Share, UnixTime


class Operator(Body):
    """All addresses under one key."""

    pubkey: str = Field(description="The public key; the address if no valid one is known")
    node_count: Count = Field(description="Addresses under which the key is listed now: the length of `addresses`")
    online_nodes: Count = Field(description="Those of them that are live")
    total_storage_committed: Bytes = Field(description="Of the key, counted once for all of its addresses")
    total_storage_used: Bytes = Field(description="Of the key, counted once for all of its addresses")
    addresses: list[Address] = Field(description="Sorted; the last known one if no seed lists the key")
    versions: list[str] = Field(description="Newest first")
    first_seen: UnixTime


class OperatorsSummary(Body):
    """The concentration of the whole network, regardless of filters."""

    total_operators: Count
    total_nodes: Count = Field(description="Addresses of all operators")
    avg_nodes_per_operator: float
    largest_operator_share_percent: Percent
    decentralization_score: Percent = Field(description="100 minus the largest share")
    nakamoto_coefficient: Count = Field(
        description="The minimum number of operators that together have more than half of the addresses"
    )
    herfindahl_index: Share = Field(description="Sum of the squared shares of addresses")


class OperatorsAnswer(Body):
    """The operators and their numbers of nodes, the largest first."""

    operators: list[Operator]
    summary: OperatorsSummary
    timestamp: AnswerTime
