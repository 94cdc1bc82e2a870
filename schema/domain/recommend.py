"""Nodes to stake with: which pass the criteria, and on what grounds."""

from enum import StrEnum

from schema.domain.base import Record
from schema.domain.pnode import PNode
from schema.domain.snapshot import Snapshot


class CriterionName(StrEnum):
    """What is looked at. ONLINE and UPTIME are always demanded; SCORE and PUBLIC when asked; the rest informs."""

    ONLINE = "ONLINE"
    UPTIME = "UPTIME"
    SCORE = "SCORE"
    PUBLIC = "PUBLIC"
    VERSION = "VERSION"
    CONSISTENCY = "CONSISTENCY"
    WITNESSES = "WITNESSES"


class Criteria(Record):
    """What is demanded: days of uptime, a composite score (None: any), and reachability by the public."""

    min_uptime_days: float = 7
    min_score: float | None = None
    require_public: bool = False


class Criterion(Record):
    """One thing looked at: what was found (`actual`, None where not known), what would pass (`expected`), in `unit`
    (days, points, share, witnesses; None for words), whether it passed, and whether a node is left out that does not.
    """

    name: CriterionName
    passed: bool
    demanded: bool
    actual: bool | int | float | str | None
    expected: bool | int | float | str | None
    unit: str | None = None


class Recommendation(Record):
    """A node that meets every demand, each criterion, and the grounds in words: strengths first, then weak points."""

    node: PNode
    criteria: tuple[Criterion, ...]
    reasons: tuple[str, ...]


class Recommendations(Record):
    """The nodes that meet every demand, best first, and how many nodes were looked at."""

    items: tuple[Recommendation, ...]
    evaluated: int


def assess(node: PNode, criteria: Criteria, latest_version: str | None) -> tuple[Criterion, ...]:
    """Each criterion in the order of `CriterionName`, for any node, also one that does not pass."""
    raise NotImplementedError


def recommend(snapshot: Snapshot, criteria: Criteria = Criteria()) -> Recommendations:  # noqa: B008  (immutable)
    """The nodes that meet every demand, by composite, highest first, then by address and id.

    Ghosts, offline and unknown nodes never do. `evaluated` counts all nodes of the snapshot.
    """
    raise NotImplementedError
