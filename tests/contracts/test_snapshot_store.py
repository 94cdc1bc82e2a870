"""`SnapshotStore`: who may write, the results of a commit, and refused commits."""

import asyncio

import pytest

from schema.domain.errors import SnapshotUnavailable
from schema.reads import CollectorState
from schema.writes import Lease, LeaseLost
from tests.contracts.worlds import LEASE_SECONDS, World, lease_of
from tests.factories import AT
from tests.server.storage.builders import commit, entry


async def test_an_empty_store_has_no_previous(world: World) -> None:
    store = world.worker()
    assert await store.previous() is None
    assert await lease_of(store) == Lease(token=1, holder="a", committed_slot=None)
    assert await store.previous() is None
    assert await store.recall(["nobody"]) == {}


async def test_a_commit_comes_back_as_it_was(world: World) -> None:
    made = commit(AT)
    store = world.worker()
    await store.commit(await lease_of(store), made)
    assert await store.previous() == (made.snapshot, made.memory)
    assert (await lease_of(world.worker())).committed_slot == AT


async def test_a_lease_runs_until_its_time_and_is_renewed_by_its_holder(world: World) -> None:
    store = world.worker()
    assert (await lease_of(store, "a", now=0)).token == 1
    assert await store.acquire("b", 29.9, LEASE_SECONDS) is None
    assert (await lease_of(store, "a", now=29)).token == 1
    assert await store.acquire("b", 58.9, LEASE_SECONDS) is None
    assert (await lease_of(store, "b", now=59)).token == 2
    assert await store.acquire("a", 60, LEASE_SECONDS) is None


async def test_a_holder_that_is_late_keeps_its_token_if_nobody_came(world: World) -> None:
    store = world.worker()
    lease = await lease_of(store, now=0)
    assert (await lease_of(store, now=1_000)).token == lease.token


async def test_of_many_who_ask_at_once_one_gets_the_lease(world: World) -> None:
    for now, token in ((0.0, 1), (1_000.0, 2)):  # an empty store, then a lapsed lease
        asked = [world.worker().acquire(f"{now}-{i}", now, LEASE_SECONDS) for i in range(8)]
        won = [lease for lease in await asyncio.gather(*asked) if lease is not None]
        assert [lease.token for lease in won] == [token]


async def test_a_worker_that_lost_its_lease_leaves_nothing(world: World) -> None:
    paused, winner = world.worker(), world.worker()
    old = await lease_of(paused, "paused", now=0)
    await paused.commit(old, commit(AT))
    new = await lease_of(winner, "winner", now=100)
    made = commit(AT + 60, 4)
    await winner.commit(new, made)
    with pytest.raises(LeaseLost, match=f"lease 1 of paused was taken over before slot {AT + 120}"):
        await paused.commit(old, commit(AT + 120, 7))
    with pytest.raises(LeaseLost, match="lease 1 of paused was taken over before its report"):
        await paused.report(old, CollectorState(outcome="committed"))
    assert await winner.previous() == (made.snapshot, made.memory)
    assert await winner.recall([one.id for one in made.registry]) == {one.id: one for one in made.registry}
    await world.see()
    assert world.reads.current() == made.snapshot
    assert (await world.reads.collector()).outcome != "failed"


async def test_a_commit_may_be_repeated(world: World) -> None:
    store = world.worker()
    lease = await lease_of(store)
    for slot in (AT, AT + 60):
        for _ in range(3):
            await store.commit(lease, commit(slot))
    made = commit(AT + 60)
    assert await store.previous() == (made.snapshot, made.memory)


@pytest.mark.parametrize("slot", [AT, AT - 60])
async def test_a_slot_that_is_not_newer_is_refused(world: World, slot: int) -> None:
    store = world.worker()
    lease = await lease_of(store)
    await store.commit(lease, commit(AT, 3))
    with pytest.raises(LeaseLost, match=f"slot {slot} is not newer than slot {AT}, which is already committed"):
        await store.commit(lease, commit(slot, 4))
    assert await store.previous() == (commit(AT, 3).snapshot, commit(AT, 3).memory)


async def test_recall_gives_what_is_known_alone(world: World) -> None:
    store = world.worker()
    made = commit(AT, 2)
    await store.commit(await lease_of(store), made)
    known = made.registry[0]
    assert await store.recall([known.id, "nobody"]) == {known.id: known}
    assert await store.recall([]) == {}


async def test_what_a_node_had_under_a_former_id_is_forgotten(world: World) -> None:
    store = world.worker()
    lease = await lease_of(store)
    first = commit(AT, 2)
    node = first.snapshot.nodes[0]
    former = f"addr:{node.address}"
    await store.commit(lease, first.model_copy(update={"registry": (entry(node, AT, id=former, pubkey=None),)}))
    assert (await store.recall([former])).keys() == {former}
    renamed = entry(node, AT + 60, former_ids=(former,))
    await store.commit(lease, commit(AT + 60, 2).model_copy(update={"registry": (renamed,)}))
    assert await store.recall([former, node.id]) == {node.id: renamed}


async def test_the_newest_report_is_published(world: World) -> None:
    store = world.worker()
    lease = await lease_of(store)
    for outcome in ("no_seed_answered", "failed"):
        await store.report(lease, CollectorState(attempted_slot=AT, attempted_at=AT + 1, outcome=outcome))
    await world.see()
    assert (await world.reads.collector()).outcome == "failed"


async def test_while_the_store_is_away_nothing_is_written_or_read(world: World) -> None:
    store = world.worker()
    lease = await lease_of(store)
    await store.commit(lease, commit(AT))
    world.cut()
    for asked in (
        store.acquire("a", 1.0, LEASE_SECONDS),
        store.previous(),
        store.recall(["x"]),
        store.commit(lease, commit(AT + 60)),
        store.report(lease, CollectorState()),
    ):
        with pytest.raises(SnapshotUnavailable, match="the store does not answer"):
            await asked
