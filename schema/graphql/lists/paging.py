"""Pages of a list by keyset cursors. All pages of one walk are from one slot.

A cursor is base64url of JSON: the sort values of its item, the item's id, the slot, and a hash of kind, filter and
order. It contains the position and the snapshot, so a walk neither skips nor repeats an item while new slots
are committed. Clients must treat it as opaque.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from schema.derived import Tables
from schema.domain.base import Slot, UnixSeconds
from schema.domain.errors import BadUserInput, InvalidCursor
from schema.domain.snapshot.record import SnapshotHeader
from schema.graphql.execution.context import Context
from schema.graphql.execution.tables import InSnapshot, Items
from schema.graphql.lists.columns import Columns, Order, Value
from schema.graphql.lists.index import Arranged, Index, Rows
from schema.graphql.types.cursors import unpacked

T = TypeVar("T")

DEFAULT_PAGE = 50
MAX_PAGE = 500
_MAX_SLOT = 2**53 - 1
_SCALARS = (str, int, float, bool, type(None))


class Window(NamedTuple):
    """The requested part of a list. `first` and `last` are already validated, and at most one of them is set."""

    first: int | None
    after: str | None
    last: int | None
    before: str | None

    @property
    def cursors(self) -> tuple[str, ...]:
        return tuple(cursor for cursor in (self.after, self.before) if cursor is not None)


class Position(NamedTuple):
    """The content of a cursor: the sort values and id of an item, in the snapshot of a slot."""

    values: tuple[Value, ...]
    id: str
    slot: Slot


class Matching(Generic[T]):
    """The rows of a list that match a filter (`rows`; None for all), and the requested order.

    The items are only collected on use, because many lists are only counted.
    """

    def __init__(self, index: Index[T], rows: Rows | None, order: Callable[[], Arranged[T]]) -> None:
        self.index = index
        self.rows = rows
        self.count = len(index.rows) if rows is None else rows.bit_count()
        self._order = order

    @cached_property
    def flags(self) -> bytes | None:
        """A byte for each row of the list, 1 if it matches. None if all match."""
        return None if self.rows is None else self.index.flags(self.rows)

    @cached_property
    def items(self) -> tuple[T, ...]:
        return self.arranged.chosen(self.flags) if self.count else ()

    @property
    def arranged(self) -> Arranged[T]:
        """All rows of the list in this order."""
        return self._order()


@dataclass(frozen=True)
class Selection(Generic[T]):
    """The items that match a filter, in an order. `digest` identifies the filter and the order."""

    matching: Matching[T]
    columns: Columns[T]
    order: Order
    digest: str
    tables: Tables

    @property
    def items(self) -> tuple[T, ...]:
        return self.matching.items

    @property
    def count(self) -> int:
        return self.matching.count


class Page(Generic[T]):
    """One page of a selection: its items from `start` up to `end`. Cursors are made only on request."""

    def __init__(self, selection: Selection[T], start: int, end: int) -> None:
        self.selection = selection
        self.start = start
        self.end = end

    @property
    def records(self) -> tuple[T, ...]:
        return self.selection.items[self.start : self.end] if self.end > self.start else ()

    @property
    def nodes(self) -> Items[T]:
        return Items(self.records, self.selection.tables)

    @property
    def edges(self) -> list["PageEdge[T]"]:
        return [PageEdge(node, self) for node in self.nodes]

    @property
    def total_count(self) -> int:
        return self.selection.count

    @property
    def snapshot(self) -> InSnapshot[SnapshotHeader]:
        return InSnapshot(self.selection.tables.header, self.selection.tables)

    @property
    def page_info(self) -> "Page[T]":
        return self

    @property
    def has_next_page(self) -> bool:
        return self.end < self.total_count

    @property
    def has_previous_page(self) -> bool:
        return self.start > 0

    @property
    def start_cursor(self) -> str | None:
        return self.cursor(self.selection.items[self.start]) if self.end > self.start else None

    @property
    def end_cursor(self) -> str | None:
        return self.cursor(self.selection.items[self.end - 1]) if self.end > self.start else None

    def cursor(self, item: T) -> str:
        chosen = self.selection
        position = Position(
            values=tuple(chosen.columns.values(item, chosen.order)),
            id=chosen.columns.identify(item),
            slot=chosen.tables.header.slot,
        )
        return encode_cursor(position, chosen.digest)


class PageEdge(Generic[T]):
    """An item of a page with its cursor."""

    __slots__ = ("node", "page")

    def __init__(self, node: InSnapshot[T], page: Page[T]) -> None:
        self.node = node
        self.page = page

    @property
    def cursor(self) -> str:
        return self.page.cursor(self.node.record)


def window(
    first: int | None = None, after: str | None = None, last: int | None = None, before: str | None = None
) -> Window:
    """The requested window, by default the first 50 items.

    Raises BadUserInput if `first` or `last` is not within 0..500, or if both are given.
    """
    if first is not None and last is not None:
        raise BadUserInput("first and last were both given, expected one of them")
    for name, count in (("first", first), ("last", last)):
        if count is not None and not 0 <= count <= MAX_PAGE:
            raise BadUserInput(f"{name} is {count}, expected 0 to {MAX_PAGE}", {"limit": MAX_PAGE})
    return Window(DEFAULT_PAGE if first is None and last is None else first, after, last, before)


def digest_of(*parts: Hashable) -> str:
    """A short hash of kind, filter and order."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=9).hexdigest()


async def tables_for(context: Context, asked: Window, as_of: UnixSeconds | None, digest: str) -> Tables:
    """The snapshot that a page comes from: that of its cursors, else that of `as_of`, else the newest.

    Raises InvalidCursor, CursorExpired, BadUserInput (cursors from different snapshots), and the errors of
    `Reads.snapshot`.
    """
    slots = {decode_cursor(cursor, digest).slot for cursor in asked.cursors}
    if len(slots) > 1:
        raise BadUserInput("after and before come from different snapshots, expected cursors of one walk")
    return await context.tables_at(slots.pop()) if slots else await context.tables(as_of)


def take(selection: Selection[T], asked: Window) -> Page[T]:
    """The page of a selection for a window."""
    start, end = 0, selection.count
    if asked.after is not None:
        start = _place(selection, decode_cursor(asked.after, selection.digest), beyond=True)
    if asked.before is not None:
        end = max(start, _place(selection, decode_cursor(asked.before, selection.digest), beyond=False))
    if asked.first is not None:
        end = min(end, start + asked.first)
    if asked.last is not None:
        start = max(start, end - asked.last)
    return Page(selection, start, end)


def _place(selection: Selection[T], position: Position, *, beyond: bool) -> int:
    """The number of items before the position. With `beyond`, the item at the position counts too."""
    columns, order = selection.columns, selection.order
    if len(position.values) != len(order):
        raise InvalidCursor("the cursor's values are not those of this list")

    def is_before(item: T) -> bool:
        values, item_id = columns.values(item, order), columns.identify(item)
        if beyond:
            return not columns.precedes(position.values, position.id, values, item_id, order)
        return columns.precedes(values, item_id, position.values, position.id, order)

    try:
        return _count_leading(selection.items, is_before)
    except (TypeError, ValueError) as error:
        raise InvalidCursor("the cursor's values are not those of this list") from error


def _count_leading(items: Sequence[T], holds: Callable[[T], bool]) -> int:
    """The position up to which items satisfy `holds`, by binary search. No later item satisfies it."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if holds(items[middle]):
            low = middle + 1
        else:
            high = middle
    return low


def encode_cursor(position: Position, digest: str) -> str:
    """The cursor of a position in the list with this `digest`."""
    text = json.dumps([list(position.values), position.id, position.slot, digest], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, *digests: str) -> Position:
    """The position of a cursor. Raises InvalidCursor if it is not valid, or belongs to another filter or order."""
    content = unpacked(cursor)
    match content:
        case [[*values], str(item_id), int(slot), str(digest)]:
            pass
        case _:
            raise InvalidCursor("the cursor is not one of ours")
    if isinstance(slot, bool) or not 0 <= slot <= _MAX_SLOT or not all(isinstance(v, _SCALARS) for v in values):
        raise InvalidCursor("the cursor is not one of ours")
    if digest not in digests:
        raise InvalidCursor("the cursor belongs to another list, filter or order")
    return Position(tuple(values), item_id, slot)
