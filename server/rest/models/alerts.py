"""Bodies of the alert routes."""

from pydantic import Field

from server.rest.models.base import Address, AnswerTime, Body, Count, Percent, Seconds, UnixTime


class Alert(Body):
    """Something wrong with one node."""

    severity: str = Field(description="critical, warning or info")
    type: str = Field(description="For example low_uptime, storage_critical, version_behind, isolated, offline")
    message: str
    metric: str = Field(description="What was measured")
    value: int | float | str = Field(description="Its measure")
    threshold: int | float | str = Field(description="The bound that it crossed")
    recommendation: str
    last_seen: UnixTime | None = Field(default=None, description="Only for `offline`; null where not known")


class NodeAlert(Alert):
    """The same, with the node that it is about."""

    address: Address


class AlertSummary(Body):
    """Alerts counted."""

    total: Count
    critical: Count
    warning: Count
    info: Count
    by_type: dict[str, int] = Field(description="By type; only types that occur")


class AlertNodeInfo(Body):
    is_online: bool
    uptime: Seconds
    version: str
    storage_usage_percent: Percent
    peer_count: Count
    last_seen: UnixTime


class NodeAlertsAnswer(Body):
    """The alerts of one node."""

    address: Address
    alerts: list[Alert]
    summary: AlertSummary
    node_info: AlertNodeInfo
    timestamp: AnswerTime


class CriticalNode(Body):
    address: Address
    alert_count: Count = Field(description="Alerts of the node, of any severity")
    critical_alerts: list[Alert]


class AlertFilters(Body):
    severity: str | None
    alert_type: str | None


class AlertsAnswer(Body):
    """The alerts of all nodes. The filters apply to everything except `alert_count` and `nodes_checked`."""

    summary: AlertSummary
    critical_nodes: list[CriticalNode] = Field(description="At most `limit`, the one with most alerts first")
    alerts: list[NodeAlert] = Field(description="At most `limit`, most severe first")
    nodes_checked: Count = Field(description="All nodes of the snapshot")
    nodes_with_alerts: Count
    filters: AlertFilters
    timestamp: AnswerTime
