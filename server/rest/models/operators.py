"""The body of `/operators`."""

from pydantic import Field

from server.rest.models.base import Address, AnswerTime, Body, Bytes, Count, Percent, Share, UnixTime


class Operator(Body):
    """All addresses under one key."""

    pubkey: str = Field(description="The public key; the address where no valid one is known")
    node_count: Count = Field(description="Addresses under which the key is listed now: the length of `addresses`")
    online_nodes: Count = Field(description="Those of them that live")
    total_storage_committed: Bytes = Field(description="Of the key, once, however many addresses it has")
    total_storage_used: Bytes = Field(description="Of the key, once, however many addresses it has")
    addresses: list[Address] = Field(description="Sorted; the last known one of a key that nobody lists")
    versions: list[str] = Field(description="Newest first")
    first_seen: UnixTime


class OperatorsSummary(Body):
    """The concentration of the whole network, whatever the list leaves out."""

    total_operators: Count
    total_nodes: Count = Field(description="Addresses of all operators")
    avg_nodes_per_operator: float
    largest_operator_share_percent: Percent
    decentralization_score: Percent = Field(description="100 minus the largest share")
    nakamoto_coefficient: Count = Field(description="Operators that together hold more than half of the addresses")
    herfindahl_index: Share = Field(description="Sum of the squared shares of addresses")


class OperatorsAnswer(Body):
    """Who runs how many nodes, the largest first."""

    operators: list[Operator]
    summary: OperatorsSummary
    timestamp: AnswerTime
