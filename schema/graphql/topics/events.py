"""The event log: changes between snapshots, in pages and as a stream that can be resumed."""

from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, NamedTuple, TypeVar

import strawberry

from schema.derived import Tables, tables_of
from schema.domain.base import Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.domain.errors import CursorExpired, InvalidCursor
from schema.domain.node.pnode import PNode
from schema.graphql.execution.context import Context, Info
from schema.graphql.execution.streams import lookahead
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.paging import Position, decode_cursor, encode_cursor, window
from schema.graphql.topics.event_filters import EventWhere, wanted
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.types.enums import EventType, OrderDirection
from schema.graphql.types.fields import PAGE_INFO, PAGED, After, First, argument, attribute, published, resolved
from schema.graphql.types.scalars import BigInt, DateTime

T = TypeVar("T")

# How many events a stream reads at once. It sends them before it reads more.
BATCH = 200
_MAX_INDEX = 2**31 - 1

Place = tuple[Slot, int]


class EventView(NamedTuple):
    """An event, its cursor in its list, and the newest snapshot if there is one."""

    event: Event
    cursor: str
    tables: Tables | None

    @property
    def node(self) -> "EventView":
        return self

    @property
    def at(self) -> UnixSeconds:
        return self.event.at

    @property
    def slot(self) -> Slot:
        return self.event.slot

    @property
    def type(self) -> EventType:
        return self.event.type

    @property
    def subject(self) -> str:
        return self.event.subject

    @property
    def address(self) -> str | None:
        return self.event.address

    @property
    def before(self) -> str | None:
        return self.event.before

    @property
    def after(self) -> str | None:
        return self.event.after


class EventPage(NamedTuple):
    """A page of the log. `has_previous_page` is true if the page begins after an event."""

    edges: Sequence[EventView]
    total_count: int
    has_next_page: bool
    has_previous_page: bool

    @property
    def nodes(self) -> Sequence[EventView]:
        return self.edges

    @property
    def page_info(self) -> "EventPage":
        return self

    @property
    def start_cursor(self) -> str | None:
        return self.edges[0].cursor if self.edges else None

    @property
    def end_cursor(self) -> str | None:
        return self.edges[-1].cursor if self.edges else None


def place_of(cursor: str, context: Context, *digests: str) -> Place:
    """The position of a cursor in the log.

    Raises InvalidCursor, and CursorExpired if events after that position may have been deleted already.
    """
    position = decode_cursor(cursor, *digests)
    index = position.values[0] if len(position.values) == 1 else None
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= _MAX_INDEX:
        raise InvalidCursor("the cursor is not one of ours")
    kept = context.service.retention.events
    if kept is not None and position.slot < context.now - kept:
        raise CursorExpired(f"events of slot {position.slot} are no longer kept")
    return position.slot, index


def view(event: Event, digest: str, tables: Tables | None) -> EventView:
    """The event with its cursor."""
    place = Position(values=(event.index,), id=event.subject, slot=event.slot)
    return EventView(event, encode_cursor(place, digest), tables)


async def events(
    info: Info,
    *,
    first: First = None,
    after: After = None,
    where: Annotated[EventWhere | None, argument("A filter of events; all by default.")] = None,
    direction: Annotated[
        OrderDirection | None, argument("DESC: newest first. ASC: in the order in which they happened.")
    ] = OrderDirection.DESC,
) -> EventPage:
    context = info.context
    asked = window(first, after)
    tables = context.current_tables()
    chosen = wanted(where, tables.snapshot if tables is not None else None)
    newest_first = direction is not OrderDirection.ASC
    digest = chosen.descending if newest_first else chosen.ascending
    start = None if asked.after is None else place_of(asked.after, context, digest)
    size = asked.first or 0
    found = await context.reads.events(chosen.filter, start, size + 1, newest_first=newest_first)
    return EventPage(
        edges=[view(event, digest, tables) for event in found[:size]],
        total_count=await context.reads.event_count(chosen.filter),
        has_next_page=len(found) > size,
        has_previous_page=start is not None,
    )


async def event_stream(
    info: Info,
    *,
    where: Annotated[EventWhere | None, argument("A filter of events; all by default.")] = None,
    after: Annotated[
        str | None,
        argument("Cursor of the last received event, to receive all later ones. By default only new events are sent."),
    ] = None,
) -> AsyncGenerator[EventView, None]:
    context = info.context
    current = context.reads.current()
    chosen = wanted(where, current)
    place: Place = (current.slot, _MAX_INDEX) if current is not None else (0, -1)
    if after is not None:
        place = place_of(after, context, chosen.ascending, chosen.descending)
    # Listening begins before the log is read. Otherwise a commit in between would be noticed an interval late.
    async with lookahead(context.updates.snapshots()) as upcoming:
        while True:
            while found := await context.reads.events(chosen.filter, place, BATCH):
                for event in found:
                    place = (event.slot, event.index)
                    yield view(event, chosen.ascending, tables_of(current) if current is not None else None)
            current = await upcoming()
            if current is None:
                return


def event_node(root: strawberry.Parent[EventView]) -> InSnapshot[PNode] | None:
    if root.tables is None:
        return None
    node = root.tables.snapshot.find(root.event.subject)
    return InSnapshot(node, root.tables) if node is not None else None


@published(EventView, "Event", "Something that changed between two snapshots.")
class EventGraphType:
    cursor: str = attribute(
        "Its position in the log, for `after` of this list and of a subscription with the same filter."
    )
    at: DateTime = attribute("When the later of the two snapshots was taken.")
    slot: BigInt = attribute("Slot of the later snapshot, in unix seconds.")
    type: EventType = attribute("The type of the event.")
    subject: str = attribute("Id of the node, or name of the seed.")
    pnode = resolved(
        event_node,
        PNodeType | None,
        "The node in the newest snapshot; null if it is not in it, or if the subject is a seed.",
    )
    address: str | None = attribute("Address of the node at that time, as `HOST:PORT`; null for seeds.")
    before: str | None = attribute(
        "The value before the change, as text: seconds, bytes, versions, addresses; null if there is none."
    )
    after: str | None = attribute("The value after the change, as text, in the same unit; null if there is none.")


@published(EventView, "EventEdge", "An event in a page.")
class EventEdgeType:
    node: EventGraphType = attribute("The event.")
    cursor: str = attribute("The cursor to continue from this event: for `after`.")


@published(EventPage, "EventConnection", "A page of the event log.")
class EventConnectionType:
    edges: list[EventEdgeType] = attribute("The events of this page, each with its cursor.", weight=PAGED)
    nodes: list[EventGraphType] = attribute("The events of this page.", weight=PAGED)
    page_info: PageInfoType = attribute("The position of this page in the log.", weight=PAGE_INFO)
    total_count: int = attribute("Number of kept events that match, in all pages.")
