"""The store interface of roll-up, retention and import, and the records of their progress.

`server.storage.upkeep` implements it. Every method is idempotent: a job that was stopped at any point runs again.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.domain.history.points import Resolution
from schema.domain.history.rollup import Hour
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot, SnapshotHeader


class RollupProgress(Record):
    """The progress of rolling up the live snapshots.

    `since` is the UTC hour in which collection began, `next_hour` the first hour that is not rolled up yet. `open_day`
    is the UTC day that has rolled-up hours and is not closed.
    """

    since: UnixSeconds
    next_hour: UnixSeconds
    open_day: UnixSeconds | None = None


class RetentionProgress(Record):
    """The UTC hours before which snapshots have been reduced to one an hour, and before which none remains."""

    thinned: UnixSeconds
    dropped: UnixSeconds


class ImportedRange(Record):
    """UTC hours [start, end) that an import filled. `pinned` ones are exempt from raw retention."""

    start: UnixSeconds
    end: UnixSeconds
    pinned: bool = False


class JobRuns(Protocol):
    """The runs of periodic jobs, with their times: one record for each job, by its name."""

    async def claim(
        self, job: str, period: UnixSeconds, *, seconds: int, holder: str, now: float, lasts: float
    ) -> bool:
        """Claim the run of a period (its UTC start, `seconds` long). False if another run of it counts.

        A run counts once it has succeeded, and until then for `lasts` seconds from its claim.
        """
        ...

    async def finish(self, job: str, period: UnixSeconds, *, holder: str, now: float, succeeded: bool) -> None:
        """Record the end of a claimed run. A failed run may be claimed again."""
        ...


class RollupStore(Protocol):
    """The store interface of `jobs.past.rollup`."""

    async def committed_slot(self) -> Slot | None:
        """The newest committed slot. No older slot will still be committed. None in an empty store."""
        ...

    async def rollup_progress(self) -> RollupProgress | None:
        """Where to continue. None if there is nothing.

        Without stored progress, that is after the newest hour of history, or else at the oldest live snapshot.
        """
        ...

    async def save_rollup(self, before: RollupProgress, after: RollupProgress) -> bool:
        """Move the progress from `before` to `after`. False if another run has moved it meanwhile."""
        ...

    async def next_kept(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        """The first stored slot in [start, end)."""
        ...

    async def headers(self, hour: UnixSeconds) -> Sequence[SnapshotHeader]:
        """The headers of the snapshots stored for a UTC hour, in order, without those that cannot be read."""
        ...

    def snapshots(self, hour: UnixSeconds) -> AsyncIterator[Snapshot]:
        """The snapshots stored for a UTC hour, in order, one at a time, without those that cannot be read."""
        ...

    async def write_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]]) -> None:
        """Add an hour of each subject to its history."""
        ...

    async def close_day(self, day: UnixSeconds) -> None:
        """Pack the hours of a UTC day, and write its daily buckets."""
        ...

    @property
    def network(self) -> str:
        """The subject of the network as a whole."""
        ...


class RetentionStore(Protocol):
    """The store interface of `jobs.past.retention`."""

    async def rolled_until(self) -> UnixSeconds | None:
        """The first hour that is not rolled up yet. None if there is none."""
        ...

    async def retention_progress(self) -> RetentionProgress | None:
        """Where to continue; at first, the hour of the oldest stored snapshot. None if none is stored."""
        ...

    async def save_retention(self, before: RetentionProgress, after: RetentionProgress) -> bool:
        """Move the progress from `before` to `after`. False if another run has moved it meanwhile."""
        ...

    async def next_remains(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        """The first slot in [start, end) with a stored snapshot, or with remaining pieces of one."""
        ...

    async def kept_slots(self, hour: UnixSeconds) -> Sequence[Slot]:
        """The slots stored for a UTC hour, in order."""
        ...

    async def thin(self, hour: UnixSeconds, keep: Collection[Slot]) -> int:
        """Delete the snapshots of a UTC hour, except those to keep and pinned ones. Returns their number."""
        ...

    async def drop_history(self, resolution: Resolution, before: UnixSeconds, limit: int) -> int:
        """Delete at most `limit` documents of a resolution that are entirely older than a time. Returns the count."""
        ...

    async def drop_events(self, before: UnixSeconds, limit: int) -> int:
        """Delete at most `limit` events older than a time. Returns their number."""
        ...


class ImportStore(RollupStore, Protocol):
    """The store interface of `jobs.past.importer`."""

    async def live_since(self) -> UnixSeconds | None:
        """The UTC hour in which collection began. None if it has not begun."""
        ...

    async def imported(self) -> Sequence[ImportedRange]:
        """The earlier imports, in order."""
        ...

    async def begin_import(self, start: UnixSeconds) -> None:
        """Let retention process again what is newer than `start`, a UTC hour."""
        ...

    async def finish_import(self, done: ImportedRange, entries: Sequence[RegistryEntry]) -> None:
        """Record a finished import, and add its nodes to the registry if nothing newer is known about them."""
        ...

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        """Registry entries of nodes that are not in the snapshots."""
        ...

    async def hold_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]], *, pinned: bool) -> None:
        """Queue an hour of each subject, to be written when its day is closed.

        `pinned` keeps its raw samples permanently.
        """
        ...

    async def keep(self, snapshot: Snapshot, *, pinned: bool) -> None:
        """Store a snapshot of the past. Snapshots come in order; an existing one is not changed."""
        ...

    async def write_events(self, log: Sequence[Event], *, pinned: bool) -> None:
        """Add events to the log. Existing ones are not changed."""
        ...
