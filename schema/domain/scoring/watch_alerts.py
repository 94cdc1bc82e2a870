"""Alerts about nodes by policy 2.0: changes for the worse, with their evidence.

The OFFLINE alert of OFFLINE and GHOST nodes, storage that fills up, and flapping are as in policy 1.0. Low usage raises
no alert about a node but one about the network (`schema.domain.network.health`). A low number of witnesses counts only
if enough seeds could list the node, a short uptime only if the node restarts repeatedly, and an old version only once
most of the network has moved on.
"""

from collections.abc import Iterator

from schema.domain.base import DAY, UnixSeconds, rounded, written
from schema.domain.node.estimate import Estimate, PartName
from schema.domain.node.pnode import PNode
from schema.domain.policy import Tier
from schema.domain.scoring.alert import Alert, AlertFact, AlertType, Severity
from schema.domain.scoring.alerts import in_order, node_alerts
from schema.domain.scoring.assume import Assumptions
from schema.domain.scoring.parts import points_of
from schema.domain.snapshot.record import Snapshot
from schema.domain.words import counted

_KEPT = frozenset({AlertType.OFFLINE, AlertType.STORAGE_CRITICAL, AlertType.STORAGE_WARNING, AlertType.GOSSIP_FLAPPING})
_UNITS = {"offline_duration": "seconds", "storage_usage_percent": "percent", "gossip_consistency": "count"}
_SHARE_DIGITS = 4


def watch_alerts(snapshot: Snapshot, *, at: UnixSeconds | None = None) -> tuple[Alert, ...]:
    """All alerts of all nodes that enough seeds list: by severity, then address, type and id."""
    scene = Assumptions(snapshot)
    now = snapshot.header.taken_at if at is None else at
    found = [alert for node in snapshot.nodes if node.supported for alert in _alerts(node, scene, snapshot, now)]
    return in_order(found)


def _alerts(node: PNode, scene: Assumptions, snapshot: Snapshot, at: UnixSeconds) -> Iterator[Alert]:
    latest = snapshot.header.policy.latest_version
    for alert in node_alerts(node, at=at, latest_version=latest, answering_seeds=0):
        if alert.type in _KEPT:
            measured = AlertFact(name=alert.metric, value=alert.value, unit=_UNITS.get(alert.metric))
            yield alert.model_copy(update={"evidence": (measured,)})
    estimate = node.estimate
    if estimate is None:
        return
    if node.key_conflict:
        yield _conflict(node)
    for found in (
        _few_witnesses(node, scene),
        _falling(node, estimate, scene),
        _storm(node, estimate, scene),
        _lag(node, scene),
        _tier(node, estimate, scene),
    ):
        if found is not None:
            yield found


def _conflict(node: PNode) -> Alert:
    alive = [sighting.address for sighting in node.sightings if sighting.status is node.status]
    return _alert(
        node,
        (Severity.CRITICAL, AlertType.KEY_CONFLICT),
        ("processes", 2, 1),
        ("two processes with its key live at once", "Stop one of the two, or give it a key of its own."),
        AlertFact(name="addresses", value=", ".join(alive[:8]) or None),
    )


def _few_witnesses(node: PNode, scene: Assumptions) -> Alert | None:
    seeds, witnesses = scene.listers.of(node), node.witness_count
    rules = scene.alert_policy
    if seeds < rules.min_answering_seeds or 2 * witnesses >= seeds:
        return None
    alone = witnesses <= rules.isolated_witnesses
    return _alert(
        node,
        (
            Severity.CRITICAL if alone else Severity.WARNING,
            AlertType.ISOLATED if alone else AlertType.WEAK_CONNECTIVITY,
        ),
        ("peer_count", witnesses, (seeds + 1) // 2),
        (
            f"listed by {witnesses} of {counted(seeds, 'seed')} that could list it",
            "Open its gossip port (UDP); check its firewall and NAT.",
        ),
        AlertFact(name="seeds that could list it", value=seeds, unit="seeds"),
        AlertFact(name="seeds that list it", value=witnesses, unit="seeds"),
    )


def _falling(node: PNode, estimate: Estimate, scene: Assumptions) -> Alert | None:
    if estimate.counts is None:
        return None
    rules = scene.rules.alerts
    day, week, _ = estimate.counts.windows(scene.expected)
    now, before = day.share, week.share
    if now is None or before is None or now >= rules.fall_below or now > before - rules.fall_points / 100:
        return None
    return _alert(
        node,
        (Severity.CRITICAL if now < rules.fall_critical else Severity.WARNING, AlertType.FALLING_AVAILABILITY),
        ("availability", rounded(100 * now, 2), rounded(100 * before - rules.fall_points, 2)),
        (
            f"online for {100 * now:.1f} % of the last 24 hours, and for {100 * before:.1f} % of the last 7 days",
            "Look for what takes it down: the pod's log, the host, its network.",
        ),
        AlertFact(name="availability of 24 hours", value=rounded(now, _SHARE_DIGITS), unit="share"),
        AlertFact(name="availability of 7 days", value=rounded(before, _SHARE_DIGITS), unit="share"),
        AlertFact(name="time gone within 24 hours", value=day.expected - day.online, unit="seconds"),
    )


def _storm(node: PNode, estimate: Estimate, scene: Assumptions) -> Alert | None:
    rules = scene.rules.alerts
    count = estimate.counts.day_disturbed if estimate.counts is not None else 0
    if count < rules.storm_warning:
        return None
    return _alert(
        node,
        (Severity.CRITICAL if count >= rules.storm_critical else Severity.WARNING, AlertType.RESTART_STORM),
        ("disturbances", count, rules.storm_warning),
        (
            f"{counted(count, 'restart, move or drop', 'restarts, moves and drops')} within 24 hours",
            "Check what ends the pod: memory, disk, a supervisor that restarts it.",
        ),
        AlertFact(name="disturbances of 24 hours", value=count, unit="count"),
        AlertFact(name="uptime", value=node.uptime, unit="seconds"),
    )


def _lag(node: PNode, scene: Assumptions) -> Alert | None:
    rules = scene.rules
    newer = scene.adoption.newer_share(node.version)
    if newer is None or newer <= rules.currency.lag_from:
        return None
    deadline = scene.adoption.deadline(node.version) or 0
    left = deadline - scene.at
    severity = Severity.WARNING if left < rules.alerts.lag_warning_days * DAY else Severity.INFO
    if left <= 0 and newer >= rules.currency.lag_full:
        severity = Severity.CRITICAL
    when = f"by {written(deadline)}" if left > 0 else "and its time is over"
    return _alert(
        node,
        (severity, AlertType.VERSION_LAG),
        ("newer_share", rounded(100 * newer, 2), 100 * rules.currency.lag_from),
        (
            f"runs {node.version}; {100 * newer:.0f} % of its network run a newer release, {when}",
            "Upgrade to the release that most of the network runs.",
        ),
        AlertFact(name="share of its network on newer releases", value=rounded(newer, _SHARE_DIGITS), unit="share"),
        AlertFact(name="version", value=node.version),
        AlertFact(name="deadline", value=written(deadline) if deadline else None),
    )


def _tier(node: PNode, estimate: Estimate, scene: Assumptions) -> Alert | None:
    """A score that falls and will soon leave its tier at this rate: the part that lost most, and since when.

    A node leaves the middle tier only when its upper bound does (`Estimate.tier`). The bound falls as the score does.
    """
    rules, before = scene.rules.alerts, estimate.before
    least = estimate.policy.band(estimate.tier).minimum
    by_bound = estimate.tier is Tier.MEDIUM_RISK
    metric, value = ("score.high", estimate.high) if by_bound else ("score", estimate.composite)
    if before is None or not least or scene.at <= before.at:
        return None
    fallen = before.composite - estimate.composite
    per_day = fallen * DAY / (scene.at - before.at)
    if fallen < rules.tier_fall_points or value - rules.tier_days * per_day >= least:
        return None
    lost = {
        name: points * (was - now)
        for (name, points), was, now in zip(
            points_of(scene.rules).items(), before.shares, estimate.shares, strict=False
        )
        if was is not None and now is not None
    }
    part = max(lost, key=lambda name: lost[name], default=PartName.AVAILABILITY)
    return _alert(
        node,
        (Severity.WARNING, AlertType.TIER_AT_RISK),
        (metric, value, least),
        (
            f"score {estimate.composite:g}, down from {before.composite:g} at {written(before.at)}, most of it for "
            f"{part.value.lower()}; {f'its upper bound is {value:g}, and ' if by_bound else ''}below {least:g} it leaves "
            f"{estimate.tier.value}",
            "Look at the part that lost most; `score.nextStep` says what gains most.",
        ),
        AlertFact(name="part that lost most", value=part.value),
        AlertFact(name="points lost by it", value=rounded(lost.get(part, 0), 2), unit="points"),
        AlertFact(name="since", value=written(before.at)),
        AlertFact(name="score then", value=before.composite, unit="points"),
    )


def _alert(
    node: PNode,
    graded: tuple[Severity, AlertType],
    measured: tuple[str, float, float],
    words: tuple[str, str],
    *evidence: AlertFact,
) -> Alert:
    """An alert. `measured` is the name of the measured quantity, its value, and the bound that it crossed.

    `words` are the message and the recommendation.
    """
    severity, kind = graded
    metric, value, threshold = measured
    message, advice = words
    return Alert(
        id=f"{node.id}/{kind}",
        node_id=node.id,
        address=node.place,
        severity=severity,
        type=kind,
        metric=metric,
        value=value,
        threshold=threshold,
        message=message,
        recommendation=advice,
        evidence=evidence,
    )
