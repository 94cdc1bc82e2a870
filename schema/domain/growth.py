"""Change over time: of a node's storage, of the network between two snapshots, and over the points of a history."""

from collections.abc import Sequence
from enum import StrEnum

from schema.domain.base import Record, UnixSeconds
from schema.domain.history import HistoryPoint
from schema.domain.memory import UsedSample
from schema.domain.policy import POLICY_1_0, Policy
from schema.domain.snapshot import SnapshotHeader


class Trend(StrEnum):
    """The sign of a change."""

    UP = "UP"
    DOWN = "DOWN"
    LEVEL = "LEVEL"


class Change(Record):
    """From one figure to another: `delta` = end − start; `percent` of the start, None where the start is 0."""

    start: int | float
    end: int | float
    delta: int | float
    percent: float | None
    trend: Trend


class Growth(Record):
    """The network then and now. `hours` is what was asked for, `seconds` what lies between the two snapshots.

    `total` counts all known nodes, `online` the live ones; `storage_committed` in bytes over online nodes; `witnesses`
    is the mean per online node. `witnesses`, `score` are None where either end does not know it.
    """

    hours: float
    seconds: int
    start: UnixSeconds
    end: UnixSeconds
    total: Change
    online: Change
    storage_committed: Change
    storage_used: Change
    witnesses: Change | None
    score: Change | None
    health: Change


class HistorySummary(Record):
    """First against last point of a network history; a change is None where one of its ends is not known.

    `versions` is the change in the number of known versions: fewer is steadier.
    """

    start: UnixSeconds
    end: UnixSeconds
    total: Change | None
    online: Change | None
    storage_committed: Change | None
    witnesses: Change | None
    versions: Change


class NodeTrends(Record):
    """First against last point of a node's history; None where one of the ends is not known."""

    uptime: Change | None
    storage_used: Change | None
    score: Change | None


def change(start: float, end: float) -> Change:
    """What happened between two figures. Integers stay integers."""
    raise NotImplementedError


def growth_between(start: SnapshotHeader, end: SnapshotHeader, hours: float) -> Growth:
    """The network's growth from one snapshot to a later one. The caller picks the one closest to `hours` before."""
    raise NotImplementedError


def history_summary(points: Sequence[HistoryPoint]) -> HistorySummary | None:
    """What changed over a network history (points oldest first); None without points."""
    raise NotImplementedError


def node_trends(points: Sequence[HistoryPoint]) -> NodeTrends | None:
    """What changed over a node's history (points oldest first): between the first and the last point at which each
    metric is known. None without points."""
    raise NotImplementedError


def storage_growth(
    samples: Sequence[UsedSample], used: int | None, at: UnixSeconds, policy: Policy = POLICY_1_0
) -> float | None:
    """Growth of a node's used storage, −1..1: (used − used then)/max(used then, 1 MiB), clamped.

    "Then" is the newest sample that is at least 7 days old, or the oldest one there is. None where `used` is not known,
    or the samples reach back less than a day. The floor keeps a few bytes from counting as explosive growth.
    """
    raise NotImplementedError


def growth_trend(growth: float | None) -> float | None:
    """The share 0..1 that capacity counts: 0.5 + 0.5·growth, for a growth −1..1; None stays None."""
    raise NotImplementedError
