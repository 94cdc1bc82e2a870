"""Who runs the nodes, as far as gossip tells: one key is one operator."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from math import fsum
from typing import NamedTuple

from schema.domain.base import Record, UnixSeconds
from schema.domain.pnode import PNode
from schema.domain.snapshot import Snapshot
from schema.domain.versions import sort_key


class Operator(NamedTuple):
    """All that runs under one key. `key` is the pubkey, or a node's id where no valid key is known (`pubkey` None).

    `addresses` are those under which its nodes are listed now, sorted; `versions` newest first. Storage in bytes, the
    sum of what is known (the last known figures of nodes that are not online); `storage_online` is what of the committed
    storage is online.
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
    versions: tuple[str, ...]
    first_seen: UnixSeconds


class Shares(Record):
    """How concentrated something is among operators.

    `largest_percent` is the largest operator's share, `decentralization` 100 minus it, `nakamoto` the least number of
    operators that together hold more than half, `hhi` the Herfindahl-Hirschman index (sum of squared shares, 0..1).
    Nothing to share: 0, 100, 0, 0.
    """

    largest_percent: float
    decentralization: float
    nakamoto: int
    hhi: float


class Concentration(Record):
    """How concentrated the whole network is; computed over all operators, whatever a list of them leaves out."""

    operators: int
    nodes: int
    nodes_per_operator: float
    by_nodes: Shares
    by_storage: Shares


def operators(snapshot: Snapshot) -> tuple[Operator, ...]:
    """All operators: most nodes first, then most online, then by first address and key."""
    groups: defaultdict[str, list[PNode]] = defaultdict(list)
    for node in snapshot.nodes:
        groups[node.pubkey or node.id].append(node)
    found = (_operator(key, nodes) for key, nodes in groups.items())
    return tuple(sorted(found, key=lambda o: (-o.node_count, -o.online_count, o.addresses, o.key)))


def _operator(key: str, nodes: list[PNode]) -> Operator:
    online = [node for node in nodes if node.is_online]
    addresses = {node.address for node in nodes} | {seen.address for node in nodes for seen in node.sightings}
    versions = {node.version for node in nodes if node.version is not None}
    return Operator(
        key=key,
        pubkey=nodes[0].pubkey,
        node_ids=tuple(sorted(node.id for node in nodes)),
        node_count=len(nodes),
        online_count=len(online),
        storage_committed=sum(node.storage_committed or 0 for node in nodes),
        storage_used=sum(node.storage_used or 0 for node in nodes),
        storage_online=sum(node.storage_committed or 0 for node in online),
        addresses=tuple(sorted(addresses)),
        versions=tuple(sorted(versions, key=sort_key, reverse=True)),
        first_seen=min(node.first_seen for node in nodes),
    )


def concentration(operators: Sequence[Operator]) -> Concentration:
    """How concentrated the network is among `operators`, by nodes and by committed storage that is online.

    Give it all operators, or the shares are not those of the network."""
    nodes = sum(operator.node_count for operator in operators)
    return Concentration(
        operators=len(operators),
        nodes=nodes,
        nodes_per_operator=nodes / len(operators) if operators else 0.0,
        by_nodes=_shares([operator.node_count for operator in operators]),
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
