"""Nodes side by side: who is best at what, and which one to take."""

from collections.abc import Sequence
from enum import StrEnum

from schema.domain.base import Record
from schema.domain.errors import BadUserInput
from schema.domain.node.pnode import PNode
from schema.domain.words import counted

MIN_COMPARED = 2
MAX_COMPARED = 5


class ComparedBy(StrEnum):
    """What nodes are compared by. OVERALL, TRUST and CAPACITY in points, UPTIME in seconds, STORAGE in committed
    bytes, CONNECTIVITY in witnesses."""

    OVERALL = "OVERALL"
    TRUST = "TRUST"
    CAPACITY = "CAPACITY"
    UPTIME = "UPTIME"
    STORAGE = "STORAGE"
    CONNECTIVITY = "CONNECTIVITY"


_WEIGHED = (ComparedBy.TRUST, ComparedBy.CAPACITY)


class Winner(Record):
    """The node with the strictly greatest value, the first named where several have it; None where none is above 0."""

    category: ComparedBy
    node_id: str | None
    address: str | None
    value: int | float


class Comparison(Record):
    """Nodes compared, in the order in which they were named; `winners` in the order of `ComparedBy`.

    `recommended` is the winner of OVERALL, with the reason and what speaks for others. `average_score` is the mean
    composite of the nodes that have one, None where none has.
    """

    nodes: tuple[PNode, ...]
    winners: tuple[Winner, ...]
    recommended: PNode | None
    reason: str
    considerations: tuple[str, ...]
    all_online: bool
    average_score: float | None

    def winner(self, category: ComparedBy) -> Winner:
        """The winner of one category."""
        return next(winner for winner in self.winners if winner.category is category)


def compare(nodes: Sequence[PNode]) -> Comparison:
    """Compare 2 to 5 different nodes. Raises BadUserInput for fewer, for more, and where one is named twice.

    A node that is not online has no score, uptime or connectivity to win by; its last known storage counts.
    """
    ids = [node.id for node in nodes]
    if not MIN_COMPARED <= len(ids) <= MAX_COMPARED or len(set(ids)) != len(ids):
        raise BadUserInput(
            f"{counted(len(ids), 'node was', 'nodes were')} named, {len(set(ids))} of them different; "
            f"{MIN_COMPARED} to {MAX_COMPARED} different ones can be compared"
        )
    winners = tuple(_winner(category, nodes) for category in ComparedBy)
    best = next((node for node in nodes if node.id == winners[0].node_id), None)
    composites = [node.score.composite for node in nodes if node.score]
    return Comparison(
        nodes=tuple(nodes),
        winners=winners,
        recommended=best,
        reason=_reason(best),
        considerations=_considerations(best, nodes, winners),
        all_online=all(node.is_online for node in nodes),
        average_score=sum(composites) / len(composites) if composites else None,
    )


def _value(node: PNode, category: ComparedBy) -> int | float:
    """What a node has to win a category by; 0 where it is not known, or not to be had from a node that is not online."""
    score = node.score
    values: dict[ComparedBy, int | float | None] = {
        ComparedBy.OVERALL: score.composite if score else None,
        ComparedBy.TRUST: score.trust.score if score else None,
        ComparedBy.CAPACITY: score.capacity.score if score else None,
        ComparedBy.UPTIME: node.uptime if node.is_online else None,
        ComparedBy.STORAGE: node.storage_committed,
        ComparedBy.CONNECTIVITY: node.witness_count if node.is_online else None,
    }
    return values[category] or 0


def _winner(category: ComparedBy, nodes: Sequence[PNode]) -> Winner:
    best = max(nodes, key=lambda node: _value(node, category))
    value = _value(best, category)
    won = value > 0
    return Winner(
        category=category,
        node_id=best.id if won else None,
        address=best.place if won else None,
        value=value if won else 0,
    )


def _reason(best: PNode | None) -> str:
    if best is None or best.score is None:
        return "No node has a score: none of them is online."
    return f"{best.place} has the highest composite score, {best.score.composite:.2f} of 100."


def _considerations(best: PNode | None, nodes: Sequence[PNode], winners: Sequence[Winner]) -> tuple[str, ...]:
    """What speaks for others than the recommended node, and who is not online."""
    better = [
        f"{winner.address} has more {winner.category.value.lower()}: {winner.value:.2f} points"
        for winner in winners
        if best is not None and winner.category in _WEIGHED and winner.node_id not in {best.id, None}
    ]
    away = [node.place for node in nodes if not node.is_online]
    return (*better, *([f"not online: {', '.join(away)}"] if away else []))
