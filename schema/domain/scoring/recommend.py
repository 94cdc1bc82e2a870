"""Recommends nodes to stake with: which meet the criteria, and why."""

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from schema.domain.base import DAY, Record, rounded
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0
from schema.domain.scoring.consistency import SHOWN_DECIMALS
from schema.domain.scoring.standing import group_of
from schema.domain.snapshot.record import Snapshot
from schema.domain.versions import Compliance, compliance
from schema.domain.words import agreeing

T = TypeVar("T")

LEAST_AVAILABILITY = 0.98
"""The observed availability that a node needs: as much as policy 2.0 forgives."""
MAX_PER_GROUP = 3
"""How many nodes of a neighbourhood one answer recommends."""


class CriterionName(StrEnum):
    """The criteria. ONLINE, UPTIME, SUPPORTED and ONE_PROCESS are always required, SCORE and PUBLIC if requested. The
    others are informative. DIVERSITY excludes a node because enough of its neighbours are recommended."""

    ONLINE = "ONLINE"
    UPTIME = "UPTIME"
    SCORE = "SCORE"
    PUBLIC = "PUBLIC"
    VERSION = "VERSION"
    CONSISTENCY = "CONSISTENCY"
    WITNESSES = "WITNESSES"
    SUPPORTED = "SUPPORTED"
    ONE_PROCESS = "ONE_PROCESS"
    AVAILABILITY = "AVAILABILITY"
    DIVERSITY = "DIVERSITY"


class Criteria(Record):
    """The requirements: days of uptime, a composite score (None: any), and a public RPC."""

    min_uptime_days: float = 7
    min_score: float | None = None
    require_public: bool = False


class Criterion(Record):
    """One checked criterion: the value found (`actual`, None if not known), the value required (`expected`), both in
    `unit` (days, points, share, witnesses; None for text), whether the node passed, and whether failing excludes it."""

    name: CriterionName
    passed: bool
    demanded: bool
    actual: bool | int | float | str | None
    expected: bool | int | float | str | None
    unit: str | None = None


class Recommendation(Record):
    """A node that meets every requirement, with the requirements and the latest release used."""

    node: PNode
    demands: Criteria
    latest_version: str | None

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """Each criterion, in the order of `CriterionName`."""
        return assess(self.node, self.demands, self.latest_version)

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """The reasons as text: each criterion, those that passed first."""
        return tuple(reason_of(result) for result in sorted(self.criteria, key=lambda result: not result.passed))


class Recommendations(Record):
    """The nodes that meet every requirement, best first, and the number of evaluated nodes."""

    items: tuple[Recommendation, ...]
    evaluated: int


def assess(node: PNode, criteria: Criteria, latest_version: str | None) -> tuple[Criterion, ...]:
    """Each criterion in the order of `CriterionName`, for any node, including one that fails."""
    public = node.is_public
    scored = node.newest_score
    composite = scored.composite if scored else None
    available = node.estimate.raw[0] if node.estimate else None
    # Rounded down, so that a node that is seconds short of the requirement does not show the required days.
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
        Criterion(
            name=CriterionName.SUPPORTED, passed=node.supported, demanded=True, actual=node.supported, expected=True
        ),
        Criterion(
            name=CriterionName.ONE_PROCESS,
            passed=not node.key_conflict,
            demanded=True,
            actual=not node.key_conflict,
            expected=True,
        ),
        Criterion(
            name=CriterionName.AVAILABILITY,
            passed=available is not None and available >= LEAST_AVAILABILITY,
            demanded=False,
            actual=available,
            expected=LEAST_AVAILABILITY,
            unit="share",
        ),
    )


def diverse(nodes: Iterable[T], group: Callable[[T], str], most: int) -> Iterator[T]:
    """The nodes in their order, at most so many of each neighbourhood (/24 or /48). `group` returns that of a node."""
    taken: dict[str, int] = {}
    for node in nodes:
        name = group(node)
        count = taken.get(name, 0)
        if count < most:
            taken[name] = count + 1
            yield node


def recommend_newest(snapshot: Snapshot, criteria: Criteria, most: int = MAX_PER_GROUP) -> Recommendations:
    """The nodes that meet every requirement by policy 2.0, by rank, expected loss, score, address and id.

    Sound nodes share a rank, so a selection needs a further order. `most` is the maximum for one neighbourhood.
    """
    latest = snapshot.header.policy.latest_version
    fit = [
        ((estimate.rank, *estimate.best_first, node.address, node.id), node)
        for node in snapshot.nodes
        if (estimate := node.estimate) is not None
        and estimate.rank is not None
        and all(each.passed or not each.demanded for each in assess(node, criteria, latest))
    ]
    fit.sort(key=lambda item: item[0])
    items = tuple(
        Recommendation(node=node, demands=criteria, latest_version=latest)
        for node in diverse((node for _, node in fit), lambda node: group_of(node.address), most)
    )
    return Recommendations(items=items, evaluated=len(snapshot.nodes))


def crowded(node: PNode, most: int) -> Criterion:
    """The criterion that a node fails if it is excluded because of its neighbours."""
    return Criterion(
        name=CriterionName.DIVERSITY, passed=False, demanded=True, actual=group_of(node.address), expected=most
    )


def meets(node: PNode, criteria: Criteria) -> bool:
    """Whether a node meets all requirements by policy 1.0."""
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
    """The nodes that meet every requirement, by composite, highest first, then by address and id.

    Ghosts, offline and unknown nodes never do, nor do nodes that too few seeds list. `evaluated` counts all nodes of
    the snapshot.
    """
    latest = snapshot.header.policy.latest_version
    fit = [(node.score.composite, node) for node in snapshot.nodes if node.score and meets(node, criteria)]
    fit.sort(key=lambda item: (-item[0], item[1].address, item[1].id))
    items = tuple(Recommendation(node=node, demands=criteria, latest_version=latest) for _, node in fit)
    return Recommendations(items=items, evaluated=len(snapshot.nodes))


def reason_of(result: Criterion) -> str:
    """The result of a criterion as text."""
    if result.name in _YES_OR_NO:
        return _YES_OR_NO[result.name][0 if result.passed else 1]
    decimals = SHOWN_DECIMALS if result.name in _SHARES else 2
    actual, expected = _figure(result.actual, decimals), _figure(result.expected, decimals)
    return _IN_WORDS[result.name].format(
        actual=actual,
        expected=expected,
        days=agreeing(result.actual, "day"),
        seeds=agreeing(result.actual, "seed"),
    )


_YES_OR_NO = {
    CriterionName.ONLINE: ("online", "not online"),
    CriterionName.PUBLIC: ("public RPC", "no public RPC known"),
    CriterionName.SUPPORTED: ("listed by enough seeds", "listed by too few seeds"),
    CriterionName.ONE_PROCESS: ("one process with its key", "two processes with its key"),
}
_IN_WORDS = {
    CriterionName.UPTIME: "up for {actual} {days}",
    CriterionName.SCORE: "score {actual} of 100",
    CriterionName.VERSION: "version {actual}, latest {expected}",
    CriterionName.CONSISTENCY: "consistency {actual}",
    CriterionName.WITNESSES: "listed by {actual} {seeds}",
    CriterionName.AVAILABILITY: "observed availability {actual}",
    CriterionName.DIVERSITY: "neighbourhood {actual}: at most {expected} in one answer",
}
_SHARES = frozenset({CriterionName.CONSISTENCY, CriterionName.AVAILABILITY})


def _figure(value: float | str | None, decimals: int = 2) -> str:
    """A figure with a limited number of decimals, `unknown` for None."""
    if value is None:
        return "unknown"
    return value if isinstance(value, str) else f"{value:.{decimals}f}".rstrip("0").rstrip(".")
