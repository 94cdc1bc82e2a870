"""Alerts about single nodes by policy 1.0: at most one per node and type, with the value, the bound and advice."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from operator import ge, gt, le, lt
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, MINUTE, UnixSeconds
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0, AlertPolicy, Policy
from schema.domain.scoring.alert import Alert, AlertCount, AlertSummary, AlertType, CriticalNode, Severity
from schema.domain.snapshot.record import Snapshot
from schema.domain.versions import versions_behind
from schema.domain.words import counted

__all__ = [
    "Alert",
    "AlertCount",
    "AlertSummary",
    "AlertType",
    "CriticalNode",
    "Severity",
    "critical_nodes",
    "in_order",
    "node_alerts",
    "offline_seconds",
    "snapshot_alerts",
    "summarize",
]


class _Band(NamedTuple):
    """A bound, and the alert that is raised when it is crossed."""

    bound: float
    severity: Severity
    type: AlertType
    recommendation: str


class _Bands(NamedTuple):
    """The bands of each check, most urgent first."""

    offline: tuple[_Band, ...]
    uptime: tuple[_Band, ...]
    storage: tuple[_Band, ...]
    version: tuple[_Band, ...]
    connectivity: tuple[_Band, ...]
    underutilized: tuple[_Band, ...]
    flapping: tuple[_Band, ...]


class _Checks(NamedTuple):
    """The values that are the same for all nodes at a time."""

    at: UnixSeconds
    latest_version: str | None
    answering_seeds: int
    min_seeds: int
    bands: _Bands


def _bands(rules: AlertPolicy) -> _Bands:
    critical, warning, info = Severity
    return _Bands(
        offline=(
            _Band(rules.offline_critical_seconds, critical, AlertType.OFFLINE, "Find out whether it is gone for good."),
            _Band(rules.offline_warning_seconds, warning, AlertType.OFFLINE, "Ask its operator whether it comes back."),
            _Band(rules.offline_info_seconds, info, AlertType.OFFLINE, "Wait: pods restart and come back."),
        ),
        uptime=(
            _Band(rules.uptime_critical_seconds, critical, AlertType.LOW_UPTIME, "Check whether it keeps restarting."),
            _Band(rules.uptime_warning_seconds, warning, AlertType.LOW_UPTIME, "Watch whether it stays up."),
        ),
        storage=(
            _Band(rules.storage_critical_percent, critical, AlertType.STORAGE_CRITICAL, "Commit more storage now."),
            _Band(rules.storage_warning_percent, warning, AlertType.STORAGE_WARNING, "Plan for more storage."),
        ),
        version=(
            _Band(rules.versions_critical, critical, AlertType.VERSION_OUTDATED, "Upgrade now."),
            _Band(rules.versions_warning, warning, AlertType.VERSION_BEHIND, "Upgrade soon."),
        ),
        connectivity=(
            _Band(rules.isolated_witnesses, critical, AlertType.ISOLATED, "Open its gossip port (UDP)."),
            _Band(rules.weak_witnesses, warning, AlertType.WEAK_CONNECTIVITY, "Check its firewall and NAT."),
        ),
        underutilized=(
            _Band(rules.underutilized_percent, info, AlertType.UNDERUTILIZED, "Nothing: there is room for data."),
        ),
        flapping=(
            _Band(
                rules.flapping_changes,
                warning,
                AlertType.GOSSIP_FLAPPING,
                "Look for restarts, packet loss, and two pods behind one address.",
            ),
        ),
    )


_GONE = frozenset({PNodeStatus.OFFLINE, PNodeStatus.GHOST})
_SEVERITIES = tuple(Severity)
_TYPES = tuple(AlertType)


def offline_seconds(node: PNode, at: UnixSeconds) -> int | None:
    """How long an OFFLINE or GHOST node has shown no sign of life, in seconds ≥ 0. None for other nodes.

    Counted from its last proof of life. Without one, it is counted from when any seed last saw an OFFLINE node, and
    from when a GHOST was first seen, because its peers keep renewing its last_seen.
    """
    if node.status not in _GONE:
        return None
    since = node.alive_at
    if since is None:
        since = node.last_seen if node.status is PNodeStatus.OFFLINE else node.first_seen
    return max(0, at - (node.first_seen if since is None else since))


def node_alerts(
    node: PNode,
    *,
    at: UnixSeconds,
    latest_version: str | None,
    answering_seeds: int,
    policy: Policy = POLICY_1_0,
) -> tuple[Alert, ...]:
    """The node's alerts, in the order of `AlertType`.

    An OFFLINE or GHOST node has only its OFFLINE alert, an UNKNOWN one none. Unknown values raise no alert. A low
    number of witnesses counts only if at least three seeds answered that could have listed the node; a seed cannot list
    itself. Flapping is more than 3 presence changes in the recent window.
    """
    checks = _Checks(at, latest_version, answering_seeds, policy.alerts.min_answering_seeds, _bands(policy.alerts))
    return tuple(_check(node, checks))


def snapshot_alerts(
    snapshot: Snapshot, policy: Policy = POLICY_1_0, *, at: UnixSeconds | None = None
) -> tuple[Alert, ...]:
    """All alerts of all nodes that enough seeds list: by severity, then address, type and id.

    They are as of the time of the snapshot, or of `at`.
    """
    checks = _Checks(
        at=snapshot.header.taken_at if at is None else at,
        latest_version=snapshot.header.policy.latest_version,
        answering_seeds=snapshot.answering_seeds,
        min_seeds=policy.alerts.min_answering_seeds,
        bands=_bands(policy.alerts),
    )
    return in_order(alert for node in snapshot.nodes if node.supported for alert in _check(node, checks))


def in_order(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Alerts by severity, then address, type and id."""
    return tuple(sorted(alerts, key=_order))


def summarize(alerts: Iterable[Alert]) -> AlertSummary:
    """The number of alerts, with types in the order of `AlertType`."""
    listed = list(alerts)
    severities = Counter(alert.severity for alert in listed)
    types = Counter(alert.type for alert in listed)
    return AlertSummary(
        total=len(listed),
        critical=severities[Severity.CRITICAL],
        warning=severities[Severity.WARNING],
        info=severities[Severity.INFO],
        nodes=len({alert.node_id for alert in listed}),
        by_type=tuple(AlertCount(type=kind, count=types[kind]) for kind in AlertType if types[kind]),
    )


def critical_nodes(alerts: Iterable[Alert]) -> tuple[CriticalNode, ...]:
    """Nodes with critical alerts: most alerts first, then by address and id."""
    by_node: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_node[alert.node_id].append(alert)
    found = [
        CriticalNode(node_id=node_id, address=own[0].address, alert_count=len(own), critical_alerts=tuple(critical))
        for node_id, own in by_node.items()
        if (critical := [alert for alert in own if alert.severity is Severity.CRITICAL])
    ]
    return tuple(sorted(found, key=lambda node: (-node.alert_count, node.address, node.node_id)))


def _check(node: PNode, checks: _Checks) -> list[Alert]:
    bands = checks.bands
    found = [_offline(node, checks.at, bands)]
    if node.is_online:
        enough_seeds = checks.answering_seeds - int(node.is_seed) >= checks.min_seeds
        found = [
            _uptime(node, bands),
            _storage(node, bands),
            _version(node, checks.latest_version, bands),
            _connectivity(node, bands) if enough_seeds else None,
            _underutilized(node, bands),
            _flapping(node, bands),
        ]
    return [alert for alert in found if alert is not None]


def _order(alert: Alert) -> tuple[int, str, int, str]:
    return _SEVERITIES.index(alert.severity), alert.address, _TYPES.index(alert.type), alert.id


def _alert(
    node: PNode,
    band: _Band,
    metric: str,
    value: float | str,
    message: str,
    *,
    threshold: str | None = None,
    last_seen: UnixSeconds | None = None,
) -> Alert:
    return Alert(
        id=f"{node.id}/{band.type}",
        node_id=node.id,
        address=node.place,
        severity=band.severity,
        type=band.type,
        metric=metric,
        value=value,
        threshold=band.bound if threshold is None else threshold,
        message=message,
        recommendation=band.recommendation,
        last_seen=last_seen,
    )


def _first(bands: tuple[_Band, ...], value: float, crossed: Callable[[float, float], bool]) -> _Band | None:
    """The most urgent band whose bound `value` has crossed."""
    for band in bands:
        if crossed(value, band.bound):
            return band
    return None


def _offline(node: PNode, at: UnixSeconds, bands: _Bands) -> Alert | None:
    away = offline_seconds(node, at)
    if away is None:
        return None
    band = _first(bands.offline, away, gt)
    message = f"no sign of life for {_duration(away)}"
    return band and _alert(node, band, "offline_duration", away, message, last_seen=node.last_seen)


def _uptime(node: PNode, bands: _Bands) -> Alert | None:
    if node.uptime is None:
        return None
    band = _first(bands.uptime, node.uptime, lt)
    return band and _alert(node, band, "uptime", node.uptime, f"up for {_duration(node.uptime)} only")


def _storage(node: PNode, bands: _Bands) -> Alert | None:
    usage = node.storage_usage_percent
    if usage is None:
        return None
    band = _first(bands.storage, usage, gt)
    return band and _alert(node, band, "storage_usage_percent", usage, f"{usage:.1f} % of its storage is used")


def _version(node: PNode, latest: str | None, bands: _Bands) -> Alert | None:
    behind = versions_behind(node.version, latest)
    if behind is None:
        return None
    band = _first(bands.version, behind, ge)
    message = f"runs {node.version}; the latest release is {latest}, minor releases behind: {behind}"
    return band and _alert(node, band, "version", str(node.version), message, threshold=str(latest))


def _connectivity(node: PNode, bands: _Bands) -> Alert | None:
    witnesses = node.witness_count
    band = _first(bands.connectivity, witnesses, le)
    return band and _alert(node, band, "peer_count", witnesses, f"seeds that answered and list it: {witnesses}")


def _underutilized(node: PNode, bands: _Bands) -> Alert | None:
    usage = node.storage_usage_percent
    if usage is None:
        return None
    band = _first(bands.underutilized, usage, lt)
    return band and _alert(node, band, "storage_usage_percent", usage, f"only {usage:.1f} % of its storage is used")


def _flapping(node: PNode, bands: _Bands) -> Alert | None:
    changes = node.state_changes
    band = _first(bands.flapping, changes, gt)
    return band and _alert(node, band, "gossip_consistency", changes, f"came or went {counted(changes, 'time')} lately")


def _duration(seconds: int) -> str:
    """A length of time in its largest whole unit: `3 days`, `1 hour`, `59 minutes`."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds >= unit:
            count = seconds // unit
            return counted(count, word)
    return "less than a minute"
