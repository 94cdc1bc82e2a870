"""The shapes of alerts about single nodes."""

from enum import StrEnum

from schema.domain.base import Record, UnixSeconds


class Severity(StrEnum):
    """How urgent an alert is, most urgent first."""

    CRITICAL = "CRITICAL"
    WARNING = "WARNING"
    INFO = "INFO"


class AlertType(StrEnum):
    """The topic of an alert, in the order in which a node's alerts are listed."""

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
    KEY_CONFLICT = "KEY_CONFLICT"
    FALLING_AVAILABILITY = "FALLING_AVAILABILITY"
    RESTART_STORM = "RESTART_STORM"
    VERSION_LAG = "VERSION_LAG"
    TIER_AT_RISK = "TIER_AT_RISK"


class AlertFact(Record):
    """One piece of evidence for an alert: its name, its value (None if not known), and its unit (None for text)."""

    name: str
    value: int | float | str | None
    unit: str | None = None


class Alert(Record):
    """An alert about one node. `id` is the same for a node and a type, whatever the severity.

    `metric` names the measured quantity, `value` is its value and `threshold` the bound that it crossed (seconds,
    percent, counts; version strings for versions). `last_seen` is set for OFFLINE only. `evidence` lists further
    values; alerts by policy 1.0 have none.
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
    evidence: tuple[AlertFact, ...] = ()


class AlertCount(Record):
    """Number of alerts of one type."""

    type: AlertType
    count: int


class AlertSummary(Record):
    """The number of alerts. `nodes` is the number of nodes that have any; `by_type` has only types that occur."""

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
