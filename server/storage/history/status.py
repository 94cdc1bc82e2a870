"""How much history there is per node, and when it begins."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.points import Resolution
from schema.domain.node.registry import RegistryEntry
from schema.reads import HistoryStatusRow
from schema.upkeep import RollupProgress
from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument
from server.storage.history.buckets import (
    NETWORK,
    key_of,
    period_of,
    periods,
    points_in,
    samples_in,
    shares_time,
    subject_of,
    time_of,
)
from server.storage.history.store import HistoryStore
from server.storage.registry.entries import Registry
from server.storage.snapshots.log import SnapshotLog

FIRST_YEAR = 2_020  # no pNode is older
FINEST_FIRST = (Resolution.RAW, Resolution.M5, Resolution.H1)


class Span(NamedTuple):
    """Time [start, end) in which a subject has a sample."""

    start: UnixSeconds
    end: UnixSeconds


class _Counted(NamedTuple):
    """The samples of one node. The first and the last are known to an hour or a day."""

    id: str
    samples: int
    first: Span
    last: Span


Status = tuple[_Counted, ...]


class HistoryStatus:
    """The history of one store, counted by node."""

    def __init__(self, mongo: Mongo) -> None:
        self._collection = mongo.collection(HistoryDocument)
        self._history = HistoryStore(mongo)
        self._registry = Registry(mongo)
        self._snapshots = SnapshotLog(mongo)

    async def count(self, progress: RollupProgress | None) -> Status:
        """Every node with history, most samples first. Closed days and hours of the open day count."""
        found: dict[str, dict[str, int]] = {}
        await self._add(found, {"resolution": Resolution.D1.value})
        if progress is not None and progress.open_day is not None:
            month = period_of(Resolution.H1, progress.open_day)
            await self._add(found, {"resolution": Resolution.H1.value, "period": month})
        found.pop(NETWORK, None)
        counted = [_counted(subject, samples) for subject, samples in found.items() if samples]
        return tuple(sorted(counted, key=lambda row: (-row.samples, row.id)))

    async def rows(self, status: Status, limit: int) -> tuple[HistoryStatusRow, ...]:
        """The first rows, with the addresses that the registry knows, and the times of the first and the last sample.

        Times are those of slots while raw samples are stored. For an older bucket, the time is when the node was first
        seen if that is in the bucket, else the start of the bucket.
        """
        best = status[: max(0, limit)]
        entries = await self._registry.by_ids([row.id for row in best])
        firsts = await self._narrow({row.id: row.first for row in best}, min)
        lasts = await self._narrow({row.id: row.last for row in best}, max)
        return tuple(
            HistoryStatusRow(
                id=row.id,
                address=entries[row.id].address if row.id in entries else None,
                samples=row.samples,
                first=_first(firsts[row.id], entries.get(row.id)),
                last=lasts[row.id].start,
            )
            for row in best
        )

    async def earliest(self, now: UnixSeconds) -> UnixSeconds | None:
        """When the network's history begins: the oldest slot, or the start of the oldest bucket in the finest stored
        resolution."""
        first = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp())
        days = await self._history.sampled_days((NETWORK,), first, now)
        if days:
            return (await self._narrow({NETWORK: Span(min(days), min(days) + DAY)}, min))[NETWORK].start
        recent = periods(Resolution.H1, now - 2 * DAY, now)
        hours = await self._history.fetch(Resolution.H1, (NETWORK,), recent, now - 2 * DAY, now)
        slot = await self._snapshots.earliest()
        hour = min(map(time_of, hours.parts[NETWORK]), default=None)
        if hour is None or (slot is not None and slot < hour + HOUR):
            return slot
        return hour

    async def _narrow(self, spans: Mapping[str, Span], pick: Callable[[Iterable[Span]], Span]) -> dict[str, Span]:
        """Each subject's span, narrowed to the first or last (`pick`) slot or bucket of the finest stored resolution in
        it."""
        found: dict[str, Span] = {}
        for resolution in FINEST_FIRST:
            left = {subject: span for subject, span in spans.items() if subject not in found}
            keys = [key_of(resolution, period_of(resolution, span.start), subject) for subject, span in left.items()]
            async for document in self._collection.find({"_id": {"$in": keys}}, {"parts": 1}):
                subject = subject_of(document["_id"])
                whole = left[subject]
                parts = {key: body for key, body in document.get("parts", {}).items() if shares_time(key, *whole)}
                await asyncio.sleep(0)
                inside = [span for span in _spans(parts, subject, resolution) if whole.start <= span.start < whole.end]
                if inside:
                    found[subject] = pick(inside)
        return {subject: found.get(subject, span) for subject, span in spans.items()}

    async def _add(self, found: dict[str, dict[str, int]], where: dict[str, Any]) -> None:
        async for document in self._collection.find(where, {"samples": 1}):
            found.setdefault(subject_of(document["_id"]), {}).update(document.get("samples", {}))


def _spans(parts: Mapping[str, bytes], subject: str, resolution: Resolution) -> Collection[Span]:
    if resolution is Resolution.RAW:
        return [Span(sample.slot, sample.slot + sample.interval) for sample in samples_in(parts)]
    return [Span(point.start, point.end) for point in points_in(parts, subject, resolution)]


def _first(span: Span, entry: RegistryEntry | None) -> UnixSeconds:
    return entry.first_seen if entry is not None and span.start <= entry.first_seen < span.end else span.start


def _counted(subject: str, samples: dict[str, int]) -> _Counted:
    return _Counted(subject, sum(samples.values()), min(map(_span_of, samples)), max(map(_span_of, samples)))


def _span_of(key: str) -> Span:
    start = time_of(key)
    return Span(start, start + (HOUR if key.startswith("h") else DAY))
