"""Compares nodes: the best in each category, and the recommended one."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from schema.domain.base import Record
from schema.domain.errors import BadUserInput
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode, Score
from schema.domain.policy import POLICY_1_0, Policy
from schema.domain.scoring.parts import ScorePartName, parts_of
from schema.domain.words import counted

MIN_COMPARED = 2
MAX_COMPARED = 5

AnyScore = Score | Estimate


class ComparedBy(StrEnum):
    """The categories. OVERALL, TRUST and CAPACITY in points, UPTIME in seconds, STORAGE in committed bytes,
    CONNECTIVITY in witnesses; by policy 2.0 also AVAILABILITY and STABILITY in points. TRUST and CAPACITY are those of
    policy 1.0."""

    OVERALL = "OVERALL"
    TRUST = "TRUST"
    CAPACITY = "CAPACITY"
    UPTIME = "UPTIME"
    STORAGE = "STORAGE"
    CONNECTIVITY = "CONNECTIVITY"
    AVAILABILITY = "AVAILABILITY"
    STABILITY = "STABILITY"


_EARNED = {ComparedBy.AVAILABILITY: ScorePartName.AVAILABILITY, ComparedBy.STABILITY: ScorePartName.STABILITY}
_WEIGHED = (ComparedBy.TRUST, ComparedBy.CAPACITY)


class Winner(Record):
    """The node with the greatest value; on a tie, the one named first. None if no value is above 0."""

    category: ComparedBy
    node_id: str | None
    address: str | None
    value: int | float


class Comparison(Record):
    """The compared nodes, in the order in which they were named; `winners` in the order of `ComparedBy`.

    `recommended` is the winner of OVERALL (by policy 2.0 the node with the best rank), with the reason and reasons for
    other nodes. `average_score` is the mean composite of the nodes that have one, None if there are none.
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


def compare(nodes: Sequence[PNode], policy: Policy = POLICY_1_0) -> Comparison:
    """Compare 2 to 5 different nodes. Raises BadUserInput for fewer, for more, and for duplicates.

    A node that is not online has no score, uptime or connectivity; its last known storage counts.
    """
    ids = [node.id for node in nodes]
    if not MIN_COMPARED <= len(ids) <= MAX_COMPARED or len(set(ids)) != len(ids):
        raise BadUserInput(
            f"{counted(len(ids), 'node was', 'nodes were')} named, {len(set(ids))} of them different; "
            f"{MIN_COMPARED} to {MAX_COMPARED} different ones can be compared"
        )
    by_estimate = policy.estimate is not None
    categories = [each for each in ComparedBy if by_estimate or each not in _EARNED]
    scores = {node.id: node.estimate if by_estimate else node.score for node in nodes}
    winners = tuple(_winner(category, nodes, scores) for category in categories)
    best = _best_rank(nodes) if by_estimate else next((n for n in nodes if n.id == winners[0].node_id), None)
    composites = [score.composite for score in scores.values() if score]
    return Comparison(
        nodes=tuple(nodes),
        winners=winners,
        recommended=best,
        reason=_reason(best, nodes, scores),
        considerations=_considerations(best, nodes, winners, (*_EARNED,) if by_estimate else _WEIGHED),
        all_online=all(node.is_online for node in nodes),
        average_score=sum(composites) / len(composites) if composites else None,
    )


def _best_rank(nodes: Sequence[PNode]) -> PNode | None:
    """The node with the best rank; among equal ranks, the one with the least expected loss. A node without a rank is
    last."""
    placed = [
        (each.rank is None, each.rank or 0, each.best_first, place)
        for place, node in enumerate(nodes)
        if (each := node.estimate) is not None
    ]
    return nodes[min(placed)[-1]] if placed else None


def _value(node: PNode, category: ComparedBy, overall: AnyScore | None) -> int | float:
    """The node's value in a category; 0 if it is not known, or not available for a node that is not online."""
    score = node.score
    values: dict[ComparedBy, int | float | None] = {
        ComparedBy.OVERALL: overall.composite if overall else None,
        ComparedBy.TRUST: score.trust.score if score else None,
        ComparedBy.CAPACITY: score.capacity.score if score else None,
        ComparedBy.UPTIME: node.uptime if node.is_online else None,
        ComparedBy.STORAGE: node.storage_committed,
        ComparedBy.CONNECTIVITY: node.witness_count if node.is_online else None,
    }
    if category in _EARNED and node.estimate is not None:
        values[category] = next(each.points for each in parts_of(node.estimate) if each.name is _EARNED[category])
    return values.get(category) or 0


def _winner(category: ComparedBy, nodes: Sequence[PNode], scores: Mapping[str, AnyScore | None]) -> Winner:
    best = max(nodes, key=lambda node: _value(node, category, scores[node.id]))
    value = _value(best, category, scores[best.id])
    won = value > 0
    return Winner(
        category=category,
        node_id=best.id if won else None,
        address=best.place if won else None,
        value=value if won else 0,
    )


def _reason(best: PNode | None, nodes: Sequence[PNode], scores: Mapping[str, AnyScore | None]) -> str:
    score = scores[best.id] if best is not None else None
    if best is None or score is None:
        any_online = any(node.is_online for node in nodes)
        return "No node has a score by this policy." if any_online else "No node has a score: none of them is online."
    if isinstance(score, Estimate) and score.rank is not None:
        return (
            f"{best.place} has the best rank, {score.rank}{_among_equals(score, scores)}. Its score is "
            f"{score.composite:.2f} of 100, and {score.low:.2f} at least."
        )
    return f"{best.place} has the highest composite score, {score.composite:.2f} of 100."


def _among_equals(best: Estimate, scores: Mapping[str, AnyScore | None]) -> str:
    """What decides between nodes of equal rank, if there are any."""
    equals = [each for each in scores.values() if isinstance(each, Estimate) and each.rank == best.rank]
    if len(equals) == 1 or best.expected_loss is None:
        return ""
    if all(each.expected_loss == best.expected_loss for each in equals):
        return f", as {len(equals)} of them have, and the highest score or lower bound of these"
    return f", as {len(equals)} of them have, and the smallest expected loss of these, {best.expected_loss:.2%}"


def _considerations(
    best: PNode | None, nodes: Sequence[PNode], winners: Sequence[Winner], weighed: Sequence[ComparedBy]
) -> tuple[str, ...]:
    """Reasons for other nodes than the recommended one, and the nodes that are not online."""
    better = [
        f"{winner.address} has more {winner.category.value.lower()}: {winner.value:.2f} points"
        for winner in winners
        if best is not None and winner.category in weighed and winner.value > _value(best, winner.category, None)
    ]
    away = [node.place for node in nodes if not node.is_online]
    return (*better, *([f"not online: {', '.join(away)}"] if away else []))
