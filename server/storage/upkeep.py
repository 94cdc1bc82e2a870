"""The stores of the jobs that maintain the history: `schema.upkeep` over MongoDB."""

import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence

from schema.domain.base import HOUR, Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.domain.history.points import Resolution
from schema.domain.history.rollup import Hour
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress
from server.storage import head
from server.storage.connect import Mongo
from server.storage.damage import UNREADABLE
from server.storage.documents import Marker
from server.storage.events import log as events
from server.storage.history import progress as history_state
from server.storage.history import writes as history_writes
from server.storage.history.buckets import NETWORK
from server.storage.history.writes import HeldHours
from server.storage.registry import entries as registry
from server.storage.snapshots import log as snapshot_log
from server.storage.snapshots import payload as snapshots
from server.storage.snapshots.writes import keep_past


class MongoUpkeep:
    """Implements `RollupStore`, `RetentionStore` and `ImportStore`. Raises SnapshotUnavailable while the store does not
    answer."""

    network = NETWORK

    def __init__(self, mongo: Mongo, *, clock: Callable[[], float] = time.time) -> None:
        self._mongo = mongo
        self._clock = clock
        self._writer = snapshots.SnapshotWriter(mongo.damage)
        self._held: HeldHours | None = None

    async def committed_slot(self) -> Slot | None:
        async with self._mongo.answering():
            return await head.committed_slot()

    async def rollup_progress(self) -> RollupProgress | None:
        async with self._mongo.answering():
            progress = await history_state.rollup()
            if progress is not None:
                return progress
            since = await history_state.live_since()
            if since is None:
                return None
            first = await history_state.first_rollup(since)
            await history_state.save_rollup(first, first)
            return first

    async def save_rollup(self, before: RollupProgress, after: RollupProgress) -> bool:
        async with self._mongo.answering():
            return await history_state.save_rollup(before, after)

    async def next_kept(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        async with self._mongo.answering():
            return await snapshot_log.oldest_in(start, end)

    async def headers(self, hour: UnixSeconds) -> Sequence[SnapshotHeader]:
        async with self._mongo.answering():
            markers = await snapshot_log.within(hour, hour + HOUR)
        return [header for marker in markers if (header := self._header(marker)) is not None]

    async def snapshots(self, hour: UnixSeconds) -> AsyncIterator[Snapshot]:
        async with self._mongo.answering():
            markers = await snapshot_log.within(hour, hour + HOUR)
        for marker in markers:
            async with self._mongo.answering():
                try:
                    snapshot = await snapshots.load(marker)
                except UNREADABLE as error:
                    self._mongo.damage.note("rollup.slot_unreadable", slot=marker.slot, error=str(error))
                    continue
            yield snapshot

    def _header(self, marker: Marker) -> SnapshotHeader | None:
        try:
            return snapshots.header_of(marker)
        except UNREADABLE as error:
            self._mongo.damage.note("rollup.header_unreadable", slot=marker.slot, error=str(error))
            return None

    async def write_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]]) -> None:
        async with self._mongo.answering():
            await history_writes.write_hour(hour, rolled)

    async def hold_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]], *, pinned: bool) -> None:
        if self._held is None:
            self._held = HeldHours(pinned=pinned)
        await self._held.add(hour, rolled)

    async def close_day(self, day: UnixSeconds) -> None:
        held, self._held = self._held, None
        async with self._mongo.answering():
            await history_writes.close_day(day, held)
            await events.tally_day(day)

    async def rolled_until(self) -> UnixSeconds | None:
        async with self._mongo.answering():
            progress = await history_state.rollup()
        return progress.next_hour if progress else None

    async def retention_progress(self) -> RetentionProgress | None:
        async with self._mongo.answering():
            progress = await history_state.retention()
            if progress is not None:
                return progress
            oldest = await snapshot_log.earliest()
        if oldest is None:
            return None
        return RetentionProgress(thinned=oldest // HOUR * HOUR, dropped=oldest // HOUR * HOUR)

    async def save_retention(self, before: RetentionProgress, after: RetentionProgress) -> bool:
        async with self._mongo.answering():
            return await history_state.save_retention(before, after)

    async def next_remains(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None:
        async with self._mongo.answering():
            return await snapshot_log.oldest_remains(start, end)

    async def kept_slots(self, hour: UnixSeconds) -> Sequence[Slot]:
        async with self._mongo.answering():
            return await snapshot_log.slots_within(hour, hour + HOUR)

    async def thin(self, hour: UnixSeconds, keep: Collection[Slot]) -> int:
        async with self._mongo.answering():
            return await snapshot_log.thin(hour, hour + HOUR, keep, int(self._clock()))

    async def drop_history(self, resolution: Resolution, before: UnixSeconds, limit: int) -> int:
        async with self._mongo.answering():
            return await history_writes.drop_before(resolution, before, limit)

    async def drop_events(self, before: UnixSeconds, limit: int) -> int:
        async with self._mongo.answering():
            return await events.drop_before(before, limit)

    async def live_since(self) -> UnixSeconds | None:
        async with self._mongo.answering():
            return await history_state.live_since()

    async def imported(self) -> Sequence[ImportedRange]:
        async with self._mongo.answering():
            return await history_state.imports()

    async def begin_import(self, start: UnixSeconds) -> None:
        async with self._mongo.answering():
            await history_state.look_again(start)

    async def finish_import(self, done: ImportedRange, entries: Sequence[RegistryEntry]) -> None:
        async with self._mongo.answering():
            await registry.write_past(entries)
            await history_state.add_import(done)

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        async with self._mongo.answering():
            return await registry.by_ids(ids)

    async def keep(self, snapshot: Snapshot, *, pinned: bool) -> None:
        async with self._mongo.answering():
            await keep_past(self._writer, snapshot, pinned=pinned, now=self._clock())

    async def write_events(self, log: Sequence[Event], *, pinned: bool) -> None:
        async with self._mongo.answering():
            await events.write(log, pinned=pinned)
