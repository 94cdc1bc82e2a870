"""Who runs the nodes, as far as gossip tells: one key is one operator."""

from collections.abc import Sequence

from schema.domain.base import Record, UnixSeconds
from schema.domain.snapshot import Snapshot


class Operator(Record):
    """All that runs under one key. `key` is the pubkey, or a node's id where no valid key is known (`pubkey` None).

    `addresses` are those under which its nodes are listed now, sorted; `versions` newest first. Storage in bytes, the
    sum of what is known (the last known figures of nodes that are not online).
    """

    key: str
    pubkey: str | None
    node_ids: tuple[str, ...]
    node_count: int
    online_count: int
    storage_committed: int
    storage_used: int
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
    raise NotImplementedError


def concentration(operators: Sequence[Operator]) -> Concentration:
    """How concentrated the network is among `operators`, by nodes and by committed storage. Give it all of them."""
    raise NotImplementedError
