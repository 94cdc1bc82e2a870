"""The criteria that a client sets for recommended nodes."""

from math import isfinite
from typing import NamedTuple

import strawberry
from strawberry import UNSET

from schema.domain.base import DAY
from schema.domain.errors import BadUserInput
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.scoring.recommend import Criteria, diverse
from schema.domain.scoring.standing import group_of
from schema.graphql.lists.filter_inputs import operator
from schema.graphql.lists.filters import EVERYTHING, Filter, compile_filter
from schema.graphql.lists.index import Index, Rows
from schema.graphql.lists.selecting import ListField
from schema.graphql.topics.pnode_filters import PNODE_COLUMNS, PNodeWhere

MAX_UPTIME_DAYS = 36_500
MAX_POINTS = 100


BEST_FIRST = (("rank", False), ("expected_loss", False), ("score", True), ("address", False))


@strawberry.input(name="RecommendationWhere", description="The requirements for a recommendation.")
class RecommendationWhere:
    min_uptime_days: float | None = strawberry.field(
        description="Minimum uptime, in days: 0 to 36,500.", default=Criteria().min_uptime_days
    )
    min_score: float | None = operator("Minimum composite score, 0 to 100 points; none by default.")
    require_public: bool | None = strawberry.field(
        description="Whether its RPC must be publicly reachable.", default=False
    )
    pnode: PNodeWhere | None = operator("The candidate nodes; all by default.")


def criteria_of(where: RecommendationWhere | None) -> Criteria:
    """The validated criteria. Raises BadUserInput if one is null or out of range."""
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


NODES = ListField(PNODE_COLUMNS, lambda tables: tables.nodes)


class Demands(NamedTuple):
    """The criteria for nodes, the filter of the candidates, and the maximum number of nodes of one neighbourhood."""

    criteria: Criteria
    wanted: Filter
    most: int

    @property
    def chosen(self) -> Filter:
        """The recommended nodes."""
        return Filter(None, self.wanted.canonical, self.recommended)

    @property
    def variant(self) -> tuple[float | None, ...]:
        """The key that distinguishes their results, in addition to the filter."""
        criteria = self.criteria
        return criteria.min_uptime_days, criteria.min_score, criteria.require_public, self.most

    def looked_for(self, index: Index[PNode]) -> Rows:
        return index.all if self.wanted.rows is None else self.wanted.rows(index)

    def recommended(self, index: Index[PNode]) -> Rows:
        """The nodes that meet the criteria, with a maximum number of nodes of one neighbourhood."""
        fit = index.flags(fitting(index, self.criteria) & self.looked_for(index))
        groups = index.derived("neighbourhood", _group)
        best = (row for row in index.ordered(BEST_FIRST) if fit[row])
        return index.marked(diverse(best, groups.__getitem__, self.most))


def demands_of(where: RecommendationWhere | None, most: int) -> Demands:
    """The validated criteria. Raises BadUserInput if one is null or out of range."""
    wanted = EVERYTHING
    if where is not None and where.pnode is not UNSET:
        if where.pnode is None:
            raise BadUserInput("pnode is null, expected a filter; leave it out where all are wanted")
        wanted = compile_filter(where.pnode, PNODE_COLUMNS)
    return Demands(criteria_of(where), wanted, most)


def _group(node: PNode) -> str:
    return group_of(node.address)


def fitting(index: Index[PNode], criteria: Criteria) -> Rows:
    """The nodes that meet the criteria, regardless of their neighbours."""
    online = index.column("status").equal(PNodeStatus.ONLINE)
    scored = index.column("score").above(criteria.min_score or 0, inclusive=True)
    steady = index.column("uptime").above(criteria.min_uptime_days * DAY, inclusive=True)
    public = index.column("is_public").among([True]) if criteria.require_public else index.all
    sound = index.column("supported").among([True]) & index.column("key_conflict").among([False])
    return online & sound & scored & steady & public
