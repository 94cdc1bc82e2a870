"""The filter of events in the form of the event store."""

from typing import NamedTuple, TypeVar

import strawberry
from strawberry import UNSET

from schema.domain.base import UnixSeconds
from schema.domain.errors import BadUserInput
from schema.domain.snapshot.record import Snapshot
from schema.graphql.lists.filter_inputs import EventTypeFilter, operator
from schema.graphql.lists.filters import MAX_LIST, MAX_TEXT
from schema.graphql.lists.paging import digest_of
from schema.graphql.types.enums import EventType, OrderDirection
from schema.graphql.types.scalars import DateTime
from schema.reads import EventFilter

T = TypeVar("T")


@strawberry.input(description="A filter of subjects: ids or addresses of nodes, or names of seeds.")
class SubjectFilter:
    eq: str | None = operator("This one.")
    in_: list[str] | None = strawberry.field(name="in", description="One of these; at most 100.", default=UNSET)


@strawberry.input(description="A filter of times.")
class TimeRange:
    gt: DateTime | None = operator("After this.")
    gte: DateTime | None = operator("At this or after it.")
    lt: DateTime | None = operator("Before this.")
    lte: DateTime | None = operator("At this or before it.")


@strawberry.input(description="A filter of events.")
class EventWhere:
    type: EventTypeFilter | None = operator("The type of the event.")
    subject: SubjectFilter | None = operator(
        "The node or seed. A node is found by each of its known ids and addresses."
    )
    at: TimeRange | None = operator("When it was observed.")


class Wanted(NamedTuple):
    """A filter of events in the form of the store, with its identity for each direction."""

    filter: EventFilter
    ascending: str
    descending: str


def wanted(where: EventWhere | None, current: Snapshot | None) -> Wanted:
    """The validated filter. `current` returns the ids of a subject.

    Raises BadUserInput for null, or for a list or a text that is too long.
    """
    types = _types(_given("type", where.type)) if where is not None else None
    subjects = _subjects(_given("subject", where.subject)) if where is not None else None
    since, until = _range(_given("at", where.at)) if where is not None else (None, None)
    parts = (
        None if types is None else tuple(sorted(types)),
        None if subjects is None else tuple(sorted(subjects)),
        since,
        until,
    )
    ids = None if subjects is None else frozenset(i for s in subjects for i in _all_ids(s, current))
    return Wanted(
        filter=EventFilter(types=types, subjects=ids, since=since, until=until),
        ascending=digest_of("events", *parts, OrderDirection.ASC.value),
        descending=digest_of("events", *parts, OrderDirection.DESC.value),
    )


def _given(name: str, value: T | None) -> T | None:
    """The value, or None if it was omitted. Raises BadUserInput if it is null."""
    if value is UNSET:
        return None
    if value is None:
        raise BadUserInput(f"{name} is null, expected a value; leave out what is not wanted")
    return value


def _types(chosen: EventTypeFilter | None) -> frozenset[EventType] | None:
    if chosen is None:
        return None
    equal, different, among = _given("eq", chosen.eq), _given("ne", chosen.ne), _given("in", chosen.in_)
    types = frozenset(EventType)
    if equal is not None:
        types &= {equal}
    if different is not None:
        types -= {different}
    return types if among is None else types & frozenset(among)


def _subjects(chosen: SubjectFilter | None) -> frozenset[str] | None:
    if chosen is None:
        return None
    equal, among = _given("eq", chosen.eq), _given("in", chosen.in_)
    if among is not None and len(among) > MAX_LIST:
        raise BadUserInput(f"in has {len(among)} elements, expected at most {MAX_LIST}", {"limit": MAX_LIST})
    named = [] if equal is None else [equal]
    for subject in (*named, *(among or ())):
        if len(subject) > MAX_TEXT:
            raise BadUserInput(f"a subject has {len(subject)} characters, expected at most {MAX_TEXT}")
    if equal is not None:
        return frozenset(named) if among is None else frozenset(named) & frozenset(among)
    return None if among is None else frozenset(among)


def _all_ids(subject: str, current: Snapshot | None) -> tuple[str, ...]:
    node = current.find(subject) if current is not None else None
    return (subject,) if node is None else (subject, node.id, *node.former_ids)


def _range(chosen: TimeRange | None) -> tuple[UnixSeconds | None, UnixSeconds | None]:
    """The bounds, both inclusive, in whole seconds; the stricter of two wins."""
    if chosen is None:
        return None, None
    above, least = _given("gt", chosen.gt), _given("gte", chosen.gte)
    below, most = _given("lt", chosen.lt), _given("lte", chosen.lte)
    lower = [bound for bound in (None if above is None else above + 1, least) if bound is not None]
    upper = [bound for bound in (None if below is None else below - 1, most) if bound is not None]
    return max(lower, default=None), min(upper, default=None)
