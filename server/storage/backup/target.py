"""Fills a store with a copy. The documents are in temporary collections until the copy is complete.

The lease of the store is held meanwhile, so that no worker commits. A copy becomes visible in this order: the head is
emptied, each collection replaces the old one, and the head of the copy is written. If this is interrupted, the head
never refers to a snapshot that does not exist, and repeating the copy completes it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError

from schema.backup import BackupError, Batch, Manifest, Moment
from schema.domain.base import written
from schema.domain.words import counted
from server.storage.backup import raw
from server.storage.backup.compare import Comparison
from server.storage.backup.lease import LEASE_SECONDS, CopyLease
from server.storage.backup.raw import MODELS, Database
from server.storage.backup.source import MongoBackupSource
from server.storage.connect import Mongo
from server.storage.documents import HEAD_ID
from server.storage.events.log import EventLog
from server.storage.snapshots.writes import MongoSnapshotStore

STAGED = "restoring."
COPIED = ("committed_slot", "marker", "carried", "collector", "document_version")
"""The copied fields of a head. The lease and its token are the target's own."""


class MongoBackupTarget:
    """Implements `BackupTarget` and `MoveTarget`.

    `source` is compared with the target after a move. `note` receives messages for people when something has to wait.
    """

    def __init__(
        self,
        mongo: Mongo,
        *,
        source: MongoBackupSource | None = None,
        note: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._lease = CopyLease(mongo.database[raw.HEAD], note=note, clock=clock, sleep=sleep)
        self._head: dict[str, Any] | None = None
        self._counts: dict[str, int] = {}
        self._copied = MongoBackupSource(mongo)
        self._comparison = Comparison(source, mongo) if source is not None else None

    @property
    def _database(self) -> Database:
        return self._mongo.database

    async def begin(self, *, force: bool) -> None:
        async with self._mongo.reaching():
            if not force:
                await self._refuse_data()
            await self._lease.take()
            await self._drop_staged()

    async def put(self, batch: Batch) -> None:
        if batch.collection == raw.HEAD:
            self._head = raw.decoded(batch.documents[-1])
            return
        async with self._mongo.reaching():
            await self._lease.renew()
            staged = raw.collection(self._database, STAGED + batch.collection)
            try:
                await staged.insert_many([RawBSONDocument(each) for each in batch.documents], ordered=False)
            except BulkWriteError as error:
                raise BackupError(f"{batch.collection}: a document cannot be stored: {_first(error)}") from error
        self._counts[batch.collection] = self._counts.get(batch.collection, 0) + len(batch.documents)

    async def again(self) -> None:
        async with self._mongo.reaching():
            await self._drop_staged()

    async def publish(self, manifest: Manifest) -> None:
        async with self._mongo.reaching():
            await self._check(manifest)
            for name in self._counts:
                await self._index(name)
            await self._lease.renew(now=True)
            await self._hide()
            for name in MODELS:
                await self._replace(name)
            await self._mongo.make_indexes()
            await self._show()
        await self._follow()

    async def moment(self) -> Moment:
        """The newest commit of the target. Raises StoreTooNew."""
        return await self._copied.moment()

    async def lacking(self, source_moment: Moment) -> AsyncIterator[Batch]:
        """The documents, committed by the source up to a moment, that the target lacks."""
        if self._comparison is not None:
            async for batch in self._comparison.lacking(source_moment):
                yield batch

    async def resume(self) -> None:
        """Take the lease of a store that an earlier copy has filled. Raises BackupError if a worker uses it."""
        async with self._mongo.reaching():
            await self._lease.take()
            await self._drop_staged()

    async def overlay(self, batch: Batch) -> None:
        """Replace published documents by key. A head is written only by `advance`."""
        if batch.collection == raw.HEAD:
            self._head = raw.decoded(batch.documents[-1])
            return
        async with self._mongo.reaching():
            await self._lease.renew()
            found = [RawBSONDocument(each) for each in batch.documents]
            collection = raw.collection(self._database, batch.collection)
            await collection.bulk_write(
                [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in found], ordered=False
            )
            if batch.collection == raw.REGISTRY:
                former = sorted({former for one in found for former in one["entry"].get("former_ids", ())})
                for start in range(0, len(former), raw.FETCH):
                    await collection.delete_many({"_id": {"$in": former[start : start + raw.FETCH]}})

    async def advance(self) -> None:
        """Publish the head of the overlaid documents."""
        async with self._mongo.reaching():
            await self._lease.renew(now=True)
            await self._show()
        await self._follow()

    async def _follow(self) -> None:
        """Migrate an older store, and complete its newest commit, as every new holder of the lease does."""
        store = MongoSnapshotStore(self._mongo, (EventLog(self._mongo),))
        if await store.acquire(self._lease.holder, self._clock(), LEASE_SECONDS) is None:
            raise BackupError("another worker took the lease of the store; the data are complete")

    async def leave(self) -> None:
        async with self._mongo.reaching():
            await self._drop_staged()
            await self._lease.give_back()

    async def _refuse_data(self) -> None:
        for name in MODELS:
            # A store with only a head belongs to a worker that has started and not collected anything yet.
            where = {"committed_slot": {"$gt": 0}} if name == raw.HEAD else {}
            found = await self._database[name].find_one(where, {"committed_slot": 1})
            if found is not None:
                until = f", up to slot {written(found['committed_slot'])}" if name == raw.HEAD else ""
                raise BackupError(
                    f"the database {self._database.name} has data in {name}{until}: expected an empty one; "
                    "--force replaces what is there"
                )

    async def _drop_staged(self) -> None:
        self._head, self._counts = None, {}
        for name in await self._database.list_collection_names():
            if name.startswith(STAGED):
                await self._database.drop_collection(name)

    async def _check(self, manifest: Manifest) -> None:
        """Everything that the manifest lists must be in the store before any of it replaces published data."""
        for each in manifest.collections:
            if each.name == raw.HEAD:
                continue
            there = await self._database[STAGED + each.name].estimated_document_count()
            if not there == self._counts.get(each.name, 0) == each.documents:
                expected = counted(each.documents, "document")
                raise BackupError(f"{each.name}: the store holds {there} of {expected} that were put there")

    async def _index(self, name: str) -> None:
        indexes = raw.indexes_of(name)
        if indexes:
            await self._database[STAGED + name].create_indexes(list(indexes))

    async def _hide(self) -> None:
        await self._database[raw.HEAD].update_one(
            {"_id": HEAD_ID}, {"$unset": {name: "" for name in COPIED if name != "document_version"}}
        )

    async def _replace(self, name: str) -> None:
        if name == raw.HEAD:
            return
        if self._counts.get(name):
            await self._database[STAGED + name].rename(name, dropTarget=True)
        else:
            await self._database.drop_collection(name)

    async def _show(self) -> None:
        copied: Mapping[str, Any] = self._head or {}
        own = await self._database[raw.HEAD].find_one({"_id": HEAD_ID}, {"token": 1}) or {}
        values = {name: copied[name] for name in COPIED if copied.get(name) is not None}
        # Documents of the copy have its tokens, and a worker that has been paused since has one of the target's.
        values["token"] = max(int(own.get("token", 0)), int(copied.get("token", 0))) + 1
        gone = {"document_version": ""} if "document_version" not in values else {}
        change: dict[str, Any] = {"$set": values} | ({"$unset": gone} if gone else {})
        await self._database[raw.HEAD].update_one({"_id": HEAD_ID, "holder": self._lease.holder}, change)


def _first(error: BulkWriteError) -> str:
    found: Any = (error.details or {}).get("writeErrors", [{}])
    return str(found[0].get("errmsg", error)) if found else str(error)
