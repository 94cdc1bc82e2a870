"""The columns of a list as arrays, so that filters, orders and figures process all rows without a call for each row.

A set of rows is one integer with a byte for each row, the first row in the lowest byte: 1 for a row that is in the set.
Sets are combined with `&` and `|`. Work on a column of n rows takes a few passes over n bytes, in C.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import accumulate, compress
from operator import itemgetter
from typing import Any, Generic, TypeVar

from schema.graphql.lists.columns import Columns, Order, Value, plain

T = TypeVar("T")

Rows = int
"""A set of rows of one list."""

_BASE = 256
# Up to this share of the rows, rows are marked one by one. Beyond it, all rows are looked up.
_FEW = 8


class Ranking:
    """The position of each row among the different values of a column, from 0. `unknown` means no value."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.distinct: list[Any] = sorted({value for value in values if value is not None})
        self.unknown = len(self.distinct)
        place = {value: number for number, value in enumerate(self.distinct)}
        self.places: list[int] = [self.unknown if value is None else place[value] for value in values]
        self._digits = _digits(self.places, self.unknown)

    @cached_property
    def sorted_rows(self) -> list[int]:
        """The numbers of the rows by position, then in the given order. Those without a value are last."""
        return sorted(range(len(self.places)), key=self.places.__getitem__)

    @cached_property
    def in_order(self) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """Arranges one value per row in the order of `sorted_rows`."""
        return _picker(self.sorted_rows)

    @cached_property
    def is_total(self) -> bool:
        """Whether the column alone determines the order, because no two rows have the same position."""
        return len(set(self.places)) == len(self.places)

    def place(self, value: Any) -> int | None:
        """The position of a value. None if no row has it."""
        found = bisect_left(self.distinct, value)
        return found if found < self.unknown and self.distinct[found] == value else None

    def least(self, place: int) -> Rows:
        """The rows at or after this position, including those without a value."""
        first, *rest = reversed(list(zip(self._digits, _digits_of(place, len(self._digits)), strict=True)))
        found = _rows(first[0].translate(_at_least(first[1])))
        for column, digit in rest:
            found = _rows(column.translate(_at_least(digit + 1))) | (_rows(column.translate(_equal(digit))) & found)
        return found

    def between(self, start: int, end: int) -> Rows:
        """The rows with a position of start <= position < end."""
        return self.least(start) & ~self.least(end) if start < end else 0

    def among(self, places: Collection[int]) -> Rows:
        """The rows at any of these positions."""
        marks = bytearray(max(_BASE, self.unknown + 1))
        for place in places:
            marks[place] = 1
        if len(self._digits) == 1:
            return _rows(self._digits[0].translate(marks))
        starts = self._starts
        if sum(starts[place + 1] - starts[place] for place in places) * _FEW > len(self.places):
            return _rows(bytes(map(marks.__getitem__, self.places)))
        found = bytearray(len(self.places))
        for place in places:
            for row in self.sorted_rows[starts[place] : starts[place + 1]]:
                found[row] = 1
        return _rows(found)

    @cached_property
    def _starts(self) -> list[int]:
        """Where each position begins among the sorted rows."""
        counts = [0] * (self.unknown + 2)
        for place in self.places:
            counts[place + 1] += 1
        return list(accumulate(counts))


class ColumnIndex:
    """One column: its values, and the position of each row among them (`raw`) and in its order (`ranking`)."""

    def __init__(self, values: Sequence[Value], key: Callable[[Any], Any]) -> None:
        self.values = values
        self.key = key

    @cached_property
    def known(self) -> Rows:
        """The rows that have a value."""
        return _rows(bytes([value is not None for value in self.values]))

    @cached_property
    def unknown(self) -> Rows:
        """The rows that have none."""
        return _rows(bytes([value is None for value in self.values]))

    @cached_property
    def raw(self) -> Ranking:
        return Ranking(self.values)

    @cached_property
    def ranking(self) -> Ranking:
        if self.key is plain:
            return self.raw
        return Ranking([None if value is None else self.key(value) for value in self.values])

    @cached_property
    def sorted_values(self) -> Sequence[Any]:
        """The values in the order of `ranking`. Those of rows without a value are last."""
        return self.ranking.in_order(self.values)

    def equal(self, operand: Value) -> Rows:
        place = self.raw.place(operand)
        return 0 if place is None else self.raw.between(place, place + 1)

    def among(self, operands: Collection[Value]) -> Rows:
        places = {place for operand in operands if (place := self.raw.place(operand)) is not None}
        return self.raw.among(places)

    def above(self, operand: Value, *, inclusive: bool) -> Rows:
        """The rows with a value after the operand, or equal to it, in the column's order."""
        search = bisect_left if inclusive else bisect_right
        ranking = self.ranking
        return ranking.between(search(ranking.distinct, self.key(operand)), ranking.unknown)

    def below(self, operand: Value, *, inclusive: bool) -> Rows:
        """The rows with a value before the operand, or equal to it, in the column's order."""
        search = bisect_right if inclusive else bisect_left
        return self.ranking.between(0, search(self.ranking.distinct, self.key(operand)))

    def starting(self, prefix: str) -> Rows:
        size = len(prefix)
        texts: list[str] = self.raw.distinct
        return self.raw.between(bisect_left(texts, prefix), bisect_right(texts, prefix, key=lambda text: text[:size]))

    def containing(self, part: str) -> Rows:
        """The only test that reads every different value."""
        return self.raw.among([place for place, text in enumerate(self.raw.distinct) if part in text])


class Index(Generic[T]):
    """The rows of one list, by id, with an index of each requested column."""

    def __init__(self, rows: tuple[T, ...], columns: Columns[T]) -> None:
        self.rows = rows
        self._columns = columns
        self._indexes: dict[str, ColumnIndex] = {}
        self._derived: dict[str, tuple[Any, ...]] = {}
        self._orders: dict[Order, Sequence[int]] = {}
        self.all: Rows = _rows(b"\x01" * len(rows))

    def column(self, name: str) -> ColumnIndex:
        found = self._indexes.get(name)
        if found is None:
            column = self._columns.by_name[name]
            found = self._indexes[name] = ColumnIndex(tuple(map(column.read, self.rows)), column.key)
        return found

    def derived(self, name: str, read: Callable[[T], Any]) -> tuple[Any, ...]:
        """The results of a function for all rows. `name` identifies the function."""
        if name not in self._derived:
            self._derived[name] = tuple(map(read, self.rows))
        return self._derived[name]

    def flags(self, chosen: Rows) -> bytes:
        """A byte for each row, 1 where it is in the set."""
        return chosen.to_bytes(len(self.rows), "little")

    def ordered(self, order: Order) -> Sequence[int]:
        """The numbers of all rows in an order. It is kept, so `order` must not be a client's choice."""
        if order not in self._orders:
            self._orders[order] = self._arrangement(order)
        return self._orders[order]

    def marked(self, numbers: Iterable[int]) -> Rows:
        """The rows with these numbers."""
        flags = bytearray(len(self.rows))
        for number in numbers:
            flags[number] = 1
        return _rows(flags)

    def arranged(self, order: Order) -> "Arranged[T]":
        """The rows in an order."""
        if not order:
            return Arranged(self.rows, None)
        numbers = self._orders.get(order) or self._arrangement(order)
        return Arranged(tuple(map(self.rows.__getitem__, numbers)), _picker(numbers))

    def _arrangement(self, order: Order) -> Sequence[int]:
        return arrangement([(self.column(name).ranking, descending) for name, descending in order])


class Arranged(Generic[T]):
    """Rows in an order. `_pick` arranges one value per row in the same way."""

    def __init__(self, items: tuple[T, ...], pick: Callable[[Sequence[Any]], Sequence[Any]] | None) -> None:
        self._items = items
        self._pick = pick

    def chosen(self, flags: bytes | None) -> tuple[T, ...]:
        """The items whose row is flagged, in order. All items without flags."""
        if flags is None:
            return self._items
        return tuple(compress(self._items, flags if self._pick is None else self._pick(flags)))


def arrangement(order: Sequence[tuple[Ranking, bool]]) -> Sequence[int]:
    """The numbers of the rows in a total order: by each column in turn, unknown values last, then in the given order.

    The positions of a row are combined into one integer, because integers sort many times faster than tuples.
    """
    first, descending = order[0]
    if first.is_total:
        known = len(first.places) - first.places.count(first.unknown)
        rows = first.sorted_rows
        return [*reversed(rows[:known]), *rows[known:]] if descending else rows
    keys = [0] * len(first.places)
    for ranking, descending in order:
        places, unknown = ranking.places, ranking.unknown
        base = unknown + 1
        if descending:
            keys = [key * base + (unknown - 1 - p if p < unknown else p) for key, p in zip(keys, places, strict=True)]
        else:
            keys = [key * base + p for key, p in zip(keys, places, strict=True)]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _rows(flags: bytes | bytearray) -> Rows:
    return int.from_bytes(flags, "little")


def _picker(numbers: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that arranges a sequence by these numbers. `itemgetter` returns no tuple for fewer than two."""
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda values: [values[number] for number in numbers]


def _digits(places: Sequence[int], greatest: int) -> list[bytes]:
    """The positions as numbers to the base 256: a column for each digit, most significant first."""
    return [bytes([place >> shift & 0xFF for place in places]) for shift in _shifts(greatest)]


def _shifts(greatest: int) -> Iterator[int]:
    return reversed(range(0, max(greatest.bit_length(), 1), 8))


def _digits_of(place: int, count: int) -> list[int]:
    return list(place.to_bytes(count, "big"))


@lru_cache(maxsize=_BASE + 1)
def _at_least(digit: int) -> bytes:
    """A table for `bytes.translate`: 1 for bytes of this value or more."""
    return bytes([value >= digit for value in range(_BASE)])


@lru_cache(maxsize=_BASE)
def _equal(digit: int) -> bytes:
    return bytes([value == digit for value in range(_BASE)])
