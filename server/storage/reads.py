"""`Reads` over MongoDB: snapshots and the registry, combined with the readers of the history and of the log of
events."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from schema.domain.base import Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import AvailableRange, History, Resolution
from schema.domain.network.enrichment import Enrichment
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.freshness import DEGRADED_AFTER_INTERVALS
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.reads import CollectorState, EventFilter, HistoryStatusRow, RegistryPage, SeedAttempt
from server.process.garbage import Garbage
from server.storage import head, job_runs
from server.storage.connect import Mongo
from server.storage.enrichment import enrichment
from server.storage.registry import entries as registry
from server.storage.registry.reads import RegistryReads
from server.storage.snapshots.reads import SnapshotReads
from server.storage.write_probe import WriteProbe


class HistoryQuestions(Protocol):
    """The methods of `Reads` that read buckets."""

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History: ...

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History: ...

    async def history_status(
        self, limit: int, present: Sequence[str] = ()
    ) -> tuple[tuple[HistoryStatusRow, ...], int]: ...

    async def earliest(self) -> UnixSeconds | None:
        """The oldest slot, or the start of the oldest bucket. None if there is none."""
        ...


class EventQuestions(Protocol):
    """The methods of `Reads` that read the log of events."""

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]: ...

    async def event_count(self, where: EventFilter) -> int: ...


class MongoReads:
    """The reads of one process. `schema.reads.Reads` describes the results and errors."""

    def __init__(
        self,
        mongo: Mongo,
        history: HistoryQuestions,
        events: EventQuestions,
        *,
        clock: Callable[[], float] = time.time,
        garbage: Garbage | None = None,
    ) -> None:
        self._mongo = mongo
        self._snapshots = SnapshotReads(mongo, clock=clock, garbage=garbage)
        self._registry = RegistryReads(mongo)
        self._history = history
        self._events = events
        self._clock = clock
        self._probe = WriteProbe(clock)

    def current(self) -> Snapshot | None:
        return self._snapshots.current()

    async def refresh(self) -> Snapshot | None:
        """Load the newest committed snapshot. None if it is already in memory. Raises SnapshotUnavailable."""
        return await self._snapshots.refresh()

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        return await self._snapshots.at(as_of)

    async def snapshot_at(self, slot: Slot) -> Snapshot:
        return await self._snapshots.of_slot(slot)

    async def header(self, as_of: UnixSeconds) -> SnapshotHeader | None:
        return await self._snapshots.header(as_of)

    async def registry_entry(self, key: str) -> RegistryEntry | None:
        async with self._mongo.answering():
            return await registry.find(key)

    async def registry(
        self, snapshot: Snapshot, *, skip: int, limit: int, last_seen_before: UnixSeconds | None = None
    ) -> RegistryPage:
        return await self._registry.page(snapshot, skip=skip, limit=limit, last_seen_before=last_seen_before)

    async def collector(self) -> CollectorState:
        try:
            async with self._mongo.answering():
                report, jobs = await asyncio.gather(head.last_report(), job_runs.reports())
                fault = await self._probe.fault() if self._is_old(report.committed_slot) else None
        except SnapshotUnavailable:
            current = self.current()
            if current is None:
                raise
            return _as_committed(current.header)
        state = report.collector or CollectorState(committed_slot=report.committed_slot)
        return state.model_copy(update={"jobs": jobs, "from_store": True, "store_fault": fault})

    def _is_old(self, committed: Slot | None) -> bool:
        """Whether no slot has been committed for so long that the store may be the cause."""
        current = self.current()
        if committed is None or current is None:
            return True
        return self._clock() - committed >= (DEGRADED_AFTER_INTERVALS + 1) * current.header.interval

    async def enrichment(self) -> Enrichment:
        return await enrichment(self._mongo, self._clock())

    async def available(self) -> AvailableRange:
        current = self.current()
        return AvailableRange(
            earliest_snapshot=await self._snapshots.earliest(),
            latest_snapshot=current.slot if current else None,
            earliest_history=await self._history.earliest(),
        )

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        return await self._history.network_history(start, end, resolution, include_current=include_current)

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        return await self._history.node_history(node_ids, start, end, resolution, include_current=include_current)

    async def history_status(self, limit: int) -> tuple[tuple[HistoryStatusRow, ...], int]:
        current = self.current()
        present = [node.id for node in current.nodes] if current else []
        rows, total = await self._history.history_status(limit, present)
        return tuple(_up_to(current, row) for row in rows), total

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        return await self._events.events(where, after, first, newest_first=newest_first)

    async def event_count(self, where: EventFilter) -> int:
        return await self._events.event_count(where)


def _up_to(current: Snapshot | None, row: HistoryStatusRow) -> HistoryStatusRow:
    """The row with the newest sample of a node that is still present. The counts themselves end with the last whole
    hour."""
    if current is None or row.id not in current.by_id:
        return row
    return row.model_copy(update={"last": max(row.last, current.slot)})


def _as_committed(header: SnapshotHeader) -> CollectorState:
    """The facts about a cycle that its committed snapshot contains."""
    return CollectorState(
        attempted_slot=header.slot,
        attempted_at=header.timing.started_at,
        committed_slot=header.slot,
        outcome="committed",
        from_store=False,
        seeds=tuple(
            SeedAttempt(
                seed=seed.seed,
                attempted_at=seed.answered_at,
                succeeded_at=seed.answered_at if seed.ok else None,
                failure=seed.failure.category if seed.failure else None,
                message=seed.failure.message if seed.failure else None,
            )
            for seed in header.seeds
        ),
    )
