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
    """How far the live snapshots have been rolled up.

    `since` is the UTC hour in which collecting began, `next_hour` the first hour that is not rolled up yet, `open_day`
    the UTC day of which hours are rolled up but which is not closed.
    """

    since: UnixSeconds
    next_hour: UnixSeconds
    open_day: UnixSeconds | None = None


class RetentionProgress(Record):
    """UTC hours before which snapshots have been thinned out to one an hour, and before which none is left."""

    thinned: UnixSeconds
    dropped: UnixSeconds


class ImportedRange(Record):
    """UTC hours [start, end) that an import has filled. `pinned` ones are exempt from raw retention."""

    start: UnixSeconds
    end: UnixSeconds
    pinned: bool = False


class JobRuns(Protocol):
    """Which periodic jobs ran, and when: one record for each job, by its name."""

    async def claim(
        self, job: str, period: UnixSeconds, *, seconds: int, holder: str, now: float, lasts: float
    ) -> bool:
        """Take the run of a period (its UTC start, `seconds` long); False where another run of it counts.

        A run counts once it has succeeded, and for `lasts` seconds from its claim until then.
        """
        ...

    async def finish(self, job: str, period: UnixSeconds, *, holder: str, now: float, succeeded: bool) -> None:
        """Note the end of a run that was claimed; one that failed may be claimed again."""
        ...


class RollupStore(Protocol):
    """What `jobs.past.rollup` works on."""

    async def committed_slot(self) -> Slot | None:
        """The newest committed slot: nothing older than it will still be committed. None in an empty store."""
        ...

    async def rollup_progress(self) -> RollupProgress | None:
        """Where to go on. At first, and where that is lost: after the newest hour of history, else with the oldest live
        snapshot. None where there is none."""
        ...

    async def save_rollup(self, before: RollupProgress, after: RollupProgress) -> bool:
        """Go on from `before` to `after`; False where another run has gone on meanwhile."""
        ...

    async def next_kept(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        """The first kept slot in [start, end)."""
        ...

    async def headers(self, hour: UnixSeconds) -> Sequence[SnapshotHeader]:
        """The headers of the snapshots kept of a UTC hour, in order, without those that cannot be read."""
        ...

    def snapshots(self, hour: UnixSeconds) -> AsyncIterator[Snapshot]:
        """The snapshots kept of a UTC hour, in order, one at a time, without those that cannot be read."""
        ...

    async def write_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]]) -> None:
        """Put an hour of each subject in its history."""
        ...

    async def close_day(self, day: UnixSeconds) -> None:
        """Pack the hours of a UTC day, and write its daily buckets."""
        ...

    @property
    def network(self) -> str:
        """The subject that stands for the network as a whole."""
        ...


class RetentionStore(Protocol):
    """What `jobs.past.retention` works on."""

    async def rolled_until(self) -> UnixSeconds | None:
        """The first hour that is not rolled up yet; None where nothing is."""
        ...

    async def retention_progress(self) -> RetentionProgress | None:
        """Where to go on; at first, the hour of the oldest kept snapshot. None where none is kept."""
        ...

    async def save_retention(self, before: RetentionProgress, after: RetentionProgress) -> bool:
        """Go on from `before` to `after`; False where somebody else has moved it meanwhile."""
        ...

    async def next_remains(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        """The first slot in [start, end) of which a snapshot is kept, or pieces of one lie about."""
        ...

    async def kept_slots(self, hour: UnixSeconds) -> Sequence[Slot]:
        """The slots kept of a UTC hour, in order."""
        ...

    async def thin(self, hour: UnixSeconds, keep: Collection[Slot]) -> int:
        """Forget the snapshots of a UTC hour but those to keep and pinned ones; gives how many."""
        ...

    async def drop_history(self, resolution: Resolution, before: UnixSeconds, limit: int) -> int:
        """Forget at most `limit` documents of a resolution that are wholly older than a time; gives how many."""
        ...

    async def drop_events(self, before: UnixSeconds, limit: int) -> int:
        """Forget at most `limit` events older than a time; gives how many."""
        ...


class ImportStore(RollupStore, Protocol):
    """What `jobs.past.importer` works on."""

    async def live_since(self) -> UnixSeconds | None:
        """The UTC hour in which collecting began; None where it has not."""
        ...

    async def imported(self) -> Sequence[ImportedRange]:
        """What has been imported before, in order."""
        ...

    async def begin_import(self, start: UnixSeconds) -> None:
        """Let retention look again at what is newer than `start`, a UTC hour."""
        ...

    async def finish_import(self, done: ImportedRange, entries: Sequence[RegistryEntry]) -> None:
        """Note a finished import, and enter its nodes in the registry, where nothing newer is known of them."""
        ...

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        """Registry entries of nodes that are not in the snapshots."""
        ...

    async def hold_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]], *, pinned: bool) -> None:
        """Have an hour of each subject written when its day is closed; `pinned` keeps its raw samples for good."""
        ...

    async def keep(self, snapshot: Snapshot, *, pinned: bool) -> None:
        """Keep a snapshot of the past. Snapshots come in order; one that is kept already stays."""
        ...

    async def write_events(self, log: Sequence[Event], *, pinned: bool) -> None:
        """Enter events in the log; those that are there stay."""
        ...
