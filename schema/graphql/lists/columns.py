"""The columns by which lists can be filtered and ordered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Generic, TypeVar

T = TypeVar("T")

Value = str | int | float | bool | None
Order = tuple[tuple[str, bool], ...]
"""Column names with whether each descends, most significant first."""


def plain(value: Any) -> Any:
    """The sort key of values that compare as they are."""
    return value


@dataclass(frozen=True)
class Column(Generic[T]):
    """One value of an item. `read` returns it as a JSON value, None if it is not known. `key` makes it sortable."""

    read: Callable[[T], Value]
    key: Callable[[Any], Any] = plain


@dataclass(frozen=True)
class Columns(Generic[T]):
    """All columns of one kind of item, by name. `identify` returns the id of an item, which is unique in a list."""

    kind: str
    by_name: Mapping[str, Column[T]]
    identify: Callable[[T], str]

    def values(self, item: T, order: Order) -> list[Value]:
        """The item's values in the columns that an order names."""
        return [self.by_name[name].read(item) for name, _ in order]

    def rows(self, items: Iterable[T]) -> tuple[T, ...]:
        """The items by id, which is the base order of an index."""
        return tuple(sorted(items, key=self.identify))

    def precedes(self, one: Sequence[Value], one_id: str, other: Sequence[Value], other_id: str, order: Order) -> bool:
        """Whether values `one` come strictly before values `other`. Raises TypeError if they cannot be compared."""
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
    """`read`, with None for NaN, which has no position in an order."""

    def known(item: T) -> float | None:
        value = read(item)
        return value if value is not None and isfinite(value) else None

    return known
