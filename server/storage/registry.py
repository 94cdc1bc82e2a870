"""The registry: one document per node, found by id, pubkey and any address that it ever had."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from schema.domain.base import UnixSeconds
from schema.domain.registry import RegistryEntry
from schema.reads import RegistryPage
from server.storage.bulk import duplicates
from server.storage.documents import RegistryDocument

BATCH = 1_000
MAX_KEY_LENGTH = 300  # longer than any id, key or address
MAX_PAGE = 1_000
MAX_SKIP = 2**31 - 1
PAST_TOKEN = 0  # of imports: older than any lease
SHARED_KEY_LIMIT = 200  # a stranger may list many nodes under one address


async def write(entries: Sequence[RegistryEntry], token: int) -> None:
    """Put each entry in place of what is known of its node, unless that was written under a newer lease."""
    await _write(entries, token, lambda document: [_update(document, {"token": {"$lte": token}})])


async def write_past(entries: Sequence[RegistryEntry]) -> None:
    """Enter what an import knows of nodes of which nothing newer is known; nothing that a worker wrote is touched.

    Of two imports the earlier first sight of a node counts, whichever came first.
    """
    await _write(entries, PAST_TOKEN, _updates_of_past)


async def _write(
    entries: Sequence[RegistryEntry], token: int, updates: Callable[[dict[str, Any]], Sequence[UpdateOne]]
) -> None:
    """Insert what is new in bulk, several times faster than upserts are; update only what exists already."""
    collection = RegistryDocument.collection()
    for start in range(0, len(entries), BATCH):
        documents = [_document(entry, token) for entry in entries[start : start + BATCH]]
        try:
            await collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            known = [documents[i] for i in duplicates(error)]
            await collection.bulk_write([each for document in known for each in updates(document)], ordered=False)
        await asyncio.sleep(0)


async def by_ids(ids: Collection[str]) -> Mapping[str, RegistryEntry]:
    """The entries of these nodes, as far as there are any."""
    wanted = sorted(ids)
    found: dict[str, RegistryEntry] = {}
    for start in range(0, len(wanted), BATCH):
        documents = await RegistryDocument.find({"_id": {"$in": wanted[start : start + BATCH]}}).to_list()
        found.update((document.id, document.entry) for document in documents)
    return found


async def find(key: str) -> RegistryEntry | None:
    """The entry under an id, pubkey or address.

    Where several nodes had an address, the one that has it now, then the one seen last, wins.
    """
    if not _can_be_a_key(key):
        return None
    documents = await RegistryDocument.find({"keys": key}).sort("-seen").limit(SHARED_KEY_LIMIT).to_list()
    best = max(documents, key=lambda d: (d.id == key, d.entry.address == key, d.seen), default=None)
    return best.entry if best else None


async def page(*, skip: int, limit: int, last_seen_before: UnixSeconds | None) -> RegistryPage:
    """Entries by last seen, newest first, then by id; a node whose last seen is unknown comes last."""
    where = {} if last_seen_before is None else {"seen": {"$lt": last_seen_before}}
    collection = RegistryDocument.collection()
    total = await (collection.count_documents(where) if where else collection.estimated_document_count())
    if limit < 1 or not 0 <= skip < min(total, MAX_SKIP):
        return RegistryPage(entries=(), total=total)
    found = RegistryDocument.find(where).sort("-seen", "+_id").skip(skip).limit(min(limit, MAX_PAGE))
    return RegistryPage(entries=tuple(document.entry for document in await found.to_list()), total=total)


def _document(entry: RegistryEntry, token: int) -> dict[str, Any]:
    keys = sorted({entry.id, entry.address, *entry.addresses, entry.pubkey or entry.id})
    return {
        "_id": entry.id,
        "token": token,
        "keys": keys,
        "seen": entry.last_seen or 0,
        "entry": entry.model_dump(),
    }


def _update(document: dict[str, Any], where: dict[str, Any]) -> UpdateOne:
    values = {name: value for name, value in document.items() if name != "_id"}
    return UpdateOne({"_id": document["_id"], **where}, {"$set": values})


def _updates_of_past(document: dict[str, Any]) -> Sequence[UpdateOne]:
    entry = document["entry"]
    past = {"_id": document["_id"], "token": PAST_TOKEN}
    return (
        _update(document, {"token": PAST_TOKEN, "entry.updated_slot": {"$lt": entry["updated_slot"]}}),
        UpdateOne(past, {"$min": {"entry.first_seen": entry["first_seen"]}}),
    )


def _can_be_a_key(key: str) -> bool:
    try:
        return 0 < len(key.encode()) <= MAX_KEY_LENGTH
    except UnicodeEncodeError:  # half a surrogate pair, which BSON cannot hold
        return False
