"""The migrations: one function for each version, which migrates a store from the previous version.

Each migration accepts documents of both forms, so it may be interrupted anywhere and repeated. Add a new one together
with a builder of the old form in `tests/server/storage/old_stores.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from server.storage.migrations.version import FIRST_VERSION

Database = AsyncDatabase[dict[str, Any]]
Step = Callable[[Database], Awaitable[None]]

BATCH = 500
FORMER_CONTACT_INDEX = "seen"


async def flatten_events(database: Database) -> None:
    """Version 2: the fields of an event become fields of its document."""
    events = database["events"]
    async for batch in _batches(events, {"event": {"$exists": True}}, {"event": 1}):
        await events.bulk_write(
            [UpdateOne({"_id": one["_id"]}, {"$set": one["event"], "$unset": {"event": ""}}) for one in batch],
            ordered=False,
        )


async def order_registry_by_contact(database: Database) -> None:
    """Version 3: `seen` is the last contact. The index of the former order is removed; `contact` replaces it."""
    registry = database["registry"]
    fields = {"seen": 1, "entry.last_seen": 1, "entry.updated_slot": 1}
    async for batch in _batches(registry, {}, fields):
        updates = [
            UpdateOne({"_id": one["_id"], "seen": one["seen"]}, {"$set": {"seen": contact}})
            for one in batch
            if (contact := _last_contact(one["entry"])) != one["seen"]
        ]
        if updates:
            await registry.bulk_write(updates, ordered=False)
    if FORMER_CONTACT_INDEX in await registry.index_information():
        await registry.drop_index(FORMER_CONTACT_INDEX)


STEPS: Mapping[int, Step] = {2: flatten_events, 3: order_registry_by_contact}
"""The migration to each version."""


async def migrate(database: Database, found: int | None) -> None:
    """Migrate a store from the version in its head to that of this release. Raises PyMongoError."""
    for version, step in sorted(STEPS.items()):
        if version > (found or FIRST_VERSION):
            await step(database)


def _last_contact(entry: Mapping[str, Any]) -> int:
    last_seen = entry.get("last_seen")
    return entry["updated_slot"] if last_seen is None else last_seen


async def _batches(
    collection: AsyncCollection[dict[str, Any]], where: Mapping[str, Any], fields: Mapping[str, int]
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    async for document in collection.find(where, fields, batch_size=BATCH):
        batch.append(document)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
