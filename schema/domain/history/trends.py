"""Change over time: of the network between two snapshots, and of the network or a node over the points of a history."""

from collections.abc import Sequence
from enum import StrEnum

from schema.domain.base import HOUR, Record, Slot, UnixSeconds, rounded
from schema.domain.history.points import METRIC_SCALE, HistoryPoint
from schema.domain.snapshot.record import SnapshotHeader

# After some days only hourly snapshots are kept, and single slots may be missing. A larger difference is a gap.
MAX_LAG_SHARE = 0.1
MAX_LAG_INTERVALS = 2
# Means come from divisions. A difference below these decimals is a rounding artefact.
DELTA_DECIMALS = 6


class Trend(StrEnum):
    """The sign of a change."""

    UP = "UP"
    DOWN = "DOWN"
    LEVEL = "LEVEL"


class Change(Record):
    """The change between two values: `delta` = end − start; `percent` of the start, None if the start is 0."""

    start: int | float
    end: int | float
    delta: int | float
    percent: float | None
    trend: Trend


class Growth(Record):
    """The network then and now. `hours` is the requested time span, `seconds` the time between the two snapshots.

    `total` counts all known nodes, including those that have left gossip, so it falls only when nodes are forgotten.
    `in_gossip` counts those in gossip, `online` the live ones. `storage_committed` is in bytes over online nodes, and
    `witnesses` is the mean per online node. `witnesses` and `score` are None if either snapshot lacks them. Everything
    except `hours` and `end` is None if there is no snapshot to compare with.
    """

    hours: float
    seconds: int | None = None
    start: UnixSeconds | None = None
    end: UnixSeconds
    total: Change | None = None
    in_gossip: Change | None = None
    online: Change | None = None
    storage_committed: Change | None = None
    storage_used: Change | None = None
    witnesses: Change | None = None
    score: Change | None = None
    health: Change | None = None


class HistorySummary(Record):
    """The first point of a network history against the last. A change is None if either value is not known.

    `versions` is the change in the number of known versions.
    """

    start: UnixSeconds
    end: UnixSeconds
    total: Change | None
    in_gossip: Change | None
    online: Change | None
    storage_committed: Change | None
    witnesses: Change | None
    versions: Change


class NodeTrends(Record):
    """The first point of a node's history against the last. None if either value is not known."""

    uptime: Change | None
    storage_used: Change | None
    score: Change | None
    estimate: Change | None


def covers(growth: Growth, interval: int) -> bool:
    """Whether the two snapshots are as far apart as requested. `interval` is the polling interval in seconds.

    In a younger store, the first snapshot is used, and the change covers a shorter time. Snapshots are taken at
    slightly different times within their slots, which can shift them by up to one interval.
    """
    return growth.seconds is not None and growth.seconds > growth.hours * HOUR - interval


def change(start: float, end: float) -> Change:
    """The change between two values. Integers stay integers; other changes are rounded to `DELTA_DECIMALS`."""
    delta = end - start
    if isinstance(delta, float):
        delta = rounded(delta, DELTA_DECIMALS)
    return Change(
        start=start,
        end=end,
        delta=delta,
        percent=rounded(100 * delta / start, 2) if start else None,
        trend=trend_of(delta),
    )


def trend_of(delta: float) -> Trend:
    """The sign of a change. Pass the displayed value, so that a change that rounds to 0 is LEVEL."""
    return Trend.UP if delta > 0 else Trend.DOWN if delta < 0 else Trend.LEVEL


def asked_slot(newest: SnapshotHeader, hours: float) -> Slot:
    """The start of the time span for growth over this many hours."""
    return newest.slot - round(hours * HOUR)


def growth_since(base: SnapshotHeader | None, newest: SnapshotHeader, hours: float) -> Growth:
    """The growth of the network up to the newest snapshot.

    `base` is the newest kept snapshot taken `hours` ago or earlier, or the first one in a younger store. Growth is null
    without a base, and if the base is older than the requested start by more than `MAX_LAG_SHARE` of those hours or two
    intervals, whichever is longer: growth during a gap cannot be assigned to the period.
    """
    if base is None or base.slot >= newest.slot:
        return Growth(hours=hours, end=newest.taken_at)
    lag = asked_slot(newest, hours) - base.slot
    if lag > max(MAX_LAG_SHARE * hours * HOUR, MAX_LAG_INTERVALS * newest.interval):
        return Growth(hours=hours, end=newest.taken_at)
    then, now = base.totals, newest.totals
    return Growth(
        hours=hours,
        seconds=newest.taken_at - base.taken_at,
        start=base.taken_at,
        end=newest.taken_at,
        total=change(then.total, now.total),
        in_gossip=change(then.in_gossip, now.in_gossip),
        online=change(then.online, now.online),
        storage_committed=change(then.storage_committed, now.storage_committed),
        storage_used=change(then.storage_used, now.storage_used),
        witnesses=_change(then.avg_witnesses, now.avg_witnesses),
        score=_change(then.avg_score, now.avg_score),
        health=change(base.health.score, newest.health.score),
    )


def history_summary(points: Sequence[HistoryPoint]) -> HistorySummary | None:
    """The changes over a network history (points oldest first). None without points."""
    if not points:
        return None
    first, last = points[0], points[-1]

    def between(metric: str) -> Change | None:
        return _change(_newest(first, metric), _newest(last, metric))

    return HistorySummary(
        start=first.start,
        end=last.end,
        total=between("total"),
        in_gossip=_gossip_change(first, last),
        online=between("online"),
        storage_committed=between("storage_committed"),
        witnesses=between("avg_witnesses"),
        versions=change(_versions_known(first), _versions_known(last)),
    )


def node_trends(points: Sequence[HistoryPoint]) -> NodeTrends | None:
    """The changes over a node's history (points oldest first), for each metric between the first and the last point
    that have it. None without points."""
    if not points:
        return None

    def between(metric: str) -> Change | None:
        known = [value for value in (_newest(point, metric) for point in points) if value is not None]
        return change(known[0], known[-1]) if known else None

    return NodeTrends(
        uptime=between("uptime"),
        storage_used=between("storage_used"),
        score=between("score"),
        estimate=between("estimate"),
    )


def _change(start: float | None, end: float | None) -> Change | None:
    return None if start is None or end is None else change(start, end)


def _gossip_change(first: HistoryPoint, last: HistoryPoint) -> Change | None:
    start, end = first.in_gossip(), last.in_gossip()
    return None if start is None or end is None else change(start.last, end.last)


def _newest(point: HistoryPoint, metric: str) -> int | float | None:
    """The newest sample of a metric, as an integer if the metric is one. None if it was never known."""
    value = point.last(metric)
    return int(value) if value is not None and METRIC_SCALE[metric] == 1 else value


def _versions_known(point: HistoryPoint) -> int:
    return sum(version is not None for version, _ in point.versions)
