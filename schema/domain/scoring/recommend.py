"""Nodes to stake with: which pass the criteria, and on what grounds."""

from enum import StrEnum
from functools import cached_property

from schema.domain.base import DAY, Record, rounded
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0
from schema.domain.scoring.consistency import SHOWN_DECIMALS
from schema.domain.snapshot.record import Snapshot
from schema.domain.versions import Compliance, compliance
from schema.domain.words import agreeing


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
    """A node that meets every demand, under the demands and the latest release that it was judged by."""

    node: PNode
    demands: Criteria
    latest_version: str | None

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """Each criterion, in the order of `CriterionName`."""
        return assess(self.node, self.demands, self.latest_version)

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """The grounds in words: each criterion, those that passed first."""
        return tuple(_reason(result) for result in sorted(self.criteria, key=lambda result: not result.passed))


class Recommendations(Record):
    """The nodes that meet every demand, best first, and how many nodes were looked at."""

    items: tuple[Recommendation, ...]
    evaluated: int


def assess(node: PNode, criteria: Criteria, latest_version: str | None) -> tuple[Criterion, ...]:
    """Each criterion in the order of `CriterionName`, for any node, also one that does not pass."""
    public = node.is_public
    composite = node.score.composite if node.score else None
    # Rounded down, so that a node that is seconds short of the demand does not show the days that were demanded.
    days = None if node.uptime is None else node.uptime * 100 // DAY / 100
    steadiness = rounded(node.consistency.score, SHOWN_DECIMALS) if node.consistency else None
    steady = POLICY_1_0.consistency.unstable_below
    full = POLICY_1_0.trust.presence_full
    return (
        Criterion(
            name=CriterionName.ONLINE,
            passed=node.is_online,
            demanded=True,
            actual=node.status.value,
            expected=PNodeStatus.ONLINE.value,
        ),
        Criterion(
            name=CriterionName.UPTIME,
            passed=node.uptime is not None and node.uptime >= criteria.min_uptime_days * DAY,
            demanded=True,
            actual=days,
            expected=criteria.min_uptime_days,
            unit="days",
        ),
        Criterion(
            name=CriterionName.SCORE,
            passed=composite is not None and composite >= (criteria.min_score or 0),
            demanded=criteria.min_score is not None,
            actual=composite,
            expected=criteria.min_score,
            unit="points",
        ),
        Criterion(
            name=CriterionName.PUBLIC,
            passed=public is True,
            demanded=criteria.require_public,
            actual=public,
            expected=True,
        ),
        Criterion(
            name=CriterionName.VERSION,
            passed=compliance(node.version, latest_version) is Compliance.LATEST,
            demanded=False,
            actual=node.version,
            expected=latest_version,
        ),
        Criterion(
            name=CriterionName.CONSISTENCY,
            passed=steadiness is not None and steadiness >= steady,
            demanded=False,
            actual=steadiness,
            expected=steady,
            unit="share",
        ),
        Criterion(
            name=CriterionName.WITNESSES,
            passed=node.witness_count >= full,
            demanded=False,
            actual=node.witness_count,
            expected=full,
            unit="witnesses",
        ),
    )


def meets(node: PNode, criteria: Criteria) -> bool:
    """Whether a node passes all that is demanded."""
    return (
        node.is_online
        and node.supported
        and node.score is not None
        and node.score.composite >= (criteria.min_score or 0)
        and node.uptime is not None
        and node.uptime >= criteria.min_uptime_days * DAY
        and (node.is_public is True or not criteria.require_public)
    )


def recommend(snapshot: Snapshot, criteria: Criteria) -> Recommendations:
    """The nodes that meet every demand, by composite, highest first, then by address and id.

    Ghosts, offline and unknown nodes never do, nor do nodes that too few seeds list. `evaluated` counts all nodes of the snapshot.
    """
    latest = snapshot.header.policy.latest_version
    fit = [(node.score.composite, node) for node in snapshot.nodes if node.score and meets(node, criteria)]
    fit.sort(key=lambda item: (-item[0], item[1].address, item[1].id))
    items = tuple(Recommendation(node=node, demands=criteria, latest_version=latest) for _, node in fit)
    return Recommendations(items=items, evaluated=len(snapshot.nodes))


def _reason(result: Criterion) -> str:
    actual = _figure(result.actual)
    match result.name:
        case CriterionName.ONLINE:
            return "online" if result.passed else "not online"
        case CriterionName.UPTIME:
            return f"up for {actual} {agreeing(result.actual, 'day')}"
        case CriterionName.SCORE:
            return f"score {actual} of 100"
        case CriterionName.PUBLIC:
            return "public RPC" if result.passed else "no public RPC known"
        case CriterionName.VERSION:
            return f"version {actual}, latest {_figure(result.expected)}"
        case CriterionName.CONSISTENCY:
            return f"consistency {_figure(result.actual, SHOWN_DECIMALS)}"
        case CriterionName.WITNESSES:
            return f"listed by {actual} {agreeing(result.actual, 'seed')}"


def _figure(value: float | str | None, decimals: int = 2) -> str:
    """A figure for people: at most so many decimals, `unknown` for None."""
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else f"{value:.{decimals}f}".rstrip("0").rstrip(".")
