"""Queries of the log of events: a page from a position on, and the number of matches.

A request for many subjects is one query for all of them. It scans the whole log once in the embedded engine, and uses
the index of subjects in MongoDB. Any other request is one query for each subject, or else for each type, as the indexes
of `EventDocument` allow. The queries cover windows of time that grow outward from the position until the page is full,
because the embedded engine sorts all matches before it applies the limit. It is slow with a second condition, so if
one is needed, all events of a short span are read and filtered here.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schema.domain.base import DAY, HOUR, Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.reads import EventFilter
from server.storage.connect import Mongo
from server.storage.documents import EventDocument
from server.storage.events.log import EventLog

FIRST_WINDOW_SECONDS = 6 * HOUR
WINDOW_GROWTH = 4
MAX_PAGE = 1_000
# Events of one slot that are read at once.
PART = 500
# Up to this number of subjects, one query for each is faster in the embedded engine than a scan of the whole log.
MAX_STREAMS = 8
# An event is seen (`at`) within its slot. No slot is longer than this, and no clock differs by more.
SEEN_WITHIN_SECONDS = 2 * HOUR

_Condition = Mapping[str, Any]
_EVERYTHING: Sequence[_Condition] = ({},)


class _Span(NamedTuple):
    """Slots [start, end). `edge` is true if some of their events may be outside of the requested times or the
    position."""

    start: Slot
    end: Slot
    edge: bool = False


class EventReads:
    """Reads the log. `earliest` returns the start of the oldest history; no event is older."""

    def __init__(
        self,
        mongo: Mongo,
        earliest: Callable[[], Awaitable[UnixSeconds | None]],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._mongo = mongo
        self._log = EventLog(mongo)
        self._collection = mongo.collection(EventDocument)
        self._earliest = earliest
        self._clock = clock

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        """Up to `first` events (at most `MAX_PAGE`) beyond the position `after`, in log order or in reverse."""
        wanted = max(0, min(first, MAX_PAGE))
        found: list[Event] = []
        within = await self._spans(where)
        spans = _beyond(within, after, newest_first=newest_first, at_once=_asks_for_many(where))
        async with self._mongo.answering():
            if after is not None and any(span.start <= after[0] < span.end for span in within):
                found += await self._rest_of_slot(where, after, wanted, newest_first=newest_first)
            for span in spans:
                if len(found) >= wanted:
                    break
                found += await self._page(where, span, wanted - len(found), newest_first=newest_first)
        return tuple(found[:wanted])

    async def event_count(self, where: EventFilter) -> int:
        """The number of matching events."""
        spans = await self._spans(where)
        async with self._mongo.answering():
            return sum([await self._count(where, span) for span in spans])

    async def _spans(self, where: EventFilter) -> list[_Span]:
        """The slots in which matching events can lie, in order: an event is seen a little after its slot began."""
        start = await self._earliest() or 0
        end = int(self._clock()) + SEEN_WITHIN_SECONDS
        spans: list[_Span] = []
        if where.since is not None and where.since > start:
            spans.append(_Span(max(start, where.since - SEEN_WITHIN_SECONDS), min(end, where.since), edge=True))
            start = where.since
        last: list[_Span] = []
        if where.until is not None and where.until < end:
            end = where.until + 1
            last.append(_Span(max(start, end - SEEN_WITHIN_SECONDS), end, edge=True))
            end -= SEEN_WITHIN_SECONDS
        return [span for span in (*spans, _Span(start, end), *last) if span.start < span.end]

    async def _rest_of_slot(
        self, where: EventFilter, after: tuple[Slot, int], limit: int, *, newest_first: bool
    ) -> Sequence[Event]:
        """Up to `limit` matching events beyond a position, of its slot. They are read in parts, because a slot may have
        very many."""
        slot, index = after
        found: list[Event] = []
        while len(found) < limit:
            beyond = {"slot": slot, "index": {"$lt" if newest_first else "$gt": index}}
            query = self._collection.find(beyond, {"_id": 0, "pinned": 0})
            part = [
                Event.model_validate(document)
                for document in await query.sort("index", -1 if newest_first else 1).limit(PART).to_list()
            ]
            found += [event for event in part if _matches(event, where)]
            if len(part) < PART:
                break
            index = part[-1].index
        return found[:limit]

    async def _page(self, where: EventFilter, span: _Span, limit: int, *, newest_first: bool) -> Sequence[Event]:
        """The matching events of a span, in order: all of them for an edge, else the first `limit`."""
        direction = -1 if newest_first else 1
        found: list[Event] = []
        for stream in _EVERYTHING if span.edge else _streams(where):
            query = self._collection.find({**stream, **_within(span)}, {"_id": 0, "pinned": 0})
            if not span.edge:
                query = query.sort([("slot", direction), ("index", direction)])
                query = query if _filters_types(where) else query.limit(limit)
            found += [event async for document in query if _matches(event := Event.model_validate(document), where)]
        return sorted(found, key=lambda event: (event.slot, event.index), reverse=newest_first)

    async def _count(self, where: EventFilter, span: _Span) -> int:
        if span.edge or _filters_types(where):
            return len(await self._page(where, span, MAX_PAGE, newest_first=False))
        if where.subjects is not None:
            return await self._count_streams(where, span)
        # Closed days were counted when they were closed. Only both ends and the days that are not closed remain to be
        # counted.
        closed = await self._log.tallies(span.start, span.end)
        types = None if where.types is None else {type_.value for type_ in where.types}
        total = sum(n for counts in closed.values() for type_, n in counts.items() if types is None or type_ in types)
        for gap in _gaps(span, sorted(closed)):
            total += await self._count_streams(where, gap)
        return total

    async def _count_streams(self, where: EventFilter, span: _Span) -> int:
        counts = [await self._collection.count_documents({**stream, **_within(span)}) for stream in _streams(where)]
        return sum(counts)


def _beyond(
    spans: Sequence[_Span], after: tuple[Slot, int] | None, *, newest_first: bool, at_once: bool
) -> Iterator[_Span]:
    """The spans beyond the slot of a position, nearest first, in growing windows. With `at_once`, each is one
    window."""
    for span in reversed(spans) if newest_first else spans:
        if after is None:
            yield from _windows(span, newest_first=newest_first, at_once=at_once)
            continue
        slot = after[0]
        rest = (
            span._replace(end=min(span.end, slot)) if newest_first else span._replace(start=max(span.start, slot + 1))
        )
        yield from _windows(rest, newest_first=newest_first, at_once=at_once)


def _windows(span: _Span, *, newest_first: bool, at_once: bool) -> Iterator[_Span]:
    start, end = span.start, span.end
    width = max(end - start, 0) if at_once else FIRST_WINDOW_SECONDS
    while start < end:
        if newest_first:
            yield span._replace(start=max(start, end - width), end=end)
            end -= width
        else:
            yield span._replace(start=start, end=min(end, start + width))
            start += width
        width *= WINDOW_GROWTH


def _within(span: _Span) -> _Condition:
    return {"slot": {"$gte": span.start, "$lt": span.end}}


def _streams(where: EventFilter) -> Sequence[_Condition]:
    """The equality conditions that an index supports, one for each query."""
    if _asks_for_many(where):
        types = {} if where.types is None else {"type": {"$in": sorted(type_.value for type_ in where.types)}}
        return [{"subject": {"$in": sorted(where.subjects or ())}, **types}]
    if where.subjects is not None:
        return [{"subject": subject} for subject in sorted(where.subjects)]
    if where.types is not None:
        return [{"type": type_.value} for type_ in sorted(where.types)]
    return _EVERYTHING


def _filters_types(where: EventFilter) -> bool:
    """Whether the types have to be filtered here, because the engine would use the wrong index for two conditions."""
    return where.subjects is not None and where.types is not None and not _asks_for_many(where)


def _asks_for_many(where: EventFilter) -> bool:
    return where.subjects is not None and len(where.subjects) > MAX_STREAMS


def _matches(event: Event, where: EventFilter) -> bool:
    return (
        (where.types is None or event.type in where.types)
        and (where.subjects is None or event.subject in where.subjects)
        and (where.since is None or event.at >= where.since)
        and (where.until is None or event.at <= where.until)
    )


def _gaps(span: _Span, days: Sequence[UnixSeconds]) -> Iterator[_Span]:
    """The parts of a span that the given days do not cover."""
    start = span.start
    for day in days:
        if start < day:
            yield _Span(start, day)
        start = day + DAY
    if start < span.end:
        yield _Span(start, span.end)
