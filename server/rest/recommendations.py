"""`/recommendations`: the nodes worth staking on."""

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.node.pnode import PNode
from schema.domain.scoring.recommend import Criteria
from server.rest.models.pnodes import RecommendationsAnswer
from server.rest.node import (
    days,
    estimated_object,
    scores_object,
    shown_last_seen,
    shown_pubkey,
    shown_score,
    shown_tier,
    shown_uptime,
    shown_version,
)
from server.rest.params import OLDEST_POLICY, PolicyChoice, PolicyName
from server.rest.routes import Routes
from server.rest.view import Views


def recommendation_routes(views: Views) -> Routes:
    """The list of recommended nodes."""
    routes = Routes("recommendations")

    @routes.get(
        "/recommendations",
        operation="listRecommendations",
        summary="Nodes worth staking on",
        model=RecommendationsAnswer,
    )
    async def recommendations(
        *,
        limit: Annotated[int, Query(ge=1, le=50, description="Maximum number of nodes")] = 10,
        min_uptime_days: Annotated[int, Query(ge=1, le=365, description="Days of uptime that a node needs")] = 7,
        require_public: Annotated[bool, Query(description="Only nodes that serve pRPC to the public")] = False,
        min_score: Annotated[float, Query(ge=0, le=100, description="The composite score that a node needs")] = 0,
        policy: PolicyChoice = OLDEST_POLICY,
    ) -> Response:
        """Online nodes that meet the criteria, by composite score; ghosts, offline and unknown nodes never do.

        With policy 2.0 they are ordered by rank, with at most a few from one neighbourhood, and without those whose key
        is live at several addresses.
        """
        view = views.current()
        criteria = Criteria(min_uptime_days=min_uptime_days, min_score=min_score, require_public=require_public)

        def body() -> dict[str, Any]:
            found = view.recommendations(criteria, policy)
            return {
                "recommendations": [recommendation_object(item.node, policy) for item in found.items[:limit]],
                "total_evaluated": found.evaluated,
                "filters": {
                    "min_uptime_days": min_uptime_days,
                    "require_public": require_public,
                    "min_score": min_score,
                },
                "timestamp": view.at,
            }

        return await views.answer(view, ("recommendations", criteria, limit, policy), body)

    return routes


def recommendation_object(node: PNode, policy: PolicyName = OLDEST_POLICY) -> dict[str, Any]:
    """The short form of a node, as this route always had it: scores are plain numbers, with the parts in separate
    fields."""
    scores = scores_object(node)
    shown = _short(node, scores)
    if policy == OLDEST_POLICY:
        return shown
    estimated = estimated_object(node)
    return shown | {name: estimated[name] for name in ("score", "tier", "estimate")}


def _short(node: PNode, scores: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": node.place,
        "pubkey": shown_pubkey(node),
        "score": shown_score(node),
        "tier": shown_tier(node),
        "scores": {
            "trust": scores["trust"]["score"],
            "capacity": scores["capacity"]["score"],
            "breakdown": {"trust": scores["trust"]["breakdown"], "capacity": scores["capacity"]["breakdown"]},
        },
        "uptime_days": days(shown_uptime(node)),
        "version": shown_version(node),
        "storage_usage_percent": node.storage_usage_percent or 0.0,
        "is_public": bool(node.is_public),
        "peer_count": node.witness_count,
        "first_seen": node.first_seen,
        "last_seen": shown_last_seen(node),
    }
