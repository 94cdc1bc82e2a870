"""What the public surfaces may ask. Implemented by `server.storage.reads` and by the tests' fakes."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from pydantic import Field

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.cycle.events import Event, EventType
from schema.domain.history.points import AvailableRange, History, Resolution
from schema.domain.network.enrichment import Enrichment
from schema.domain.node.observation import FailureCategory
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.outage import Outage, outage_of
from schema.domain.snapshot.record import Snapshot, SnapshotHeader

ROLLUP = "rollup"
RETENTION = "retention"
HISTORY_JOBS = (ROLLUP, RETENTION)
"""Names of the periodic jobs without which history stops, or grows without bound."""


class SeedAttempt(Record):
    """The newest attempt at one seed, successful or not."""

    seed: str
    attempted_at: UnixSeconds
    succeeded_at: UnixSeconds | None
    failure: FailureCategory | None
    message: str | None = None


class JobReport(Record):
    """A periodic job by its newest runs: when it began last, and when it last succeeded (None: never)."""

    name: str
    began_at: UnixSeconds
    succeeded_at: UnixSeconds | None = None


class CollectorState(Record):
    """The worker's own report: its newest cycle, which may have failed without changing any node.

    `outcome` is `none`, `committed`, `no_seed_answered`, `already_committed`, `not_ours`, `clock_ahead` or `failed`;
    `cycle_seconds` is the whole cycle's length, saving included; `jobs` are the periodic jobs of which any run is
    known. `faults` counts what this worker found wrong since its start: `store_damaged`, `task_ended`. `from_store` is
    False where the store does not answer and this is what the newest snapshot says; `store_fault` is why it takes no
    writes, looked for where nothing new is committed.
    """

    attempted_slot: Slot | None = None
    attempted_at: UnixSeconds | None = None
    committed_slot: Slot | None = None
    outcome: str = "none"
    seeds: tuple[SeedAttempt, ...] = ()
    cycle_seconds: float | None = None
    jobs: tuple[JobReport, ...] = ()
    faults: Mapping[str, int] = Field(default_factory=dict[str, int])
    from_store: bool = True
    store_fault: str | None = None


def outage(state: CollectorState, current: Snapshot | None, now: float, interval: int) -> Outage | None:
    """Whose fault it is that the newest snapshot is old at `now`; None where it is not."""
    return outage_of(
        now,
        current.header.interval if current is not None else interval,
        current.header.taken_at if current is not None else None,
        store_answers=state.from_store,
        store_fault=state.store_fault,
        attempted_at=state.attempted_at,
        outcome=state.outcome,
        failures=[seed.failure for seed in state.seeds],
    )


class RegistryPage(Record):
    """A window of the registry and the number of entries in all of it.

    A node of the snapshot that was asked about is as it is there, one that has left as it was last known.
    """

    entries: tuple[PNode | RegistryEntry, ...]
    total: int


class HistoryStatusRow(Record):
    """How much history is kept of one node.

    `first` and `last` are the times of its first and its last sample, as fine as is kept of that time: to the slot, or
    to the bucket.
    """

    id: str
    address: str | None
    samples: int
    first: UnixSeconds
    last: UnixSeconds


class EventFilter(Record):
    """Which events are wanted; None admits all. `since` and `until` are inclusive unix seconds."""

    types: frozenset[EventType] | None = None
    subjects: frozenset[str] | None = None
    since: UnixSeconds | None = None
    until: UnixSeconds | None = None


class Reads(Protocol):
    """Questions about the present and the past. Each may raise `SnapshotUnavailable` where the store is silent."""

    def current(self) -> Snapshot | None:
        """The newest committed snapshot, from memory; None before the first one. Never raises, never waits."""
        ...

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        """The newest snapshot, or the newest kept one at or before `as_of`.

        Raises SnapshotUnavailable (nothing collected yet), AsOfInFuture, AsOfOutOfRange.
        """
        ...

    async def snapshot_at(self, slot: Slot) -> Snapshot:
        """The snapshot of exactly this slot. Raises CursorExpired where it is no longer kept."""
        ...

    async def header(self, as_of: UnixSeconds) -> SnapshotHeader | None:
        """The header of the newest kept snapshot at or before `as_of`; None where there is none."""
        ...

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        """The network's history in [start, end). Raises RangeTooLarge, BadUserInput (end before start)."""
        ...

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        """One node's history in [start, end), joined over all the ids that it ever had."""
        ...

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        """Up to `first` events beyond the position `after`, in log order (or the reverse)."""
        ...

    async def event_count(self, where: EventFilter) -> int:
        """How many kept events match."""
        ...

    async def registry_entry(self, key: str) -> RegistryEntry | None:
        """The registry's entry under an id, pubkey or any known address; None when unknown."""
        ...

    async def registry(
        self, snapshot: Snapshot, *, skip: int, limit: int, last_seen_before: UnixSeconds | None = None
    ) -> RegistryPage:
        """All nodes ever known, by last contact, newest first, then by address. `snapshot` provides its own nodes.

        `last_seen_before` selects only nodes without contact since that time.
        """
        ...

    async def history_status(self, limit: int) -> tuple[tuple[HistoryStatusRow, ...], int]:
        """The nodes with most kept samples, at most `limit`, and the number of all nodes with history."""
        ...

    async def collector(self) -> CollectorState:
        """The newest attempt of the worker. Falls back to what the current snapshot says while the store is down."""
        ...

    async def enrichment(self) -> Enrichment:
        """What the sources besides gossip gave last; empty where all of them are off."""
        ...

    async def available(self) -> AvailableRange:
        """How far back each kind of question can go."""
        ...


class Updates(Protocol):
    """News for subscribers."""

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Each snapshot after its commit, newest only: a slow reader skips, and never delays others."""
        ...
