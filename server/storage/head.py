"""The head: one document with the lease and the newest commit. Its conditional update is the commit."""

from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from schema.domain.base import Record, Slot
from schema.reads import CollectorState
from schema.writes import Lease, LeaseLost
from server.storage.connect import Mongo
from server.storage.documents import HEAD_ID, Carried, HeadDocument, Marker
from server.storage.migrations.version import NOT_NEWER, check_version


class CommittedSlot(Record):
    """The part of the head that a poll needs."""

    committed_slot: Slot | None = None
    document_version: int | None = None


class Report(Record):
    """The part of the head that the worker reports about itself."""

    committed_slot: Slot | None = None
    collector: CollectorState | None = None


class Head:
    """The head of one store."""

    def __init__(self, mongo: Mongo) -> None:
        self._heads = mongo.documents(HeadDocument)
        self._collection = mongo.collection(HeadDocument)

    async def read(self) -> HeadDocument | None:
        """None in an empty store."""
        return await self._heads.get(HEAD_ID)

    async def committed_slot(self) -> Slot | None:
        """The newest committed slot, by one small query. None before the first commit. Raises StoreTooNew."""
        found = await self._heads.find_one({"_id": HEAD_ID}, projection_model=CommittedSlot)
        if found is None:
            return None
        check_version(found.document_version)
        return found.committed_slot

    async def last_report(self) -> Report:
        """The worker's newest report."""
        return await self._heads.find_one({"_id": HEAD_ID}, projection_model=Report) or Report()

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> HeadDocument | None:
        """Take or renew the lease. None while another holder has it. The token increases with each change of holder.

        Raises StoreTooNew, and then leaves the head unchanged.
        """
        until = now + lease_seconds
        renewed = await self._update({"holder": holder, **NOT_NEWER}, {"$set": {"lease_until": until}})
        if renewed is not None:
            return renewed
        taken = await self._update(
            {"lease_until": {"$lte": now}, **NOT_NEWER},
            {"$set": {"holder": holder, "lease_until": until}, "$inc": {"token": 1}},
        )
        got = taken or await self._create(holder, until)
        if got is None:
            await self.committed_slot()
        return got

    async def note_version(self, lease_token: int, version: int) -> None:
        """Record that the documents have this version now, unless the lease was taken over."""
        await self._collection.update_one(
            {"_id": HEAD_ID, "token": lease_token}, {"$set": {"document_version": version}}
        )

    async def publish(self, lease: Lease, marker: Marker, carried: Carried) -> tuple[bool, Slot | None]:
        """Commit: make this marker the newest, if the lease is ours and the slot is newer than the last committed one.

        Returns whether it was committed, and the previous newest slot.
        """
        before = await self._collection.find_one_and_update(
            {
                "_id": HEAD_ID,
                "token": lease.token,
                "holder": lease.holder,
                "$or": [{"committed_slot": None}, {"committed_slot": {"$lt": marker.slot}}],
            },
            {
                "$set": {
                    "committed_slot": marker.slot,
                    "marker": marker.model_dump(),
                    "carried": carried.model_dump(),
                }
            },
            projection={"committed_slot": 1},
            return_document=ReturnDocument.BEFORE,
        )
        return (before is not None, before.get("committed_slot") if before else None)

    async def report(self, lease: Lease, state: CollectorState) -> None:
        """Raises LeaseLost."""
        result = await self._collection.update_one(
            {"_id": HEAD_ID, "token": lease.token, "holder": lease.holder},
            {"$set": {"collector": state.model_dump(mode="json")}},
        )
        if result.matched_count == 0:
            raise LeaseLost(f"lease {lease.token} of {lease.holder} was taken over before its report")

    async def _update(self, where: dict[str, Any], change: dict[str, Any]) -> HeadDocument | None:
        found = await self._collection.find_one_and_update(
            {"_id": HEAD_ID, **where}, change, return_document=ReturnDocument.AFTER
        )
        return self._heads.model_validate(found) if found is not None else None

    async def _create(self, holder: str, until: float) -> HeadDocument | None:
        """The first head of a store. None if it exists and belongs to another holder."""
        head = self._heads(token=1, holder=holder, lease_until=until)
        try:
            await head.insert()
        except DuplicateKeyError:
            return None
        return head
