"""The log of events: written after their commit, counted when their day is over.

An event's key is its position, slot and index in one number, so a repeated write finds the existing key.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo.errors import BulkWriteError

from schema.domain.base import DAY, Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.writes import Commit
from server.storage.bulk import duplicates
from server.storage.connect import Mongo
from server.storage.documents import EventDaysDocument, EventDocument

BATCH = 500
_INDEX_BITS = 24  # 16 million events per slot


class EventLog:
    """The log of one store. As a `Follower`, it records the events of a worker's commits."""

    def __init__(self, mongo: Mongo) -> None:
        self._collection = mongo.collection(EventDocument)
        self._days = mongo.collection(EventDaysDocument)

    async def follow(self, commit: Commit) -> None:
        """Write the events of a commit. Existing ones are kept."""
        await self.write(commit.events)

    async def write(self, log: Sequence[Event], *, pinned: bool = False) -> None:
        """Write events. Existing ones are kept."""
        for start in range(0, len(log), BATCH):
            documents = [_document(event, pinned=pinned) for event in log[start : start + BATCH]]
            try:
                await self._collection.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                duplicates(error)

    async def tally_day(self, day: UnixSeconds) -> None:
        """Count the events of a UTC day that is over. May be repeated."""
        counts: Counter[str] = Counter()
        within = {"slot": {"$gte": day, "$lt": day + DAY}}
        async for document in self._collection.find(within, {"type": 1}):
            counts[document["type"]] += 1
        if counts:
            found = {type_: counts[type_] for type_ in sorted(counts)}
            change = {"$set": {f"days.d{day}": found}}
            await self._days.update_one({"_id": _year(day)}, change, upsert=True)

    async def tallies(self, start: UnixSeconds, end: UnixSeconds) -> dict[UnixSeconds, dict[str, int]]:
        """The counts of the closed days within [start, end), by day and type. A day without events has none."""
        years = list(range(_year(start), _year(max(start, end - 1)) + 1))
        found = await self._days.find({"_id": {"$in": years}}).to_list()
        days = {int(key[1:]): counts for document in found for key, counts in document.get("days", {}).items()}
        return {day: counts for day, counts in days.items() if start <= day and day + DAY <= end}

    async def drop_before(self, before: UnixSeconds, limit: int) -> int:
        """Delete at most `limit` events of the UTC days before that of `before`. Returns the number.

        The count of a day is deleted first. The remaining events of the day are then counted on request.
        """
        old = {"pinned": False, "slot": {"$lt": before // DAY * DAY}}
        found = await self._collection.find(old, {"slot": 1}).limit(limit).to_list()
        for day in sorted({document["slot"] // DAY * DAY for document in found}):
            await self._days.update_one({"_id": _year(day)}, {"$unset": {f"days.d{day}": ""}})
        keys = [document["_id"] for document in found]
        for start in range(0, len(keys), BATCH):
            await self._collection.delete_many({"_id": {"$in": keys[start : start + BATCH]}})
        return len(keys)


def position_of(slot: Slot, index: int) -> int:
    return slot << _INDEX_BITS | index


def _document(event: Event, *, pinned: bool) -> dict[str, Any]:
    return {"_id": position_of(event.slot, event.index), **event.model_dump(mode="json"), "pinned": pinned}


def _year(at: UnixSeconds) -> int:
    return datetime.fromtimestamp(at, UTC).year
