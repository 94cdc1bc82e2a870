"""The log of stored snapshots, with a marker for each slot. Finds the newest one at a time, and thins out the past."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

from pydantic import Field
from pymongo.asynchronous.collection import AsyncCollection

from schema.domain.base import DAY, HOUR, MINUTE, Record, Slot, UnixSeconds
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import Snapshot
from server.storage.chunks import Chunks
from server.storage.connect import Mongo
from server.storage.documents import ChunkDocument, Marker, SnapshotDocument
from server.storage.head import Head
from server.storage.snapshots import payload

# The embedded engine sorts all matches, so the range comes first. Slots kept by the hour are up to two hours apart.
SEARCH_SECONDS = (10 * MINUTE, 2 * HOUR, 2 * DAY, 64 * DAY)
FRESH_SECONDS = HOUR
BATCH = 500


class _Key(Record):
    slot: Slot = Field(alias="_id")


class _Base(Record):
    slot: Slot


class _BaseOf(Record):
    base: _Base | None = None


class _Kept(Record):
    slot: Slot = Field(alias="_id")
    pinned: bool = False
    marker: _BaseOf

    class Settings:
        projection: Mapping[str, int] = {"pinned": 1, "marker.base.slot": 1}


class SnapshotLog:
    """The snapshots of one store."""

    def __init__(self, mongo: Mongo) -> None:
        self._head = Head(mongo)
        self._documents = mongo.documents(SnapshotDocument)
        self._collection = mongo.collection(SnapshotDocument)
        self._payloads = Chunks(mongo, ChunkDocument)
        self._chunks = mongo.documents(ChunkDocument)
        self._chunk_collection = mongo.collection(ChunkDocument)

    async def put(self, marker: Marker, *, pinned: bool = False) -> None:
        """Store a snapshot, unless one exists for this slot. `pinned` exempts it from retention."""
        await self._collection.update_one(
            {"_id": marker.slot}, {"$setOnInsert": {"marker": marker.model_dump(), "pinned": pinned}}, upsert=True
        )

    async def find(self, slot: Slot) -> Marker | None:
        """The marker of exactly this slot."""
        found = await self._documents.get(slot)
        return found.marker if found else None

    async def load(self, marker: Marker, step: payload.Step = payload.plainly) -> Snapshot:
        """The whole snapshot, decoded chunk by chunk, each in a `step`, with the event loop running in between.

        Raises Damaged, UnknownEncoding.
        """
        header = payload.header_of(marker)
        bodies = await self._payloads.read(marker.nodes)
        bases = await self._payloads.read(marker.base) if marker.base else []
        nodes: list[PNode] = []
        for body, base in zip_longest(bodies, bases[: len(bodies)]):
            nodes.extend(step(partial(payload.decoded, marker, body, base)))
            await asyncio.sleep(0)
        return Snapshot(header=header, nodes=tuple(nodes))

    async def newest_at(self, at: UnixSeconds) -> Slot | None:
        """The newest kept slot at or before a time."""
        for span in SEARCH_SECONDS:
            slot = await self._first({"marker.slot": {"$gte": at - span, "$lte": at}}, order="-marker.slot")
            if slot is not None:
                return slot
        return await self._first({"marker.slot": {"$lte": at}}, order="-marker.slot")

    async def oldest_in(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        """The oldest kept slot in [start, end)."""
        for window in _windows(start, end):
            slot = await self._first({"marker.slot": window}, order="+marker.slot")
            if slot is not None:
                return slot
        return None

    async def oldest_remains(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        """The oldest slot in [start, end) that has a marker or chunks."""
        for window in _windows(start, end):
            slot = await self._first({"marker.slot": window}, order="+marker.slot")
            chunk = await self._chunks.find({"slot": window}, projection_model=_Base).sort("+slot").limit(1).to_list()
            found = [one for one in (slot, *(each.slot for each in chunk)) if one is not None]
            if found:
                return min(found)
        return None

    async def earliest(self) -> Slot | None:
        """The oldest kept slot. The embedded engine reads every key for it, so call it per slot, not per request."""
        return await self._first({}, order="+marker.slot")

    async def within(self, start: UnixSeconds, end: UnixSeconds) -> list[Marker]:
        """The markers kept of [start, end), in order."""
        found = await self._documents.find({"marker.slot": {"$gte": start, "$lt": end}}).sort("+marker.slot").to_list()
        return [document.marker for document in found]

    async def slots_within(self, start: UnixSeconds, end: UnixSeconds) -> list[Slot]:
        """The slots kept of [start, end), in order."""
        found = await self._documents.find(
            {"marker.slot": {"$gte": start, "$lt": end}}, projection_model=_Key
        ).to_list()
        return sorted(one.slot for one in found)

    async def thin(self, start: UnixSeconds, end: UnixSeconds, keep: Collection[Slot], now: UnixSeconds) -> int:
        """Delete the snapshots of [start, end), except those to keep and pinned ones. Returns the number.

        `start` and `end` are UTC hours, because a snapshot and its base share one. The current hour is not changed.
        Chunks without a marker are deleted too, once they are `FRESH_SECONDS` old. May be repeated, also after an
        interruption.
        """
        if start % HOUR or end % HOUR:
            raise ValueError(f"thin [{start}, {end}): expected whole UTC hours")
        newest = await self._head.committed_slot()
        if newest is not None:
            end = min(end, newest // HOUR * HOUR)
        span = {"$gte": start, "$lt": end}
        found = await self._documents.find({"marker.slot": span}, projection_model=_Kept).to_list()
        kept = [one for one in found if one.pinned or one.slot in keep]
        gone = sorted({one.slot for one in found} - {one.slot for one in kept})
        await _delete(self._collection, gone)
        needed = {one.slot for one in kept} | {one.marker.base.slot for one in kept if one.marker.base}
        lying = self._chunk_collection.find({"slot": span}, {"slot": 1, "written": 1})
        useless = [
            document["_id"]
            async for document in lying
            if document["slot"] not in needed and document["written"] < now - FRESH_SECONDS
        ]
        await _delete(self._chunk_collection, useless)
        return len(gone)

    async def _first(self, where: dict[str, Any], *, order: str) -> Slot | None:
        found = await self._documents.find(where, projection_model=_Key).sort(order).limit(1).to_list()
        return found[0].slot if found else None


async def _delete(collection: AsyncCollection[dict[str, Any]], keys: Sequence[object]) -> None:
    for begin in range(0, len(keys), BATCH):
        await collection.delete_many({"_id": {"$in": keys[begin : begin + BATCH]}})


def _windows(start: UnixSeconds, end: UnixSeconds) -> Iterator[dict[str, int]]:
    """[start, end) in growing pieces, as conditions on a slot, because the embedded engine sorts all matches."""
    span = HOUR
    while start < end:
        cut = min(end, start + span)
        yield {"$gte": start, "$lt": cut}
        start, span = cut, span * 8
