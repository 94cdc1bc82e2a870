"""Versions over time: how much of the network ran each of them, bucket by bucket."""

from collections import Counter
from collections.abc import Sequence

from schema.domain.base import Record, UnixSeconds
from schema.domain.history.points import HistoryPoint
from schema.domain.history.rollup import OTHER_VERSIONS
from schema.domain.versions import sort_key

OTHER = "OTHER"


class VersionShare(Record):
    """One bucket: the mean number of online nodes that ran a version, and their share of all online ones, 0..1."""

    start: UnixSeconds
    end: UnixSeconds
    nodes: float
    share: float


class VersionSeries(Record):
    """One version over all buckets. `version` is None where nodes did not tell it, OTHER where `other` is set."""

    version: str | None
    other: bool = False
    points: tuple[VersionShare, ...]


def version_series(points: Sequence[HistoryPoint], top: int) -> tuple[VersionSeries, ...]:
    """The `top` versions with most samples over the range, most first, then all others together, if there are any.

    `points` are the network's, oldest first. A version that a bucket does not have counts as 0 there.
    """
    counts = [_counts(point) for point in points]
    totals: Counter[str | None] = Counter()
    for count in counts:
        totals.update(count)
    ranked = sorted((v for v in totals if v != OTHER_VERSIONS), key=lambda v: (-totals[v], v is None, sort_key(v)))
    named, rest = ranked[:top], {*ranked[top:], *({OTHER_VERSIONS} & totals.keys())}
    series = [_series(version, {version}, points, counts) for version in named]
    return (*series, _series(OTHER, rest, points, counts, other=True)) if rest else tuple(series)


def _counts(point: HistoryPoint) -> Counter[str | None]:
    return Counter(dict(point.versions))


def _series(
    name: str | None,
    versions: set[str | None],
    points: Sequence[HistoryPoint],
    counts: Sequence[Counter[str | None]],
    *,
    other: bool = False,
) -> VersionSeries:
    return VersionSeries(
        version=name,
        other=other,
        points=tuple(_share(point, count, versions) for point, count in zip(points, counts, strict=True)),
    )


def _share(point: HistoryPoint, count: Counter[str | None], versions: set[str | None]) -> VersionShare:
    samples = sum(count[version] for version in versions)
    total = count.total()
    return VersionShare(
        start=point.start,
        end=point.end,
        nodes=samples / point.samples if point.samples else 0.0,
        share=samples / total if total else 0.0,
    )
