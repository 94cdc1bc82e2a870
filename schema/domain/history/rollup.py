"""From snapshots to buckets: the samples that a snapshot gives, and how they are combined.

A subject is a node, or the network. All figures are integers in the metric's stored unit (`METRIC_SCALE`), so sums do
not depend on the order or the grouping of the additions: the M5 buckets of an hour recombine to the same H1 bucket as
its raw samples. Buckets are aligned to UTC. A bucket without samples does not exist.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, Slot, UnixSeconds
from schema.domain.history.points import (
    BUCKET_SECONDS,
    METRIC_SCALE,
    NETWORK_METRICS,
    NODE_METRICS,
    HistoryPoint,
    Resolution,
    Stat,
)
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import NetworkTotals, SnapshotHeader, VersionCount

# Versions are untrusted text. A bucket names a limited number of them and counts the rarer ones under this name.
MAX_VERSIONS = 64
OTHER_VERSIONS = ""

Versions = tuple[tuple[str | None, int], ...]

_M5 = BUCKET_SECONDS[Resolution.M5]


class Sample(NamedTuple):
    """The sample of one subject in one snapshot.

    `values` are stored integers in the order of the subject's metrics (`NODE_METRICS` or `NETWORK_METRICS`), None if
    the metric was not known. Samples that are older than the last metrics end before these. `interval` is the
    snapshot's, in seconds. `versions` is for the network only.
    """

    slot: Slot
    interval: int
    values: tuple[int | None, ...]
    versions: Versions = ()


class Hour(NamedTuple):
    """The stored data of one subject's hour: its raw samples, its non-empty M5 buckets, and its H1 bucket."""

    raw: tuple[Sample, ...]
    m5: tuple[HistoryPoint, ...]
    h1: HistoryPoint


class Beat(NamedTuple):
    """A committed slot, and the interval (seconds) in force at that time."""

    slot: Slot
    interval: int


def stored(metric: str, value: float | None) -> int | None:
    """Convert a published value to its stored integer. None stays None."""
    return None if value is None else round(value * METRIC_SCALE[metric])


def network_sample(header: SnapshotHeader) -> Sample:
    """The sample of the network in a snapshot. A network without nodes has no health."""
    totals = header.totals
    published: Mapping[str, float | None] = {
        "total": totals.total,
        "online": totals.online,
        "ghost": totals.ghost,
        "offline": totals.offline,
        "unknown": totals.unknown,
        "public": totals.public,
        "private": totals.private,
        "storage_committed": totals.storage_committed,
        "storage_used": totals.storage_used,
        "storage_usage_percent": totals.avg_storage_usage_percent,
        "avg_uptime": totals.avg_uptime_seconds,
        "avg_witnesses": totals.avg_witnesses,
        "avg_score": totals.avg_score,
        "health_score": header.health.score if header.health.factors is not None else None,
        "seeds_configured": totals.seeds_configured,
        "seeds_ok": totals.seeds_ok,
        "avg_cpu_percent": totals.avg_cpu_percent,
        "avg_ram_used_percent": totals.avg_ram_used_percent,
        "active_streams": totals.active_streams,
        "bytes_processed": totals.bytes_processed,
    }
    values = tuple(stored(metric, published[metric]) for metric in NETWORK_METRICS)
    return Sample(header.slot, header.interval, values, _versions(totals))


def node_sample(node: PNode, slot: Slot, interval: int) -> Sample:
    """The sample of one node in a snapshot.

    Whether a node was online and how many seeds listed it is known for every node. Measurements count only if they were
    made in this slot: the last known values of a node that no seed lists are not an observation.
    """
    score = node.score
    fresh = node.provenance.observed_at >= slot
    published: tuple[float | None, ...] = (
        int(node.is_online),
        node.uptime if fresh else None,
        node.storage_committed if fresh else None,
        node.storage_used if fresh else None,
        node.storage_usage_percent if fresh else None,
        node.witness_count,
        score.composite if score else None,
        score.trust.score if score else None,
        score.capacity.score if score else None,
        node.estimate.composite if node.estimate else None,
    )
    values = tuple(stored(metric, value) for metric, value in zip(NODE_METRICS, published, strict=True))
    return Sample(slot, interval, values)


class SampleStats(Mapping[str, Stat]):
    """The stats of one sample, each created on access: most questions need only a few of them."""

    __slots__ = ("_metrics", "_values")

    def __init__(self, metrics: Sequence[str], values: tuple[int | None, ...]) -> None:
        self._metrics = metrics
        self._values = values

    def __getitem__(self, metric: str) -> Stat:
        try:
            value = self._values[self._metrics.index(metric)]
        except (ValueError, IndexError):
            raise KeyError(metric) from None
        if value is None:
            raise KeyError(metric)
        return Stat(1, value, value, value, value)

    def __iter__(self) -> Iterator[str]:
        return (metric for metric, value in zip(self._metrics, self._values, strict=False) if value is not None)

    def __len__(self) -> int:
        return len(self._values) - self._values.count(None)

    def __repr__(self) -> str:
        return repr(dict(self))


def raw_point(sample: Sample, metrics: Sequence[str]) -> HistoryPoint:
    """A sample as a point of history that ends with its slot."""
    end = sample.slot + sample.interval
    stats = SampleStats(metrics, sample.values)
    return HistoryPoint(sample.slot, end, samples=1, expected=1, stats=stats, versions=sample.versions)


def expected_slots(beats: Sequence[Beat], start: UnixSeconds, end: UnixSeconds) -> int:
    """How many slots begin in [start, end), given the intervals of the committed `beats` around it (sorted, not empty).

    The interval of a beat applies until the next beat. Before the first beat, its interval applies too.
    """
    edges = [start, *(beat.slot for beat in beats[1:]), end]
    return sum(_multiples(beat.interval, max(start, edges[i]), min(end, edges[i + 1])) for i, beat in enumerate(beats))


def hour_room(beats: Sequence[Beat], hour: UnixSeconds, until: UnixSeconds | None = None) -> Mapping[UnixSeconds, int]:
    """How many slots each M5 window of an hour can hold, by the window's start. `beats` are those of the hour.

    In an hour that is not over, only the time before `until` counts.
    """
    end = hour + HOUR if until is None else until
    return {start: expected_slots(beats, start, min(end, start + _M5)) for start in range(hour, hour + HOUR, _M5)}


def roll_hour(
    samples: Sequence[Sample], metrics: Sequence[str], hour: UnixSeconds, expected: Mapping[UnixSeconds, int]
) -> Hour:
    """The hour of one subject that begins at `hour`, from its samples (sorted, at least one).

    `expected` is `hour_room` over all committed slots of that hour, including those without the subject.
    """
    m5 = tuple(_bucket(part, metrics, start, start + _M5, expected[start]) for start, part in _windows(samples, _M5))
    return Hour(tuple(samples), m5, combine(m5, hour, hour + HOUR, sum(expected.values())))


def roll_day(hours: Sequence[HistoryPoint], day: UnixSeconds, until: UnixSeconds | None = None) -> HistoryPoint:
    """The D1 bucket of the UTC day that begins at `day`, from its H1 buckets (sorted, at least one).

    In a day that is not over, only the time before `until` counts as expected.
    """
    return combine(hours, day, day + DAY, room(hours, day, day + DAY if until is None else min(until, day + DAY)))


def room(points: Sequence[HistoryPoint], start: UnixSeconds, end: UnixSeconds) -> int:
    """How many slots [start, end) can hold: those expected by its points (sorted), with gaps filled at the same
    frequency.

    0 without points, because the interval is then unknown.
    """
    covered = sum(p.end - p.start for p in points)
    expected = sum(p.expected for p in points)
    gaps = max(0, end - start - covered)
    return expected + (gaps * expected + covered // 2) // covered if covered else 0


def combine(points: Sequence[HistoryPoint], start: UnixSeconds, end: UnixSeconds, expected: int) -> HistoryPoint:
    """Merge points into one bucket, in order of time. Any split of the samples gives the same figures."""
    stats: dict[str, Stat] = {}
    versions: dict[str | None, int] = {}
    for each in points:
        for metric, new in each.stats.items():
            old = stats.get(metric)
            stats[metric] = new if old is None else _add(old, new)
        for version, count in each.versions:
            versions[version] = versions.get(version, 0) + count
    samples = sum(p.samples for p in points)
    return HistoryPoint(start, end, samples=samples, expected=expected, stats=stats, versions=_ordered(versions))


def _add(old: Stat, new: Stat) -> Stat:
    return Stat(old.n + new.n, old.sum + new.sum, min(old.min, new.min), max(old.max, new.max), new.last)


def _bucket(
    samples: Sequence[Sample], metrics: Sequence[str], start: UnixSeconds, end: UnixSeconds, expected: int
) -> HistoryPoint:
    stats: dict[str, Stat] = {}
    for metric, column in zip(metrics, zip_longest(*(sample.values for sample in samples)), strict=False):
        known = [value for value in column if value is not None]
        if known:
            stats[metric] = Stat(len(known), sum(known), min(known), max(known), known[-1])
    versions: dict[str | None, int] = {}
    for sample in samples:
        for version, count in sample.versions:
            versions[version] = versions.get(version, 0) + count
    return HistoryPoint(start, end, samples=len(samples), expected=expected, stats=stats, versions=_ordered(versions))


def _windows(samples: Sequence[Sample], seconds: int) -> Iterator[tuple[UnixSeconds, Sequence[Sample]]]:
    """Group the samples by aligned window, with each window's start."""
    begin = 0
    for i in range(1, len(samples) + 1):
        window = samples[begin].slot // seconds
        if i == len(samples) or samples[i].slot // seconds != window:
            yield window * seconds, samples[begin:i]
            begin = i


def _multiples(interval: int, start: int, end: int) -> int:
    """How many multiples of `interval` lie in [start, end)."""
    return max(0, -(-end // interval) - -(-start // interval))


def _versions(totals: NetworkTotals) -> Versions:
    """The versions of online nodes, at most `MAX_VERSIONS`. The rarer ones are combined as `OTHER_VERSIONS`."""
    ranked = sorted(totals.versions, key=_rarity)
    counts = {each.version: each.count for each in ranked[:MAX_VERSIONS]}
    rest = sum(each.count for each in ranked[MAX_VERSIONS:])
    if rest:
        counts[OTHER_VERSIONS] = counts.get(OTHER_VERSIONS, 0) + rest
    return _ordered(counts)


def _rarity(each: VersionCount) -> tuple[int, bool, str]:
    return (-each.count, each.version is None, each.version or "")


def _ordered(versions: Mapping[str | None, int]) -> Versions:
    return tuple(sorted(versions.items(), key=lambda item: (item[0] is not None, item[0] or "")))
