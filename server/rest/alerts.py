"""`/alerts`, `/alerts/critical`, `/pnodes/{address}/alerts`: the alerts of nodes."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from schema.domain.node.pnode import PNode
from schema.domain.scoring.alerts import Alert, AlertType, Severity, summarize
from server.rest.errors import plain_error
from server.rest.lookup import find_node
from server.rest.models.alerts import AlertsAnswer, NodeAlertsAnswer
from server.rest.node import shown_last_seen, shown_uptime, shown_version
from server.rest.params import AlertTypeFilter, NodeKey, SeverityFilter
from server.rest.respond import answer
from server.rest.routes import UNKNOWN_NODE, Routes
from server.rest.view import View, Views


def alert_routes(views: Views) -> Routes:
    """Alerts of one node, and of all."""
    routes = Routes("alerts")

    @routes.get(
        "/pnodes/{address:node}/alerts",
        operation="getPnodeAlerts",
        summary="The alerts of one node",
        model=NodeAlertsAnswer,
        responses=UNKNOWN_NODE,
    )
    async def node_alerts(address: NodeKey, severity: SeverityFilter = None) -> Response:
        """The alerts of one node with the figures behind them. Unknown values raise no alert."""
        view = views.current()
        node = await find_node(views, view, address)
        if node is None:
            return unknown_node(address)
        alerts = [alert for alert in view.tables.alerts_by_node.get(node.id, ()) if _wanted(alert, severity, None)]
        body = {
            "address": node.place,
            "alerts": [alert_object(alert) for alert in sorted(alerts, key=_listed_order)],
            "summary": summary_object(alerts),
            "node_info": _node_info(node),
            "timestamp": view.at,
        }
        return answer(body, views.max_age(view))

    @routes.get(
        "/alerts",
        operation="listAlerts",
        summary="The alerts of all nodes",
        model=AlertsAnswer,
    )
    async def alerts(
        severity: SeverityFilter = None,
        alert_type: AlertTypeFilter = None,
        limit: Annotated[int, Query(ge=1, le=500, description="Maximum number of alerts and of critical nodes")] = 100,
    ) -> Response:
        """The alerts of all nodes, counted and listed, and the nodes with critical ones."""
        view = views.current()
        key = ("alerts", severity, alert_type, limit)
        return await views.answer(view, key, lambda: alerts_body(view, severity, alert_type, limit))

    @routes.get(
        "/alerts/critical",
        operation="listCriticalAlerts",
        summary="What is critically wrong with all nodes",
        model=AlertsAnswer,
    )
    async def critical() -> Response:
        """The critical alerts of all nodes, and the nodes that have any; at most 1,000 of each."""
        view = views.current()
        return await views.answer(view, "critical", lambda: alerts_body(view, "critical", None, _MAX_CRITICAL))

    return routes


_MAX_CRITICAL = 1_000
_TYPE_ORDER = {kind: index for index, kind in enumerate(AlertType)}


def unknown_node(key: str) -> Response:
    """404: the node has never been seen."""
    return plain_error(
        404, f"No node is known as {key!r}", suggestion="/registry lists all nodes; addresses are HOST:PORT"
    )


def alerts_body(view: View, severity: str | None, alert_type: str | None, limit: int) -> dict[str, Any]:
    """The alerts that pass the filters, counted, and the first `limit` of them and of the critical nodes."""
    wanted = [alert for alert in view.tables.alerts if _wanted(alert, severity, alert_type)]
    return {
        "summary": summary_object(wanted),
        "critical_nodes": _critical_nodes(view, wanted)[:limit],
        "alerts": [alert_object(alert) | {"address": alert.address} for alert in wanted[:limit]],
        "nodes_checked": len(view.nodes),
        "nodes_with_alerts": len({alert.node_id for alert in wanted}),
        "filters": {"severity": severity, "alert_type": alert_type},
        "timestamp": view.at,
    }


def alert_object(alert: Alert) -> dict[str, Any]:
    """One alert. It has `last_seen` only if the node is not online."""
    shown: dict[str, Any] = {
        "severity": alert.severity.value.lower(),
        "type": alert.type.value.lower(),
        "message": alert.message,
        "metric": alert.metric,
        "value": alert.value,
        "threshold": alert.threshold,
        "recommendation": alert.recommendation,
    }
    if alert.type is AlertType.OFFLINE:
        shown["last_seen"] = alert.last_seen
    return shown


def summary_object(alerts: Sequence[Alert]) -> dict[str, Any]:
    """Alerts counted, by severity and by type."""
    counted = summarize(alerts)
    return {
        "total": counted.total,
        "critical": counted.critical,
        "warning": counted.warning,
        "info": counted.info,
        "by_type": {each.type.value.lower(): each.count for each in counted.by_type},
    }


def _critical_nodes(view: View, wanted: Sequence[Alert]) -> list[dict[str, Any]]:
    """The nodes that have critical alerts among those wanted, in the order of the view."""
    ids = {alert.id for alert in wanted if alert.severity is Severity.CRITICAL}
    found = (
        (node, [alert for alert in node.critical_alerts if alert.id in ids]) for node in view.tables.critical_nodes
    )
    return [
        {
            "address": node.address,
            "alert_count": node.alert_count,
            "critical_alerts": [alert_object(alert) for alert in alerts],
        }
        for node, alerts in found
        if alerts
    ]


def _wanted(alert: Alert, severity: str | None, alert_type: str | None) -> bool:
    return severity in {None, alert.severity.value.lower()} and alert_type in {None, alert.type.value.lower()}


def _listed_order(alert: Alert) -> int:
    return _TYPE_ORDER[alert.type]


def _node_info(node: PNode) -> dict[str, Any]:
    return {
        "is_online": node.is_online,
        "uptime": shown_uptime(node),
        "version": shown_version(node),
        "storage_usage_percent": node.storage_usage_percent or 0.0,
        "peer_count": node.witness_count,
        "last_seen": shown_last_seen(node),
    }
