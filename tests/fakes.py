"""In-memory fakes of the read interfaces. `tests/contracts` compares them with MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from schema.domain.base import MINUTE, Slot, UnixSeconds, written
from schema.domain.cycle.events import Event
from schema.domain.errors import AsOfInFuture, AsOfOutOfRange, CursorExpired, SnapshotUnavailable
from schema.domain.history.points import AvailableRange, History, HistoryPoint, Resolution
from schema.domain.history.ranges import check_room, clip
from schema.domain.network.enrichment import Enrichment
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.reads import (
    HISTORY_JOBS,
    CollectorState,
    EventFilter,
    HistoryStatusRow,
    JobReport,
    RegistryPage,
    SeedAttempt,
)
from schema.writes import Commit
from server.storage.events.reads import MAX_PAGE
from server.storage.snapshots.reads import FUTURE_TOLERANCE_SECONDS
from tests.patience import patience


class FakeReads:
    """`Reads` over lists. `down` makes everything but the current snapshot unavailable, like a dead store.

    `reported` is the worker's report. None means a worker that reports the newest snapshot.
    """

    def __init__(
        self,
        snapshots: Iterable[Snapshot] = (),
        *,
        registry: Iterable[RegistryEntry] = (),
        events: Iterable[Event] = (),
        network_points: Iterable[HistoryPoint] = (),
        node_points: dict[str, tuple[HistoryPoint, ...]] | None = None,
        now: UnixSeconds | None = None,
        down: bool = False,
    ) -> None:
        self.snapshots = sorted(snapshots, key=lambda s: s.slot)
        self.entries = list(registry)
        self.log = sorted(events, key=lambda e: (e.slot, e.index))
        self.network_points = tuple(network_points)
        self.node_points = node_points or {}
        self.now = now
        self.down = down
        self.jobs: tuple[JobReport, ...] = ()
        self.reported: CollectorState | None = None
        self.enriched = Enrichment()

    async def enrichment(self) -> Enrichment:
        self._need_store()
        return self.enriched

    def add(self, snapshot: Snapshot) -> None:
        self.snapshots = sorted([*self.snapshots, snapshot], key=lambda s: s.slot)

    def take(self, commit: Commit) -> None:
        """Show a commit, as readers do after its announcement."""
        self.add(commit.snapshot)
        self.log = sorted([*self.log, *commit.events], key=lambda e: (e.slot, e.index))
        replaced = {i for entry in commit.registry for i in (entry.id, *entry.former_ids)}
        self.entries = [*(e for e in self.entries if e.id not in replaced), *commit.registry]

    def current(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        newest = self.current()
        if newest is None:
            raise SnapshotUnavailable("no snapshot has been collected yet")
        now = self._now(newest)
        if as_of is None or newest.slot <= as_of <= now + FUTURE_TOLERANCE_SECONDS:
            return newest
        if as_of > now:
            text = f"asOf {written(as_of)} lies in the future: it is {written(now)}"
            raise AsOfInFuture(text, {"latestAvailable": newest.slot})
        self._need_store()
        kept = [s for s in self.snapshots if s.slot <= as_of]
        if not kept:
            earliest = self.snapshots[0].slot
            text = f"asOf {written(as_of)} is older than all that is kept, which begins at {written(earliest)}"
            raise AsOfOutOfRange(text, {"earliestAvailable": earliest})
        return kept[-1]

    async def snapshot_at(self, slot: Slot) -> Snapshot:
        newest = self.current()
        if newest is not None and newest.slot == slot:
            return newest
        self._need_store()
        for snapshot in self.snapshots:
            if snapshot.slot == slot:
                return snapshot
        raise CursorExpired(f"slot {slot} is no longer kept")

    async def header(self, as_of: UnixSeconds) -> SnapshotHeader | None:
        newest = self.current()
        if newest is not None and as_of >= newest.slot:
            return newest.header
        self._need_store()
        kept = [s.header for s in self.snapshots if s.slot <= as_of]
        return kept[-1] if kept else None

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        return self._history(self.network_points, start, end, resolution, include_current=include_current)

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        points = sorted((p for i in node_ids for p in self.node_points.get(i, ())), key=lambda p: p.start)
        return self._history(points, start, end, resolution, include_current=include_current)

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        self._need_store()
        log = [e for e in self.log if _matches(e, where)]
        if newest_first:
            log.reverse()
            beyond = [e for e in log if after is None or (e.slot, e.index) < after]
        else:
            beyond = [e for e in log if after is None or (e.slot, e.index) > after]
        return tuple(beyond[: max(0, min(first, MAX_PAGE))])

    async def event_count(self, where: EventFilter) -> int:
        self._need_store()
        return sum(_matches(e, where) for e in self.log)

    async def registry_entry(self, key: str) -> RegistryEntry | None:
        self._need_store()
        under = [e for e in self.entries if key in {e.id, e.pubkey, e.address, *e.addresses, *e.former_ids}]
        return max(under, key=lambda e: (e.id == key, e.address == key, e.last_contact), default=None)

    async def registry(
        self, snapshot: Snapshot, *, skip: int, limit: int, last_seen_before: UnixSeconds | None = None
    ) -> RegistryPage:
        self._need_store()
        entries = [*snapshot.nodes, *(e for e in self.entries if e.id not in snapshot.by_id)]
        if last_seen_before is not None:
            entries = [e for e in entries if e.last_contact < last_seen_before]
        entries.sort(key=lambda e: (-e.last_contact, e.address, e.id))
        return RegistryPage(entries=tuple(entries[skip : skip + limit]), total=len(entries))

    async def history_status(self, limit: int) -> tuple[tuple[HistoryStatusRow, ...], int]:
        self._need_store()
        rows = [
            HistoryStatusRow(
                id=node_id,
                address=None,
                samples=sum(p.samples for p in points),
                first=points[0].start,
                last=points[-1].start,
            )
            for node_id, points in self.node_points.items()
            if points
        ]
        return tuple(sorted(rows, key=lambda r: (-r.samples, r.id))[:limit]), len(rows)

    async def collector(self) -> CollectorState:
        newest = self.current()
        if self.down:
            if newest is None:
                self._need_store()
            else:
                return _as_committed(newest.header, from_store=False)
        if self.reported is not None:
            return self.reported.model_copy(update={"jobs": self.jobs})
        if newest is None:
            return CollectorState()
        jobs = self.jobs or tuple(
            JobReport(name=name, began_at=newest.slot, succeeded_at=newest.slot) for name in HISTORY_JOBS
        )
        return _as_committed(newest.header, from_store=True).model_copy(update={"jobs": jobs})

    async def available(self) -> AvailableRange:
        self._need_store()
        slots = [s.slot for s in self.snapshots]
        starts = [p.start for p in self.network_points]
        return AvailableRange(
            earliest_snapshot=min(slots, default=None),
            latest_snapshot=max(slots, default=None),
            earliest_history=min([*starts, *slots], default=None),
        )

    def _history(
        self,
        points: Sequence[HistoryPoint],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool,
    ) -> History:
        newest = self.current()
        if newest is not None or self.now is not None:
            start, end = clip(start, end, self._now(newest))
        self._need_store()
        if resolution is not Resolution.AUTO:
            check_room(resolution, start, end, newest.header.interval if newest is not None else MINUTE)
        chosen = tuple(p for p in points if start <= p.start < end and (include_current or not p.partial))
        expected = sum(p.expected for p in chosen)
        return History(
            resolution=Resolution.RAW if resolution is Resolution.AUTO else resolution,
            start=start,
            end=end,
            coverage=sum(p.samples for p in chosen) / expected if expected else None,
            points=chosen,
        )

    def _now(self, newest: Snapshot | None) -> UnixSeconds:
        """The set time, or else the end of the newest slot."""
        return newest.slot + newest.header.interval if self.now is None and newest is not None else self.now or 0

    def _need_store(self) -> None:
        if self.down:
            raise SnapshotUnavailable("the store does not answer")


def _as_committed(header: SnapshotHeader, *, from_store: bool) -> CollectorState:
    return CollectorState(
        attempted_slot=header.slot,
        attempted_at=header.timing.started_at,
        committed_slot=header.slot,
        outcome="committed",
        from_store=from_store,
        seeds=tuple(
            SeedAttempt(
                seed=s.seed,
                attempted_at=s.answered_at,
                succeeded_at=s.answered_at if s.ok else None,
                failure=s.failure.category if s.failure else None,
                message=s.failure.message if s.failure else None,
            )
            for s in header.seeds
        ),
    )


class FakeUpdates:
    """`Updates` that the test feeds: `push` reaches every current listener."""

    def __init__(self) -> None:
        self._queues: list[asyncio.Queue[Snapshot | None]] = []
        self._changed = asyncio.Condition()

    async def listening(self, count: int = 1) -> None:
        """Return once exactly this number of readers listen."""
        async with patience(), self._changed:
            await self._changed.wait_for(lambda: len(self._queues) == count)

    def push(self, snapshot: Snapshot) -> None:
        for queue in self._queues:
            queue.put_nowait(snapshot)

    def close(self) -> None:
        for queue in self._queues:
            queue.put_nowait(None)

    @property
    def listeners(self) -> int:
        return len(self._queues)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        queue: asyncio.Queue[Snapshot | None] = asyncio.Queue()
        self._queues.append(queue)
        await self._tell()
        try:
            while (snapshot := await queue.get()) is not None:
                yield snapshot
        finally:
            self._queues.remove(queue)
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _matches(event: Event, where: EventFilter) -> bool:
    return (
        (where.types is None or event.type in where.types)
        and (where.subjects is None or event.subject in where.subjects)
        and (where.since is None or event.at >= where.since)
        and (where.until is None or event.at <= where.until)
    )
