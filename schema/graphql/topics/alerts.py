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
from schema.graphql.lists.paging import Edge, Page, window
from schema.graphql.lists.selecting import Listing, page_of
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
ALERTS = Listing(ALERT_COLUMNS, lambda tables: tables.alerts, usual=ALERT_ORDER, timed=True)


@strawberry.input(
    name="AlertWhere", description="Which alerts are wanted. At most 100 conditions, nested at most 5 deep."
)
class AlertWhere:
    severity: SeverityFilter | None = operator("How urgent it is.")
    type: AlertTypeFilter | None = operator("What it is about.")
    address: StringFilter | None = operator("Address of the node, as `HOST:PORT`.")
    pnode: StringFilter | None = operator("Id of the node.")
    and_: list["AlertWhere"] | None = strawberry.field(
        name="and", description="All of these hold; at most 100.", default=UNSET
    )
    or_: list["AlertWhere"] | None = strawberry.field(
        name="or", description="At least one of these holds; at most 100. An empty list admits nothing.", default=UNSET
    )
    not_: "AlertWhere | None" = strawberry.field(name="not", description="This does not hold.", default=UNSET)


class AlertState(StrEnum):
    """Whether an alert holds, has just begun to hold, or has just ceased to."""

    ACTIVE = "ACTIVE"
    RAISED = "RAISED"
    RESOLVED = "RESOLVED"


describe(
    AlertState,
    "Whether an alert holds.",
    {
        AlertState.ACTIVE: "It is active in the requested snapshot.",
        AlertState.RAISED: "It holds in this snapshot and did not in the one before, or not with this severity.",
        AlertState.RESOLVED: "It held in the snapshot before and does not in this one.",
    },
)


class AlertChange(NamedTuple):
    """An alert that was raised or resolved, as a record of its own."""

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
    where: Annotated[AlertWhere | None, argument("Which alerts are wanted; all by default.")] = None,
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


@published(AlertFact, "AlertFact", "One thing that an alert rests on.")
class AlertFactType:
    name: str = attribute("What it is.")
    value = resolved(fact_value, FigureType | None, "Its value; null where it is not known.")
    unit: str | None = attribute("Unit of the value: share, seconds, seeds, points or count; null for words.")


@published(Alert, "Alert", "Something wrong with a node.")
class AlertType:
    id: strawberry.ID = attribute("The same for a node and a type, whatever the severity.")
    severity: Severity = attribute("How urgent it is.")
    type: AlertKind = attribute("What it is about.")
    state = resolved(alert_state, AlertState, "ACTIVE in answers to queries; RAISED or RESOLVED in subscriptions.")
    address: str = attribute("Address of the node, as `HOST:PORT`.")
    pnode = resolved(alerted_node, PNodeType | None, "The node, in the same snapshot; null where it has left it.")
    metric: str = attribute("Name of what was measured.")
    value = resolved(
        alert_value, FigureType | None, "What was measured: seconds, percent, counts, or a version as text."
    )
    threshold = resolved(alert_threshold, FigureType | None, "The bound that it crossed, in the same unit.")
    message: str = attribute("What is wrong, in a sentence.")
    recommendation: str = attribute("What to do.")
    last_seen: DateTime | None = attribute("When the node was last heard of; of OFFLINE alerts alone.")
    evidence: list[AlertFactType] = attribute(
        "What it rests on; empty for alerts by policy 1.0.", weight=Weight(items=fixed(3))
    )


@published(AlertCount, "AlertCount", "How many alerts are of a type.")
class AlertCountType:
    type: AlertKind = attribute("The type.")
    count: int = attribute("Number of alerts.")


@published(AlertSummary, "AlertSummary", "Alerts that match, counted.")
class AlertSummaryType:
    total: int = attribute("Number of alerts.")
    critical: int = attribute("Number of critical alerts.")
    warning: int = attribute("Number of warnings.")
    info: int = attribute("Number of alerts that only inform.")
    nodes: int = attribute("Number of nodes that have any.")
    by_type: list[AlertCountType] = attribute("Number of alerts of each type that occurs.")


@published(Edge, "AlertEdge", "An alert in a page.")
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
        alert_summary, AlertSummaryType, "All alerts that match, counted.", weight=Weight(more=summary_cost)
    )
