"""Payloads that are too large for one document, in chunks whose keys are derived from their content.

Writing the same payload again changes nothing, and writing another one never touches it. A chunk that a marker refers
to therefore never changes, whichever writer retries, is late, or stops halfway.
"""

import hashlib
from collections.abc import Iterable, Sequence

from pymongo.errors import BulkWriteError

from schema.domain.base import Slot
from schema.domain.words import agreeing, counted
from server.storage.bulk import duplicates
from server.storage.connect import Mongo
from server.storage.damage import Damaged
from server.storage.documents import ChunkRef, StoredChunk

BATCH = 200  # chunks per round trip: some MB


def ref_of(slot: Slot, token: int, kind: str, bodies: Sequence[bytes], records: int) -> ChunkRef:
    """The keys under which these bodies will be stored."""
    return ChunkRef(slot=slot, token=token, kind=kind, chunks=len(bodies), records=records, digest=digest_of(bodies))


def digest_of(bodies: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for body in bodies:
        digest.update(len(body).to_bytes(8, "big"))
        digest.update(body)
    return digest.hexdigest()


class Chunks:
    """The chunks of one store in one collection: those that are kept with snapshots, or the carried ones."""

    def __init__(self, mongo: Mongo, model: type[StoredChunk]) -> None:
        self._documents = mongo.documents(model)
        self._collection = mongo.collection(model)

    async def write(self, written: int, *payloads: tuple[ChunkRef, Sequence[bytes]]) -> None:
        """Store payloads, with one round trip for each `BATCH` chunks. Existing chunks are kept."""
        documents = [
            {"_id": key, "slot": ref.slot, "written": written, "body": body}
            for ref, bodies in payloads
            for key, body in zip(ref.ids, bodies, strict=True)
        ]
        for start in range(0, len(documents), BATCH):
            try:
                await self._collection.insert_many(documents[start : start + BATCH], ordered=False)
            except BulkWriteError as error:
                duplicates(error)

    async def present(self, ref: ChunkRef) -> bool:
        """Whether all chunks of a payload exist. Reads only their keys."""
        ids, found = ref.ids, 0
        for start in range(0, len(ids), BATCH):
            keys = self._collection.find({"_id": {"$in": ids[start : start + BATCH]}}, {"_id": 1})
            found += len(await keys.to_list())
        return found == len(ids)

    async def read(self, ref: ChunkRef) -> list[bytes]:
        """The bodies, in order. Raises Damaged."""
        bodies: dict[str, bytes] = {}
        ids = ref.ids
        for start in range(0, len(ids), BATCH):
            found = await self._documents.find({"_id": {"$in": ids[start : start + BATCH]}}).to_list()
            bodies.update((document.id, document.body) for document in found)
        missing = [key for key in ids if key not in bodies]
        if missing:
            raise Damaged(
                f"{len(missing)} of {counted(ref.chunks, 'chunk')} of {ref.kind} at slot {ref.slot} {agreeing(len(missing), 'is', 'are')} missing"
            )
        ordered = [bodies[key] for key in ids]
        if digest_of(ordered) != ref.digest:
            raise Damaged(f"chunks of {ref.kind} at slot {ref.slot} are not the {ref.digest} that was committed")
        return ordered
