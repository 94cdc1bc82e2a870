"""The same worker and reader over both kinds of store: the tests' fakes, and MongoDB behind a proxy that can be cut."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

from schema.domain.base import UnixSeconds
from schema.reads import Reads
from schema.writes import Commit, Lease, SnapshotStore
from server.storage.events.log import EventLog
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.reads import MongoReads
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT
from tests.fake_stores import FakeStore
from tests.fakes import FakeReads
from tests.mongo_proxy import MongoProxy, prepared

HOLDER = "a"
LEASE_SECONDS = 30.0


class World(Protocol):
    """One store. `now` is the reader's time in unix seconds, and can be moved."""

    @property
    def now(self) -> UnixSeconds: ...

    @now.setter
    def now(self, now: UnixSeconds) -> None: ...

    @property
    def reads(self) -> Reads: ...

    def worker(self) -> SnapshotStore:
        """The write interface of one more worker."""
        ...

    async def see(self) -> None:
        """Load the newest snapshot into the memory of the reader."""
        ...

    def cut(self) -> None:
        """From now on the store does not respond."""
        ...


class FakeWorld:
    """`FakeStore` and `FakeReads`."""

    def __init__(self) -> None:
        self._store = FakeStore()
        self._fake = FakeReads(now=AT)
        self._seen = 0

    @property
    def now(self) -> UnixSeconds:
        return self._fake.now or 0

    @now.setter
    def now(self, now: UnixSeconds) -> None:
        self._fake.now = now

    @property
    def reads(self) -> Reads:
        return self._fake

    def worker(self) -> SnapshotStore:
        return self._store

    async def see(self) -> None:
        for commit in self._store.commits[self._seen :]:
            self._fake.take(commit)
        self._seen = len(self._store.commits)
        self._fake.reported = self._store.reports[-1] if self._store.reports else None

    def cut(self) -> None:
        self._fake.down = self._store.down = True


class MongoWorld:
    """The MongoDB stores of a worker and the API."""

    def __init__(self, proxy: MongoProxy, db_name: str) -> None:
        self.now: UnixSeconds = AT
        self._proxy = proxy
        self.mongo = proxy.client(db_name, patient=False)
        clock = self._clock
        history = HistoryReads(self.mongo, clock=clock)
        events = EventReads(self.mongo, history.earliest, clock=clock)
        self._reads = MongoReads(self.mongo, history, events, clock=clock)

    def _clock(self) -> float:
        return self.now

    @property
    def reads(self) -> Reads:
        return self._reads

    def worker(self) -> SnapshotStore:
        return MongoSnapshotStore(self.mongo, [EventLog(self.mongo)])

    async def see(self) -> None:
        await self._reads.refresh()

    def cut(self) -> None:
        self._proxy.cut()


@asynccontextmanager
async def fake_world() -> AsyncGenerator[World]:
    yield FakeWorld()


@asynccontextmanager
async def mongo_world(mongo_uri: str, db_name: str) -> AsyncGenerator[World]:
    """A world in an empty database with bound documents."""
    async with MongoProxy(mongo_uri) as proxy:
        world = MongoWorld(proxy, db_name)
        await prepared(world.mongo)
        yield world
        await proxy.close(world.mongo)


async def lease_of(store: SnapshotStore, holder: str = HOLDER, now: float = 0.0) -> Lease:
    lease = await store.acquire(holder, now, LEASE_SECONDS)
    assert lease is not None
    return lease


async def filled(world: World, *commits: Commit) -> None:
    """Commit these one after the other, and let the reader see the newest, ten seconds later."""
    store = world.worker()
    for commit in commits:
        await store.commit(await lease_of(store), commit)
        world.now = commit.snapshot.slot + 10
    await world.see()
