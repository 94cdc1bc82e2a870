"""Recommended nodes, with the reasons."""

from typing import Annotated, NamedTuple

import strawberry

from schema.domain.errors import BadUserInput
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode, Score
from schema.domain.scoring.recommend import (
    Criterion,
    Recommendation,
    assess,
    crowded,
    reason_of,
)
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.paging import Page, window
from schema.graphql.lists.selecting import ListField, page_of
from schema.graphql.topics.demands import BEST_FIRST, Demands, RecommendationWhere, demands_of
from schema.graphql.topics.pnode_filters import PNODE_COLUMNS
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.types.advice import Figure, FigureType, figure
from schema.graphql.types.enums import CriterionName
from schema.graphql.types.fields import (
    PAGE_INFO,
    PAGED,
    After,
    Arguments,
    AsOf,
    First,
    Terms,
    Weight,
    argument,
    attribute,
    fixed,
    number_argument,
    published,
    resolved,
)
from schema.graphql.types.prices import ASSESS_COST, DIVERSE_ROWS, SCAN_COST, SORT_ROWS
from schema.graphql.types.scores import ScoreType

MAX_EXCLUDED = 100
DEFAULT_EXCLUDED = 20


class Exclusion(NamedTuple):
    """A candidate that is not recommended, and the criteria that it fails."""

    node: InSnapshot[PNode]
    failed: tuple[Criterion, ...]

    @property
    def reasons(self) -> list[str]:
        """The requirements that it fails, as text."""
        return [reason_of(criterion) for criterion in self.failed]


class RecommendationPage(Page[PNode]):
    """A page of recommended nodes, with the number of evaluated nodes."""

    def __init__(self, page: Page[PNode], demands: Demands) -> None:
        super().__init__(page.selection, page.start, page.end)
        self._demands = demands

    @property
    def nodes(self) -> list[InSnapshot[Recommendation]]:  # type: ignore[override]  (the published form of each node)
        tables = self.selection.tables
        latest = tables.header.policy.latest_version
        return [
            InSnapshot(Recommendation(node=node, demands=self._demands.criteria, latest_version=latest), tables)
            for node in self.records
        ]

    @property
    def edges(self) -> list["RecommendationEdge"]:  # type: ignore[override]  (likewise)
        return [RecommendationEdge(node, self) for node in self.nodes]

    @property
    def evaluated(self) -> int:
        return len(self.selection.tables.nodes)

    def excluded(self, first: int) -> list[Exclusion]:
        """The candidates that are not recommended: those with a rank first, by rank, then the others by address."""
        tables, demands = self.selection.tables, self._demands
        matching = self.selection.matching
        index = matching.index
        left = demands.looked_for(index) & ~(index.all if matching.rows is None else matching.rows)
        nodes = matching.arranged.chosen(index.flags(left))[:first] if first else ()
        latest = tables.header.policy.latest_version
        found: list[Exclusion] = []
        for node in nodes:
            failed = tuple(c for c in assess(node, demands.criteria, latest) if c.demanded and not c.passed)
            found.append(Exclusion(InSnapshot(node, tables), failed or (crowded(node, demands.most),)))
        return found


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
        RecommendationWhere | None, argument("The requirements; by default the node is online with 7 days of uptime.")
    ] = None,
    as_of: AsOf = None,
) -> RecommendationPage:
    demands = demands_of(where, info.context.service.recommended_per_group)
    page = await page_of(
        info.context,
        ListField(PNODE_COLUMNS, lambda tables: tables.nodes, "recommendations", demands.variant, BEST_FIRST),
        window(first, after),
        chosen=demands.chosen,
        order=BEST_FIRST,
        as_of=as_of,
    )
    return RecommendationPage(page, demands)


def excluded_nodes(
    root: strawberry.Parent[RecommendationPage],
    first: Annotated[int | None, argument("How many to return, 0 to 100.")] = DEFAULT_EXCLUDED,
) -> list[Exclusion]:
    count = DEFAULT_EXCLUDED if first is None else first
    if not 0 <= count <= MAX_EXCLUDED:
        raise BadUserInput(f"first is {count}, expected 0 to {MAX_EXCLUDED}", {"limit": MAX_EXCLUDED})
    return root.excluded(count)


def _excluded_cost(arguments: Arguments, terms: Terms) -> int:
    """The cost of sorting, and of assessing each returned node."""
    first = arguments.get("first")
    shown = min(max(first, 0), MAX_EXCLUDED) if isinstance(first, int) else DEFAULT_EXCLUDED
    return SCAN_COST + terms.nodes // SORT_ROWS + terms.nodes // DIVERSE_ROWS + shown * ASSESS_COST


def _is_beyond(arguments: Arguments) -> bool:
    first = arguments.get("first")
    return isinstance(first, int) and not 0 <= first <= MAX_EXCLUDED


def recommended_pnode(root: strawberry.Parent[InSnapshot[Recommendation]]) -> InSnapshot[PNode]:
    return InSnapshot(root.record.node, root.tables)


def recommended_score(root: strawberry.Parent[InSnapshot[Recommendation]]) -> Score | Estimate | None:
    return root.record.node.newest_score


def excluded_pnode(root: strawberry.Parent[Exclusion]) -> InSnapshot[PNode]:
    return root.node


def actual(root: strawberry.Parent[Criterion]) -> Figure | None:
    return figure(root.actual)


def expected(root: strawberry.Parent[Criterion]) -> Figure | None:
    return figure(root.expected)


@published(Criterion, "Criterion", "One criterion of a recommendation, and its result.")
class CriterionType:
    name: CriterionName = attribute("The criterion.")
    passed: bool = attribute("Whether the node passes.")
    demanded: bool = attribute("Whether nodes that fail it are excluded.")
    actual = resolved(actual, FigureType | None, "The actual value; null if it is not known.")
    expected = resolved(expected, FigureType | None, "The required value; null if any value passes.")
    unit: str | None = attribute("Unit of both values: days, points, share or witnesses; null for text.")


@published(Recommendation, "Recommendation", "A node that meets every requirement.")
class RecommendationType:
    pnode = resolved(recommended_pnode, PNodeType, "The node.")
    score = resolved(recommended_score, ScoreType | None, "Its score.")
    criteria: list[CriterionType] = attribute(
        "Each criterion: whether the node passed, and its value.",
        weight=Weight(base=ASSESS_COST, items=fixed(len(CriterionName))),
    )
    reasons: list[str] = attribute("The reasons as text, strengths first.", weight=Weight(base=ASSESS_COST))


@published(Exclusion, "Exclusion", "A candidate that is not recommended.")
class ExclusionType:
    pnode = resolved(excluded_pnode, PNodeType, "The node.")
    failed: list[CriterionType] = attribute("The criteria that it fails.", weight=Weight(items=fixed(2)))
    reasons: list[str] = attribute("The requirements that it fails, as text.")


@published(RecommendationEdge, "RecommendationEdge", "A recommendation in a page.")
class RecommendationEdgeType:
    node: RecommendationType = attribute("The recommendation.")
    cursor: str = attribute("The cursor to continue from this recommendation: for `after`.")


@published(RecommendationPage, "RecommendationConnection", "A page of recommendations, the best first.")
class RecommendationConnectionType:
    edges: list[RecommendationEdgeType] = attribute(
        "The recommendations of this page, each with its cursor.", weight=PAGED
    )
    nodes: list[RecommendationType] = attribute("The recommendations of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("The position of this page in the list.", weight=PAGE_INFO)
    total_count: int = attribute("Number of nodes that meet every requirement, in all pages.")
    evaluated: int = attribute("Number of nodes that were evaluated.")
    excluded = resolved(
        excluded_nodes,
        list[ExclusionType],
        "Candidates that are not recommended, by rank, with the reasons. One response recommends only a few nodes of "
        "a neighbourhood (/24 or /48); its other nodes are here.",
        weight=Weight(
            more=_excluded_cost,
            items=number_argument("first", DEFAULT_EXCLUDED, MAX_EXCLUDED),
            invalid=_is_beyond,
        ),
    )
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
