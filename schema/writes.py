"""The write interface of a cycle. `server.storage.snapshots.writes` and the tests' fakes implement it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from schema.domain.base import Record, Slot
from schema.domain.cycle.events import Event
from schema.domain.node.memory import NodeMemory
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState


class LeaseLost(Exception):
    """Another worker took over, so the results of this cycle must not be written."""


class Lease(Record):
    """The right to commit.

    `token` grows with each change of holder; a commit with an older token is refused. `known` is False if the newest
    commit is not the one that this store object wrote or read last: it comes from another worker, or from a restored
    store.
    """

    token: int
    holder: str
    committed_slot: Slot | None
    known: bool = True


class Commit(Record):
    """The results of one cycle, which are written as a whole or not at all."""

    snapshot: Snapshot
    memory: tuple[NodeMemory, ...]
    events: tuple[Event, ...]
    registry: tuple[RegistryEntry, ...]


class SnapshotStore(Protocol):
    """Storage for cycles. Every method is idempotent, so any of them may be retried."""

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        """Take or renew the right to commit. None while another holder's lease runs. Times are in unix seconds."""
        ...

    async def previous(self) -> tuple[Snapshot, Sequence[NodeMemory]] | None:
        """The last committed snapshot with its memory. None if the store is empty, or if it is lost."""
        ...

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        """Registry entries of nodes that have left the snapshots, for nodes that return."""
        ...

    async def commit(self, lease: Lease, commit: Commit) -> None:
        """Make a slot visible, atomically. Raises LeaseLost if the lease has another holder."""
        ...

    async def report(self, lease: Lease, state: CollectorState) -> None:
        """Publish the result of the newest cycle, even if it changed no node."""
        ...


# The channel on which announcements are published, and to which readers listen.
CHANNEL = "pnodes:slots"


class Announcer(Protocol):
    """Tell readers that a slot has been committed. A lost announcement is harmless: readers also poll."""

    async def announce(self, slot: Slot) -> None: ...
