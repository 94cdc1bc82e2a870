"""Snapshots for readers: the newest one in memory, and those of the past by time or by slot."""

import asyncio
import time
from collections.abc import Callable

import structlog

from schema.domain.base import MAX_INT64, Slot, UnixSeconds, written
from schema.domain.errors import AsOfInFuture, AsOfOutOfRange, CursorExpired, SnapshotUnavailable
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from server.process.garbage import Garbage
from server.storage.connect import Mongo
from server.storage.damage import UNREADABLE
from server.storage.documents import Marker
from server.storage.head import Head
from server.storage.snapshots import payload
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.past import SnapshotCache

FUTURE_TOLERANCE_SECONDS = 2  # a client's clock may be ahead of ours

log = structlog.get_logger()


class SnapshotReads:
    """The snapshots of one process. Reads of the newest one never use the store, and work during its outages."""

    def __init__(self, mongo: Mongo, *, clock: Callable[[], float] = time.time, garbage: Garbage | None = None) -> None:
        self._mongo = mongo
        self._head = Head(mongo)
        self._log = SnapshotLog(mongo)
        self._clock = clock
        self._current: Snapshot | None = None
        self._past = SnapshotCache(self._load)
        self._refreshing = asyncio.Lock()
        self._garbage = garbage
        self._earliest: tuple[Slot | None, Slot | None] | None = None

    def current(self) -> Snapshot | None:
        """The newest loaded snapshot. None before the first one."""
        return self._current

    async def refresh(self) -> Snapshot | None:
        """Load the newest committed snapshot if it is newer than the one in memory, else return None.

        If it is not newer, this costs one tiny query. Raises SnapshotUnavailable; the snapshot in memory stays.
        """
        async with self._refreshing, self._mongo.answering():
            slot = await self._head.committed_slot()
            if slot is None or (self._current is not None and slot <= self._current.slot):
                return None
            newest = await self._head.read()
            if newest is None or newest.marker is None:
                return None
            fresh = await self._decoded(newest.marker, self._garbage.step if self._garbage else payload.plainly)
            if self._current is not None:
                self._past.put(self._current)
            self._current = fresh
            if self._garbage is not None:
                self._garbage.look_through()
            return fresh

    async def at(self, as_of: UnixSeconds | None = None) -> Snapshot:
        """The newest snapshot, or the newest kept one at or before `as_of`.

        Raises SnapshotUnavailable, AsOfInFuture, AsOfOutOfRange.
        """
        current = self._current
        if as_of is None or (current is None and await self.earliest() is None):
            if current is None:
                raise SnapshotUnavailable("no snapshot has been collected yet")
            return current
        now = self._clock()
        if as_of > now + FUTURE_TOLERANCE_SECONDS:
            latest = current.slot if current else None
            text = f"asOf {written(as_of)} lies in the future: it is {written(int(now))}"
            raise AsOfInFuture(text, {"latestAvailable": latest})
        if current is not None and as_of >= current.slot:
            return current
        try:
            return await self._past.get(await self._slot_at(as_of))
        except CursorExpired:  # retention took that slot in the meantime, but leaves an older one of its hour
            return await self._past.get(await self._slot_at(as_of))

    async def of_slot(self, slot: Slot) -> Snapshot:
        """The snapshot of exactly this slot. Raises CursorExpired, SnapshotUnavailable."""
        if self._current is not None and slot == self._current.slot:
            return self._current
        if not 0 <= slot <= MAX_INT64:
            raise CursorExpired(f"slot {slot} is not kept")
        return await self._past.get(slot)

    async def header(self, as_of: UnixSeconds) -> SnapshotHeader | None:
        """The header of the newest kept snapshot at or before `as_of`. None if there is none."""
        if self._current is not None and as_of >= self._current.slot:
            return self._current.header
        async with self._mongo.answering():
            slot = await self._newest_slot(as_of)
            if slot is None:
                return None
            held = self._past.peek(slot)
            if held is not None:
                return held.header
            marker = await self._log.find(slot)
            return payload.header_of(marker) if marker else None

    async def earliest(self) -> Slot | None:
        """The oldest kept slot. It is looked up once for each newest slot, because only retention changes it."""
        newest = self._current.slot if self._current else None
        if self._earliest is None or self._earliest[0] != newest or self._earliest[1] is None:
            async with self._mongo.answering():
                self._earliest = (newest, await self._log.earliest())
        return self._earliest[1]

    async def _slot_at(self, as_of: UnixSeconds) -> Slot:
        async with self._mongo.answering():
            slot = await self._newest_slot(as_of)
        if slot is None:
            earliest = await self.earliest()
            start = "" if earliest is None else f", which begins at {written(earliest)}"
            text = f"asOf {written(as_of)} is older than all that is kept{start}"
            raise AsOfOutOfRange(text, {"earliestAvailable": earliest})
        return slot

    async def _load(self, slot: Slot) -> Snapshot:
        async with self._mongo.answering():
            marker = await self._log.find(slot)
            if marker is None:
                raise CursorExpired(f"slot {slot} is no longer kept")
            try:
                return await self._decoded(marker, self._garbage.brief_step if self._garbage else payload.plainly)
            except SnapshotUnavailable:
                if await self._log.find(slot) is None:
                    raise CursorExpired(f"slot {slot} is no longer kept") from None
                raise

    async def _newest_slot(self, as_of: UnixSeconds) -> Slot | None:
        return await self._log.newest_at(min(as_of, MAX_INT64)) if as_of >= 0 else None

    async def _decoded(self, marker: Marker, step: payload.Step) -> Snapshot:
        try:
            return await self._log.load(marker, step)
        except UNREADABLE as error:
            log.exception("store.snapshot_unreadable", slot=marker.slot)
            raise SnapshotUnavailable(f"the snapshot of slot {marker.slot} cannot be read") from error
