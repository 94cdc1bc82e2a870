"""The registry as one list: the nodes of a snapshot, and the nodes that have left it."""

from typing import NamedTuple

from schema.domain.base import HOUR, Slot, UnixSeconds
from schema.domain.node.registry import Contact, window
from schema.domain.snapshot.record import Snapshot
from schema.reads import RegistryPage
from server.storage.connect import Mongo
from server.storage.registry.entries import Registry

RECENT_SECONDS = HOUR
KEPT_CONTACTS = 100_000  # some 20 MB


class _Gone(NamedTuple):
    """The first `most` of the nodes that have left the snapshot of this slot."""

    slot: Slot
    most: int
    contacts: list[Contact]


class RegistryReads:
    """Implements `Reads.registry` at a cost that is bounded by the requested page.

    Present nodes are in memory with their current contacts, while their contacts in the store are up to a day old. So
    the store is queried only for nodes that have left, and only as far back as the page reaches, which is little while
    the page shows nodes with recent contacts. Pages that reach further are read once per slot.
    """

    def __init__(self, mongo: Mongo, *, kept_contacts: int = KEPT_CONTACTS) -> None:
        self._mongo = mongo
        self._registry = Registry(mongo)
        self._kept_contacts = kept_contacts
        self._gone: _Gone | None = None
        self._count: tuple[Slot, int] | None = None

    async def page(
        self, snapshot: Snapshot, *, skip: int, limit: int, last_seen_before: UnixSeconds | None = None
    ) -> RegistryPage:
        present = snapshot.contacts
        async with self._mongo.answering():
            if last_seen_before is None:
                gone = await self._as_far_as(snapshot, skip + limit)
                total = max(len(present), await self._counted(snapshot.slot))
            else:
                present = [contact for contact in present if contact.at < last_seen_before]
                gone = await self._registry.contacts(without=snapshot.by_id, before=last_seen_before)
                total = len(present) + len(gone)
            shown = window(present, gone, skip, limit)
            left = await self._registry.by_ids([contact.id for contact in shown if contact.id not in snapshot.by_id])
        known = (snapshot.by_id.get(contact.id) or left.get(contact.id) for contact in shown)
        return RegistryPage(entries=tuple(entry for entry in known if entry is not None), total=total)

    async def _as_far_as(self, snapshot: Snapshot, end: int) -> list[Contact]:
        """The nodes that have left, as far as they can be among the first `end` entries."""
        present = snapshot.contacts
        oldest = present[end - 1].at if len(present) >= end else None
        if oldest is not None and oldest > snapshot.header.taken_at - RECENT_SECONDS:
            return await self._registry.contacts(without=snapshot.by_id, since=oldest, most=end)
        gone = self._gone
        if gone is None or gone.slot != snapshot.slot or len(gone.contacts) >= gone.most < end:
            most = max(end, self._kept_contacts)
            gone = _Gone(snapshot.slot, most, await self._registry.contacts(without=snapshot.by_id, most=most))
            self._gone = gone if len(gone.contacts) <= self._kept_contacts else None
        return gone.contacts

    async def _counted(self, slot: Slot) -> int:
        """The number of entries. It is counted once per slot, because the embedded engine reads every key for it."""
        if self._count is None or self._count[0] != slot:
            self._count = (slot, await self._registry.count())
        return self._count[1]
