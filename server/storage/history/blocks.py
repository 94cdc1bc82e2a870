"""Runs of samples or buckets of one subject as compact bytes, and back.

A block is JSON of columns (`server.storage.columns`), compressed with zstd. The values of one bucket are mostly equal,
so min, max and mean are stored as differences from the last value. A day of 1,440 samples of nine metrics takes about
2 kB, and one of 24 hourly buckets 0.5 kB. Equal points always have equal bytes.

In a block of buckets, the columns of each metric and those of the versions are embedded JSON texts. So only the
requested ones are parsed, which are mostly one or two of the network's twenty metrics.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, overload

import zstandard

from schema.bounded import BoundedMap
from schema.domain.base import UnixSeconds
from schema.domain.history.points import HistoryPoint, Stat
from schema.domain.history.rollup import Sample, Versions
from server.storage.columns import Column, Packed, json_of, known, plain, runs, spread, text_of, unrun, value_of

_LEVEL = 9
_MAX_RAW_BYTES = 64 * 2**20
# An integer in a list: its pointer, and an object of 32 bytes.
_CELL_BYTES = 40
# Creating one costs more than unpacking a block. It is not thread-safe: blocks are only read in the event loop's
# thread.
_DECOMPRESSOR = zstandard.ZstdDecompressor()

Within = tuple[UnixSeconds, UnixSeconds]
"""A range of time: its start and its exclusive end."""


def pack_samples(samples: Sequence[Sample]) -> bytes:
    """Samples of one subject, in order. A metric that some samples are too old to have is None there."""
    columns = [
        runs([sample.slot for sample in samples]),
        plain([sample.interval for sample in samples]),
        *(runs(list(column)) for column in zip_longest(*(sample.values for sample in samples))),
    ]
    return _pack([len(samples), columns, _version_columns([sample.versions for sample in samples])])


def unpack_samples(body: bytes) -> tuple[Sample, ...]:
    """The inverse of `pack_samples`."""
    return SampleBlock(body).rows()


class SampleBlock:
    """A block of samples, as columns. Only requested samples are built, because that takes most of the time."""

    __slots__ = ("_intervals", "_slots", "_values", "_versions", "size")

    def __init__(self, body: bytes) -> None:
        count, columns, versions = _unpack(body)
        slots, intervals, *values = columns
        self._slots = known(unrun(slots, count))
        self._intervals = known(spread(intervals, count))
        self._values = [unrun(column, count) for column in values]
        self._versions = [(name, spread(column, count)) for name, column in versions]
        # Its size in memory, in bytes. This is an upper bound, because small integers are shared.
        self.size = _CELL_BYTES * count * (2 + len(self._values) + len(self._versions))

    def rows(self, start: UnixSeconds | None = None, end: UnixSeconds | None = None) -> tuple[Sample, ...]:
        """The samples of [start, end), in order. All of them without bounds."""
        first = 0 if start is None else bisect_left(self._slots, start)
        last = len(self._slots) if end is None else bisect_left(self._slots, end)
        slots, intervals = self._slots[first:last], self._intervals[first:last]
        rows = zip(*(column[first:last] for column in self._values), strict=True)
        versions = _versions([(name, column[first:last]) for name, column in self._versions], len(slots))
        return tuple(map(Sample, slots, intervals, rows, versions))


def pack_points(points: Sequence[HistoryPoint], metrics: Sequence[str]) -> bytes:
    """Buckets of one subject and one size, in order; `metrics` are those of the subject."""
    columns = [
        runs([each.start for each in points]),
        plain([each.samples for each in points]),
        plain([each.expected for each in points]),
    ]
    figures = [text_of(list(_stat_columns(points, metric))) for metric in metrics]
    versions = _version_columns([each.versions for each in points])
    return _pack([len(points), columns, figures, text_of(versions) if versions else ""])


def unpack_points(
    body: bytes, metrics: Sequence[str], seconds: int, within: Within | None = None
) -> tuple[HistoryPoint, ...]:
    """The inverse of `pack_points`, for the buckets that start `within` a range. A bucket is `seconds` long.

    Figures and versions are unpacked on first use.
    """
    match _unpack(body):
        case [count, columns, versions]:
            count, times, figures, versions = _of_the_first_form(count, columns, versions)
        case block:
            count, times, figures, versions = block
    all_starts, samples, expected = (known(column) for column in _times(times, count))
    first, last = (0, count) if within is None else (bisect_left(all_starts, bound) for bound in within)
    starts = all_starts[first:last]
    rows = _Rows(metrics, figures, versions, samples, slice(first, last))
    return tuple(
        HistoryPoint(start, start + seconds, n, room, _RowStats(rows, row), _RowVersions(rows, row) if versions else ())
        for row, (start, n, room) in enumerate(zip(starts, samples[first:last], expected[first:last], strict=True))
    )


def _of_the_first_form(count: int, columns: list[Packed], versions: list[Any]) -> list[Any]:
    """Convert a block of the first format to the current one."""
    figures = [text_of(columns[first : first + 5]) for first in range(3, len(columns), 5)]
    return [count, columns[:3], figures, text_of(versions) if versions else ""]


class _Rows:
    """The figures and versions of some rows of a block, kept as texts of their columns until they are used.

    Only the rows within `part` are converted to stats, because that takes most of the time.
    """

    __slots__ = ("_figures", "_found", "_part", "_samples", "_versions", "_versions_found", "metrics")

    def __init__(
        self, metrics: Sequence[str], figures: Sequence[str], versions: str, samples: Sequence[int], part: slice
    ) -> None:
        self.metrics = metrics
        self._part = part
        self._figures = figures
        self._samples = samples
        self._versions = versions
        self._found: dict[str, Sequence[Stat | None]] = {}
        self._versions_found: Sequence[Versions] | None = None

    def stats(self, metric: str) -> Sequence[Stat | None]:
        """The stat of each row, None if the metric was not known. Raises KeyError if the subject has no such metric."""
        found = self._found.get(metric)
        if found is None:
            if metric not in self.metrics:
                raise KeyError(metric)
            place = self.metrics.index(metric)
            # A block that is older than the metric ends before it.
            columns: Sequence[Packed] = value_of(self._figures[place]) if place < len(self._figures) else [None]
            found = self._found[metric] = _stats(columns, self._samples, self._part)
        return found

    def versions(self) -> Sequence[Versions]:
        """The versions of each row."""
        if self._versions_found is None:
            whole = [(name, spread(column, len(self._samples))) for name, column in value_of(self._versions)]
            columns = [(name, column[self._part]) for name, column in whole]
            self._versions_found = _versions(columns, len(self._samples[self._part]))
        return self._versions_found


class _RowStats(Mapping[str, Stat]):
    """The stats of one row of a block."""

    __slots__ = ("_row", "_rows")

    def __init__(self, rows: _Rows, row: int) -> None:
        self._rows = rows
        self._row = row

    def __getitem__(self, metric: str) -> Stat:
        found = self._rows.stats(metric)[self._row]
        if found is None:
            raise KeyError(metric)
        return found

    def __iter__(self) -> Iterator[str]:
        return (metric for metric in self._rows.metrics if self._rows.stats(metric)[self._row] is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))


class _RowVersions(Sequence[tuple[str | None, int]]):
    """The versions of one row of a block, equal to the same ones in a tuple."""

    __slots__ = ("_row", "_rows")

    def __init__(self, rows: _Rows, row: int) -> None:
        self._rows = rows
        self._row = row

    def _all(self) -> Versions:
        return self._rows.versions()[self._row]

    @overload
    def __getitem__(self, index: int) -> tuple[str | None, int]: ...
    @overload
    def __getitem__(self, index: slice) -> Versions: ...
    def __getitem__(self, index: int | slice) -> tuple[str | None, int] | Versions:
        return self._all()[index]

    def __iter__(self) -> Iterator[tuple[str | None, int]]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __eq__(self, other: object) -> bool:
        return self._all() == (other._all() if isinstance(other, _RowVersions) else other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class PointCache:
    """`unpack_points` with a cache of the blocks used last, by their content. A block that was packed again is a new
    one.

    Bounded by the number of points in all of them, each of up to 20 stats of some 150 bytes.
    """

    def __init__(self, max_points: int = 8_000) -> None:
        self._blocks = BoundedMap[tuple[bytes, int], tuple[HistoryPoint, ...]](
            max_entries=max_points, max_size=max_points, largest=max_points, at_once=True
        )

    def unpack(self, body: bytes, metrics: Sequence[str], seconds: int) -> tuple[HistoryPoint, ...]:
        """What `pack_points` was given."""
        key = (body, seconds)
        points = self._blocks.get(key)
        if points is None:
            points = unpack_points(body, metrics, seconds)
            self._blocks.put(key, points, len(points))
        return points


def _times(columns: Sequence[Packed], count: int) -> tuple[Column, Column, Column]:
    return unrun(columns[0], count), spread(columns[1], count), spread(columns[2], count)


def _stat_columns(points: Sequence[HistoryPoint], metric: str) -> Iterator[Packed]:
    """The five figures of a metric. `last` is stored as running differences, the others as differences from their usual
    value."""
    stats = [(each.stats.get(metric), each.samples) for each in points]

    def column(figure: Callable[[Stat, int], int]) -> Column:
        return [None if stat is None else figure(stat, samples) for stat, samples in stats]

    yield plain(column(lambda stat, samples: samples - stat.n))
    yield plain(column(lambda stat, _: stat.sum - stat.n * stat.last))
    yield plain(column(lambda stat, _: stat.last - stat.min))
    yield plain(column(lambda stat, _: stat.max - stat.last))
    yield runs(column(lambda stat, _: stat.last))


def _stats(columns: Sequence[Packed], samples: Sequence[int], part: slice) -> Sequence[Stat | None]:
    count, samples = len(samples), samples[part]
    if columns[0] is None:
        return [None] * len(samples)
    figures = [*(spread(column, count)[part] for column in columns[:4]), unrun(columns[4], count)[part]]
    rows = zip(samples, *map(known, figures), strict=True)
    if None not in figures[0]:
        return [_stat(row) for row in rows]
    return [None if lack is None else _stat(row) for lack, row in zip(figures[0], rows, strict=True)]


def _stat(row: tuple[int, ...]) -> Stat:
    samples, lack, residue, below, above, last = row
    n = samples - lack
    return Stat(n, residue + n * last, last - below, above + last, last)


def _version_columns(versions: Sequence[Sequence[tuple[str | None, int]]]) -> list[Any]:
    """Each version with its count in every row, None if it was not seen. Empty if no row has versions."""
    rows = [dict(row) for row in versions]
    names = sorted(set[str | None]().union(*rows), key=lambda name: (name is not None, name or ""))
    return [[name, plain([row.get(name) for row in rows])] for name in names]


def _versions(columns: Sequence[tuple[str | None, Packed]], count: int) -> Sequence[Versions]:
    if not columns:
        return [()] * count
    names = [name for name, _ in columns]
    counts = [spread(column, count) for _, column in columns]
    rows = zip(*counts, strict=True)
    if not any(None in column for column in counts):
        return [tuple(zip(names, known(row), strict=True)) for row in rows]
    return [tuple((name, n) for name, n in zip(names, row, strict=True) if n is not None) for row in rows]


def _pack(block: list[Any]) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False).compress(json_of(block))


def _unpack(body: bytes) -> Any:
    return value_of(_DECOMPRESSOR.decompress(body, max_output_size=_MAX_RAW_BYTES))
