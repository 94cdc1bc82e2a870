"""The log of stored snapshots, with a marker for each slot. Finds the newest one at a time, and thins out the past."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from schema.domain.base import DAY, HOUR, MINUTE, Record, Slot, UnixSeconds
from server.storage import head
from server.storage.documents import ChunkDocument, Marker, SnapshotDocument, StoredDocument

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


async def put(marker: Marker, *, pinned: bool = False) -> None:
    """Store a snapshot, unless one exists for this slot. `pinned` exempts it from retention."""
    await SnapshotDocument.collection().update_one(
        {"_id": marker.slot}, {"$setOnInsert": {"marker": marker.model_dump(), "pinned": pinned}}, upsert=True
    )


async def find(slot: Slot) -> Marker | None:
    """The marker of exactly this slot."""
    found = await SnapshotDocument.get(slot)
    return found.marker if found else None


async def newest_at(at: UnixSeconds) -> Slot | None:
    """The newest kept slot at or before a time."""
    for span in SEARCH_SECONDS:
        slot = await _first({"marker.slot": {"$gte": at - span, "$lte": at}}, order="-marker.slot")
        if slot is not None:
            return slot
    return await _first({"marker.slot": {"$lte": at}}, order="-marker.slot")


async def oldest_in(start: UnixSeconds, end: UnixSeconds) -> Slot | None:
    """The oldest kept slot in [start, end)."""
    for window in _windows(start, end):
        slot = await _first({"marker.slot": window}, order="+marker.slot")
        if slot is not None:
            return slot
    return None


async def oldest_remains(start: UnixSeconds, end: UnixSeconds) -> Slot | None:
    """The oldest slot in [start, end) that has a marker or chunks."""
    for window in _windows(start, end):
        slot = await _first({"marker.slot": window}, order="+marker.slot")
        chunk = await ChunkDocument.find({"slot": window}, projection_model=_Base).sort("+slot").limit(1).to_list()
        found = [one for one in (slot, *(each.slot for each in chunk)) if one is not None]
        if found:
            return min(found)
    return None


async def earliest() -> Slot | None:
    """The oldest kept slot. The embedded engine reads every key for it, so call it once per slot, not per request."""
    return await _first({}, order="+marker.slot")


async def within(start: UnixSeconds, end: UnixSeconds) -> list[Marker]:
    """The markers kept of [start, end), in order."""
    found = await SnapshotDocument.find({"marker.slot": {"$gte": start, "$lt": end}}).sort("+marker.slot").to_list()
    return [document.marker for document in found]


async def slots_within(start: UnixSeconds, end: UnixSeconds) -> list[Slot]:
    """The slots kept of [start, end), in order."""
    found = await SnapshotDocument.find({"marker.slot": {"$gte": start, "$lt": end}}, projection_model=_Key).to_list()
    return sorted(one.slot for one in found)


async def thin(start: UnixSeconds, end: UnixSeconds, keep: Collection[Slot], now: UnixSeconds) -> int:
    """Delete the snapshots of [start, end), except those to keep and pinned ones. Returns the number.

    `start` and `end` are UTC hours, because a snapshot and its base share one. The current hour is not changed. Chunks
    without a marker are deleted too, once they are `FRESH_SECONDS` old. May be repeated, also after an interruption.
    """
    if start % HOUR or end % HOUR:
        raise ValueError(f"thin [{start}, {end}): expected whole UTC hours")
    newest = await head.committed_slot()
    if newest is not None:
        end = min(end, newest // HOUR * HOUR)
    span = {"$gte": start, "$lt": end}
    found = await SnapshotDocument.find({"marker.slot": span}, projection_model=_Kept).to_list()
    kept = [one for one in found if one.pinned or one.slot in keep]
    gone = sorted({one.slot for one in found} - {one.slot for one in kept})
    await _delete(SnapshotDocument, gone)
    needed = {one.slot for one in kept} | {one.marker.base.slot for one in kept if one.marker.base}
    lying = ChunkDocument.collection().find({"slot": span}, {"slot": 1, "written": 1})
    useless = [
        document["_id"]
        async for document in lying
        if document["slot"] not in needed and document["written"] < now - FRESH_SECONDS
    ]
    await _delete(ChunkDocument, useless)
    return len(gone)


async def _delete(model: type[StoredDocument], keys: Sequence[object]) -> None:
    for begin in range(0, len(keys), BATCH):
        await model.collection().delete_many({"_id": {"$in": keys[begin : begin + BATCH]}})


def _windows(start: UnixSeconds, end: UnixSeconds) -> Iterator[dict[str, int]]:
    """[start, end) in growing pieces, as conditions on a slot, because the embedded engine sorts all matches."""
    span = HOUR
    while start < end:
        cut = min(end, start + span)
        yield {"$gte": start, "$lt": cut}
        start, span = cut, span * 8


async def _first(where: dict[str, Any], *, order: str) -> Slot | None:
    found = await SnapshotDocument.find(where, projection_model=_Key).sort(order).limit(1).to_list()
    return found[0].slot if found else None
