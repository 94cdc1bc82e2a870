"""From the arguments of a list to a page of it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from schema.domain.base import UnixSeconds
from schema.domain.errors import BadUserInput
from schema.graphql.columns import Columns, Order, Ranks, arrange
from schema.graphql.context import Context
from schema.graphql.enums import OrderDirection
from schema.graphql.filters import EVERYTHING, Filter
from schema.graphql.paging import Page, Selection, Window, digest_of, tables_for, take
from schema.graphql.tables import Tables

T = TypeVar("T")

MAX_ORDER = 5


@dataclass(frozen=True)
class Listing(Generic[T]):
    """A list to take pages from: its rows in a snapshot, in any order. `variant` is whatever else the rows depend on."""

    columns: Columns[T]
    rows: Callable[[Tables], Iterable[T]]
    variant: Hashable = ()


class OrderInput(Protocol):
    """One criterion of an order, as an input object gives it. `field` is an enum whose values name columns."""

    @property
    def field(self) -> Any: ...

    @property
    def direction(self) -> OrderDirection: ...


def order_of(given: Sequence[OrderInput] | None, otherwise: Order = ()) -> Order:
    """The order asked for, or `otherwise`. Raises BadUserInput for more than 5 criteria, or one named twice."""
    if not given:
        return otherwise
    if len(given) > MAX_ORDER:
        raise BadUserInput(f"orderBy has {len(given)} criteria, expected at most {MAX_ORDER}", {"limit": MAX_ORDER})
    order = tuple((str(one.field.value), one.direction is OrderDirection.DESC) for one in given)
    if len({name for name, _ in order}) < len(order):
        raise BadUserInput("orderBy names a field twice")
    return order


async def page_of(
    context: Context,
    listing: Listing[T],
    asked: Window,
    *,
    chosen: Filter = EVERYTHING,
    order: Order = (),
    as_of: UnixSeconds | None = None,
) -> Page[T]:
    """The page of a listing that the arguments describe. Raises what its parts raise."""
    digest = digest_of(listing.columns.kind, listing.variant, chosen.canonical, order)
    tables = await tables_for(context, asked, as_of, digest)
    return take(select(tables, listing, chosen, order, digest), asked)


def select(tables: Tables, listing: Listing[T], chosen: Filter, order: Order, digest: str) -> Selection[T]:
    """The rows that pass the filter, in order. Every step is remembered with the snapshot."""
    columns = listing.columns
    source = (columns.kind, listing.variant)

    def ordered() -> tuple[T, ...]:
        rows = tables.remember((*source, "rows"), lambda: columns.rows(listing.rows(tables)))
        by_column = [(ranks(rows, name), descending) for name, descending in order]
        return arrange(rows, by_column) if order else rows

    def ranks(rows: Sequence[T], name: str) -> Ranks:
        return tables.remember((*source, "ranks", name), lambda: columns.ranks(rows, name))

    def matching() -> tuple[T, ...]:
        items = tables.remember((*source, "order", order), ordered)
        return items if chosen.test is None else tuple(filter(chosen.test, items))

    # Only the items are remembered: what holds its tables must not be held by them.
    return Selection(tables.remember(digest, matching), columns, order, digest, tables)
