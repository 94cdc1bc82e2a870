"""Runs of samples or buckets of one subject as compact bytes, and back.

A block is JSON of columns, compressed with zstd. Columns hold differences: between neighbours where a figure runs on,
and between the figures of one bucket where they are mostly equal (its min, max and mean lie close to its last). A column
of equal values is that value alone. So a day of 1,440 samples of nine metrics takes some 2 kB, one of 24 hourly buckets
half a kB. The same points always give the same bytes.

In a block of buckets, the columns of each metric and those of the versions are texts of JSON in it, so that only what
is asked for is read: of the network's twenty metrics, mostly one or two.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, cast, overload

import orjson
import zstandard

from schema.domain.history import HistoryPoint, Stat
from schema.domain.rollup import Sample, Versions

# Names the newest form of block in a document. The first had the columns of all metrics in one list; it is still read.
BLOCK_ENCODING = 2
_LEVEL = 9
_MAX_RAW_BYTES = 64 * 2**20
# To make one costs more than to unpack a block. It serves one thread: blocks are read in that of the event loop alone.
_DECOMPRESSOR = zstandard.ZstdDecompressor()

_Column = list[int | None]
_Packed = list[Any] | int | None


def pack_samples(samples: Sequence[Sample]) -> bytes:
    """Samples of one subject, in order."""
    columns = [
        _runs([sample.slot for sample in samples]),
        _plain([sample.interval for sample in samples]),
        *(_runs(list(column)) for column in zip(*(sample.values for sample in samples), strict=True)),
    ]
    return _pack([len(samples), columns, _version_columns([sample.versions for sample in samples])])


def unpack_samples(body: bytes) -> tuple[Sample, ...]:
    """What `pack_samples` was given."""
    count, columns, versions = _unpack(body)
    slots, intervals, *values = columns
    rows = zip(*(_unrun(column, count) for column in values), strict=True)
    return tuple(
        map(Sample, _known(_unrun(slots, count)), _known(_spread(intervals, count)), rows, _versions(versions, count))
    )


def pack_points(points: Sequence[HistoryPoint], metrics: Sequence[str]) -> bytes:
    """Buckets of one subject and one size, in order; `metrics` are those of the subject."""
    columns = [
        _runs([each.start for each in points]),
        _plain([each.samples for each in points]),
        _plain([each.expected for each in points]),
    ]
    figures = [_text(list(_stat_columns(points, metric))) for metric in metrics]
    versions = _version_columns([each.versions for each in points])
    return _pack([len(points), columns, figures, _text(versions) if versions else ""])


def unpack_points(body: bytes, metrics: Sequence[str], seconds: int) -> tuple[HistoryPoint, ...]:
    """What `pack_points` was given; a bucket is `seconds` long. Figures and versions are unpacked once asked for."""
    match _unpack(body):
        case [count, columns, versions]:
            count, times, figures, versions = _of_the_first_form(count, columns, versions)
        case block:
            count, times, figures, versions = block
    starts, samples, expected = (_known(column) for column in _times(times, count))
    rows = _Rows(metrics, figures, versions, samples)
    return tuple(
        HistoryPoint(start, start + seconds, n, room, _RowStats(rows, row), _RowVersions(rows, row) if versions else ())
        for row, (start, n, room) in enumerate(zip(starts, samples, expected, strict=True))
    )


def _of_the_first_form(count: int, columns: list[_Packed], versions: list[Any]) -> list[Any]:
    """A block of the first form, in that of today."""
    figures = [_text(columns[first : first + 5]) for first in range(3, len(columns), 5)]
    return [count, columns[:3], figures, _text(versions) if versions else ""]


class _Rows:
    """The figures and versions of a block's rows: as texts of their columns, until they are asked for."""

    __slots__ = ("_figures", "_found", "_samples", "_versions", "_versions_found", "metrics")

    def __init__(self, metrics: Sequence[str], figures: Sequence[str], versions: str, samples: Sequence[int]) -> None:
        self.metrics = metrics
        self._figures = figures
        self._samples = samples
        self._versions = versions
        self._found: dict[str, Sequence[Stat | None]] = {}
        self._versions_found: Sequence[Versions] | None = None

    def stats(self, metric: str) -> Sequence[Stat | None]:
        """The stat of each row, None where the metric was not known. Raises KeyError for no metric of the subject."""
        found = self._found.get(metric)
        if found is None:
            if metric not in self.metrics:
                raise KeyError(metric)
            columns = _value(self._figures[self.metrics.index(metric)])
            found = self._found[metric] = _stats(columns, self._samples)
        return found

    def versions(self) -> Sequence[Versions]:
        """The versions of each row."""
        if self._versions_found is None:
            self._versions_found = _versions(_value(self._versions), len(self._samples))
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
        return self._all() == (tuple(cast("Sequence[object]", other)) if isinstance(other, _RowVersions) else other)

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


class PointCache:
    """`unpack_points`, remembering the blocks used last, by their content: what was packed again is unpacked again.

    Bounded by the number of points in all of them, each of up to 20 stats of some 150 bytes.
    """

    def __init__(self, max_points: int = 8_000) -> None:
        self._max_points = max_points
        self._points = 0
        self._blocks: OrderedDict[tuple[bytes, int], tuple[HistoryPoint, ...]] = OrderedDict()

    def unpack(self, body: bytes, metrics: Sequence[str], seconds: int) -> tuple[HistoryPoint, ...]:
        """What `pack_points` was given."""
        key = (body, seconds)
        points = self._blocks.get(key)
        if points is None:
            points = self._blocks[key] = unpack_points(body, metrics, seconds)
            self._points += len(points)
            while self._points > self._max_points and len(self._blocks) > 1:
                _, dropped = self._blocks.popitem(last=False)
                self._points -= len(dropped)
        else:
            self._blocks.move_to_end(key)
        return points


def _times(columns: Sequence[_Packed], count: int) -> tuple[_Column, _Column, _Column]:
    return _unrun(columns[0], count), _spread(columns[1], count), _spread(columns[2], count)


def _stat_columns(points: Sequence[HistoryPoint], metric: str) -> Iterator[_Packed]:
    """The five figures of a metric: last as it runs on, the others by their distance from what is usual."""
    stats = [(each.stats.get(metric), each.samples) for each in points]

    def column(figure: Callable[[Stat, int], int]) -> _Column:
        return [None if stat is None else figure(stat, samples) for stat, samples in stats]

    yield _plain(column(lambda stat, samples: samples - stat.n))
    yield _plain(column(lambda stat, _: stat.sum - stat.n * stat.last))
    yield _plain(column(lambda stat, _: stat.last - stat.min))
    yield _plain(column(lambda stat, _: stat.max - stat.last))
    yield _runs(column(lambda stat, _: stat.last))


def _stats(columns: Sequence[_Packed], samples: Sequence[int]) -> Sequence[Stat | None]:
    count = len(samples)
    if columns[0] is None:
        return [None] * count
    figures = [*(_spread(column, count) for column in columns[:4]), _unrun(columns[4], count)]
    rows = zip(samples, *map(_known, figures), strict=True)
    if None not in figures[0]:
        return [_stat(row) for row in rows]
    return [None if lack is None else _stat(row) for lack, row in zip(figures[0], rows, strict=True)]


def _stat(row: tuple[int, ...]) -> Stat:
    samples, lack, residue, below, above, last = row
    n = samples - lack
    return Stat(n, residue + n * last, last - below, above + last, last)


def _version_columns(versions: Sequence[Sequence[tuple[str | None, int]]]) -> list[Any]:
    """Each version with its count in every row, None where it was not seen; empty where no row has versions."""
    rows = [dict(row) for row in versions]
    names = sorted(set[str | None]().union(*rows), key=lambda name: (name is not None, name or ""))
    return [[name, _plain([row.get(name) for row in rows])] for name in names]


def _versions(columns: Sequence[tuple[str | None, _Packed]], count: int) -> Sequence[Versions]:
    if not columns:
        return [()] * count
    names = [name for name, _ in columns]
    spread = [_spread(column, count) for _, column in columns]
    rows = zip(*spread, strict=True)
    if not any(None in column for column in spread):
        return [tuple(zip(names, _known(row), strict=True)) for row in rows]
    return [tuple((name, n) for name, n in zip(names, row, strict=True) if n is not None) for row in rows]


def _plain(column: _Column) -> _Packed:
    first = column[0]
    return first if all(value == first for value in column) else column


def _spread(packed: _Packed, count: int) -> _Column:
    return packed if isinstance(packed, list) else [packed] * count


def _runs(column: _Column) -> _Packed:
    """Differences between the values that are known, the first from zero; a constant column as [value]."""
    steps: _Column = []
    previous = 0
    for value in column:
        steps.append(None if value is None else value - previous)
        previous = previous if value is None else value
    if None not in steps and not any(steps[1:]):
        return steps[:1]
    return None if all(step is None for step in steps) else steps


def _unrun(packed: _Packed, count: int) -> _Column:
    if not isinstance(packed, list):
        return [None] * count
    if len(packed) == 1:
        return packed * count
    if None not in packed:
        return list(accumulate(packed))
    values: _Column = []
    previous = 0
    for step in cast("_Column", packed):
        previous += step or 0
        values.append(None if step is None else previous)
    return values


def _known(column: Sequence[int | None]) -> list[int]:
    return cast("list[int]", column)


def _pack(block: list[Any]) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False).compress(_json(block))


def _unpack(body: bytes) -> Any:
    return _value(_DECOMPRESSOR.decompress(body, max_output_size=_MAX_RAW_BYTES))


def _text(columns: list[Any]) -> str:
    return _json(columns).decode()


def _json(value: list[Any]) -> bytes:
    # Sums of what strangers claim can leave 64 bits, which orjson refuses to write; a blank in front marks the slow way.
    try:
        return orjson.dumps(value)
    except TypeError:
        return b" " + json.dumps(value, separators=(",", ":")).encode()


def _value(raw: str | bytes) -> Any:
    return json.loads(raw) if raw[:1].isspace() else orjson.loads(raw)
