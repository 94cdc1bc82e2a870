"""From the arguments of a list to a page of it."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from schema.derived import Facts, Tables
from schema.domain.base import UnixSeconds
from schema.domain.errors import BadUserInput
from schema.graphql.execution.context import Context
from schema.graphql.lists.columns import Columns, Order
from schema.graphql.lists.filters import EVERYTHING, Filter
from schema.graphql.lists.index import Arranged, Index
from schema.graphql.lists.paging import Matching, Page, Selection, Window, digest_of, tables_for, take
from schema.graphql.types.enums import OrderDirection

T = TypeVar("T")

MAX_ORDER = 5


@dataclass(frozen=True)
class ListField(Generic[T]):
    """A list that can be paged: its rows in a snapshot, in any order.

    `kind` and `variant` distinguish its cursors from those of other lists of the same rows. `usual` is the default
    order, which is kept as long as the snapshot. `timed` rows depend on the time of the tables.
    """

    columns: Columns[T]
    rows: Callable[[Tables], Iterable[T]]
    kind: str | None = None
    variant: Hashable = ()
    usual: Order = ()
    timed: bool = False

    def kept_with(self, tables: Tables) -> Tables | Facts:
        """The cache for values that are derived from the rows."""
        return tables if self.timed else tables.facts


class OrderInput(Protocol):
    """One criterion of an order, from an input object. `field` is an enum whose values name columns."""

    @property
    def field(self) -> Any: ...

    @property
    def direction(self) -> OrderDirection: ...


def order_of(given: Sequence[OrderInput] | None, otherwise: Order = ()) -> Order:
    """The requested order, or `otherwise`. Raises BadUserInput for more than 5 criteria, or a repeated one."""
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
    listing: ListField[T],
    asked: Window,
    *,
    chosen: Filter = EVERYTHING,
    order: Order = (),
    as_of: UnixSeconds | None = None,
) -> Page[T]:
    """The page of a listing that the arguments describe. Raises the errors of its parts."""
    digest = digest_of(listing.kind or listing.columns.kind, listing.variant, chosen.canonical, order)
    tables = await tables_for(context, asked, as_of, digest)
    return take(select(tables, listing, chosen, order, digest), asked)


def select(tables: Tables, listing: ListField[T], chosen: Filter, order: Order, digest: str) -> Selection[T]:
    """The rows that pass the filter, in order. Every step is cached with the snapshot."""
    index = index_of(tables, listing)

    # Cached values must not refer to the tables; otherwise only the garbage collector could free them.
    kept = listing.kept_with(tables)
    remember, keep_for_good = kept.lists.remember, kept.indexes.of

    def arranged() -> Arranged[T]:
        keep = keep_for_good if order == listing.usual else remember
        return keep((listing.columns.kind, "order", order), lambda: index.arranged(order))

    def matching() -> Matching[T]:
        return Matching(index, chosen.rows(index) if chosen.rows is not None else None, arranged)

    return Selection(remember(digest, matching), listing.columns, order, digest, tables)


def index_of(tables: Tables, listing: ListField[T]) -> Index[T]:
    """The rows of a listing with their columns, created once for a snapshot."""
    columns = listing.columns
    return listing.kept_with(tables).indexes.of(
        columns.kind, lambda: Index(columns.rows(listing.rows(tables)), columns)
    )
