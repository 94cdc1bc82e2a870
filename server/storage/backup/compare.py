"""Finds what a copy lacks: documents of its source that are missing or have other bytes.

The copy may have more documents, because retention continues to delete the oldest ones of the source. Lease tokens in
the registry differ, because the copy has its own leases.
"""

import hashlib
from collections.abc import AsyncIterator

from bson import encode
from bson.raw_bson import RawBSONDocument

from schema.backup import Batch, Moment
from server.storage.backup import raw
from server.storage.backup.source import MongoBackupSource
from server.storage.connect import Mongo


class Comparison:
    """A source and its copy."""

    def __init__(self, source: MongoBackupSource, copy: Mongo) -> None:
        self._source = source
        self._copy = copy

    async def lacking(self, moment: Moment) -> AsyncIterator[Batch]:
        """The documents, committed up to a moment, that the copy lacks."""
        async for batch in self._source.registry():
            if lacking := await self._lacking(batch):
                yield Batch(batch.collection, lacking)
        async for batch in self._source.past(moment):
            if lacking := await self._lacking(batch):
                yield Batch(batch.collection, lacking)

    async def _lacking(self, batch: Batch) -> list[bytes]:
        expected = {one["_id"]: one for one in map(RawBSONDocument, batch.documents)}
        keys = list(expected)
        for start in range(0, len(keys), raw.FETCH):
            some = {"_id": {"$in": keys[start : start + raw.FETCH]}}
            async with self._copy.reaching():
                async for document in raw.documents(self._copy.database, batch.collection, some):
                    if _hash(batch.collection, document) == _hash(batch.collection, expected[document["_id"]]):
                        del expected[document["_id"]]
        return [bytes(one.raw) for one in expected.values()]


def _hash(name: str, document: RawBSONDocument) -> bytes:
    if name != raw.REGISTRY:
        return hashlib.sha256(document.raw).digest()
    return hashlib.sha256(encode({key: document[key] for key in sorted(document) if key != "token"})).digest()
