"""What a cycle may say. Implemented by `server.storage.snapshots.writes` and by the tests' fakes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from schema.domain.base import Record, Slot
from schema.domain.cycle.events import Event
from schema.domain.node.memory import NodeMemory
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState


class LeaseLost(Exception):
    """Another worker took over: whatever this cycle computed must not be written."""


class Lease(Record):
    """The right to commit. `token` grows with each change of holder; a commit with an older token is refused.

    `known` is False where the newest commit is not the one that this store object made or read last: another worker's,
    or that of a store that was restored.
    """

    token: int
    holder: str
    committed_slot: Slot | None
    known: bool = True


class Commit(Record):
    """All that one cycle leaves behind; written as a whole or not at all."""

    snapshot: Snapshot
    memory: tuple[NodeMemory, ...]
    events: tuple[Event, ...]
    registry: tuple[RegistryEntry, ...]


class SnapshotStore(Protocol):
    """Where cycles are kept. Every method is idempotent, so that any of them may be tried again."""

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        """Take or renew the right to commit; None while another holder's lease runs. Times in unix seconds."""
        ...

    async def previous(self) -> tuple[Snapshot, Sequence[NodeMemory]] | None:
        """The last committed snapshot with its memory. None if the store is empty, or if it is lost."""
        ...

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        """Registry entries of nodes that have left the snapshots, for those that come back."""
        ...

    async def commit(self, lease: Lease, commit: Commit) -> None:
        """Make a slot visible, atomically. Raises LeaseLost when the lease is no longer ours."""
        ...

    async def report(self, lease: Lease, state: CollectorState) -> None:
        """Publish how the newest cycle went, also when it changed no node."""
        ...


# Where announcements are published, and where readers listen for them.
CHANNEL = "pnodes:slots"


class Announcer(Protocol):
    """Tell readers that a slot has been committed. A lost announcement is harmless: readers also poll."""

    async def announce(self, slot: Slot) -> None: ...
