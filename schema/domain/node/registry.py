"""The registry: what is kept of a node after it leaves the snapshots, and the order of all nodes ever known."""

from collections.abc import Iterable
from heapq import merge
from itertools import islice
from typing import NamedTuple

from schema.domain.base import Record, Slot, UnixSeconds


class RegistryEntry(Record):
    """The accumulated facts about one node, kept as long as the store exists, with its last measurements.

    `former_ids` are the ids that it had before its key was known, unless another node has them now.
    """

    id: str
    address: str
    pubkey: str | None
    addresses: tuple[str, ...]
    first_seen: UnixSeconds
    last_seen: UnixSeconds | None
    appearances: int
    disappearances: int
    last_appearance: UnixSeconds | None = None
    last_drop: UnixSeconds | None = None
    source_ips: tuple[str, ...] = ()
    version: str | None = None
    is_public: bool | None = None
    rpc_port: int | None = None
    uptime: int | None = None
    storage_committed: int | None = None
    storage_used: int | None = None
    storage_usage_percent: float | None = None
    updated_slot: Slot
    former_ids: tuple[str, ...] = ()

    @property
    def last_contact(self) -> UnixSeconds:
        """The last contact by gossip. If no seed reported one, the time at which this was written."""
        return self.updated_slot if self.last_seen is None else self.last_seen


class Contact(NamedTuple):
    """The position of a node among all nodes: by last contact, newest first, then by address, then by id."""

    at: UnixSeconds
    address: str
    id: str


def place(contact: Contact) -> tuple[int, str, str]:
    """The sort key of that order."""
    return -contact.at, contact.address, contact.id


def window(present: Iterable[Contact], gone: Iterable[Contact], skip: int, limit: int) -> list[Contact]:
    """Entries `skip` to `skip + limit` of the two sorted lists merged into one."""
    return list(islice(merge(present, gone, key=place), skip, skip + limit))
