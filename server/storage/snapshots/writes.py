"""`SnapshotStore` over MongoDB. A commit is one conditional update of one document; all other writes come before or
after.

chunks of nodes, memory, registry entries, events     invisible: no marker refers to them
the head's update                                     the commit
log, registry, followers (history, events)            derived; repeated by the next lease if anything stops them
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import structlog
from pymongo.errors import PyMongoError

from schema.domain.node.memory import NodeMemory
from schema.domain.snapshot.record import Snapshot
from schema.writes import Commit, Lease, LeaseLost
from server.storage.connect import Mongo
from server.storage.damage import UNREADABLE
from server.storage.documents import Carried, ChunkRef, HeadDocument, Marker
from server.storage.head import Head
from server.storage.migrations.steps import migrate
from server.storage.migrations.version import DOCUMENT_VERSION
from server.storage.registry.entries import BATCH, Registry
from server.storage.snapshots.carried import CarriedData
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.payload import SnapshotWriter

log = structlog.get_logger()


class Follower(Protocol):
    """Something derived from commits, such as the log of events or the buckets of history."""

    async def follow(self, commit: Commit) -> None:
        """Apply this commit. It is called after the commit, in order of slots, perhaps repeatedly, and must be
        idempotent by slot."""
        ...


class MongoSnapshotStore:
    """The writes of one worker. Its methods raise SnapshotUnavailable while the store does not answer."""

    def __init__(
        self, mongo: Mongo, followers: Sequence[Follower] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        self._mongo = mongo
        self._followers = tuple(followers)
        self._clock = clock
        self._head = Head(mongo)
        self._log = SnapshotLog(mongo)
        self._carried = CarriedData(mongo)
        self._registry = Registry(mongo)
        self._writer = SnapshotWriter(mongo)
        self._known: ChunkRef | None = None
        self._followed: ChunkRef | None = None
        self._rest: _Rest | None = None

        self.recall = mongo.answered(self._registry.by_ids)
        self.report = mongo.answered(self._head.report)

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        """Take or renew the lease. A new holder completes the last commit.

        `holder` names one run of one process, because another process with the same name would share its token.
        """
        async with self._mongo.answering():
            newest = await self._head.acquire(holder, now, lease_seconds)
            if newest is None:
                return None
            if newest.document_version != DOCUMENT_VERSION:
                await self._bring_up_to_date(newest)
            await self._compare(newest)
            await self._catch_up(newest)
        known = newest.marker is None or newest.marker.nodes == self._known
        return Lease(token=newest.token, holder=holder, committed_slot=newest.committed_slot, known=known)

    async def previous(self) -> tuple[Snapshot, Sequence[NodeMemory]] | None:
        async with self._mongo.answering():
            newest = await self._head.read()
            if newest is None or newest.marker is None or newest.carried is None:
                return None
            self._known = newest.marker.nodes
            try:
                return await self._log.load(newest.marker), await self._carried.load_memory(newest.carried)
            except UNREADABLE as error:
                # Lost data never comes back, so collecting starts again from the registry.
                self._mongo.damage.note("store.previous_unreadable", slot=newest.committed_slot, error=str(error))
                return None

    async def commit(self, lease: Lease, commit: Commit) -> None:
        async with self._mongo.answering():
            written = int(self._clock())
            marker = await self._writer.write(commit.snapshot, lease.token, written)
            carries = await self._carried.write(commit, lease.token, written)
            published, before = await self._head.publish(lease, marker, carries)
            if not published:
                await self._retried(lease, marker)
                return
            self._known = marker.nodes
            self._writer.published(marker)
            await self._follow(marker, commit, lease.token)
            if before is not None:
                await self._carried.drop_before(before)

    async def _retried(self, lease: Lease, marker: Marker) -> None:
        """Accept a refused commit if it is already the committed one. Otherwise raises LeaseLost."""
        newest = await self._head.read()
        if newest is None or newest.token != lease.token:
            raise LeaseLost(f"lease {lease.token} of {lease.holder} was taken over before slot {marker.slot}")
        if newest.marker is None or newest.marker.nodes != marker.nodes:
            raise LeaseLost(
                f"slot {marker.slot} is not newer than slot {newest.committed_slot}, which is already committed"
            )
        self._known = newest.marker.nodes
        await self._finish(newest.marker, newest.carried, newest.token)

    async def _bring_up_to_date(self, newest: HeadDocument) -> None:
        """Migrate the documents of an older release. If the lease ends before that, the next one repeats it."""
        found = newest.document_version
        await migrate(self._mongo.database, found)
        await self._head.note_version(newest.token, DOCUMENT_VERSION)
        if newest.committed_slot is not None:
            log.info("store.migrated", before=found, after=DOCUMENT_VERSION)

    async def _compare(self, newest: HeadDocument) -> None:
        """Detect a store that was dropped, restored or rolled back since this process last used it."""
        slot = newest.committed_slot
        self._writer.committed(slot)
        if self._known is None or (slot is not None and slot >= self._known.slot):
            return
        self._mongo.damage.note("store.went_back", known=self._known.slot, committed=slot)
        self._known = None
        if slot is None:
            await self._mongo.make_indexes()

    async def _catch_up(self, newest: HeadDocument) -> None:
        """Repeat the steps after the newest commit, unless this process has seen them complete.

        A follower that fails on a commit must not prevent all later ones, so the failure is logged and skipped.
        """
        if newest.marker is None:
            return
        try:
            await self._finish(newest.marker, newest.carried, newest.token)
        except PyMongoError:
            raise
        except Exception:
            log.exception("store.follow_failed", slot=newest.committed_slot)
            self._followed, self._rest = newest.marker.nodes, None

    async def _finish(self, marker: Marker, carries: Carried | None, token: int) -> None:
        if carries is None or self._followed == marker.nodes:
            return
        if self._rest is None or self._rest.marker.nodes != marker.nodes:
            commit = Commit(
                snapshot=await self._log.load(marker),
                memory=await self._carried.load_memory(carries),
                events=await self._carried.load_events(carries),
                registry=await self._carried.load_registry(carries),
            )
            self._rest = self._rest_of(marker, commit, token)
        await self._work_off(self._rest)

    async def _follow(self, marker: Marker, commit: Commit, token: int) -> None:
        self._rest = self._rest_of(marker, commit, token)
        await self._work_off(self._rest)

    def _rest_of(self, marker: Marker, commit: Commit, token: int) -> "_Rest":
        batches = (commit.registry[i : i + BATCH] for i in range(0, len(commit.registry), BATCH))
        return _Rest(
            marker,
            deque(
                [
                    partial(self._log.put, marker),
                    *(partial(self._registry.write, batch, token) for batch in batches),
                    *(partial(follower.follow, commit) for follower in self._followers),
                ]
            ),
        )

    async def _work_off(self, rest: "_Rest") -> None:
        while rest.parts:
            await rest.parts[0]()
            rest.parts.popleft()
        self._followed, self._rest = rest.marker.nodes, None


class _Rest(NamedTuple):
    """The steps after a commit that are not done yet.

    Each part is removed once it is written. If a cycle is interrupted in the middle of very many, the next one
    continues instead of starting again; otherwise they might never be completed.
    """

    marker: Marker
    parts: deque[Callable[[], Awaitable[None]]]


class PastSnapshots:
    """Stores imported snapshots of the past, in order of their slots."""

    def __init__(self, mongo: Mongo) -> None:
        self._log = SnapshotLog(mongo)
        self._writer = SnapshotWriter(mongo)

    async def keep(self, snapshot: Snapshot, *, pinned: bool, now: float) -> None:
        """Store a snapshot as if it had been committed then. An existing one is not replaced."""
        marker = await self._writer.write(snapshot, token=0, written=int(now))
        await self._log.put(marker, pinned=pinned)
        self._writer.published(marker)
