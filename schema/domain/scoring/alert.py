"""The shapes of alerts about single nodes."""

from enum import StrEnum

from schema.domain.base import Record, UnixSeconds


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
    KEY_CONFLICT = "KEY_CONFLICT"
    FALLING_AVAILABILITY = "FALLING_AVAILABILITY"
    RESTART_STORM = "RESTART_STORM"
    VERSION_LAG = "VERSION_LAG"
    TIER_AT_RISK = "TIER_AT_RISK"


class AlertFact(Record):
    """One thing that an alert rests on: what it is, its value (None where not known), and its unit (None for words)."""

    name: str
    value: int | float | str | None
    unit: str | None = None


class Alert(Record):
    """Something wrong with one node. `id` stays the same for the node and the type, whatever the severity.

    `metric` names what was measured, `value` is its measure and `threshold` the bound that it crossed (seconds, percent,
    counts; version strings for versions). `last_seen` is set for OFFLINE only. `evidence` is what it rests on
    besides; alerts by policy 1.0 have none.
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
