"""`/node/{address}/history`, `/node/{address}/metrics-summary`, `/nodes/history-status`: nodes over time."""

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import History, Resolution
from schema.domain.node.pnode import PNode
from schema.reads import HistoryStatusRow
from server.rest.lookup import find_node
from server.rest.models.history import HistoryStatusAnswer, MetricsSummaryAnswer, NodeHistoryAnswer
from server.rest.node_history import NO_POINTS, days_between, history_body, metrics_object, unavailable_history
from server.rest.params import NodeKey
from server.rest.respond import answer
from server.rest.routes import Routes
from server.rest.view import View, Views

_STATUS_ROWS = 100


def node_routes(views: Views) -> Routes:
    """The past of single nodes."""
    routes = Routes("nodes")
    reads = views.reads

    async def past(view: View, node: PNode, seconds: int) -> History:
        end = view.header.slot + view.header.interval
        ids = [node.id, *node.former_ids]
        return await reads.node_history(ids, end - seconds, end, Resolution.AUTO, include_current=True)

    @routes.get(
        "/node/{address:node}/history",
        operation="getNodeHistory",
        summary="One node over time",
        model=NodeHistoryAnswer,
    )
    async def history(
        address: NodeKey,
        days: Annotated[
            int, Query(ge=1, le=90, description="How many days to look back from the newest snapshot")
        ] = 30,
    ) -> Response:
        """A node's measurements and scores over time, the changes, and its availability.

        Points have the finest resolution that needs at most 1,000 of them. If the node is unknown or has no history,
        `available` is false.
        """
        view = views.current()
        node = await find_node(views, view, address)
        if node is None:
            return answer(unavailable_history(address, "No node is known under this address"), views.max_age(view))
        found = await past(view, node, days * DAY)
        body = history_body(node, found, days) if found.points else unavailable_history(address, NO_POINTS)
        return answer(body, views.max_age(view))

    @routes.get(
        "/node/{address:node}/metrics-summary",
        operation="getNodeMetricsSummary",
        summary="One node's averages",
        model=MetricsSummaryAnswer,
    )
    async def metrics_summary(
        address: NodeKey,
        hours: Annotated[int, Query(ge=1, le=168, description="How many hours to look back")] = 24,
    ) -> Response:
        """Availability, score, use of storage and witnesses of one node, over some hours."""
        view = views.current()
        node = await find_node(views, view, address)
        if node is None:
            metrics: dict[str, Any] = {"available": False, "message": "No node is known under this address"}
        else:
            metrics = metrics_object(await past(view, node, hours * HOUR), hours)
        body = {"address": node.place if node else address, "metrics": metrics, "timestamp": view.at}
        return answer(body, views.max_age(view))

    @routes.get(
        "/nodes/history-status",
        operation="getHistoryStatus",
        summary="How much history is stored",
        model=HistoryStatusAnswer,
    )
    async def history_status() -> Response:
        """The 100 nodes with most history, the number of all nodes that have any, and how far back it reaches."""
        view = views.current()
        rows, total = await reads.history_status(_STATUS_ROWS)
        available = await reads.available()
        body = {
            "total_nodes_with_history": total,
            "nodes": [_status_row(view, row) for row in rows],
            "global_stats": {
                "oldest_snapshot": available.earliest_history,
                "newest_snapshot": available.latest_snapshot,
                "total_snapshots": sum(row.samples for row in rows),
            },
            "timestamp": view.at,
        }
        return answer(body, views.max_age(view))

    return routes


def _status_row(view: View, row: HistoryStatusRow) -> dict[str, Any]:
    node = view.snapshot.find(row.id)
    return {
        "address": node.place if node else row.address or row.id,
        "snapshots": row.samples,
        "first_seen": row.first,
        "last_seen": row.last,
        "days_tracked": days_between(row.first, row.last),
    }
