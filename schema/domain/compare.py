"""Nodes side by side: who is best at what, and which one to take."""

from collections.abc import Sequence
from enum import StrEnum

from schema.domain.base import Record
from schema.domain.pnode import PNode

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
    raise NotImplementedError
