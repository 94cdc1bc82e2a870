"""History in buckets: the shapes for one node and for the network.

A bucket is start-inclusive and aligned to UTC. It keeps `n sum min max last` per metric, as integers in the metric's
own unit (`METRIC_SCALE`), so any split of the raw points recombines to the same bucket. A bucket without samples does
not exist. It lowers `coverage` and is never shown as zero.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from pydantic import SkipValidation

from schema.domain.base import DAY, HOUR, MINUTE, Record, UnixSeconds


class Resolution(StrEnum):
    """The resolution of a history. AUTO: the finest one that yields at most 1,000 existing points."""

    AUTO = "AUTO"
    RAW = "RAW"
    M5 = "M5"
    H1 = "H1"
    D1 = "D1"


BUCKET_SECONDS: Mapping[Resolution, int] = {Resolution.M5: 5 * MINUTE, Resolution.H1: HOUR, Resolution.D1: DAY}
MAX_POINTS = 1_000

# Stored integers per published unit: a score of 85.25 is stored as 8525, a percentage with nine decimals.
METRIC_SCALE: Mapping[str, int] = {
    "online": 1,
    "uptime": 1,
    "storage_committed": 1,
    "storage_used": 1,
    "storage_usage_percent": 1_000_000_000,
    "witnesses": 1,
    "score": 100,
    "trust": 100,
    "capacity": 100,
    "estimate": 100,
    "total": 1,
    "ghost": 1,
    "offline": 1,
    "unknown": 1,
    "public": 1,
    "private": 1,
    "avg_uptime": 1,
    "avg_witnesses": 1_000,
    "avg_score": 100,
    "health_score": 100,
    "seeds_configured": 1,
    "seeds_ok": 1,
    "avg_cpu_percent": 100,
    "avg_ram_used_percent": 100,
    "active_streams": 1,
    "bytes_processed": 1,
}
NODE_METRICS = (
    "online",
    "uptime",
    "storage_committed",
    "storage_used",
    "storage_usage_percent",
    "witnesses",
    "score",
    "trust",
    "capacity",
    # New metrics are appended: blocks that are older than a metric end before it.
    "estimate",
)
NETWORK_METRICS = (
    "total",
    "online",
    "ghost",
    "offline",
    "unknown",
    "public",
    "private",
    "storage_committed",
    "storage_used",
    "storage_usage_percent",
    "avg_uptime",
    "avg_witnesses",
    "avg_score",
    "health_score",
    "seeds_configured",
    "seeds_ok",
    "avg_cpu_percent",
    "avg_ram_used_percent",
    "active_streams",
    "bytes_processed",
)


class Stat(NamedTuple):
    """One metric in a bucket, in stored integers. `n` counts the samples in which it was known.

    A named tuple, because a long history has tens of thousands and a validated record takes five times longer to
    create.
    """

    n: int
    sum: int
    min: int
    max: int
    last: int


class Derived(NamedTuple):
    """A count derived from other counts in a bucket: its samples, their sum, and the newest one."""

    samples: int
    sum: int
    last: int

    @property
    def avg(self) -> float:
        return self.sum / self.samples


class HistoryPoint(NamedTuple):
    """One bucket, or one raw slot (`end` is then the end of its slot).

    `samples` are the slots observed, `expected` the slots in its time. `partial` marks the open bucket. `versions`
    counts samples of online nodes by version (network history only). A named tuple for the same reason as `Stat`.
    """

    start: UnixSeconds
    end: UnixSeconds
    samples: int
    expected: int
    stats: Mapping[str, Stat]
    versions: Sequence[tuple[str | None, int]] = ()
    partial: bool = False

    def mean(self, metric: str) -> float | None:
        """The average over the bucket's samples in the metric's published unit. None if it was never known."""
        stat = self.stats.get(metric)
        return stat.sum / stat.n / METRIC_SCALE[metric] if stat else None

    def in_gossip(self) -> Derived | None:
        """Nodes in gossip: total − offline, of the network. None if either is not known."""
        total, offline = self.stats.get("total"), self.stats.get("offline")
        if total is None or offline is None or total.n != offline.n:
            return None
        return Derived(total.n, total.sum - offline.sum, total.last - offline.last)

    def public_unknown(self) -> Derived | None:
        """Online nodes for which no seed reports whether they are public: online − public − private, of the network.

        It is derived instead of stored, so that older releases can read the buckets. None if any part is not known.
        """
        online, public, private = (self.stats.get(metric) for metric in ("online", "public", "private"))
        if online is None or public is None or private is None or not online.n == public.n == private.n:
            return None
        return Derived(online.n, online.sum - public.sum - private.sum, online.last - public.last - private.last)

    def last(self, metric: str) -> float | None:
        """The newest sample in the metric's published unit. None if it was never known."""
        stat = self.stats.get(metric)
        return stat.last / METRIC_SCALE[metric] if stat else None


class History(Record):
    """The points of a range, oldest first, at the resolution that was used.

    `coverage` is samples / expected over the range (0..1), None if nothing was expected.
    """

    resolution: Resolution
    start: UnixSeconds
    end: UnixSeconds
    coverage: float | None
    truncated: bool = False
    points: SkipValidation[tuple[HistoryPoint, ...]]


class Availability(Record):
    """How often a node was observed online: `percent` 0..100, over `samples` of `expected` slots."""

    percent: float
    samples: int
    expected: int


class AvailableRange(Record):
    """The earliest time that questions can refer to, by kind of data. None if nothing is stored yet."""

    earliest_snapshot: UnixSeconds | None
    latest_snapshot: UnixSeconds | None
    earliest_history: UnixSeconds | None
