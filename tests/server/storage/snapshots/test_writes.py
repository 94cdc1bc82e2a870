"""Leases, commits, and their results, by the public methods of the store."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from structlog.testing import capture_logs

from schema.domain.base import HOUR
from schema.domain.node.failure import FailureCategory
from schema.reads import CollectorState, SeedAttempt
from schema.writes import Commit, Lease, LeaseLost
from server.storage.connect import Mongo
from server.storage.documents import CarriedDocument, ChunkDocument, RegistryDocument, SnapshotDocument, StoredChunk
from server.storage.head import Head
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT
from tests.server.storage.builders import commit, entry

LEASE_SECONDS = 30.0


class Follows:
    """A follower that records its calls."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []

    async def follow(self, commit: Commit) -> None:
        self.commits.append(commit)


class Commands(CommandListener):
    """The names of all commands that a client sends."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


async def lease_of(store: MongoSnapshotStore, holder: str = "a", now: float = 0.0) -> Lease:
    lease = await store.acquire(holder, now, LEASE_SECONDS)
    assert lease is not None
    return lease


async def test_an_empty_store_has_no_previous(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db)
    assert await store.previous() is None
    assert (await lease_of(store)) == Lease(token=1, holder="a", committed_slot=None)
    assert await store.previous() is None


@pytest.mark.parametrize("count", [0, 1, 5, 301, 700])
async def test_a_commit_comes_back_as_it_was(store_db: Mongo, count: int) -> None:
    store = MongoSnapshotStore(store_db)
    made = commit(AT, count)
    await store.commit(await lease_of(store), made)
    assert await store.previous() == (made.snapshot, made.memory)
    assert await store.recall([one.id for one in made.registry]) == {one.id: one for one in made.registry}


async def test_slots_of_an_hour_are_packed_against_its_first(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db)
    lease = await lease_of(store)
    for slot in (AT, AT + 60, AT + 120, AT + HOUR):
        await store.commit(lease, commit(slot, 50))
        assert (await store.previous()) == (commit(slot, 50).snapshot, commit(slot, 50).memory)
    bases = {}
    for slot in (AT, AT + 60, AT + 120, AT + HOUR):
        marker = await SnapshotLog(store_db).find(slot)
        assert marker is not None
        bases[slot] = marker.base.slot if marker.base else None
    assert bases == {AT: None, AT + 60: AT, AT + 120: AT, AT + HOUR: None}
    sizes = {chunk.slot: len(chunk.body) for chunk in await store_db.documents(ChunkDocument).find({}).to_list()}
    assert sizes[AT + 60] < sizes[AT] / 3


async def test_a_worker_that_was_paused_past_its_lease_leaves_nothing(store_db: Mongo) -> None:
    follows = Follows()
    paused, winner = MongoSnapshotStore(store_db, [follows]), MongoSnapshotStore(store_db)
    old = await lease_of(paused, "paused", now=0)
    await paused.commit(old, commit(AT))
    new = await lease_of(winner, "winner", now=100)
    await winner.commit(new, commit(AT + 60, 4))
    with pytest.raises(LeaseLost, match="lease 1 of paused was taken over before slot 1800000120"):
        await paused.commit(old, commit(AT + 120, 7))
    with pytest.raises(LeaseLost, match="lease 1 of paused"):
        await paused.report(old, CollectorState(outcome="committed"))
    made = commit(AT + 60, 4)
    assert await winner.previous() == (made.snapshot, made.memory)
    assert await winner.recall([one.id for one in made.registry]) == {one.id: one for one in made.registry}
    assert await store_db.documents(RegistryDocument).find({"entry.updated_slot": AT + 120}).count() == 0
    assert [one.snapshot.slot for one in follows.commits] == [AT]
    assert await SnapshotLog(store_db).newest_at(AT + 999) == AT + 60
    assert (await Head(store_db).last_report()).collector is None


async def test_a_paused_worker_never_mixes_with_the_winner_of_the_same_slot(store_db: Mongo) -> None:
    paused, winner = MongoSnapshotStore(store_db), MongoSnapshotStore(store_db)
    old = await lease_of(paused, "paused", now=0)
    new = await lease_of(winner, "winner", now=100)
    made = commit(AT, 3)
    await winner.commit(new, made)
    with pytest.raises(LeaseLost):
        await paused.commit(old, commit(AT, 9))
    assert await winner.previous() == (made.snapshot, made.memory)


async def test_an_older_lease_does_not_overwrite_the_registry(store_db: Mongo) -> None:
    """A worker may be paused between its commit and the derived data."""
    from server.storage.registry.entries import Registry  # noqa: PLC0415  only this test uses the late step directly

    (node,) = commit(AT, 1).snapshot.nodes
    await Registry(store_db).write([entry(node, AT + 60, version="new")], token=2)
    await Registry(store_db).write([entry(node, AT, version="old")], token=1)
    found = await Registry(store_db).find(node.id)
    assert found is not None
    assert found.version == "new"


async def test_a_commit_may_be_repeated(store_db: Mongo) -> None:
    follows = Follows()
    store = MongoSnapshotStore(store_db, [follows])
    lease = await lease_of(store)
    for slot in (AT, AT + 60):
        for _ in range(3):
            await store.commit(lease, commit(slot))
    assert [one.snapshot.slot for one in follows.commits] == [AT, AT + 60]
    assert await store_db.documents(SnapshotDocument).find({}).count() == 2
    assert await store.previous() == (commit(AT + 60).snapshot, commit(AT + 60).memory)


async def test_the_first_commit_of_a_slot_stays(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db)
    lease = await lease_of(store)
    await store.commit(lease, commit(AT, 3))
    with pytest.raises(LeaseLost, match="slot 1800000000 is not newer than slot 1800000000"):
        await store.commit(lease, commit(AT, 4))
    with pytest.raises(LeaseLost, match="slot 1799999940 is not newer than slot 1800000000"):
        await store.commit(lease, commit(AT - 60, 4))
    assert await store.previous() == (commit(AT, 3).snapshot, commit(AT, 3).memory)


async def test_slots_stay_in_order_when_the_interval_changes(store_db: Mongo) -> None:
    """60 s, then 120, then 90: each slot is floor(now / interval) * interval."""
    store = MongoSnapshotStore(store_db)
    lease = await lease_of(store)
    committed = []
    for now, interval in ((60, 60), (125, 60), (185, 60), (190, 120), (250, 120), (365, 120), (370, 90), (460, 90)):
        slot = AT + now // interval * interval
        lease = await lease_of(store, now=float(now))
        if lease.committed_slot is None or slot > lease.committed_slot:
            await store.commit(lease, commit(slot, interval=interval))
            committed.append((slot - AT, interval))
    assert committed == [(60, 60), (120, 60), (180, 60), (240, 120), (360, 120), (450, 90)]
    kept = await store_db.documents(SnapshotDocument).find({}).sort("+_id").to_list()
    assert [document.id - AT for document in kept] == [slot for slot, _ in committed]
    assert [await SnapshotLog(store_db).newest_at(AT + at) for at in (59, 60, 239, 240, 359, 500)] == [
        None,
        *[AT + slot for slot in (60, 180, 240, 240, 450)],
    ]


async def test_memory_of_older_slots_is_dropped(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db)
    lease = await lease_of(store)
    for slot in range(AT, AT + 300, 60):
        await store.commit(lease, commit(slot))
    assert {one.slot - AT for one in await store_db.documents(CarriedDocument).find({}).to_list()} == {180, 240}


async def test_the_report_is_published_with_every_failure_category(store_db: Mongo) -> None:
    store = MongoSnapshotStore(store_db)
    lease = await lease_of(store)
    state = CollectorState(
        attempted_slot=AT,
        attempted_at=AT + 3,
        committed_slot=None,
        outcome="no_seed_answered",
        seeds=tuple(
            SeedAttempt(seed=f"seed-{i}", attempted_at=AT, succeeded_at=None, failure=category, message="why")
            for i, category in enumerate(FailureCategory)
        ),
        cycle_seconds=1.5,
    )
    await store.report(lease, state)
    assert (await Head(store_db).last_report()).collector == state
    await store.commit(lease, commit(AT))
    assert (await Head(store_db).last_report()).collector == state


async def test_a_commit_takes_the_same_few_round_trips_whatever_the_number_of_nodes(
    store_db: Mongo, connect_db: Callable[..., Mongo]
) -> None:
    commands = Commands()
    mongo = connect_db(event_listeners=[commands])
    await mongo.prepare()
    store = MongoSnapshotStore(mongo)
    lease = await lease_of(store)
    trips: list[Sequence[str]] = []
    for slot, count in ((AT, 3), (AT + 60, 3), (AT + 120, 900)):
        commands.names.clear()
        await store.commit(lease, commit(slot, count))
        trips.append(list(commands.names))
    assert trips == [
        ["insert", "insert", "findAndModify", "update", "insert"],
        ["find", "insert", "insert", "findAndModify", "update", "insert", "update", "delete"],
        ["find", "insert", "insert", "findAndModify", "update", "insert", "update", "delete"],
    ]
    commands.names.clear()
    await lease_of(store)
    await store.report(lease, CollectorState())
    assert commands.names == ["findAndModify", "update"]


async def test_a_follower_that_fails_does_not_keep_later_slots_out(store_db: Mongo) -> None:
    class Breaks:
        async def follow(self, commit: Commit) -> None:
            raise OverflowError(f"slot {commit.snapshot.slot}")

    store = MongoSnapshotStore(store_db, [Breaks()])
    for slot in (AT, AT + 60):
        lease = await lease_of(store)
        with pytest.raises(OverflowError, match=str(slot)):
            await store.commit(lease, commit(slot))
        assert (await store.previous()) == (commit(slot).snapshot, commit(slot).memory)


async def test_a_commit_that_is_cut_off_is_gone_on_with_and_not_begun_anew(
    connect_db: Callable[..., Mongo], store_db: Mongo
) -> None:
    """Otherwise work that takes longer than a cycle would never end, and nothing would be committed any more."""

    class Slow:
        """Is interrupted twice, and then has enough time."""

        def __init__(self) -> None:
            self.tries = 0

        async def follow(self, commit: Commit) -> None:
            self.tries += 1
            if self.tries < 3:
                raise asyncio.CancelledError

    commands, slow = Commands(), Slow()
    mongo = connect_db(event_listeners=[commands])
    await mongo.prepare()
    store = MongoSnapshotStore(mongo, [slow])
    lease = await lease_of(store)
    with pytest.raises(asyncio.CancelledError):
        await store.commit(lease, commit(AT, 2_500))
    commands.names.clear()
    with pytest.raises(asyncio.CancelledError):
        await lease_of(store)
    assert (await lease_of(store)).committed_slot == AT
    assert commands.names == ["findAndModify", "findAndModify"], "neither loaded nor written again"
    assert slow.tries == 3
    assert await store_db.documents(RegistryDocument).count() == 2_500


@pytest.mark.parametrize("model", [ChunkDocument, CarriedDocument])
async def test_a_damaged_predecessor_is_none_and_is_counted(store_db: Mongo, model: type[StoredChunk]) -> None:
    store = MongoSnapshotStore(store_db)
    await store.commit(await lease_of(store), commit(AT))
    await store_db.collection(model).update_many({"slot": AT}, {"$set": {"body": b"other"}})
    with capture_logs() as logs:
        assert await store.previous() is None
    assert [(line["event"], line["slot"]) for line in logs] == [("store.previous_unreadable", AT)]
    assert store_db.damage.count == 1


async def test_untrusted_values_are_no_keys_of_documents(store_db: Mongo) -> None:
    """Keys such as `$where` or `a.b` in a document would be operators or paths."""
    hostile = "$where.a\x00b"
    made = commit(AT, 1)
    (node,) = made.snapshot.nodes
    node = node.model_copy(update={"id": hostile, "version": hostile, "address": hostile})
    (remembered,) = made.memory
    (address,) = remembered.addresses
    memory = remembered.model_copy(
        update={"id": hostile, "addresses": (address.model_copy(update={"uptimes": {hostile: 1}}),)}
    )
    registered = entry(node, AT)
    evil = Commit(
        snapshot=made.snapshot.model_copy(update={"nodes": (node,)}),
        memory=(memory,),
        events=(),
        registry=(registered,),
    )
    store = MongoSnapshotStore(store_db)
    await store.commit(await lease_of(store), evil)
    assert await store.previous() == (evil.snapshot, evil.memory)
    assert await store.recall([hostile]) == {hostile: registered}
