"""Reads of the present, of the past, and while the store is unavailable."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import pytest

from schema.domain.base import DAY, HOUR, Slot, UnixSeconds
from schema.domain.cycle.events import Event, EventType
from schema.domain.errors import AsOfInFuture, AsOfOutOfRange, CursorExpired, DomainError, SnapshotUnavailable
from schema.domain.history.points import AvailableRange, History, Resolution
from schema.domain.node.failure import FailureCategory
from schema.reads import CollectorState, EventFilter, HistoryStatusRow, Reads, SeedAttempt
from server.process.garbage import Garbage
from server.storage.connect import Mongo
from server.storage.documents import ChunkDocument
from server.storage.reads import MongoReads
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT, SEEDS, seed_report
from tests.mongo_proxy import MongoProxy, prepared
from tests.server.storage.builders import commit, snapshot_of
from tests.server.storage.snapshots.test_writes import Commands

T = TypeVar("T")
SLOTS = (AT, AT + 60, AT + 120, AT + 2 * HOUR, AT + 2 * HOUR + 60)
NEWEST = SLOTS[-1]
NOW = NEWEST + 10


class BucketHistory:
    """The interface of `HistoryReads`, with results that repeat the request."""

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        return History(resolution=resolution, start=start, end=end, coverage=float(include_current), points=())

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        return await self.network_history(start + len(node_ids), end, resolution, include_current=include_current)

    async def history_status(self, limit: int, present: Sequence[str] = ()) -> tuple[tuple[HistoryStatusRow, ...], int]:
        return (), limit

    async def earliest(self) -> UnixSeconds | None:
        return AT - DAY


class Events:
    """The interface of `EventReads`."""

    async def events(
        self, where: EventFilter, after: tuple[Slot, int] | None, first: int, *, newest_first: bool = False
    ) -> tuple[Event, ...]:
        assert (where, after, newest_first) == (EventFilter(), (AT, 1), True)
        return (Event(slot=AT, index=first, at=AT, type=EventType.JOINED, subject="n"),)

    async def event_count(self, where: EventFilter) -> int:
        return 7


# They have no store, so they are not instances of the classes that they replace.
HISTORY: Any = BucketHistory()
EVENTS: Any = Events()


def reads_of(mongo: Mongo, now: float = NOW) -> MongoReads:
    return MongoReads(mongo, HISTORY, EVENTS, clock=lambda: now)


async def fill(mongo: Mongo, slots: Sequence[Slot] = SLOTS) -> MongoSnapshotStore:
    store = MongoSnapshotStore(mongo)
    for slot in slots:
        lease = await store.acquire("a", 0.0, 30.0)
        assert lease is not None
        await store.commit(lease, commit(slot))
    return store


async def test_they_are_the_reads_of_the_protocol(store_db: Mongo) -> None:
    reads: Reads = reads_of(store_db)
    assert reads.current() is None


async def test_nothing_is_available_before_the_first_commit(store_db: Mongo) -> None:
    reads = reads_of(store_db)
    assert await reads.refresh() is None
    assert reads.current() is None
    for as_of in (None, AT, NOW + DAY):
        with pytest.raises(SnapshotUnavailable, match="no snapshot has been collected yet"):
            await reads.snapshot(as_of)
    assert await reads.header(AT) is None
    assert await reads.collector() == CollectorState()
    assert await reads.registry_entry("nobody") is None
    assert (await reads.available()).earliest_snapshot is None


class Steps(Garbage):
    """Counts the steps whose records are excluded from collections, and those whose records are not."""

    def __init__(self) -> None:
        super().__init__()
        self.lasting = self.brief = 0

    def step(self, work: Callable[[], T]) -> T:
        self.lasting += 1
        return work()

    def brief_step(self, work: Callable[[], T]) -> T:
        self.brief += 1
        return work()


async def test_the_newest_snapshot_is_set_aside_from_the_garbage_collector_and_a_past_one_is_not(
    store_db: Mongo,
) -> None:
    """Clients choose which past snapshots are loaded, as often as they like."""
    garbage = Steps()
    reads = MongoReads(store_db, HISTORY, EVENTS, clock=lambda: NOW, garbage=garbage)
    await fill(store_db)
    await reads.refresh()
    assert (garbage.lasting, garbage.brief) == (1, 0)
    await reads.snapshot(AT)
    assert (garbage.lasting, garbage.brief) == (1, 1)


async def test_refresh_loads_what_is_newer_and_only_that(store_db: Mongo, connect_db: Callable[..., Mongo]) -> None:
    commands = Commands()
    mongo = connect_db(event_listeners=[commands])
    reads = reads_of(mongo)
    store = await fill(mongo, [AT])
    assert await reads.refresh() == snapshot_of(AT)
    assert reads.current() == snapshot_of(AT)
    commands.names.clear()
    assert await reads.refresh() is None
    assert commands.names == ["find"]
    lease = await store.acquire("a", 0.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(AT + 60))
    assert await reads.refresh() == snapshot_of(AT + 60)
    assert await reads.snapshot() == snapshot_of(AT + 60)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (AT - 1, AsOfOutOfRange),
        (0, AsOfOutOfRange),
        (-1, AsOfOutOfRange),
        (-(2**70), AsOfOutOfRange),
        (AT, AT),
        (AT + 59, AT),
        (AT + 60, AT + 60),
        (AT + 119, AT + 60),
        (AT + HOUR, AT + 120),
        (AT + 2 * HOUR - 1, AT + 120),
        (AT + 2 * HOUR, AT + 2 * HOUR),
        (NEWEST - 1, AT + 2 * HOUR),
        (NEWEST, NEWEST),
        (NOW, NEWEST),
        (NOW + 2, NEWEST),
        (NOW + 3, AsOfInFuture),
        (2**70, AsOfInFuture),
    ],
)
async def test_as_of(store_db: Mongo, as_of: int, expected: Slot | type[DomainError]) -> None:
    await fill(store_db)
    reads = reads_of(store_db)
    await reads.refresh()
    if isinstance(expected, int):
        assert await reads.snapshot(as_of) == snapshot_of(expected)
        header = await reads.header(as_of)
        assert header == snapshot_of(expected).header
        return
    with pytest.raises(expected) as refused:
        await reads.snapshot(as_of)
    if expected is AsOfOutOfRange:
        assert refused.value.details == {"earliestAvailable": AT}
        assert await reads.header(as_of) is None
    else:
        assert refused.value.details == {"latestAvailable": NEWEST}


async def test_a_past_snapshot_is_decoded_once(store_db: Mongo) -> None:
    await fill(store_db)
    reads = reads_of(store_db)
    await reads.refresh()
    assert await reads.snapshot(AT + 70) is await reads.snapshot_at(AT + 60)


async def test_pages_of_a_walk_go_on_over_a_new_slot_without_the_store(store_db: Mongo) -> None:
    store = await fill(store_db, [AT])
    reads = reads_of(store_db)
    first = await reads.refresh()
    lease = await store.acquire("a", 0.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(AT + 60))
    await reads.refresh()
    await store_db.collection(ChunkDocument).delete_many({})
    assert await reads.snapshot_at(AT) is first


async def test_what_retention_took_is_expired(store_db: Mongo) -> None:
    await fill(store_db)
    reads = reads_of(store_db)
    await reads.refresh()
    await SnapshotLog(store_db).thin(AT, AT + HOUR, {AT + 120}, NOW + DAY)
    with pytest.raises(CursorExpired, match="no longer kept"):
        await reads.snapshot_at(AT + 60)
    with pytest.raises(AsOfOutOfRange) as refused:
        await reads.snapshot(AT + 100)
    assert refused.value.details == {"earliestAvailable": AT + 120}
    assert await reads.snapshot(AT + 120) == snapshot_of(AT + 120)


async def test_a_snapshot_that_cannot_be_read_is_unavailable_and_the_last_good_one_stays(store_db: Mongo) -> None:
    store = await fill(store_db, [AT, AT + 60])
    reads = reads_of(store_db)
    await reads.refresh()
    lease = await store.acquire("a", 0.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(AT + 120))
    await store_db.collection(ChunkDocument).delete_many({"slot": {"$in": [AT, AT + 120]}})
    for asked in (reads.refresh(), reads.snapshot(AT), reads.snapshot_at(AT)):
        with pytest.raises(SnapshotUnavailable, match="cannot be read"):
            await asked
    assert await reads.snapshot() == snapshot_of(AT + 60)


async def test_while_the_store_is_away_the_present_is_answered_from_memory(
    store_db: Mongo, mongo_uri: str, db_name: str
) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        mongo = await prepared(proxy.client(db_name, patient=False))
        await fill(mongo)
        reads = reads_of(mongo)
        await reads.refresh()
        past = await reads.snapshot_at(AT)
        proxy.cut()
        assert reads.current() == snapshot_of(NEWEST)
        assert await reads.snapshot() == snapshot_of(NEWEST)
        assert await reads.snapshot(NOW) == snapshot_of(NEWEST)
        assert await reads.header(NOW) == snapshot_of(NEWEST).header
        assert await reads.snapshot_at(NEWEST) == snapshot_of(NEWEST)
        assert await reads.snapshot_at(AT) is past
        assert await reads.collector() == CollectorState(
            attempted_slot=NEWEST,
            attempted_at=NEWEST,
            committed_slot=NEWEST,
            outcome="committed",
            seeds=tuple(SeedAttempt(seed=s, attempted_at=AT, succeeded_at=AT, failure=None) for s in SEEDS),
            from_store=False,
        )
        for asked in (
            reads.refresh(),
            reads.snapshot(AT + 60),
            reads.snapshot_at(AT + 60),
            reads.header(AT),
            reads.registry_entry("x"),
            reads.registry(snapshot_of(AT), skip=0, limit=1),
            reads.available(),
        ):
            with pytest.raises(SnapshotUnavailable, match="the store does not answer"):
                await asked
        await proxy.close(mongo)


async def test_without_store_and_memory_even_the_collector_is_unknown(mongo_uri: str, db_name: str) -> None:
    async with MongoProxy(mongo_uri) as proxy:
        proxy.cut()
        mongo = proxy.client(db_name, patient=False)
        with pytest.raises(SnapshotUnavailable):
            await reads_of(mongo).collector()
        await proxy.close(mongo)


async def test_the_collector_says_what_the_worker_reported_last(store_db: Mongo) -> None:
    store = await fill(store_db, [AT])
    reads = reads_of(store_db)
    assert await reads.collector() == CollectorState(committed_slot=AT)
    lease = await store.acquire("a", 0.0, 30.0)
    assert lease is not None
    state = CollectorState(attempted_slot=AT + 60, attempted_at=AT + 61, committed_slot=AT, outcome="no_seed_answered")
    await store.report(lease, state)
    assert await reads.collector() == state


async def test_a_failed_seed_of_the_current_snapshot_keeps_its_reason() -> None:
    from server.storage.reads import _as_committed  # noqa: PLC0415  a pure function, visible only while the store is unavailable

    failed = seed_report(failure=FailureCategory.REFUSED)
    header = snapshot_of(AT).header.model_copy(update={"seeds": (failed,)})
    (attempt,) = _as_committed(header).seeds
    assert (attempt.succeeded_at, attempt.failure) == (None, FailureCategory.REFUSED)


async def test_the_available_range(store_db: Mongo) -> None:
    await fill(store_db)
    reads = reads_of(store_db)
    await reads.refresh()
    assert await reads.available() == AvailableRange(
        earliest_snapshot=AT, latest_snapshot=NEWEST, earliest_history=AT - DAY
    )


async def test_registry_questions(store_db: Mongo) -> None:
    await fill(store_db, [AT])
    reads = reads_of(store_db)
    made = commit(AT).registry
    assert await reads.registry_entry(made[0].addresses[0]) == made[0]
    page = await reads.registry(snapshot_of(AT), skip=1, limit=2)
    assert (len(page.entries), page.total) == (2, len(made))
    assert (await reads.registry(snapshot_of(AT), skip=0, limit=9, last_seen_before=AT - DAY)).total == 0


class StatusOnly(BucketHistory):
    """Rows that were counted up to an hour ago."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids

    async def history_status(self, limit: int, present: Sequence[str] = ()) -> tuple[tuple[HistoryStatusRow, ...], int]:
        rows = [HistoryStatusRow(id=i, address=None, samples=9, first=AT - DAY, last=AT - HOUR) for i in self.ids]
        return tuple(rows), limit


async def test_the_last_sample_of_a_node_that_is_still_there_is_in_the_newest_snapshot(store_db: Mongo) -> None:
    await fill(store_db, [AT])
    here = snapshot_of(AT).nodes[0].id
    reads = MongoReads(store_db, cast("Any", StatusOnly(here, "gone")), EVENTS, clock=lambda: NOW)
    assert [row.last for row in (await reads.history_status(2))[0]] == [AT - HOUR] * 2
    await reads.refresh()
    assert [row.last for row in (await reads.history_status(2))[0]] == [AT, AT - HOUR]


async def test_history_and_events_are_asked_of_those_who_have_them(store_db: Mongo) -> None:
    reads = reads_of(store_db)
    network = await reads.network_history(AT, AT + 60, Resolution.H1, include_current=True)
    assert (network.start, network.end, network.resolution, network.coverage) == (AT, AT + 60, Resolution.H1, 1.0)
    node = await reads.node_history(["a", "b"], AT, AT + 60, Resolution.RAW)
    assert (node.start, node.coverage) == (AT + 2, 0.0)
    assert await reads.history_status(5) == ((), 5)
    (event,) = await reads.events(EventFilter(), (AT, 1), 3, newest_first=True)
    assert event.index == 3
    assert await reads.event_count(EventFilter()) == 7
