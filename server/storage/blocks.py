"""Runs of samples or buckets of one subject as compact bytes, and back.

A block is JSON of columns, compressed with zstd. Columns hold differences: between neighbours where a figure runs on,
and between the figures of one bucket where they are mostly equal (its min, max and mean lie close to its last). A column
of equal values is that value alone. So a day of 1,440 samples of nine metrics takes some 2 kB, one of 24 hourly buckets
half a kB. The same points always give the same bytes.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, repeat
from typing import Any, cast

import orjson
import zstandard

from schema.domain.history import HistoryPoint, Stat
from schema.domain.rollup import Sample, Versions, point

# Names the meaning of the columns; stored beside each block.
BLOCK_ENCODING = 1
_LEVEL = 9
_MAX_RAW_BYTES = 64 * 2**20

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
    for metric in metrics:
        columns.extend(_stat_columns(points, metric))
    return _pack([len(points), columns, _version_columns([each.versions for each in points])])


def unpack_points(body: bytes, metrics: Sequence[str], seconds: int) -> tuple[HistoryPoint, ...]:
    """What `pack_points` was given; a bucket is `seconds` long."""
    count, columns, versions = _unpack(body)
    starts, samples, expected = (_known(column) for column in _times(columns[:3], count))
    by_metric = [_stats(columns[i : i + 5], samples, count) for i in range(3, len(columns), 5)]
    figures = (
        {metric: stat for metric, stat in zip(metrics, row, strict=True) if stat is not None}
        for row in zip(*by_metric, strict=True)
    )
    return tuple(
        point(start, start + seconds, samples=n, expected=room, stats=stats, versions=seen)
        for start, n, room, stats, seen in zip(
            starts, samples, expected, figures, _versions(versions, count), strict=True
        )
    )


class PointCache:
    """`unpack_points`, remembering the blocks used last, by their content: what was packed again is unpacked again.

    Bounded by the number of stats in all of them, some 150 bytes each.
    """

    def __init__(self, max_stats: int = 80_000) -> None:
        self._max_stats = max_stats
        self._stats = 0
        self._blocks: OrderedDict[tuple[bytes, int], tuple[HistoryPoint, ...]] = OrderedDict()

    def unpack(self, body: bytes, metrics: Sequence[str], seconds: int) -> tuple[HistoryPoint, ...]:
        """What `pack_points` was given."""
        key = (body, seconds)
        points = self._blocks.get(key)
        if points is None:
            points = self._blocks[key] = unpack_points(body, metrics, seconds)
            self._stats += _weight(points)
            while self._stats > self._max_stats and len(self._blocks) > 1:
                _, dropped = self._blocks.popitem(last=False)
                self._stats -= _weight(dropped)
        else:
            self._blocks.move_to_end(key)
        return points


def _weight(points: Sequence[HistoryPoint]) -> int:
    return sum(len(each.stats) for each in points)


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


def _stats(columns: Sequence[_Packed], samples: Sequence[int], count: int) -> Iterable[Stat | None]:
    unknown, *_ = columns
    if unknown is None:
        return repeat(None, count)
    lacks, residues, below, above = (_spread(column, count) for column in columns[:4])
    return [
        None
        if lack is None or last is None
        else Stat(
            n := total - lack, cast("int", residue) + n * last, last - cast("int", low), cast("int", high) + last, last
        )
        for total, lack, residue, low, high, last in zip(
            samples, lacks, residues, below, above, _unrun(columns[4], count), strict=True
        )
    ]


def _version_columns(versions: Sequence[Versions]) -> list[Any]:
    """Each version with its count in every row, None where it was not seen; empty where no row has versions."""
    names = sorted({name for row in versions for name, _ in row}, key=lambda name: (name is not None, name or ""))
    rows = [dict(row) for row in versions]
    return [[name, _plain([row.get(name) for row in rows])] for name in names]


def _versions(columns: Sequence[tuple[str | None, _Packed]], count: int) -> Iterable[Versions]:
    if not columns:
        return repeat((), count)
    names = [name for name, _ in columns]
    rows = zip(*(_spread(column, count) for _, column in columns), strict=True)
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


def _known(column: _Column) -> list[int]:
    return cast("list[int]", column)


def _pack(block: list[Any]) -> bytes:
    # Sums of what strangers claim can leave 64 bits, which orjson refuses to write; a blank in front marks the slow way.
    try:
        raw = orjson.dumps(block)
    except TypeError:
        raw = b" " + json.dumps(block, separators=(",", ":")).encode()
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False).compress(raw)


def _unpack(body: bytes) -> Any:
    raw = zstandard.ZstdDecompressor().decompress(body, max_output_size=_MAX_RAW_BYTES)
    return json.loads(raw) if raw.startswith(b" ") else orjson.loads(raw)
