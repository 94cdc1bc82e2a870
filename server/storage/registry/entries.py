"""The registry: one document per node, found by id, pubkey and any address that it ever had."""

import asyncio
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING, DeleteOne, UpdateOne
from pymongo.errors import BulkWriteError

from schema.domain.base import Slot, UnixSeconds
from schema.domain.node.registry import Contact, RegistryEntry
from server.storage.bulk import duplicates
from server.storage.connect import Mongo
from server.storage.documents import RegistryDocument

BATCH = 1_000
MAX_KEY_LENGTH = 300  # longer than any id, key or address
MAX_CONTACTS = 1_000_000
CONTACT_ORDER = (("seen", DESCENDING), ("entry.address", ASCENDING), ("_id", ASCENDING))
PAST_TOKEN = 0  # of imports: older than any lease
SHARED_KEY_LIMIT = 200  # a seed may list many nodes at one address


class Registry:
    """The registry of one store."""

    def __init__(self, mongo: Mongo) -> None:
        self._documents = mongo.documents(RegistryDocument)
        self._collection = mongo.collection(RegistryDocument)

    async def write(self, entries: Sequence[RegistryEntry], token: int) -> None:
        """Replace the entry of each node, unless the stored one is of a later slot.

        The token is checked too, but is not sufficient: a head that was lost or restored issues lower ones.
        """
        await self._write(entries, token, lambda document: _updates_unless_newer(document, token))
        newest = max((entry.updated_slot for entry in entries), default=0)
        await self._forget_former_ids(entries, *_unless_newer(token, newest))

    async def write_past(self, entries: Sequence[RegistryEntry]) -> None:
        """Insert entries of an import for nodes without newer data. Entries that a worker wrote are not changed.

        Of two imports, the earlier first sight of a node counts, in whatever order they run.
        """
        await self._write(entries, PAST_TOKEN, _updates_of_past)
        await self._forget_former_ids(entries, {"token": PAST_TOKEN})

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        """The existing entries of these nodes."""
        wanted = sorted(ids)
        found: dict[str, RegistryEntry] = {}
        for start in range(0, len(wanted), BATCH):
            documents = await self._documents.find({"_id": {"$in": wanted[start : start + BATCH]}}).to_list()
            found.update((document.id, document.entry) for document in documents)
        return found

    async def find(self, key: str) -> RegistryEntry | None:
        """The entry under an id, pubkey or address.

        If several nodes had an address, the one that has it now is returned, else the one seen last.
        """
        if not _can_be_a_key(key):
            return None
        documents = await self._documents.find({"keys": key}).sort("-seen").limit(SHARED_KEY_LIMIT).to_list()
        best = max(documents, key=lambda d: (d.id == key, d.entry.address == key, d.seen), default=None)
        return best.entry if best else None

    async def contacts(
        self,
        *,
        without: Container[str],
        since: UnixSeconds | None = None,
        before: UnixSeconds | None = None,
        most: int = MAX_CONTACTS,
    ) -> list[Contact]:
        """The positions of the entries of all other nodes, in order: at most `most` with a contact in [since, before).

        The embedded engine reads and sorts the whole range before it applies the limit.
        """
        bounds = {sign: at for sign, at in (("$gte", since), ("$lt", before)) if at is not None}
        cursor = self._collection.find({"seen": bounds} if bounds else {}, {"seen": 1, "entry.address": 1})
        found: list[Contact] = []
        async with cursor.sort(CONTACT_ORDER).batch_size(BATCH):
            async for document in cursor:
                if document["_id"] not in without:
                    found.append(Contact(document["seen"], document["entry"]["address"], document["_id"]))
                    if len(found) >= most:
                        break
        return found

    async def count(self) -> int:
        """The number of all entries."""
        return await self._collection.estimated_document_count()

    async def _write(
        self, entries: Sequence[RegistryEntry], token: int, updates: Callable[[dict[str, Any]], Sequence[UpdateOne]]
    ) -> None:
        """Insert new entries in bulk, which is several times faster than upserts. Update only existing ones."""
        for start in range(0, len(entries), BATCH):
            documents = [_document(entry, token) for entry in entries[start : start + BATCH]]
            try:
                await self._collection.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                known = [documents[i] for i in duplicates(error)]
                await self._collection.bulk_write(
                    [each for document in known for each in updates(document)], ordered=False
                )
            await asyncio.sleep(0)

    async def _forget_former_ids(self, entries: Sequence[RegistryEntry], *conditions: Mapping[str, Any]) -> None:
        """Delete the entries of these nodes under former ids, if any of the conditions holds."""
        former = sorted({former for entry in entries for former in entry.former_ids})
        if former:
            deletes = [DeleteOne({"_id": each, **where}) for each in former for where in conditions]
            await self._collection.bulk_write(deletes, ordered=False)


def _unless_newer(token: int, slot: Slot) -> tuple[dict[str, Any], dict[str, Any]]:
    """The conditions under which an entry may be replaced. One holds unless it has a newer token and a later slot.

    They are two plain conditions, because with a logical operator an engine may scan all entries instead of using the
    id.
    """
    return {"token": {"$lte": token}}, {"entry.updated_slot": {"$lt": slot}}


def _document(entry: RegistryEntry, token: int) -> dict[str, Any]:
    keys = sorted({entry.id, entry.address, *entry.addresses, *entry.former_ids, entry.pubkey or entry.id})
    return {
        "_id": entry.id,
        "token": token,
        "keys": keys,
        "seen": entry.last_contact,
        "entry": entry.model_dump(),
    }


def _update(document: dict[str, Any], where: dict[str, Any]) -> UpdateOne:
    values = {name: value for name, value in document.items() if name != "_id"}
    return UpdateOne({"_id": document["_id"], **where}, {"$set": values})


def _updates_unless_newer(document: dict[str, Any], token: int) -> Sequence[UpdateOne]:
    conditions = _unless_newer(token, document["entry"]["updated_slot"])
    return [_update(document, where) for where in conditions]


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
