"""Versions over time: the share of the network that ran each version, by bucket."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from schema.domain.base import UnixSeconds
from schema.domain.history.points import HistoryPoint
from schema.domain.history.rollup import OTHER_VERSIONS
from schema.domain.versions import sort_key

OTHER = "OTHER"


class VersionShare(NamedTuple):
    """One bucket: the mean number of online nodes that ran a version, and their share of all online nodes, 0..1.

    A named tuple, because an answer has thousands of them and a model takes several times longer to create.
    """

    start: UnixSeconds
    end: UnixSeconds
    nodes: float
    share: float


class VersionSeries(NamedTuple):
    """One version over all buckets. `version` is None for nodes that did not report one, OTHER if `other` is set."""

    version: str | None
    points: tuple[VersionShare, ...]
    other: bool = False


def version_series(points: Sequence[HistoryPoint], top: int) -> tuple[VersionSeries, ...]:
    """The `top` versions with the most samples over the range, most first, then all others combined, if any.

    `points` are the network's, oldest first. A version counts as 0 in a bucket that does not have it.
    """
    counts = [dict(point.versions) for point in points]
    totals: Counter[str | None] = Counter()
    for count in counts:
        for version, samples in count.items():
            totals[version] += samples
    ranked = sorted((v for v in totals if v != OTHER_VERSIONS), key=lambda v: (-totals[v], v is None, sort_key(v)))
    named, rest = ranked[:top], {*ranked[top:], *({OTHER_VERSIONS} & totals.keys())}
    online = [sum(count.values()) for count in counts]
    series = [VersionSeries(v, _shares(points, [count.get(v, 0) for count in counts], online)) for v in named]
    if not rest:
        return tuple(series)
    others = [sum(count.get(version, 0) for version in rest) for count in counts]
    return (*series, VersionSeries(OTHER, _shares(points, others, online), other=True))


def _shares(points: Sequence[HistoryPoint], samples: Sequence[int], online: Sequence[int]) -> tuple[VersionShare, ...]:
    """The samples of each bucket that ran a version, as a mean number of nodes and a share of the online nodes."""
    return tuple(
        VersionShare(p.start, p.end, n / p.samples if p.samples else 0.0, n / total if total else 0.0)
        for p, n, total in zip(points, samples, online, strict=True)
    )
