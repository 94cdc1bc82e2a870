"""Stand-ins for what lies behind the protocols, kept in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

from schema.domain.base import Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.domain.errors import AsOfInFuture, AsOfOutOfRange, CursorExpired, SnapshotUnavailable
from schema.domain.history.points import AvailableRange, History, HistoryPoint, Resolution
from schema.domain.network.enrichment import Enrichment
from schema.domain.node.memory import NodeMemory
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
from schema.writes import Commit, Lease, LeaseLost
from tests.patience import patience


class FakeReads:
    """`Reads` over lists. `down` makes everything but the current snapshot unavailable, as a dead store does."""

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
        self.enriched = Enrichment()

    async def enrichment(self) -> Enrichment:
        self._need_store()
        return self.enriched

    def add(self, snapshot: Snapshot) -> None:
        self.snapshots = sorted([*self.snapshots, snapshot], key=lambda s: s.slot)

    def current(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None

    async def snapshot(self, as_of: UnixSeconds | None = None) -> Snapshot:
        newest = self.current()
        if newest is None:
            raise SnapshotUnavailable("no snapshot has been collected yet")
        if as_of is None:
            return newest
        self._need_store()
        if as_of > (self.now or newest.slot + newest.header.interval):
            raise AsOfInFuture(f"asOf {as_of} lies in the future")
        kept = [s for s in self.snapshots if s.slot <= as_of]
        if not kept:
            raise AsOfOutOfRange(
                f"asOf {as_of} is older than all that is kept", {"earliestAvailable": self.snapshots[0].slot}
            )
        return kept[-1]

    async def snapshot_at(self, slot: Slot) -> Snapshot:
        for snapshot in self.snapshots:
            if snapshot.slot == slot:
                return snapshot
        raise CursorExpired(f"slot {slot} is no longer kept")

    async def header(self, as_of: UnixSeconds) -> SnapshotHeader | None:
        self._need_store()
        kept = [s.header for s in self.snapshots if s.slot <= as_of]
        return kept[-1] if kept else None

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        self._need_store()
        return _history(self.network_points, start, end, resolution, include_current=include_current)

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        self._need_store()
        points = sorted((p for i in node_ids for p in self.node_points.get(i, ())), key=lambda p: p.start)
        return _history(points, start, end, resolution, include_current=include_current)

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
        return tuple(beyond[:first])

    async def event_count(self, where: EventFilter) -> int:
        self._need_store()
        return sum(_matches(e, where) for e in self.log)

    async def registry_entry(self, key: str) -> RegistryEntry | None:
        self._need_store()
        return next((e for e in self.entries if key in {e.id, e.pubkey, e.address, *e.addresses}), None)

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
        if newest is None:
            return CollectorState()
        return CollectorState(
            attempted_slot=newest.slot,
            attempted_at=newest.header.taken_at,
            committed_slot=newest.slot,
            outcome="committed",
            seeds=tuple(
                SeedAttempt(
                    seed=s.seed,
                    attempted_at=s.answered_at,
                    succeeded_at=s.answered_at if s.ok else None,
                    failure=s.failure.category if s.failure else None,
                )
                for s in newest.header.seeds
            ),
            jobs=self.jobs or tuple(_ran(name, newest.slot) for name in HISTORY_JOBS),
        )

    async def available(self) -> AvailableRange:
        self._need_store()
        slots = [s.slot for s in self.snapshots]
        starts = [p.start for p in self.network_points]
        return AvailableRange(
            earliest_snapshot=min(slots, default=None),
            latest_snapshot=max(slots, default=None),
            earliest_history=min(starts, default=None),
        )

    def _need_store(self) -> None:
        if self.down:
            raise SnapshotUnavailable("the store does not answer")


def _ran(name: str, at: UnixSeconds) -> JobReport:
    return JobReport(name=name, began_at=at, succeeded_at=at)


class FakeUpdates:
    """`Updates` fed by hand: `push` reaches every reader that listens by then."""

    def __init__(self) -> None:
        self._queues: list[asyncio.Queue[Snapshot | None]] = []
        self._changed = asyncio.Condition()

    async def listening(self, count: int = 1) -> None:
        """Return once exactly so many readers listen."""
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


class FakeStore:
    """`SnapshotStore` in memory, with one lease. Set `holder` by hand to let another worker take over."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.reports: list[CollectorState] = []
        self.entries: dict[str, RegistryEntry] = {}
        self.holder: str | None = None
        self.token = 0
        self.lease_until = 0.0
        self.loads = 0

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        if self.holder not in (None, holder) and now < self.lease_until:
            return None
        self.token += self.holder != holder
        self.holder, self.lease_until = holder, now + lease_seconds
        committed = self.commits[-1].snapshot.slot if self.commits else None
        return Lease(token=self.token, holder=holder, committed_slot=committed)

    async def previous(self) -> tuple[Snapshot, Sequence[NodeMemory]] | None:
        self.loads += 1
        return (self.commits[-1].snapshot, self.commits[-1].memory) if self.commits else None

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        return {node_id: self.entries[node_id] for node_id in ids if node_id in self.entries}

    async def commit(self, lease: Lease, commit: Commit) -> None:
        if (lease.holder, lease.token) != (self.holder, self.token):
            raise LeaseLost(f"token {lease.token} of {lease.holder}: the lease is {self.holder}'s with {self.token}")
        self.commits.append(commit)
        self.entries.update((entry.id, entry) for entry in commit.registry)

    async def report(self, lease: Lease, state: CollectorState) -> None:
        self.reports.append(state)


class FakeAnnouncer:
    """`Announcer` that keeps what was announced; with `broken`, one whose every word is lost."""

    def __init__(self, *, broken: bool = False) -> None:
        self.slots: list[Slot] = []
        self.broken = broken

    async def announce(self, slot: Slot) -> None:
        if self.broken:
            raise ConnectionError("the channel is gone")
        self.slots.append(slot)


def _history(
    points: Sequence[HistoryPoint],
    start: UnixSeconds,
    end: UnixSeconds,
    resolution: Resolution,
    *,
    include_current: bool,
) -> History:
    chosen = tuple(p for p in points if start <= p.start < end and (include_current or not p.partial))
    expected = sum(p.expected for p in chosen)
    return History(
        resolution=Resolution.RAW if resolution is Resolution.AUTO else resolution,
        start=start,
        end=end,
        coverage=sum(p.samples for p in chosen) / expected if expected else None,
        points=chosen,
    )


def _matches(event: Event, where: EventFilter) -> bool:
    return (
        (where.types is None or event.type in where.types)
        and (where.subjects is None or event.subject in where.subjects)
        and (where.since is None or event.at >= where.since)
        and (where.until is None or event.at <= where.until)
    )


class FakeJobRuns:
    """`JobRuns` in memory. `error` is raised instead of any answer."""

    def __init__(self) -> None:
        self.claims: dict[str, tuple[UnixSeconds, float]] = {}
        self.succeeded: dict[str, UnixSeconds] = {}
        self.error: Exception | None = None

    async def claim(
        self, job: str, period: UnixSeconds, *, seconds: int, holder: str, now: float, lasts: float
    ) -> bool:
        if self.error is not None:
            raise self.error
        claimed, until = self.claims.get(job, (-1, 0.0))
        if claimed > period or (claimed == period and until > now):
            return False
        self.claims[job] = (period, now + lasts)
        return True

    async def finish(self, job: str, period: UnixSeconds, *, holder: str, now: float, succeeded: bool) -> None:
        if succeeded:
            self.succeeded[job] = int(now)
            self.claims[job] = (period, float("inf"))
        else:
            self.claims[job] = (period, now)
