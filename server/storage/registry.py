"""The registry: one document per node, found by id, pubkey and any address that it ever had."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
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
SHARED_KEY_LIMIT = 200  # a stranger may list many nodes under one address


async def write(entries: Sequence[RegistryEntry], token: int) -> None:
    """Put each entry in place of what is known of its node, unless that was written under a newer lease.

    What is new is inserted in bulk, several times faster than upserts are; only what exists already is updated.
    """
    collection = RegistryDocument.collection()
    for start in range(0, len(entries), BATCH):
        documents = [_document(entry, token) for entry in entries[start : start + BATCH]]
        try:
            await collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            known = [documents[i] for i in duplicates(error)]
            await collection.bulk_write([_update(document, token) for document in known], ordered=False)
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


def _update(document: dict[str, Any], token: int) -> UpdateOne:
    values = {name: value for name, value in document.items() if name != "_id"}
    return UpdateOne({"_id": document["_id"], "token": {"$lte": token}}, {"$set": values})


def _can_be_a_key(key: str) -> bool:
    try:
        return 0 < len(key.encode()) <= MAX_KEY_LENGTH
    except UnicodeEncodeError:  # half a surrogate pair, which BSON cannot hold
        return False
