"""Two snapshots side by side: each node with what it was before, and the nodes that are gone."""

from typing import NamedTuple

from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import Snapshot


class Pairs(NamedTuple):
    """The nodes of two snapshots, matched.

    `nodes` has each node of the later snapshot, in its order, preceded by the same node in the earlier one, or by None
    if it is new. `gone` are the nodes of the earlier snapshot that are not in the later one.
    """

    nodes: tuple[tuple[PNode | None, PNode], ...]
    gone: tuple[PNode, ...]


def pairs_of(previous: Snapshot, current: Snapshot) -> Pairs:
    """Match nodes by id, and by the ids that a node had before its key was known."""
    before = {node.id: node for node in previous.nodes}
    nodes = tuple(
        (next((before[i] for i in (node.id, *node.former_ids) if i in before), None), node) for node in current.nodes
    )
    continued = {old.id for old, _ in nodes if old is not None}
    return Pairs(nodes, tuple(node for node in previous.nodes if node.id not in continued))
