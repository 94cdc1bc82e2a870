"""Reads a store as it was at one commit, while workers continue to commit.

The parts are consistent although they are read one after the other:

- The state is read between two reads of the head. The registry and the progress of upkeep are written under the lease
  after a commit, so they contain nothing of a later slot while the head is the same.
- The parts of the newest commit that are not written yet (registry, events, marker) are in its carried chunks. The next
  holder of the copy's lease writes them, as after any commit.
- Roll-up may be ahead of the progress that was read. Hours and counts of days that the progress does not cover are
  omitted. The copy's own roll-up writes them from its snapshots. A day that is closed meanwhile is copied unchanged.
- Retention removes the marker of a slot before its chunks. Chunks are read first, so each marker that is still there
  afterwards has its chunks in the copy.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bson import encode
from bson.raw_bson import RawBSONDocument

from schema.backup import Batch, Moment
from schema.domain.base import DAY, HOUR, MAX_INT64, Slot, UnixSeconds
from schema.domain.history.points import Resolution
from schema.upkeep import RollupProgress
from server.storage.backup import raw
from server.storage.backup.raw import Database
from server.storage.connect import Mongo
from server.storage.documents import HEAD_ID, Carried
from server.storage.history.buckets import period_of
from server.storage.history.progress import ROLLUP
from server.storage.migrations.version import check_version

FIRST_SPAN = HOUR
SPAN_GROWTH = 8


class MongoBackupSource:
    """Implements `BackupSource`."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._rolled: RollupProgress | None = None

    @property
    def _database(self) -> Database:
        return self._mongo.database

    async def moment(self) -> Moment:
        fields = {"committed_slot": 1, "marker.nodes.digest": 1, "document_version": 1}
        async with self._mongo.reaching():
            head: Any = await self._database[raw.HEAD].find_one({"_id": HEAD_ID}, fields)
        if head is None:
            return Moment()
        check_version(head.get("document_version"))
        marker = head.get("marker")
        return Moment(
            slot=head.get("committed_slot"),
            digest=marker["nodes"]["digest"] if marker else None,
            document_version=head.get("document_version"),
        )

    async def state(self, since: Slot | None = None) -> AsyncIterator[Batch]:
        async with self._mongo.reaching():
            head = await self._database[raw.HEAD].find_one({"_id": HEAD_ID})
            progress = await self._database[raw.UPKEEP].find_one({"_id": ROLLUP}, {"rollup": 1})
        self._rolled = RollupProgress.model_validate(progress["rollup"]) if progress and "rollup" in progress else None
        if head is not None:
            yield Batch(raw.HEAD, [encode(head)])
            if head.get("carried"):
                carried = Carried.model_validate(head["carried"])
                keys = [key for ref in (carried.memory, carried.registry, carried.events) for key in ref.ids]
                async for batch in self._read(raw.CARRIED, {"_id": {"$in": keys}}):
                    yield batch
        for name in (raw.UPKEEP, raw.ENRICHMENT):
            async for batch in self._read(name, {}):
                yield batch
        async for batch in self.registry(since):
            yield batch

    async def registry(self, since: Slot | None = None) -> AsyncIterator[Batch]:
        """Only the registry. With `since`, only the entries of that slot and later ones."""
        async for batch in self._read(raw.REGISTRY, {} if since is None else {"entry.updated_slot": {"$gte": since}}):
            yield batch

    async def has(self, moment: Moment) -> bool:
        """Whether a commit, for example that of a copy, was made in this store and is still stored."""
        if await self.moment() == moment:
            return True
        where = {"_id": moment.slot, "marker.nodes.digest": moment.digest}
        async with self._mongo.reaching():
            return await self._database[raw.SNAPSHOTS].find_one(where, {"_id": 1}) is not None

    async def past(self, moment: Moment, since: Slot | None = None) -> AsyncIterator[Batch]:
        after = -1 if since is None else since
        until = MAX_INT64 if moment.slot is None else moment.slot
        async for batch in self._history(since):
            yield batch
        async for batch in raw.batches(raw.EVENT_DAYS, self._event_days()):
            yield batch
        async for window in self._windows({raw.EVENTS: "slot"}, after, until, DAY):
            async for batch in self._read(raw.EVENTS, {"slot": window}):
                yield batch
        async for window in self._windows({raw.CHUNKS: "slot", raw.SNAPSHOTS: "marker.slot"}, after, until, HOUR):
            async for batch in self._read(raw.CHUNKS, {"slot": window}):
                yield batch
            async for batch in self._read(raw.SNAPSHOTS, {"marker.slot": window}):
                yield batch

    async def _read(self, name: str, where: Mapping[str, Any]) -> AsyncIterator[Batch]:
        async with self._mongo.reaching():
            async for batch in raw.batches(name, raw.documents(self._database, name, where)):
                yield batch

    async def _windows(
        self, fields: Mapping[str, str], after: Slot, until: Slot, seconds: int
    ) -> AsyncIterator[Mapping[str, int]]:
        """Slots (after, until] as conditions, in order, in pieces of at most `seconds` that hold documents.

        `fields` maps each collection to the field that holds the slot.
        """
        start = after + 1
        while (first := await self._oldest(fields, start, until)) is not None:
            end = first // seconds * seconds + seconds
            yield {"$gte": first, "$lte": min(end - 1, until)}
            start = end

    async def _oldest(self, fields: Mapping[str, str], start: Slot, until: Slot) -> Slot | None:
        """The oldest slot of [start, until]. It is searched in growing ranges, because the embedded engine sorts all
        matches."""
        span = FIRST_SPAN
        while start <= until:
            window = {"$gte": start, "$lte": min(start + span - 1, until)}
            found = [
                slot for name, field in fields.items() if (slot := await self._edge(name, field, window)) is not None
            ]
            if found:
                return min(found)
            start, span = start + span, span * SPAN_GROWTH
        return None

    async def _edge(self, name: str, field: str, window: Mapping[str, int]) -> Slot | None:
        """The smallest value of a field, which may be a path, within a window."""
        async with self._mongo.reaching():
            found = await self._database[name].find({field: window}, {field: 1}).sort(field, 1).limit(1).to_list()
        value: Any = found[0] if found else None
        for step in field.split(".") if found else ():
            value = value[step]
        return value

    async def _history(self, since: Slot | None) -> AsyncIterator[Batch]:
        for resolution in Resolution:
            where: dict[str, Any] = {"resolution": resolution.value}
            if since is not None:
                where["period"] = {"$gte": period_of(resolution, since)}
            async with self._mongo.reaching():
                periods = sorted(await self._database[raw.HISTORY].distinct("period", where))
            for period in periods:
                async with self._mongo.reaching():
                    async for batch in raw.batches(raw.HISTORY, self._buckets(resolution, period)):
                        yield batch

    async def _buckets(self, resolution: Resolution, period: UnixSeconds) -> AsyncIterator[RawBSONDocument]:
        where = {"resolution": resolution.value, "period": period}
        async for document in raw.documents(self._database, raw.HISTORY, where):
            yield _rolled_by(document, self._rolled)

    async def _event_days(self) -> AsyncIterator[RawBSONDocument]:
        async with self._mongo.reaching():
            async for document in raw.documents(self._database, raw.EVENT_DAYS, {}):
                yield _tallied_by(document, self._rolled)


def _rolled_by(document: RawBSONDocument, progress: RollupProgress | None) -> RawBSONDocument:
    """A history document without the hours that the progress does not cover."""
    early = [] if progress is None else [key for key in document.get("parts", {}) if _is_ahead(key, progress.next_hour)]
    return _without(document, ("parts", "samples"), early)


def _tallied_by(document: RawBSONDocument, progress: RollupProgress | None) -> RawBSONDocument:
    """The counts of a year's days, without days that were not closed yet."""
    if progress is None:
        return document
    closed = progress.next_hour // DAY * DAY if progress.open_day is None else progress.open_day
    return _without(document, ("days",), [key for key in document.get("days", {}) if int(key[1:]) >= closed])


def _is_ahead(key: str, next_hour: UnixSeconds) -> bool:
    return key.startswith("h") and int(key[1:]) >= next_hour


def _without(document: RawBSONDocument, fields: tuple[str, ...], keys: list[str]) -> RawBSONDocument:
    if not keys:
        return document
    whole: dict[str, Any] = dict(document)
    for field in fields:
        if field in whole:
            whole[field] = {key: value for key, value in dict(whole[field]).items() if key not in keys}
    return RawBSONDocument(encode(whole))
