"""The stores of the jobs that maintain the history: `schema.upkeep` over MongoDB."""

import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence

from schema.domain.base import HOUR, Slot, UnixSeconds
from schema.domain.history.rollup import Hour
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.upkeep import ImportedRange, RetentionProgress, RollupProgress
from server.storage.connect import Mongo
from server.storage.damage import UNREADABLE
from server.storage.documents import Marker
from server.storage.events.log import EventLog
from server.storage.head import Head
from server.storage.history.buckets import NETWORK
from server.storage.history.progress import Progress
from server.storage.history.writes import HeldHours, HistoryWrites
from server.storage.registry.entries import Registry
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.payload import header_of
from server.storage.snapshots.writes import PastSnapshots


class MongoUpkeep:
    """Implements `RollupStore`, `RetentionStore` and `ImportStore`. Raises SnapshotUnavailable while the store does not
    answer."""

    network = NETWORK

    def __init__(self, mongo: Mongo, *, clock: Callable[[], float] = time.time) -> None:
        self._mongo = mongo
        self._clock = clock
        self._head = Head(mongo)
        self._log = SnapshotLog(mongo)
        self._past = PastSnapshots(mongo)
        self._registry = Registry(mongo)
        self._events = EventLog(mongo)
        self._history = HistoryWrites(mongo)
        self._progress = Progress(mongo)
        self._held: HeldHours | None = None

        # The questions that one store answers by itself.
        self.committed_slot = mongo.answered(self._head.committed_slot)
        self.save_rollup = mongo.answered(self._progress.save_rollup)
        self.save_retention = mongo.answered(self._progress.save_retention)
        self.live_since = mongo.answered(self._progress.live_since)
        self.imported = mongo.answered(self._progress.imports)
        self.begin_import = mongo.answered(self._progress.look_again)
        self.next_kept = mongo.answered(self._log.oldest_in)
        self.next_remains = mongo.answered(self._log.oldest_remains)
        self.write_hour = mongo.answered(self._history.write_hour)
        self.drop_history = mongo.answered(self._history.drop_before)
        self.drop_events = mongo.answered(self._events.drop_before)
        self.write_events = mongo.answered(self._events.write)
        self.recall = mongo.answered(self._registry.by_ids)

    async def rollup_progress(self) -> RollupProgress | None:
        async with self._mongo.answering():
            progress = await self._progress.rollup()
            if progress is not None:
                return progress
            since = await self._progress.live_since()
            if since is None:
                return None
            first = await self._progress.first_rollup(since)
            await self._progress.save_rollup(first, first)
            return first

    async def headers(self, hour: UnixSeconds) -> Sequence[SnapshotHeader]:
        async with self._mongo.answering():
            markers = await self._log.within(hour, hour + HOUR)
        return [header for marker in markers if (header := self._header(marker)) is not None]

    async def snapshots(self, hour: UnixSeconds) -> AsyncIterator[Snapshot]:
        async with self._mongo.answering():
            markers = await self._log.within(hour, hour + HOUR)
        for marker in markers:
            async with self._mongo.answering():
                try:
                    snapshot = await self._log.load(marker)
                except UNREADABLE as error:
                    self._mongo.damage.note("rollup.slot_unreadable", slot=marker.slot, error=str(error))
                    continue
            yield snapshot

    def _header(self, marker: Marker) -> SnapshotHeader | None:
        try:
            return header_of(marker)
        except UNREADABLE as error:
            self._mongo.damage.note("rollup.header_unreadable", slot=marker.slot, error=str(error))
            return None

    async def hold_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]], *, pinned: bool) -> None:
        if self._held is None:
            self._held = HeldHours(pinned=pinned)
        await self._held.add(hour, rolled)

    async def close_day(self, day: UnixSeconds) -> None:
        held, self._held = self._held, None
        async with self._mongo.answering():
            await self._history.close_day(day, held)
            await self._events.tally_day(day)

    async def rolled_until(self) -> UnixSeconds | None:
        async with self._mongo.answering():
            progress = await self._progress.rollup()
        return progress.next_hour if progress else None

    async def retention_progress(self) -> RetentionProgress | None:
        async with self._mongo.answering():
            progress = await self._progress.retention()
            if progress is not None:
                return progress
            oldest = await self._log.earliest()
        if oldest is None:
            return None
        return RetentionProgress(thinned=oldest // HOUR * HOUR, dropped=oldest // HOUR * HOUR)

    async def kept_slots(self, hour: UnixSeconds) -> Sequence[Slot]:
        async with self._mongo.answering():
            return await self._log.slots_within(hour, hour + HOUR)

    async def thin(self, hour: UnixSeconds, keep: Collection[Slot]) -> int:
        async with self._mongo.answering():
            return await self._log.thin(hour, hour + HOUR, keep, int(self._clock()))

    async def finish_import(self, done: ImportedRange, entries: Sequence[RegistryEntry]) -> None:
        async with self._mongo.answering():
            await self._registry.write_past(entries)
            await self._progress.add_import(done)

    async def keep(self, snapshot: Snapshot, *, pinned: bool) -> None:
        async with self._mongo.answering():
            await self._past.keep(snapshot, pinned=pinned, now=self._clock())
