"""`/network/consistency` and `/node/{address}/consistency`: how consistently nodes stay in gossip."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import Response

from schema.domain.base import HOUR, rounded
from schema.domain.node.pnode import Consistency, PNode
from schema.domain.scoring.consistency import (
    SHOWN_DECIMALS,
    ConsistencyStatus,
    consistency_advice,
    status_of,
)
from server.rest.alerts import unknown_node
from server.rest.clock import readable_utc
from server.rest.lookup import find_node
from server.rest.models.consistency import NetworkConsistencyAnswer, NodeConsistencyAnswer
from server.rest.params import NodeKey
from server.rest.respond import answer
from server.rest.routes import UNKNOWN_NODE, Routes
from server.rest.view import View, Views

SortBy = Literal["consistency_score", "gossip_disappearances", "address"]
_EMOJI = {ConsistencyStatus.FLAPPING: "🔴", ConsistencyStatus.UNSTABLE: "🟡", ConsistencyStatus.STABLE: "🟢"}
# The presence of the node is not known yet. It counts as consistent, because there is no evidence against it.
_UNKNOWN = Consistency(score=1.0, all_time=1.0, appearances=0, disappearances=0, window_days=0)


def consistency_routes(views: Views) -> Routes:
    """Consistency of the network, and of one node."""
    routes = Routes("consistency")

    @routes.get(
        "/network/consistency",
        operation="getNetworkConsistency",
        summary="How consistently nodes stay in gossip",
        model=NetworkConsistencyAnswer,
    )
    async def network(
        min_consistency: Annotated[float, Query(ge=0, le=1, description="Only nodes with at least this score")] = 0.0,
        sort_by: Annotated[
            SortBy,
            Query(description="consistency_score: best first; gossip_disappearances: most first; ties by address"),
        ] = "consistency_score",
        limit: Annotated[int, Query(ge=1, le=500, description="Maximum number of nodes")] = 100,
    ) -> Response:
        """Nodes by consistency, those that flap, and the network's mean."""
        view = views.current()
        key = ("consistency", min_consistency, sort_by, limit)
        return await views.answer(view, key, lambda: _network_body(view, min_consistency, sort_by, limit))

    @routes.get(
        "/node/{address:node}/consistency",
        operation="getNodeConsistency",
        summary="How consistently one node stays in gossip",
        model=NodeConsistencyAnswer,
        responses=UNKNOWN_NODE,
    )
    async def node(address: NodeKey) -> Response:
        """A node's appearances and drops, the time of the last ones, and advice."""
        view = views.current()
        found = await find_node(views, view, address)
        return unknown_node(address) if found is None else answer(_node_body(found, view.at), views.max_age(view))

    return routes


def _network_body(view: View, min_consistency: float, sort_by: SortBy, limit: int) -> dict[str, Any]:
    chosen = [node for node in view.nodes if consistency(node).score >= min_consistency]
    flapping = [node for node in view.nodes if _flaps(node)]
    return {
        "nodes": [_row(node, view.at) for node in sorted(chosen, key=_ORDERS[sort_by])[:limit]],
        "flapping_nodes": [_row(node, view.at) for node in sorted(flapping, key=_worst_first)[:limit]],
        "summary": _summary(view),
        "filters": {"min_consistency": min_consistency, "sort_by": sort_by},
        "timestamp": view.at,
    }


def consistency(node: PNode) -> Consistency:
    return node.consistency or _UNKNOWN


def _flaps(node: PNode) -> bool:
    return status_of(consistency(node).score) is ConsistencyStatus.FLAPPING


def _best_first(node: PNode) -> tuple[float, str]:
    return -consistency(node).score, node.place


def _worst_first(node: PNode) -> tuple[float, str]:
    return consistency(node).score, node.place


def _most_drops_first(node: PNode) -> tuple[float, str]:
    return -consistency(node).disappearances, node.place


def _by_address(node: PNode) -> tuple[float, str]:
    return 0, node.place


_ORDERS: dict[str, Callable[[PNode], tuple[float, str]]] = {
    "consistency_score": _best_first,
    "gossip_disappearances": _most_drops_first,
    "address": _by_address,
}


def _row(node: PNode, at: int) -> dict[str, Any]:
    found = consistency(node)
    return {
        "address": node.place,
        "consistency_score": rounded(found.score, SHOWN_DECIMALS),
        "gossip_appearances": found.appearances,
        "gossip_disappearances": found.disappearances,
        "last_drop": found.last_drop,
        "last_appearance": found.last_appearance,
        "time_since_last_drop_seconds": _since(found.last_drop, at),
        "time_since_last_appearance_seconds": _since(found.last_appearance, at),
        "status": "flapping" if _flaps(node) else "stable",
        "is_online": node.is_online,
    }


def _summary(view: View) -> dict[str, Any]:
    found = view.facts.consistency
    return {
        "total_nodes": len(view.nodes),
        "flapping_nodes": found.flapping,
        "stable_nodes": found.total - found.flapping,
        "unknown_nodes": len(view.nodes) - found.total,
        "avg_consistency_score": rounded(found.average or 0, SHOWN_DECIMALS),
        "total_network_appearances": found.appearances,
        "total_network_disappearances": found.disappearances,
        "network_health": found.health.value.lower(),
    }


def _node_body(node: PNode, at: int) -> dict[str, Any]:
    found = consistency(node)
    status = status_of(found.score)
    return {
        "address": node.place,
        "consistency": {
            "score": rounded(found.score, SHOWN_DECIMALS),
            "status": status.value.lower(),
            "status_emoji": _EMOJI[status],
            "appearances": found.appearances,
            "disappearances": found.disappearances,
            "ratio": f"{found.appearances}:{found.disappearances}",
            "total_events": found.appearances + found.disappearances,
        },
        "recent_activity": {
            "last_drop": found.last_drop,
            "last_drop_readable": readable_utc(found.last_drop),
            "time_since_drop_seconds": _since(found.last_drop, at),
            "time_since_drop_hours": _hours_since(found.last_drop, at),
            "last_appearance": found.last_appearance,
            "last_appearance_readable": readable_utc(found.last_appearance),
            "time_since_appearance_seconds": _since(found.last_appearance, at),
            "time_since_appearance_hours": _hours_since(found.last_appearance, at),
        },
        "recommendations": [
            {
                "severity": advice.level.value.lower(),
                "issue": advice.message,
                "recommendation": advice.recommendation,
                "action": advice.action,
            }
            for advice in consistency_advice(found, at)
        ],
        "node_info": {
            "is_online": node.is_online,
            "version": node.version,
            "first_seen": node.first_seen,
            "last_seen": node.last_seen,
        },
        "timestamp": at,
    }


def _since(then: int | None, at: int) -> int | None:
    return None if then is None else max(0, at - then)


def _hours_since(then: int | None, at: int) -> float | None:
    return None if then is None else rounded(max(0, at - then) / HOUR, 2)
