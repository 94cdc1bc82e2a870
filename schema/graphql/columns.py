"""What lists can be filtered and ordered by."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

Value = str | int | float | bool | None
Order = tuple[tuple[str, bool], ...]
"""Column names with whether each descends, most significant first."""


def plain(value: Any) -> Any:
    """The sort key of values that compare as they are."""
    return value


@dataclass(frozen=True)
class Column(Generic[T]):
    """One value of an item. `read` gives it as JSON can carry it, None where it is not known; `key` makes it sortable."""

    read: Callable[[T], Value]
    key: Callable[[Any], Any] = plain


class Ranks(NamedTuple):
    """The place of each row among the different values of a column, from 0; `unknown` stands for no value."""

    places: list[int]
    unknown: int


def arrange(rows: Sequence[T], order: Sequence[tuple[Ranks, bool]]) -> tuple[T, ...]:
    """The rows in a total order: by each column in turn, what is not known last in either direction, then as given.

    Each row's places make one integer, most significant first: integers sort many times faster than tuples.
    """
    keys = [0] * len(rows)
    for (places, unknown), descending in order:
        base = unknown + 1
        if descending:
            keys = [key * base + (unknown - 1 - p if p < unknown else p) for key, p in zip(keys, places, strict=True)]
        else:
            keys = [key * base + p for key, p in zip(keys, places, strict=True)]
    return tuple(rows[i] for i in sorted(range(len(rows)), key=keys.__getitem__))


@dataclass(frozen=True)
class Columns(Generic[T]):
    """All columns of one kind of item, by name, and what tells two items apart (`identify`, unique in a list)."""

    kind: str
    by_name: Mapping[str, Column[T]]
    identify: Callable[[T], str]

    def values(self, item: T, order: Order) -> list[Value]:
        """The item's values in the columns that an order names."""
        return [self.by_name[name].read(item) for name, _ in order]

    def rows(self, items: Iterable[T]) -> tuple[T, ...]:
        """The items by id: what ranks and orders count from."""
        return tuple(sorted(items, key=self.identify))

    def ranks(self, rows: Sequence[T], name: str) -> Ranks:
        """Where each row stands in one column."""
        column = self.by_name[name]
        read, key = column.read, column.key
        keys = [None if (value := read(row)) is None else key(value) for row in rows]
        places = {value: place for place, value in enumerate(sorted({value for value in keys if value is not None}))}
        return Ranks([len(places) if value is None else places[value] for value in keys], len(places))

    def precedes(self, one: Sequence[Value], one_id: str, other: Sequence[Value], other_id: str, order: Order) -> bool:
        """Whether values `one` come strictly before values `other`. Raises TypeError where they cannot be compared."""
        for (name, descending), left, right in zip(order, one, other, strict=True):
            if left is None or right is None:
                if left is not right:
                    return right is None
                continue
            key = self.by_name[name].key
            mine, theirs = key(left), key(right)
            if mine != theirs:
                return bool(mine > theirs if descending else mine < theirs)
        return one_id < other_id


def finite(read: Callable[[T], float | None]) -> Callable[[T], float | None]:
    """`read`, with None for what is no number: NaN has no place in an order."""

    def known(item: T) -> float | None:
        value = read(item)
        return value if value is not None and isfinite(value) else None

    return known
