"""The operators of nodes, as far as gossip shows them: one key is one operator."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import fsum
from typing import NamedTuple

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.record import Snapshot
from schema.domain.versions import sort_key


class Operator(NamedTuple):
    """All addresses under one key. `key` is the pubkey, or a node's id if no valid key is known (`pubkey` None).

    A node is its key, so `node_count` is 1. What differs between operators is `addresses`, sorted: those at which the
    key is listed now, or the last one of a node that no seed lists. `online_address_count` is how many of them are
    live. `versions` are newest first. Storage is the sum of the known values in bytes (the last known ones for nodes
    that are not online); `storage_online` is the part of the committed storage that is online.
    """

    key: str
    pubkey: str | None
    node_ids: tuple[str, ...]
    node_count: int
    online_count: int
    storage_committed: int
    storage_used: int
    storage_online: int
    addresses: tuple[str, ...]
    online_address_count: int
    versions: tuple[str, ...]
    first_seen: UnixSeconds
    supported: bool = True

    @property
    def address_count(self) -> int:
        return len(self.addresses)


class Shares(Record):
    """How concentrated a quantity is among operators.

    `largest_percent` is the largest operator's share, `decentralization` is 100 minus it, `nakamoto` the smallest
    number of operators that together hold more than half, `hhi` the Herfindahl-Hirschman index (sum of squared shares,
    0..1). If the total is 0: 0, 100, 0, 0.
    """

    largest_percent: float
    decentralization: float
    nakamoto: int
    hhi: float


class Concentration(Record):
    """The concentration of the whole network. It covers all operators, whatever a list of them omits."""

    operators: int
    nodes: int
    addresses: int
    nodes_per_operator: float
    addresses_per_operator: float
    by_nodes: Shares
    by_addresses: Shares
    by_storage: Shares


def operators(snapshot: Snapshot) -> tuple[Operator, ...]:
    """All operators: most addresses first, then most live addresses, then by first address and key."""
    groups: defaultdict[str, list[PNode]] = defaultdict(list)
    for node in snapshot.nodes:
        groups[node.pubkey or node.id].append(node)
    strict = snapshot.header.totals.min_witnesses is not None
    found = (_operator(key, nodes, strict=strict) for key, nodes in groups.items())
    return tuple(sorted(found, key=lambda o: (-o.address_count, -o.online_address_count, o.addresses, o.key)))


def _operator(key: str, nodes: list[PNode], *, strict: bool) -> Operator:
    """`strict` excludes values that only one seed, or only the node itself, reports."""
    online = [node for node in nodes if node.is_online]
    seen_at = [seen for node in nodes for seen in node.sightings if seen.supported]
    addresses = {node.place for node in nodes} | {seen.address for seen in seen_at}
    alive = {seen.address for seen in seen_at if seen.status is PNodeStatus.ONLINE}
    alive |= {node.place for node in online}
    versions = {node.version for node in nodes if node.version is not None}
    return Operator(
        key=key,
        pubkey=nodes[0].pubkey,
        node_ids=tuple(sorted(node.id for node in nodes)),
        node_count=len(nodes),
        online_count=len(online),
        storage_committed=_stored(nodes, "storage_committed", strict=strict),
        storage_used=_stored(nodes, "storage_used", strict=strict),
        storage_online=_stored(online, "storage_committed", strict=strict),
        addresses=tuple(sorted(addresses)),
        online_address_count=len(alive),
        versions=tuple(sorted(versions, key=sort_key, reverse=True)),
        first_seen=min(node.first_seen for node in nodes),
        supported=any(node.supported for node in nodes),
    )


def _stored(nodes: Iterable[PNode], name: str, *, strict: bool) -> int:
    return sum(getattr(node, name) or 0 for node in nodes if not (strict and node.says_alone(name)))


def concentration(operators: Sequence[Operator]) -> Concentration:
    """The concentration of the network among `operators`, by nodes, addresses, and online committed storage.

    Pass all operators; with fewer, the shares are not those of the network. An operator counts only if enough seeds
    list one of its nodes.
    """
    operators = [operator for operator in operators if operator.supported]
    nodes = sum(operator.node_count for operator in operators)
    addresses = sum(operator.address_count for operator in operators)
    return Concentration(
        operators=len(operators),
        nodes=nodes,
        addresses=addresses,
        nodes_per_operator=nodes / len(operators) if operators else 0.0,
        addresses_per_operator=addresses / len(operators) if operators else 0.0,
        by_nodes=_shares([operator.node_count for operator in operators]),
        by_addresses=_shares([operator.address_count for operator in operators]),
        by_storage=_shares([operator.storage_online for operator in operators]),
    )


def _shares(amounts: Sequence[int]) -> Shares:
    total = sum(amounts)
    if not total:
        return Shares(largest_percent=0.0, decentralization=100.0, nakamoto=0, hhi=0.0)
    largest_first = sorted(amounts, reverse=True)
    largest = 100 * largest_first[0] / total
    held = accumulate(largest_first)
    return Shares(
        largest_percent=round(largest, 2),
        decentralization=round(100 - largest, 2),
        nakamoto=next(count for count, amount in enumerate(held, start=1) if 2 * amount > total),
        hhi=round(fsum((amount / total) ** 2 for amount in amounts), 4),
    )
