"""Alerts about nodes, and their counts."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, NamedTuple

import strawberry
from strawberry import UNSET

from schema.derived import Tables
from schema.domain.node.pnode import PNode
from schema.domain.scoring import alerts as domain
from schema.domain.scoring.alert import Alert, AlertCount, AlertFact, AlertSummary
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.lists.columns import Column, Columns
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.filter_inputs import AlertTypeFilter, SeverityFilter, StringFilter, operator
from schema.graphql.lists.filters import compile_filter
from schema.graphql.lists.paging import Page, PageEdge, window
from schema.graphql.lists.selecting import ListField, page_of
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import SnapshotType
from schema.graphql.types.advice import Figure, FigureType, figure
from schema.graphql.types.enums import AlertType as AlertKind
from schema.graphql.types.enums import Severity, describe
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
from schema.graphql.types.prices import summary_cost
from schema.graphql.types.scalars import DateTime

AlertView = InSnapshot[Alert]

_RANK: Mapping[Severity, int] = {severity: rank for rank, severity in enumerate(Severity)}

ALERT_COLUMNS = Columns[Alert](
    kind="alerts",
    by_name={
        "severity": Column(lambda alert: alert.severity, lambda severity: _RANK[Severity(severity)]),
        "type": Column(lambda alert: alert.type),
        "address": Column(lambda alert: alert.address),
        "pnode": Column(lambda alert: alert.node_id),
    },
    identify=lambda alert: alert.id,
)
ALERT_ORDER = (("severity", False), ("address", False), ("type", False))
ALERTS = ListField(ALERT_COLUMNS, lambda tables: tables.alerts, usual=ALERT_ORDER, timed=True)


@strawberry.input(name="AlertWhere", description="A filter of alerts. At most 100 conditions, nested at most 5 deep.")
class AlertWhere:
    severity: SeverityFilter | None = operator("Its severity.")
    type: AlertTypeFilter | None = operator("Its type.")
    address: StringFilter | None = operator("Address of the node, as `HOST:PORT`.")
    pnode: StringFilter | None = operator("Id of the node.")
    and_: list["AlertWhere"] | None = strawberry.field(
        name="and", description="All of these hold; at most 100.", default=UNSET
    )
    or_: list["AlertWhere"] | None = strawberry.field(
        name="or", description="At least one of these holds; at most 100. An empty list matches nothing.", default=UNSET
    )
    not_: "AlertWhere | None" = strawberry.field(name="not", description="This does not hold.", default=UNSET)


class AlertState(StrEnum):
    """Whether an alert is active, was raised, or was resolved."""

    ACTIVE = "ACTIVE"
    RAISED = "RAISED"
    RESOLVED = "RESOLVED"


describe(
    AlertState,
    "Whether an alert is active, or how it changed.",
    {
        AlertState.ACTIVE: "It is active in the requested snapshot.",
        AlertState.RAISED: "It is active in this snapshot, and was not active with this severity in the previous one.",
        AlertState.RESOLVED: "It was active in the previous snapshot and is not active in this one.",
    },
)


class AlertChange(NamedTuple):
    """An alert that was raised or resolved, as a separate record."""

    alert: Alert
    state: AlertState


def alert_changes(before: Tables, after: Tables) -> tuple[AlertChange, ...]:
    """The alerts that start with `after` (or with another severity), then those that end."""
    old = {alert.id: alert for alert in before.alerts}
    new = {alert.id: alert for alert in after.alerts}
    raised = [
        AlertChange(alert, AlertState.RAISED)
        for alert in after.alerts
        if alert.id not in old or old[alert.id].severity is not alert.severity
    ]
    resolved_ = [AlertChange(alert, AlertState.RESOLVED) for alert in before.alerts if alert.id not in new]
    return (*raised, *resolved_)


def alerted_node(root: strawberry.Parent[AlertView]) -> InSnapshot[PNode] | None:
    node = root.tables.snapshot.by_id.get(root.record.node_id)
    return InSnapshot(node, root.tables) if node is not None else None


def alert_value(root: strawberry.Parent[AlertView]) -> Figure | None:
    return figure(root.record.value)


def alert_threshold(root: strawberry.Parent[AlertView]) -> Figure | None:
    return figure(root.record.threshold)


def alert_state(root: strawberry.Parent[AlertView]) -> AlertState:
    return root.state if isinstance(root, ChangedAlert) else AlertState.ACTIVE


class ChangedAlert(InSnapshot[Alert]):
    """An alert in the snapshot that raised or resolved it."""

    __slots__ = ("state",)

    def __init__(self, change: AlertChange, tables: Tables) -> None:
        super().__init__(change.alert, tables)
        self.state = change.state


def alert_summary(root: strawberry.Parent[Page[Alert]]) -> AlertSummary:
    return domain.summarize(root.selection.items)


async def alerts(
    info: Info,
    *,
    first: First = None,
    after: After = None,
    where: Annotated[AlertWhere | None, argument("A filter of alerts; all by default.")] = None,
    as_of: AsOf = None,
) -> Page[Alert]:
    return await page_of(
        info.context,
        ALERTS,
        window(first, after),
        chosen=compile_filter(where, ALERT_COLUMNS),
        order=ALERT_ORDER,
        as_of=as_of,
    )


def fact_value(root: strawberry.Parent[AlertFact]) -> Figure | None:
    return figure(root.value)


@published(AlertFact, "AlertFact", "One piece of evidence for an alert.")
class AlertFactType:
    name: str = attribute("Its name.")
    value = resolved(fact_value, FigureType | None, "Its value; null if it is not known.")
    unit: str | None = attribute("Unit of the value: share, seconds, seeds, points or count; null for words.")


@published(Alert, "Alert", "A problem of a node.")
class AlertType:
    id: strawberry.ID = attribute("Identifies the alert by node and type; the severity does not change it.")
    severity: Severity = attribute("Its severity.")
    type: AlertKind = attribute("Its type.")
    state = resolved(alert_state, AlertState, "ACTIVE in queries; RAISED or RESOLVED in subscriptions.")
    address: str = attribute("Address of the node, as `HOST:PORT`.")
    pnode = resolved(alerted_node, PNodeType | None, "The node in the same snapshot; null if it is no longer in it.")
    metric: str = attribute("Name of the measured quantity.")
    value = resolved(
        alert_value, FigureType | None, "The measured value: seconds, percent, a count, or a version as text."
    )
    threshold = resolved(alert_threshold, FigureType | None, "The threshold that the value crossed, in the same unit.")
    message: str = attribute("The problem, in a sentence.")
    recommendation: str = attribute("The recommended action.")
    last_seen: DateTime | None = attribute("When the node was last heard of; only for OFFLINE alerts.")
    evidence: list[AlertFactType] = attribute(
        "The evidence; empty for alerts by policy 1.0.", weight=Weight(items=fixed(3))
    )


@published(AlertCount, "AlertCount", "Number of alerts of one type.")
class AlertCountType:
    type: AlertKind = attribute("The type.")
    count: int = attribute("Number of alerts.")


@published(AlertSummary, "AlertSummary", "Counts of the alerts that match.")
class AlertSummaryType:
    total: int = attribute("Number of alerts.")
    critical: int = attribute("Number of critical alerts.")
    warning: int = attribute("Number of warnings.")
    info: int = attribute("Number of alerts that only inform.")
    nodes: int = attribute("Number of nodes that have an alert.")
    by_type: list[AlertCountType] = attribute("Number of alerts of each type that occurs.")


@published(PageEdge, "AlertEdge", "An alert in a page.")
class AlertEdgeType:
    node: AlertType = attribute("The alert.")
    cursor: str = attribute("The cursor to continue from this alert: for `after`.")


@published(Page, "AlertConnection", "A page of alerts, by severity, then address and type.")
class AlertConnectionType:
    edges: list[AlertEdgeType] = attribute("The alerts of this page, each with its cursor.", weight=PAGED)
    nodes: list[AlertType] = attribute("The alerts of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("The position of this page in the list.", weight=PAGE_INFO)
    total_count: int = attribute("Number of alerts that match, in all pages.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
    summary = resolved(
        alert_summary, AlertSummaryType, "Counts over all alerts that match.", weight=Weight(more=summary_cost)
    )
