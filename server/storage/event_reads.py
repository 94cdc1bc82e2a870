"""Questions to the log of events: a page from a position on, and how many match.

A question is put once for each subject, or else for each type, as the indexes of `EventDocument` are made for; in
windows of time that grow from the position outward until the page is full, since the embedded engine sorts all that
matches before it cuts.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schema.domain.base import DAY, HOUR, Slot, UnixSeconds
from schema.domain.events import Event
from schema.reads import EventFilter
from server.storage import events
from server.storage.connect import Mongo
from server.storage.events import EventDocument

FIRST_WINDOW_SECONDS = 6 * HOUR
WINDOW_GROWTH = 4
MAX_PAGE = 1_000
# An event is seen (`at`) within its slot; no slot is longer, and no clock further off.
SEEN_WITHIN_SECONDS = 2 * HOUR

_Condition = Mapping[str, Any]


class _Span(NamedTuple):
    """Slots [start, end)."""

    start: Slot
    end: Slot


class EventReads:
    """The log's readers. `earliest` gives the start of the oldest history: no event is older."""

    def __init__(
        self,
        mongo: Mongo,
        earliest: Callable[[], Awaitable[UnixSeconds | None]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._mongo = mongo
        self._earliest = earliest
        self._clock = clock

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        """Up to `first` events (at most `MAX_PAGE`) beyond the position `after`, in log order or in reverse."""
        wanted = min(first, MAX_PAGE)
        span = await self._span(where)
        found: list[Event] = []
        async with self._mongo.answering():
            for place in _places(span, after, newest_first=newest_first):
                if len(found) >= wanted:
                    break
                found += await _page(where, place, wanted - len(found), newest_first=newest_first)
        return tuple(found[: max(0, wanted)])

    async def event_count(self, where: EventFilter) -> int:
        """How many kept events match."""
        span = await self._span(where)
        async with self._mongo.answering():
            if where.subjects is not None or span.end - span.start < DAY:
                return await _count(where, span)
            return await _count_by_days(where, span)

    async def _span(self, where: EventFilter) -> _Span:
        """The slots in which matching events can lie."""
        earliest = await self._earliest() or 0
        latest = int(self._clock()) + SEEN_WITHIN_SECONDS
        start = earliest if where.since is None else max(earliest, where.since - SEEN_WITHIN_SECONDS)
        return _Span(start, latest if where.until is None else min(latest, where.until + 1))


def _places(span: _Span, after: tuple[Slot, int] | None, *, newest_first: bool) -> Iterator[_Condition]:
    """Conditions on the position that together cover the span beyond `after`, nearest first.

    The rest of the slot of `after` comes by itself, as a range of its indexes.
    """
    start, end = span
    if after is not None and start <= after[0] < end:
        yield {"slot": after[0], "index": {"$lt" if newest_first else "$gt": after[1]}}
    if after is not None:
        start, end = (start, min(end, after[0])) if newest_first else (max(start, after[0] + 1), end)
    width = FIRST_WINDOW_SECONDS
    while start < end:
        cut = max(start, end - width) if newest_first else min(end, start + width)
        yield {"slot": {"$gte": cut, "$lt": end} if newest_first else {"$gte": start, "$lt": cut}}
        start, end = (start, cut) if newest_first else (cut, end)
        width *= WINDOW_GROWTH


async def _page(where: EventFilter, place: _Condition, limit: int, *, newest_first: bool) -> Sequence[Event]:
    """The first `limit` matching events of one place."""
    direction = -1 if newest_first else 1
    found: list[Event] = []
    for stream in _streams(where):
        query = EventDocument.collection().find({**stream, **place, **_filters(where)}, {"_id": 0, "pinned": 0})
        documents = await query.sort([("slot", direction), ("index", direction)]).limit(limit).to_list()
        found += [Event.model_validate(document) for document in documents]
    return sorted(found, key=lambda event: (event.slot, event.index), reverse=newest_first)[:limit]


def _streams(where: EventFilter) -> list[_Condition]:
    """The equalities that an index can follow, one query each."""
    if where.subjects is not None:
        return [{"subject": subject} for subject in sorted(where.subjects)]
    if where.types is not None:
        return [{"type": type_.value} for type_ in sorted(where.types)]
    return [{}]


def _filters(where: EventFilter) -> _Condition:
    """What remains to be compared of each event that a stream finds."""
    at = {"$gte": where.since} if where.since is not None else {}
    at |= {"$lte": where.until} if where.until is not None else {}
    wanted: dict[str, Any] = {"at": at} if at else {}
    if where.subjects is not None and where.types is not None:
        wanted["type"] = {"$in": sorted(type_.value for type_ in where.types)}
    return wanted


async def _count(where: EventFilter, span: _Span) -> int:
    if span.start >= span.end:
        return 0
    place = {"slot": {"$gte": span.start, "$lt": span.end}}
    counts = [
        await EventDocument.collection().count_documents({**stream, **place, **_filters(where)})
        for stream in _streams(where)
    ]
    return sum(counts)


async def _count_by_days(where: EventFilter, span: _Span) -> int:
    """Closed days were counted when they were closed; only the two ends, and days that are not closed, are left.

    The counts go by slots, a question by times: near its ends it is put to the events themselves.
    """
    first, last = span.start + SEEN_WITHIN_SECONDS, span.end - SEEN_WITHIN_SECONDS
    closed = await events.tallies(first, last)
    types = None if where.types is None else {type_.value for type_ in where.types}
    total = sum(n for counts in closed.values() for type_, n in counts.items() if types is None or type_ in types)
    for gap in _gaps(span, sorted(closed)):
        total += await _count(where, gap)
    return total


def _gaps(span: _Span, days: Sequence[UnixSeconds]) -> Iterator[_Span]:
    """The parts of a span that the given days do not cover."""
    start = span.start
    for day in days:
        if start < day:
            yield _Span(start, day)
        start = day + DAY
    if start < span.end:
        yield _Span(start, span.end)
