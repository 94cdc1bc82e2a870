"""Nodes to stake with, and on what grounds."""

from math import isfinite
from typing import Annotated

import strawberry
from strawberry import UNSET

from schema.domain.errors import BadUserInput
from schema.domain.pnode import PNode, Score
from schema.domain.recommend import (
    Criteria,
    Criterion,
    Recommendation,
    Recommendations,
    recommend,
)
from schema.graphql.advice import Figure, FigureType, figure
from schema.graphql.columns import Column, Columns
from schema.graphql.connections import PageInfoType
from schema.graphql.context import Info
from schema.graphql.enums import CriterionName
from schema.graphql.fields import PAGED, After, AsOf, First, Weight, argument, attribute, fixed, published, resolved
from schema.graphql.filter_inputs import operator
from schema.graphql.filters import EVERYTHING, Filter, compile_filter
from schema.graphql.paging import Edge, Page, window
from schema.graphql.pnode_filters import PNODE_COLUMNS, PNodeWhere
from schema.graphql.pnodes import PNodeType
from schema.graphql.scores import ScoreType
from schema.graphql.selecting import Listing, page_of
from schema.graphql.snapshots import SnapshotType
from schema.graphql.tables import InSnapshot, Tables

MAX_UPTIME_DAYS = 36_500
MAX_POINTS = 100

RECOMMENDATION_COLUMNS = Columns[Recommendation](
    kind="recommendations",
    by_name={
        "score": Column(lambda found: found.node.score.composite if found.node.score is not None else None),
        "address": Column(lambda found: found.node.address),
    },
    identify=lambda found: found.node.id,
)
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


def _node_filter(where: RecommendationWhere | None) -> Filter:
    if where is None or where.pnode is UNSET:
        return EVERYTHING
    if where.pnode is None:
        raise BadUserInput("pnode is null, expected a filter; leave it out where all are wanted")
    chosen = compile_filter(where.pnode, PNODE_COLUMNS)
    test = chosen.test
    if test is None:
        return chosen

    def test_node(found: Recommendation) -> bool:
        return test(found.node)

    return Filter(test_node, chosen.canonical)


def _demands(criteria: Criteria) -> tuple[float | None, ...]:
    return criteria.min_uptime_days, criteria.min_score, criteria.require_public


def recommended(tables: Tables, criteria: Criteria) -> Recommendations:
    """All nodes that meet the demands; remembered with the snapshot."""
    return tables.remember(("recommend", *_demands(criteria)), lambda: recommend(tables.snapshot, criteria))


class RecommendationPage(Page[Recommendation]):
    """A page that also knows how many nodes were looked at."""

    @property
    def evaluated(self) -> int:
        return len(self.selection.tables.nodes)


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
        Listing(RECOMMENDATION_COLUMNS, lambda tables: recommended(tables, criteria).items, _demands(criteria)),
        window(first, after),
        chosen=_node_filter(where),
        order=_BEST_FIRST,
        as_of=as_of,
    )
    return RecommendationPage(page.selection, page.start, page.end)


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
        weight=Weight(items=fixed(len(CriterionName))),
    )
    reasons: list[str] = attribute("The grounds in words, strengths first.")


@published(Edge, "RecommendationEdge", "A recommendation in a page.")
class RecommendationEdgeType:
    node: RecommendationType = attribute("The recommendation.")
    cursor: str = attribute("Where to go on from this recommendation: for `after`.")


@published(RecommendationPage, "RecommendationConnection", "A page of recommendations, the best first.")
class RecommendationConnectionType:
    edges: list[RecommendationEdgeType] = attribute("Those of this page, each with its cursor.", weight=PAGED)
    nodes: list[RecommendationType] = attribute("Those of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("Where this page stands in the list.")
    total_count: int = attribute("Number of nodes that meet every demand, in all pages.")
    evaluated: int = attribute("Number of nodes that were looked at.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
