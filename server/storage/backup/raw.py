"""Documents as the raw bytes that the store sends and receives."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from schema.backup import Batch
from server.storage.documents import (
    CarriedDocument,
    ChunkDocument,
    EnrichmentDocument,
    EventDaysDocument,
    EventDocument,
    HeadDocument,
    HistoryDocument,
    RegistryDocument,
    SnapshotDocument,
    StoredDocument,
    UpkeepDocument,
)

BATCH_BYTES = 2**20
FETCH = 500
"""The maximum number of documents per round trip."""

HEAD = "head"
CARRIED = "carried"
UPKEEP = "upkeep"
ENRICHMENT = "enrichment"
REGISTRY = "registry"
HISTORY = "history"
EVENT_DAYS = "event_days"
EVENTS = "events"
CHUNKS = "chunks"
SNAPSHOTS = "snapshots"

MODELS: Mapping[str, type[StoredDocument]] = {
    HEAD: HeadDocument,
    CARRIED: CarriedDocument,
    UPKEEP: UpkeepDocument,
    ENRICHMENT: EnrichmentDocument,
    REGISTRY: RegistryDocument,
    HISTORY: HistoryDocument,
    EVENT_DAYS: EventDaysDocument,
    EVENTS: EventDocument,
    CHUNKS: ChunkDocument,
    SNAPSHOTS: SnapshotDocument,
}
"""Every collection of a store, by its name."""

Database = AsyncDatabase[dict[str, Any]]
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)


def collection(database: Database, name: str) -> AsyncCollection[Any]:
    """A collection whose documents are not decoded."""
    return cast("Any", database).get_collection(name, codec_options=RAW)


def decoded(document: bytes) -> dict[str, Any]:
    return cast("Any", bson).decode(document)


def indexes_of(name: str) -> Sequence[IndexModel]:
    """The indexes of a collection, except that of its key."""
    return getattr(cast("Any", MODELS[name]).Settings, "indexes", ())


async def documents(database: Database, name: str, where: Mapping[str, Any]) -> AsyncIterator[RawBSONDocument]:
    """The documents of a collection, not decoded."""
    async for document in collection(database, name).find(where, batch_size=FETCH):
        yield document


async def batches(
    name: str, found: AsyncIterator[RawBSONDocument], max_bytes: int = BATCH_BYTES
) -> AsyncIterator[Batch]:
    """Documents in batches of about `max_bytes`, at least one in each."""
    held: list[bytes] = []
    size = 0
    async for document in found:
        held.append(bytes(document.raw))
        size += len(document.raw)
        if size >= max_bytes:
            yield Batch(name, held)
            held, size = [], 0
    if held:
        yield Batch(name, held)
