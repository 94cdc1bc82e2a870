"""The progress of the jobs on the past: one small document for each."""

from schema.domain.base import DAY, HOUR, Record, UnixSeconds
from schema.domain.history.points import Resolution
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress
from server.storage.documents import SnapshotDocument, UpkeepDocument
from server.storage.history import buckets as history

ROLLUP = "rollup"
RETENTION = "retention"
IMPORTS = "imports"


async def rollup() -> RollupProgress | None:
    """None before the first hour is rolled up."""
    found = await UpkeepDocument.get(ROLLUP)
    return found.rollup if found else None


async def save_rollup(before: RollupProgress, after: RollupProgress) -> bool:
    """Advance from `before` to `after`, also if `before` was never saved. False if the document has another value."""
    return await _swap(ROLLUP, before, after)


async def retention() -> RetentionProgress | None:
    found = await UpkeepDocument.get(RETENTION)
    return found.retention if found else None


async def save_retention(before: RetentionProgress, after: RetentionProgress) -> bool:
    """Advance from `before` to `after`, also if `before` was never saved. False if the document has another value."""
    return await _swap(RETENTION, before, after)


async def look_again(start: UnixSeconds) -> None:
    """Move retention back to `start`, if it is beyond."""
    lower = {"$min": {"retention.thinned": start, "retention.dropped": start}}
    await UpkeepDocument.collection().update_one({"_id": RETENTION}, lower)


async def imports() -> list[ImportedRange]:
    """The finished imports, in order."""
    found = await UpkeepDocument.get(IMPORTS)
    return sorted(found.imports or [], key=lambda done: done.start) if found else []


async def add_import(done: ImportedRange) -> None:
    await UpkeepDocument.collection().update_one(
        {"_id": IMPORTS}, {"$addToSet": {"imports": done.model_dump()}}, upsert=True
    )


async def live_since() -> UnixSeconds | None:
    """The UTC hour in which collection began. None if it has not.

    Imported snapshots were written without a lease: their token is 0.
    """
    progress = await rollup()
    if progress is not None:
        return progress.since
    oldest = await SnapshotDocument.find({"marker.nodes.token": {"$gt": 0}}).sort("+marker.slot").limit(1).to_list()
    return oldest[0].marker.slot // HOUR * HOUR if oldest else None


async def first_rollup(since: UnixSeconds) -> RollupProgress:
    """Where to continue without saved progress: after the newest hour for which the network has a bucket.

    Hours that were rolled up long ago are not rolled up again, because possibly only their last snapshot is left.
    """
    parts = await history.newest_parts(history.NETWORK, Resolution.H1)
    points = history.points_in(parts, history.NETWORK, Resolution.H1)
    rolled = max((point.start + HOUR for point in points), default=since)
    waiting = [history.time_of(key) // DAY * DAY for key in parts if key.startswith("h")]
    return RollupProgress(since=since, next_hour=max(since, rolled), open_day=min(waiting, default=None))


async def _swap(key: str, before: Record, after: Record) -> bool:
    """Replace one job's progress, unless it is no longer `before`."""
    collection = UpkeepDocument.collection()
    unchanged = {f"{key}.{name}": value for name, value in before.model_dump().items()}
    swapped = await collection.update_one({"_id": key, **unchanged}, {"$set": {key: after.model_dump()}})
    if swapped.matched_count:
        return True
    made = await collection.update_one({"_id": key}, {"$setOnInsert": {key: after.model_dump()}}, upsert=True)
    return made.upserted_id is not None
