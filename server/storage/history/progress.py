"""The progress of the jobs on the past: one small document for each."""

from schema.domain.base import DAY, HOUR, Record, UnixSeconds
from schema.domain.history.points import Resolution
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress
from server.storage.connect import Mongo
from server.storage.documents import SnapshotDocument, UpkeepDocument
from server.storage.history.buckets import NETWORK, points_in, time_of
from server.storage.history.store import HistoryStore

ROLLUP = "rollup"
RETENTION = "retention"
IMPORTS = "imports"


class Progress:
    """The progress of the jobs of one store."""

    def __init__(self, mongo: Mongo) -> None:
        self._documents = mongo.documents(UpkeepDocument)
        self._collection = mongo.collection(UpkeepDocument)
        self._snapshots = mongo.documents(SnapshotDocument)
        self._history = HistoryStore(mongo)

    async def rollup(self) -> RollupProgress | None:
        """None before the first hour is rolled up."""
        found = await self._documents.get(ROLLUP)
        return found.rollup if found else None

    async def save_rollup(self, before: RollupProgress, after: RollupProgress) -> bool:
        """Move from `before` to `after`, also if `before` was never saved. False if the document has another value."""
        return await self._swap(ROLLUP, before, after)

    async def retention(self) -> RetentionProgress | None:
        found = await self._documents.get(RETENTION)
        return found.retention if found else None

    async def save_retention(self, before: RetentionProgress, after: RetentionProgress) -> bool:
        """Move from `before` to `after`, also if `before` was never saved. False if the document has another value."""
        return await self._swap(RETENTION, before, after)

    async def look_again(self, start: UnixSeconds) -> None:
        """Move retention back to `start`, if it is beyond."""
        lower = {"$min": {"retention.thinned": start, "retention.dropped": start}}
        await self._collection.update_one({"_id": RETENTION}, lower)

    async def imports(self) -> list[ImportedRange]:
        """The finished imports, in order."""
        found = await self._documents.get(IMPORTS)
        return sorted(found.imports or [], key=lambda done: done.start) if found else []

    async def add_import(self, done: ImportedRange) -> None:
        await self._collection.update_one({"_id": IMPORTS}, {"$addToSet": {"imports": done.model_dump()}}, upsert=True)

    async def live_since(self) -> UnixSeconds | None:
        """The UTC hour in which collection began. None if it has not.

        Imported snapshots were written without a lease: their token is 0.
        """
        progress = await self.rollup()
        if progress is not None:
            return progress.since
        oldest = await self._snapshots.find({"marker.nodes.token": {"$gt": 0}}).sort("+marker.slot").limit(1).to_list()
        return oldest[0].marker.slot // HOUR * HOUR if oldest else None

    async def first_rollup(self, since: UnixSeconds) -> RollupProgress:
        """Where to continue without saved progress: after the newest hour for which the network has a bucket.

        Hours that were rolled up long ago are not rolled up again, because possibly only their last snapshot is left.
        """
        parts = await self._history.newest_parts(NETWORK, Resolution.H1)
        points = points_in(parts, NETWORK, Resolution.H1)
        rolled = max((point.start + HOUR for point in points), default=since)
        waiting = [time_of(key) // DAY * DAY for key in parts if key.startswith("h")]
        return RollupProgress(since=since, next_hour=max(since, rolled), open_day=min(waiting, default=None))

    async def _swap(self, key: str, before: Record, after: Record) -> bool:
        """Replace one job's progress, unless it is no longer `before`."""
        unchanged = {f"{key}.{name}": value for name, value in before.model_dump().items()}
        swapped = await self._collection.update_one({"_id": key, **unchanged}, {"$set": {key: after.model_dump()}})
        if swapped.matched_count:
            return True
        made = await self._collection.update_one({"_id": key}, {"$setOnInsert": {key: after.model_dump()}}, upsert=True)
        return made.upserted_id is not None
