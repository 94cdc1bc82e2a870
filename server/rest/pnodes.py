"""`/pnodes`: the list of nodes."""

from typing import Annotated, Any, Literal

from fastapi import Query
from starlette.responses import Response

from server.rest.models.pnodes import PnodesAnswer
from server.rest.params import OLDEST_POLICY, PolicyChoice, Skip
from server.rest.routes import Routes
from server.rest.summary import network_stats, network_summary
from server.rest.view import Views

Status = Literal["all", "online", "offline"]
SortBy = Literal["last_seen", "uptime", "score", "storage_used", "storage_usage_percent", "first_seen"]
SortOrder = Literal["asc", "desc"]


def pnodes_routes(views: Views) -> Routes:
    """The list of nodes."""
    routes = Routes("pnodes")

    @routes.get(
        "/pnodes",
        operation="listPnodes",
        summary="List nodes",
        model=PnodesAnswer,
    )
    async def pnodes(
        *,
        status: Annotated[Status, Query(description="Which nodes to list; the summary counts all of them")] = "online",
        limit: Annotated[int, Query(ge=1, le=1_000, description="Maximum number of nodes")] = 100,
        skip: Skip = 0,
        sort_by: Annotated[SortBy, Query(description="Ties are in the order of addresses")] = "last_seen",
        sort_order: Annotated[SortOrder, Query(description="Ascending or descending")] = "desc",
        policy: PolicyChoice = OLDEST_POLICY,
    ) -> Response:
        """A page of nodes with their scores, and the network's totals."""
        view = views.current()

        def body() -> dict[str, Any]:
            nodes = view.ordered(status, sort_by, descending=sort_order == "desc", policy=policy)
            page = [view.fragment(node, policy) for node in nodes[skip : skip + limit]]
            return {
                "summary": network_summary(view),
                "network_stats": network_stats(view.header.totals),
                "pagination": {"total": len(nodes), "limit": limit, "skip": skip, "returned": len(page)},
                "filters": {"status": status, "sort_by": sort_by, "sort_order": sort_order},
                "pnodes": page,
                "timestamp": view.at,
            }

        return await views.answer(view, ("pnodes", status, limit, skip, sort_by, sort_order, policy), body)

    return routes
