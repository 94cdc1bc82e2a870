"""The read interface of the public surfaces. `server.storage.reads` and the tests' fakes implement it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from pydantic import Field

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.cycle.events import Event, EventType
from schema.domain.history.points import AvailableRange, History, Resolution
from schema.domain.network.enrichment import Enrichment
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.outage import Outage, outage_of
from schema.domain.snapshot.record import Snapshot, SnapshotHeader

ROLLUP = "rollup"
RETENTION = "retention"
HISTORY_JOBS = (ROLLUP, RETENTION)
"""Names of the periodic jobs without which history stops, or grows without a limit."""


class SeedAttempt(Record):
    """The newest attempt at one seed, successful or not."""

    seed: str
    attempted_at: UnixSeconds
    succeeded_at: UnixSeconds | None
    failure: FailureCategory | None
    message: str | None = None


class JobReport(Record):
    """A periodic job by its newest runs: when it last began, and when it last succeeded (None: never)."""

    name: str
    began_at: UnixSeconds
    succeeded_at: UnixSeconds | None = None


class CollectorState(Record):
    """The worker's own report: its newest cycle, which may have failed without changing any node.

    `outcome` is `none`, `committed`, `no_seed_answered`, `already_committed`, `not_ours`, `clock_ahead` or `failed`.
    `cycle_seconds` is the duration of the whole cycle, including saving. `jobs` are the periodic jobs with a known run.
    `faults` counts the problems that this worker found since its start: `store_damaged`, `task_ended`. `from_store` is
    False if the store is unavailable and the report comes from the newest snapshot. `store_fault` is the reason why the
    store accepts no writes; it is determined if nothing new is committed.
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
    """The cause if the newest snapshot is old at `now`. None if it is not old."""
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
    """A window of the registry, and the number of all its entries.

    A node of the requested snapshot has the values of that snapshot. A node that left has the last known values.
    """

    entries: tuple[PNode | RegistryEntry, ...]
    total: int


class HistoryStatusRow(Record):
    """The extent of the stored history of one node.

    `first` and `last` are the times of its first and last sample, as precise as the stored resolution: the slot or the
    bucket.
    """

    id: str
    address: str | None
    samples: int
    first: UnixSeconds
    last: UnixSeconds


class EventFilter(Record):
    """A filter of events. None accepts all. `since` and `until` are inclusive unix seconds."""

    types: frozenset[EventType] | None = None
    subjects: frozenset[str] | None = None
    since: UnixSeconds | None = None
    until: UnixSeconds | None = None


class Reads(Protocol):
    """Queries about the present and the past. Each may raise `SnapshotUnavailable` if the store does not respond."""

    def current(self) -> Snapshot | None:
        """The newest committed snapshot, from memory; None before the first one. Never raises, never waits."""
        ...

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        """The newest snapshot, or the newest stored one at or before `as_of`.

        Raises SnapshotUnavailable (nothing collected yet), AsOfInFuture, AsOfOutOfRange.
        """
        ...

    async def snapshot_at(self, slot: Slot) -> Snapshot:
        """The snapshot of exactly this slot. Raises CursorExpired if it is no longer stored."""
        ...

    async def header(self, as_of: UnixSeconds) -> SnapshotHeader | None:
        """The header of the newest stored snapshot at or before `as_of`. None if there is none."""
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
        """One node's history in [start, end), combined over all ids that it ever had."""
        ...

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        """Up to `first` events after the position `after`, in log order (or in reverse)."""
        ...

    async def event_count(self, where: EventFilter) -> int:
        """The number of stored events that match."""
        ...

    async def registry_entry(self, key: str) -> RegistryEntry | None:
        """The registry's entry for an id, pubkey or any known address. None if it is unknown."""
        ...

    async def registry(
        self, snapshot: Snapshot, *, skip: int, limit: int, last_seen_before: UnixSeconds | None = None
    ) -> RegistryPage:
        """All nodes ever known, by last contact, newest first, then by address. `snapshot` provides its own nodes.

        `last_seen_before` selects only nodes without contact since that time.
        """
        ...

    async def history_status(self, limit: int) -> tuple[tuple[HistoryStatusRow, ...], int]:
        """The nodes with most stored samples, at most `limit`, and the number of all nodes with history."""
        ...

    async def collector(self) -> CollectorState:
        """The newest attempt of the worker. While the store is down, it is derived from the current snapshot."""
        ...

    async def enrichment(self) -> Enrichment:
        """The last data from sources besides gossip. Empty if all of them are off."""
        ...

    async def available(self) -> AvailableRange:
        """The earliest times that queries of each kind can refer to."""
        ...


class Updates(Protocol):
    """Announcements to subscribers."""

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Each snapshot after its commit, newest only. A slow reader skips snapshots and never delays others."""
        ...
