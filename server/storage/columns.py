"""Columns of figures, as compact JSON.

A column of equal values is stored as that value. A column of counters holds the differences between neighbours.
"""

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, cast

import orjson

Column = list[int | None]
Packed = list[Any] | int | None


def plain(column: Column) -> Packed:
    """The column, or its only value if all are equal."""
    first = column[0]
    return first if all(value == first for value in column) else column


def spread(packed: Packed, count: int) -> Column:
    """The inverse of `plain`, for `count` values."""
    return packed if isinstance(packed, list) else [packed] * count


def runs(column: Column) -> Packed:
    """Differences between the known values, the first from zero. A constant column is [value]."""
    steps: Column = []
    previous = 0
    for value in column:
        steps.append(None if value is None else value - previous)
        previous = previous if value is None else value
    if None not in steps and not any(steps[1:]):
        return steps[:1]
    return None if all(step is None for step in steps) else steps


def unrun(packed: Packed, count: int) -> Column:
    """The inverse of `runs`, for `count` values."""
    if not isinstance(packed, list):
        return [None] * count
    if len(packed) == 1:
        return packed * count
    if None not in packed:
        return list(accumulate(packed))
    values: Column = []
    previous = 0
    for step in cast("Column", packed):
        previous += step or 0
        values.append(None if step is None else previous)
    return values


def known(column: Sequence[int | None]) -> list[int]:
    """The column, typed for type checkers as free of None."""
    return cast("list[int]", column)


def json_of(value: list[Any]) -> bytes:
    """JSON for `value_of`. A leading blank marks integers that exceed 64 bits, which orjson refuses to write.

    Sums of untrusted values can exceed them.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return b" " + json.dumps(value, separators=(",", ":")).encode()


def text_of(value: list[Any]) -> str:
    """`json_of` as text, for JSON within JSON."""
    return json_of(value).decode()


def value_of(raw: str | bytes) -> Any:
    """The inverse of `json_of` or `text_of`."""
    return json.loads(raw) if raw[:1].isspace() else orjson.loads(raw)
