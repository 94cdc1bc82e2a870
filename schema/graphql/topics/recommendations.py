"""Nodes to stake with, and on what grounds."""

from math import isfinite
from typing import Annotated, NamedTuple

import strawberry
from strawberry import UNSET

from schema.domain.base import DAY
from schema.domain.errors import BadUserInput
from schema.domain.node.pnode import PNode, PNodeStatus, Score
from schema.domain.scoring.recommend import Criteria, Criterion, Recommendation
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.filter_inputs import operator
from schema.graphql.lists.filters import EVERYTHING, Filter, compile_filter
from schema.graphql.lists.index import Index, Rows
from schema.graphql.lists.paging import Page, window
from schema.graphql.lists.selecting import Listing, page_of
from schema.graphql.topics.pnode_filters import PNODE_COLUMNS, PNodeWhere
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.types.advice import Figure, FigureType, figure
from schema.graphql.types.enums import CriterionName
from schema.graphql.types.fields import (
    PAGE_INFO,
    PAGED,
    After,
    AsOf,
    First,
    Weight,
    argument,
    attribute,
    fixed,
    published,
    resolved,
)
from schema.graphql.types.prices import ASSESS_COST
from schema.graphql.types.scores import ScoreType

MAX_UPTIME_DAYS = 36_500
MAX_POINTS = 100

_BEST_FIRST = (("score", True), ("address", False))


@strawberry.input(name="RecommendationWhere", description="What is demanded of a node before it is recommended.")
class RecommendationWhere:
    min_uptime_days: float | None = strawberry.field(
        description="Least uptime, in days: 0 to 36,500.", default=Criteria().min_uptime_days
    )
    min_score: float | None = operator("Least composite score, 0 to 100 points; any by default.")
    require_public: bool | None = strawberry.field(
        description="Whether its RPC must be reachable by the public.", default=False
    )
    pnode: PNodeWhere | None = operator("Which nodes are looked for at all; all by default.")


def criteria_of(where: RecommendationWhere | None) -> Criteria:
    """The demands, checked. Raises BadUserInput where one is null or out of range."""
    if where is None:
        return Criteria()
    days, score, public = where.min_uptime_days, where.min_score, where.require_public
    if days is None or score is None or public is None:
        raise BadUserInput("a demand is null, expected a value; leave out what is not demanded")
    if not (isfinite(days) and 0 <= days <= MAX_UPTIME_DAYS):
        raise BadUserInput(f"minUptimeDays is {days}, expected 0 to {MAX_UPTIME_DAYS}")
    if score is not UNSET and not 0 <= score <= MAX_POINTS:
        raise BadUserInput(f"minScore is {score}, expected 0 to {MAX_POINTS}")
    return Criteria(min_uptime_days=days, min_score=None if score is UNSET else score, require_public=public)


def _chosen(where: RecommendationWhere | None, criteria: Criteria) -> Filter:
    """The nodes that meet the demands and pass the filter of nodes."""
    wanted = EVERYTHING
    if where is not None and where.pnode is not UNSET:
        if where.pnode is None:
            raise BadUserInput("pnode is null, expected a filter; leave it out where all are wanted")
        wanted = compile_filter(where.pnode, PNODE_COLUMNS)

    def rows(index: Index[PNode]) -> Rows:
        fit = fitting(index, criteria)
        return fit if wanted.rows is None else fit & wanted.rows(index)

    return Filter(None, wanted.canonical, rows)


def fitting(index: Index[PNode], criteria: Criteria) -> Rows:
    """The nodes that `schema.domain.scoring.recommend.meets` lets pass."""
    online = index.column("status").equal(PNodeStatus.ONLINE)
    scored = index.column("score").above(criteria.min_score or 0, inclusive=True)
    steady = index.column("uptime").above(criteria.min_uptime_days * DAY, inclusive=True)
    public = index.column("is_public").among([True]) if criteria.require_public else index.all
    return online & index.column("supported").among([True]) & scored & steady & public


def _demands(criteria: Criteria) -> tuple[float | None, ...]:
    return criteria.min_uptime_days, criteria.min_score, criteria.require_public


class RecommendationPage(Page[PNode]):
    """A page of nodes as recommendations, which also knows how many nodes were looked at."""

    def __init__(self, page: Page[PNode], criteria: Criteria) -> None:
        super().__init__(page.selection, page.start, page.end)
        self._criteria = criteria

    @property
    def nodes(self) -> list[InSnapshot[Recommendation]]:  # type: ignore[override]  (what is published of each node)
        tables = self.selection.tables
        latest = tables.header.policy.latest_version
        return [
            InSnapshot(Recommendation(node=node, demands=self._criteria, latest_version=latest), tables)
            for node in self.records
        ]

    @property
    def edges(self) -> list["RecommendationEdge"]:  # type: ignore[override]  (likewise)
        return [RecommendationEdge(node, self) for node in self.nodes]

    @property
    def evaluated(self) -> int:
        return len(self.selection.tables.nodes)


class RecommendationEdge(NamedTuple):
    """A recommendation with its cursor."""

    node: InSnapshot[Recommendation]
    page: RecommendationPage

    @property
    def cursor(self) -> str:
        return self.page.cursor(self.node.record.node)


async def recommendations(
    info: Info,
    *,
    first: First = None,
    after: After = None,
    where: Annotated[
        RecommendationWhere | None, argument("What is demanded; by default 7 days of uptime, and to be online.")
    ] = None,
    as_of: AsOf = None,
) -> RecommendationPage:
    criteria = criteria_of(where)
    page = await page_of(
        info.context,
        Listing(PNODE_COLUMNS, lambda tables: tables.nodes, "recommendations", _demands(criteria), _BEST_FIRST),
        window(first, after),
        chosen=_chosen(where, criteria),
        order=_BEST_FIRST,
        as_of=as_of,
    )
    return RecommendationPage(page, criteria)


def recommended_pnode(root: strawberry.Parent[InSnapshot[Recommendation]]) -> InSnapshot[PNode]:
    return InSnapshot(root.record.node, root.tables)


def recommended_score(root: strawberry.Parent[InSnapshot[Recommendation]]) -> Score | None:
    return root.record.node.score


def actual(root: strawberry.Parent[Criterion]) -> Figure | None:
    return figure(root.actual)


def expected(root: strawberry.Parent[Criterion]) -> Figure | None:
    return figure(root.expected)


@published(Criterion, "Criterion", "One thing that was looked at before a node was recommended.")
class CriterionType:
    name: CriterionName = attribute("What was looked at.")
    passed: bool = attribute("Whether the node passes.")
    demanded: bool = attribute("Whether nodes that do not pass are left out.")
    actual = resolved(actual, FigureType | None, "What was found; null where it is not known.")
    expected = resolved(expected, FigureType | None, "What would pass; null where anything does.")
    unit: str | None = attribute("Unit of both: days, points, share or witnesses; null for words.")


@published(Recommendation, "Recommendation", "A node that meets every demand.")
class RecommendationType:
    pnode = resolved(recommended_pnode, PNodeType, "The node.")
    score = resolved(recommended_score, ScoreType | None, "Its score.")
    criteria: list[CriterionType] = attribute(
        "Each thing looked at: whether the node passed, and with what value.",
        weight=Weight(base=ASSESS_COST, items=fixed(len(CriterionName))),
    )
    reasons: list[str] = attribute("The grounds in words, strengths first.", weight=Weight(base=ASSESS_COST))


@published(RecommendationEdge, "RecommendationEdge", "A recommendation in a page.")
class RecommendationEdgeType:
    node: RecommendationType = attribute("The recommendation.")
    cursor: str = attribute("Where to go on from this recommendation: for `after`.")


@published(RecommendationPage, "RecommendationConnection", "A page of recommendations, the best first.")
class RecommendationConnectionType:
    edges: list[RecommendationEdgeType] = attribute("Those of this page, each with its cursor.", weight=PAGED)
    nodes: list[RecommendationType] = attribute("Those of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("Where this page stands in the list.", weight=PAGE_INFO)
    total_count: int = attribute("Number of nodes that meet every demand, in all pages.")
    evaluated: int = attribute("Number of nodes that were looked at.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
