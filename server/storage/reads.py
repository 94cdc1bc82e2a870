"""`Reads` over MongoDB: snapshots and the registry, combined with the readers of the history and of the log of
events."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from schema.domain.base import Slot
from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import AvailableRange
from schema.domain.network.enrichment import Enrichment
from schema.domain.snapshot.freshness import DEGRADED_AFTER_INTERVALS
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.reads import CollectorState, HistoryStatusRow, SeedAttempt
from server.process.garbage import Garbage
from server.storage.connect import Mongo
from server.storage.enrichment import MongoEnrichment
from server.storage.events.reads import EventReads
from server.storage.head import Head
from server.storage.history.reads import HistoryReads
from server.storage.job_runs import MongoJobRuns
from server.storage.registry.entries import Registry
from server.storage.registry.reads import RegistryReads
from server.storage.snapshots.reads import SnapshotReads
from server.storage.write_probe import WriteProbe, write


class MongoReads:
    """The reads of one process. `schema.reads.Reads` describes the results and errors."""

    def __init__(
        self,
        mongo: Mongo,
        history: HistoryReads,
        events: EventReads,
        *,
        clock: Callable[[], float] = time.time,
        garbage: Garbage | None = None,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._history = history
        self._snapshots = SnapshotReads(mongo, clock=clock, garbage=garbage)
        self._head = Head(mongo)
        self._job_runs = MongoJobRuns(mongo)
        self._enrichment = MongoEnrichment(mongo)
        self._probe = WriteProbe(clock, partial(write, mongo))

        # The questions that one store answers by itself.
        self.current = self._snapshots.current
        self.refresh = self._snapshots.refresh
        self.snapshot = self._snapshots.at
        self.snapshot_at = self._snapshots.of_slot
        self.header = self._snapshots.header
        self.registry = RegistryReads(mongo).page
        self.registry_entry = mongo.answered(Registry(mongo).find)
        self.network_history = history.network_history
        self.node_history = history.node_history
        self.events = events.events
        self.event_count = events.event_count

    async def collector(self) -> CollectorState:
        try:
            async with self._mongo.answering():
                report, jobs = await asyncio.gather(self._head.last_report(), self._job_runs.reports())
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
        return await self._enrichment.newest(self._clock())

    async def available(self) -> AvailableRange:
        current = self.current()
        return AvailableRange(
            earliest_snapshot=await self._snapshots.earliest(),
            latest_snapshot=current.slot if current else None,
            earliest_history=await self._history.earliest(),
        )

    async def history_status(self, limit: int) -> tuple[tuple[HistoryStatusRow, ...], int]:
        current = self.current()
        present = [node.id for node in current.nodes] if current else []
        rows, total = await self._history.history_status(limit, present)
        return tuple(_up_to(current, row) for row in rows), total


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
