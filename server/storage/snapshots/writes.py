"""`SnapshotStore` over MongoDB: a commit is one conditional update of one document, everything else leads to it or follows.

chunks of nodes, memory, registry entries, events     invisible: no marker points at them
the head's update                                     the commit
log, registry, followers (history, events)            derived; repeated by the next lease if anything stops them
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import structlog
from pymongo.errors import PyMongoError

from schema.domain.node.memory import NodeMemory
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot
from schema.reads import CollectorState
from schema.writes import Commit, Lease, LeaseLost
from server.storage import head
from server.storage.connect import Mongo
from server.storage.damage import UNREADABLE
from server.storage.documents import Carried, ChunkRef, HeadDocument, Marker
from server.storage.migrations.steps import migrate
from server.storage.migrations.version import DOCUMENT_VERSION
from server.storage.registry import entries as registry
from server.storage.snapshots import carried
from server.storage.snapshots import log as snapshot_log
from server.storage.snapshots import payload as snapshots

log = structlog.get_logger()


class Follower(Protocol):
    """Something derived from commits, such as the log of events or the buckets of history."""

    async def follow(self, commit: Commit) -> None:
        """Bring it up to this commit. Comes after the commit, in order of slots, and may come again: idempotent by slot."""
        ...


class MongoSnapshotStore:
    """One worker's way to write. Its methods raise SnapshotUnavailable while the store does not answer."""

    def __init__(
        self, mongo: Mongo, followers: Sequence[Follower] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        self._mongo = mongo
        self._followers = tuple(followers)
        self._clock = clock
        self._writer = snapshots.SnapshotWriter(mongo.damage)
        self._known: ChunkRef | None = None
        self._followed: ChunkRef | None = None
        self._rest: _Rest | None = None

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        """Take or renew the lease; whoever gets it finishes what the last commit left undone.

        `holder` names one life of one process: a namesake would share its token.
        """
        async with self._mongo.answering():
            newest = await head.acquire(holder, now, lease_seconds)
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
            newest = await head.read()
            if newest is None or newest.marker is None or newest.carried is None:
                return None
            self._known = newest.marker.nodes
            try:
                return await snapshots.load(newest.marker), await carried.load_memory(newest.carried)
            except UNREADABLE as error:
                # To wait for what is lost would be to wait for ever: collecting begins anew, from the registry.
                self._mongo.damage.note("store.previous_unreadable", slot=newest.committed_slot, error=str(error))
                return None

    async def recall(self, ids: Collection[str]) -> Mapping[str, RegistryEntry]:
        async with self._mongo.answering():
            return await registry.by_ids(ids)

    async def commit(self, lease: Lease, commit: Commit) -> None:
        async with self._mongo.answering():
            written = int(self._clock())
            marker = await self._writer.write(commit.snapshot, lease.token, written)
            carries = await carried.write(commit, lease.token, written)
            published, before = await head.publish(lease, marker, carries)
            if not published:
                await self._retried(lease, marker)
                return
            self._known = marker.nodes
            self._writer.published(marker)
            await self._follow(marker, commit, lease.token)
            if before is not None:
                await carried.drop_before(before)

    async def report(self, lease: Lease, state: CollectorState) -> None:
        async with self._mongo.answering():
            await head.report(lease, state)

    async def _retried(self, lease: Lease, marker: Marker) -> None:
        """A refused commit is fine where it is the one that is committed already. Else raises LeaseLost."""
        newest = await head.read()
        if newest is None or newest.token != lease.token:
            raise LeaseLost(f"lease {lease.token} of {lease.holder} was taken over before slot {marker.slot}")
        if newest.marker is None or newest.marker.nodes != marker.nodes:
            raise LeaseLost(f"slot {marker.slot} is not newer than slot {newest.committed_slot}, committed already")
        self._known = newest.marker.nodes
        await self._finish(newest.marker, newest.carried, newest.token)

    async def _bring_up_to_date(self, newest: HeadDocument) -> None:
        """Migrate the documents of an older release. If the lease ends before that, the next one repeats it."""
        found = newest.document_version
        await migrate(self._mongo.database, found)
        await head.note_version(newest.token, DOCUMENT_VERSION)
        if newest.committed_slot is not None:
            log.info("store.migrated", before=found, after=DOCUMENT_VERSION)

    async def _compare(self, newest: HeadDocument) -> None:
        """Notice a store that was dropped, restored or rolled back since this process last saw it."""
        slot = newest.committed_slot
        self._writer.committed(slot)
        if self._known is None or (slot is not None and slot >= self._known.slot):
            return
        self._mongo.damage.note("store.went_back", known=self._known.slot, committed=slot)
        self._known = None
        if slot is None:
            await self._mongo.make_indexes()

    async def _catch_up(self, newest: HeadDocument) -> None:
        """Repeat what follows the newest commit, where this process has not seen it done.

        A follower that cannot take a commit must not keep all later ones from being made: it is logged and passed over.
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
                snapshot=await snapshots.load(marker),
                memory=await carried.load_memory(carries),
                events=await carried.load_events(carries),
                registry=await carried.load_registry(carries),
            )
            self._rest = self._rest_of(marker, commit, token)
        await self._work_off(self._rest)

    async def _follow(self, marker: Marker, commit: Commit, token: int) -> None:
        self._rest = self._rest_of(marker, commit, token)
        await self._work_off(self._rest)

    def _rest_of(self, marker: Marker, commit: Commit, token: int) -> "_Rest":
        batches = (commit.registry[i : i + registry.BATCH] for i in range(0, len(commit.registry), registry.BATCH))
        return _Rest(
            marker,
            deque(
                [
                    partial(snapshot_log.put, marker),
                    *(partial(registry.write, batch, token) for batch in batches),
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
    """What follows a commit and is not written yet.

    A part is taken off once it is written: a cycle that is cut off in the middle of very many is gone on with by the
    next one, and not begun anew, or it would never come to its end.
    """

    marker: Marker
    parts: deque[Callable[[], Awaitable[None]]]


async def keep_past(writer: snapshots.SnapshotWriter, snapshot: Snapshot, *, pinned: bool, now: float) -> None:
    """Keep an imported snapshot of the past, as if it had been committed then. One that is kept already stays.

    Snapshots come in order of their slots, all through the same writer.
    """
    marker = await writer.write(snapshot, token=0, written=int(now))
    await snapshot_log.put(marker, pinned=pinned)
    writer.published(marker)
