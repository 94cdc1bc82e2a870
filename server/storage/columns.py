"""Columns of figures, as compact JSON.

A column of equal values is that value alone; one whose figures run on holds the differences between neighbours.
"""

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, cast

import orjson

Column = list[int | None]
Packed = list[Any] | int | None


def plain(column: Column) -> Packed:
    """The column, or the one value that all of it is."""
    first = column[0]
    return first if all(value == first for value in column) else column


def spread(packed: Packed, count: int) -> Column:
    """The `count` values that `plain` was given."""
    return packed if isinstance(packed, list) else [packed] * count


def runs(column: Column) -> Packed:
    """Differences between the values that are known, the first from zero; a constant column as [value]."""
    steps: Column = []
    previous = 0
    for value in column:
        steps.append(None if value is None else value - previous)
        previous = previous if value is None else value
    if None not in steps and not any(steps[1:]):
        return steps[:1]
    return None if all(step is None for step in steps) else steps


def unrun(packed: Packed, count: int) -> Column:
    """The `count` values that `runs` was given."""
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
    """The column, for the eyes of a type checker: nothing in it is None."""
    return cast("list[int]", column)


def json_of(value: list[Any]) -> bytes:
    """JSON, for `value_of` to read. A blank in front marks integers that leave 64 bits, which orjson refuses to write.

    Sums of what strangers claim can.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return b" " + json.dumps(value, separators=(",", ":")).encode()


def text_of(value: list[Any]) -> str:
    """`json_of` as a text, for JSON within JSON."""
    return json_of(value).decode()


def value_of(raw: str | bytes) -> Any:
    """What `json_of` or `text_of` was given."""
    return json.loads(raw) if raw[:1].isspace() else orjson.loads(raw)
