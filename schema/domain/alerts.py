"""What is wrong with single nodes: one alert for a node and a type, with the figure, the bound and the advice."""

from collections.abc import Iterable
from enum import StrEnum

from schema.domain.base import Record, UnixSeconds
from schema.domain.pnode import PNode
from schema.domain.policy import POLICY_1_0, Policy
from schema.domain.snapshot import Snapshot


class Severity(StrEnum):
    """How urgent an alert is, most urgent first."""

    CRITICAL = "CRITICAL"
    WARNING = "WARNING"
    INFO = "INFO"


class AlertType(StrEnum):
    """What an alert is about, in the order in which a node's alerts are listed."""

    OFFLINE = "OFFLINE"
    LOW_UPTIME = "LOW_UPTIME"
    STORAGE_CRITICAL = "STORAGE_CRITICAL"
    STORAGE_WARNING = "STORAGE_WARNING"
    VERSION_OUTDATED = "VERSION_OUTDATED"
    VERSION_BEHIND = "VERSION_BEHIND"
    ISOLATED = "ISOLATED"
    WEAK_CONNECTIVITY = "WEAK_CONNECTIVITY"
    UNDERUTILIZED = "UNDERUTILIZED"
    GOSSIP_FLAPPING = "GOSSIP_FLAPPING"


class Alert(Record):
    """Something wrong with one node. `id` stays the same for the node and the type, whatever the severity.

    `metric` names what was measured, `value` is its measure and `threshold` the bound that it crossed (seconds, percent,
    counts; version strings for versions). `last_seen` is set for OFFLINE only.
    """

    id: str
    node_id: str
    address: str
    severity: Severity
    type: AlertType
    metric: str
    value: int | float | str
    threshold: int | float | str
    message: str
    recommendation: str
    last_seen: UnixSeconds | None = None


class AlertCount(Record):
    """How many alerts are of a type."""

    type: AlertType
    count: int


class AlertSummary(Record):
    """Alerts counted. `nodes` is the number of nodes that have any; `by_type` holds only types that occur."""

    total: int
    critical: int
    warning: int
    info: int
    nodes: int
    by_type: tuple[AlertCount, ...]


class CriticalNode(Record):
    """A node with critical alerts, and the number of all its alerts."""

    node_id: str
    address: str
    alert_count: int
    critical_alerts: tuple[Alert, ...]


def offline_seconds(node: PNode, at: UnixSeconds) -> int | None:
    """For how long an OFFLINE or GHOST node has shown no life, in seconds ≥ 0; None for other nodes.

    Counted from its last proof of life; where there never was one, from when an OFFLINE node was last seen by any
    seed, and from when a GHOST was first seen (its own last_seen keeps being renewed by its peers).
    """
    raise NotImplementedError


def node_alerts(
    node: PNode,
    *,
    at: UnixSeconds,
    latest_version: str | None,
    answering_seeds: int,
    policy: Policy = POLICY_1_0,
) -> tuple[Alert, ...]:
    """The node's alerts, in the order of `AlertType`.

    An OFFLINE or GHOST node has only its OFFLINE alert, an UNKNOWN one none. What is not known raises nothing. Few
    witnesses mean something only where at least three seeds answered that could have listed the node; a seed cannot
    list itself. Flapping is more than 3 changes of presence over the recent window.
    """
    raise NotImplementedError


def snapshot_alerts(snapshot: Snapshot, policy: Policy = POLICY_1_0) -> tuple[Alert, ...]:
    """All alerts of all nodes as of the snapshot: by severity, then address, type and id."""
    raise NotImplementedError


def summarize(alerts: Iterable[Alert]) -> AlertSummary:
    """The alerts counted, types in the order of `AlertType`."""
    raise NotImplementedError


def critical_nodes(alerts: Iterable[Alert]) -> tuple[CriticalNode, ...]:
    """Nodes with critical alerts: most alerts first, then by address and id."""
    raise NotImplementedError
