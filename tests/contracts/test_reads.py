"""`Reads`: the present, the past, the registry, the log, refused queries, and an unavailable store."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from schema.domain.base import DAY, HOUR, Slot, written
from schema.domain.cycle.events import Event, EventType
from schema.domain.errors import (
    AsOfInFuture,
    AsOfOutOfRange,
    BadUserInput,
    CursorExpired,
    DomainError,
    RangeTooLarge,
    SnapshotUnavailable,
)
from schema.domain.history.points import Resolution
from schema.reads import CollectorState, EventFilter, Reads, SeedAttempt
from schema.writes import Commit
from tests.contracts.worlds import World, filled
from tests.factories import AT, SEEDS
from tests.server.storage.builders import commit, entry, snapshot_of

SLOTS = (AT, AT + 60, AT + 120, AT + 2 * HOUR, AT + 2 * HOUR + 60)
NEWEST = SLOTS[-1]
NOW = NEWEST + 10


async def test_before_the_first_commit_nothing_is_available(world: World) -> None:
    await world.see()
    reads = world.reads
    assert reads.current() is None
    for as_of in (None, AT, NOW + DAY):
        with pytest.raises(SnapshotUnavailable, match="no snapshot has been collected yet"):
            await reads.snapshot(as_of)
    with pytest.raises(CursorExpired):
        await reads.snapshot_at(AT)
    assert await reads.header(AT) is None
    assert await reads.collector() == CollectorState()
    assert await reads.registry_entry("nobody") is None
    assert await reads.events(EventFilter(), None, 10) == ()
    assert await reads.event_count(EventFilter()) == 0
    available = await reads.available()
    assert (available.earliest_snapshot, available.latest_snapshot, available.earliest_history) == (None, None, None)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (-(2**70), AsOfOutOfRange),
        (-1, AsOfOutOfRange),
        (AT - 1, AsOfOutOfRange),
        (AT, AT),
        (AT + 59, AT),
        (AT + 119, AT + 60),
        (AT + HOUR, AT + 120),
        (NEWEST - 1, AT + 2 * HOUR),
        (NEWEST, NEWEST),
        (NOW + 2, NEWEST),
        (NOW + 3, AsOfInFuture),
        (2**70, AsOfInFuture),
    ],
)
async def test_as_of_gives_the_newest_kept_slot_before_it(
    world: World, as_of: int, expected: Slot | type[DomainError]
) -> None:
    await filled(world, *map(commit, SLOTS))
    if isinstance(expected, int):
        assert await world.reads.snapshot(as_of) == snapshot_of(expected)
        assert await world.reads.header(as_of) == snapshot_of(expected).header
        return
    with pytest.raises(expected) as refused:
        await world.reads.snapshot(as_of)
    known = {"earliestAvailable": AT} if expected is AsOfOutOfRange else {"latestAvailable": NEWEST}
    assert refused.value.details == known
    if expected is AsOfOutOfRange:
        assert await world.reads.header(as_of) is None


@pytest.mark.parametrize(
    ("as_of", "text"),
    [
        (AT - 60, f"asOf {written(AT - 60)} is older than all that is kept, which begins at {written(AT)}"),
        (NOW + 60, f"asOf {written(NOW + 60)} lies in the future: it is {written(NOW)}"),
    ],
)
async def test_a_time_that_cannot_be_asked_for_is_named(world: World, as_of: int, text: str) -> None:
    await filled(world, *map(commit, SLOTS))
    with pytest.raises(DomainError) as refused:
        await world.reads.snapshot(as_of)
    assert refused.value.message == text


async def test_a_slot_is_given_exactly_or_not_at_all(world: World) -> None:
    await filled(world, *map(commit, SLOTS))
    for slot in SLOTS:
        assert await world.reads.snapshot_at(slot) == snapshot_of(slot)
    for slot in (AT + 1, AT + 180, NEWEST + 60, -1, 2**70):
        with pytest.raises(CursorExpired, match=str(slot)):
            await world.reads.snapshot_at(slot)


async def test_what_was_seen_last_is_current_until_the_next_look(world: World) -> None:
    await filled(world, commit(AT))
    store = world.worker()
    lease = await store.acquire("a", 0.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(AT + 60))
    assert world.reads.current() == await world.reads.snapshot() == snapshot_of(AT)
    await world.see()
    assert world.reads.current() == await world.reads.snapshot() == snapshot_of(AT + 60)


async def test_how_far_back_questions_go(world: World) -> None:
    await filled(world, *map(commit, SLOTS))
    available = await world.reads.available()
    assert (available.earliest_snapshot, available.latest_snapshot, available.earliest_history) == (AT, NEWEST, AT)


# The registry


async def test_an_entry_is_found_by_each_of_its_names(world: World) -> None:
    made = commit(AT, 2)
    node = made.snapshot.nodes[0]
    moved = entry(node, AT, addresses=(node.address, "203.0.113.9:9001"), former_ids=(f"addr:{node.address}",))
    await filled(world, made.model_copy(update={"registry": (moved, made.registry[1])}))
    for name in (node.id, node.pubkey, node.address, "203.0.113.9:9001", f"addr:{node.address}"):
        assert name is not None
        assert await world.reads.registry_entry(name) == moved
    for name in ("", "nobody", "x" * 1_000, "\ud800"):
        assert await world.reads.registry_entry(name) is None


async def test_of_several_nodes_of_an_address_the_one_that_has_it_now_is_found(world: World) -> None:
    made = commit(AT, 3)
    one, two, three = made.snapshot.nodes
    shared = "203.0.113.9:9001"
    entries = (
        entry(one, AT, addresses=(one.address, shared), last_seen=AT + 9),
        entry(two, AT, address=shared, addresses=(shared,), last_seen=AT - 9),
        entry(three, AT, addresses=(three.address, "203.0.113.8:9001"), last_seen=AT - 5),
    )
    await filled(world, made.model_copy(update={"registry": entries}))
    assert await world.reads.registry_entry(shared) == entries[1]


def departed(count: int) -> tuple[Commit, Commit]:
    """Two commits. The second has only the first two nodes; the others were last seen a minute apart."""
    first = commit(AT, count)
    gone = [entry(node, AT, last_seen=AT - 60 * i) for i, node in enumerate(first.snapshot.nodes[2:], start=1)]
    second = commit(AT + 60, 2)
    return first.model_copy(update={"registry": (*first.registry[:2], *gone)}), second


@pytest.mark.parametrize(("skip", "limit"), [(0, 3), (1, 2), (2, 100), (0, 100), (7, 5), (1_000, 10), (0, 0)])
async def test_a_page_of_the_registry_is_a_window_of_all_in_one_order(world: World, skip: int, limit: int) -> None:
    await filled(world, *departed(8))
    newest = await world.reads.snapshot()
    whole = await world.reads.registry(newest, skip=0, limit=100)
    ids = [one.id for one in whole.entries]
    assert (len(set(ids)), whole.total) == (8, 8)
    assert [one.last_contact for one in whole.entries] == sorted((e.last_contact for e in whole.entries), reverse=True)
    assert {one.id for one in whole.entries[:2]} == {node.id for node in newest.nodes}
    page = await world.reads.registry(newest, skip=skip, limit=limit)
    assert ([one.id for one in page.entries], page.total) == (ids[skip : skip + limit], 8)


async def test_the_registry_of_those_without_contact_since_a_time(world: World) -> None:
    await filled(world, *departed(8))
    newest = await world.reads.snapshot()
    page = await world.reads.registry(newest, skip=1, limit=2, last_seen_before=AT - 119)
    assert ([one.last_contact for one in page.entries], page.total) == ([AT - 180, AT - 240], 5)
    assert (await world.reads.registry(newest, skip=0, limit=9, last_seen_before=AT - DAY)).total == 0


# The log of events


def log_of(slot: Slot, count: int) -> Commit:
    """A commit with `count` events of alternating types, one a second."""
    types = (EventType.JOINED, EventType.RESTARTED)
    events = tuple(Event(slot=slot, index=i, at=slot + i, type=types[i % 2], subject=f"n{i % 3}") for i in range(count))
    return commit(slot, 2).model_copy(update={"events": events})


def places(found: tuple[Event, ...]) -> list[tuple[int, int]]:
    return [(event.slot - AT, event.index) for event in found]


ALL_PLACES = [(slot, index) for slot in (0, 60, 7_200) for index in range(6)]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("size", [1, 4, 6, 100])
async def test_a_walk_through_the_log_gives_each_event_once_in_order(
    world: World, size: int, *, newest_first: bool
) -> None:
    await filled(world, log_of(AT, 6), log_of(AT + 60, 6), log_of(AT + 7_200, 6))
    walked: list[Event] = []
    after = None
    while page := await world.reads.events(EventFilter(), after, size, newest_first=newest_first):
        assert len(page) <= size
        walked += page
        after = (page[-1].slot, page[-1].index)
    assert places(tuple(walked)) == (ALL_PLACES[::-1] if newest_first else ALL_PLACES)


FILTERS: dict[str, tuple[EventFilter, Callable[[Event], bool]]] = {
    "all": (EventFilter(), lambda e: True),
    "a type": (EventFilter(types=frozenset({EventType.JOINED})), lambda e: e.type is EventType.JOINED),
    "no type": (EventFilter(types=frozenset()), lambda e: False),
    "subjects": (EventFilter(subjects=frozenset({"n1", "n2", "x"})), lambda e: e.subject in {"n1", "n2"}),
    "no subject": (EventFilter(subjects=frozenset()), lambda e: False),
    "a subject and a type": (
        EventFilter(subjects=frozenset({"n1"}), types=frozenset({EventType.RESTARTED})),
        lambda e: e.subject == "n1" and e.type is EventType.RESTARTED,
    ),
    "since": (EventFilter(since=AT + 3), lambda e: e.at >= AT + 3),
    "until": (EventFilter(until=AT + 63), lambda e: e.at <= AT + 63),
    "a second": (EventFilter(since=AT + 61, until=AT + 61), lambda e: e.at == AT + 61),
    "an empty time": (EventFilter(since=AT + 62, until=AT + 61), lambda e: False),
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_admits_and_counts_the_same_events(world: World, name: str) -> None:
    logs = (log_of(AT, 6), log_of(AT + 60, 6), log_of(AT + 7_200, 6))
    await filled(world, *logs)
    where, admits = FILTERS[name]
    expected = tuple(event for made in logs for event in made.events if admits(event))
    assert await world.reads.events(where, None, 100) == expected
    assert await world.reads.event_count(where) == len(expected)


@pytest.mark.parametrize(("first", "given"), [(0, 0), (-1, 0), (999, 999), (1_000, 1_000), (5_000, 1_000)])
async def test_a_page_of_the_log_is_bounded(world: World, first: int, given: int) -> None:
    await filled(world, log_of(AT, 1_010))
    assert len(await world.reads.events(EventFilter(), None, first)) == given


# History


async def test_history_of_no_time_is_refused(world: World) -> None:
    await filled(world, commit(AT))
    for start, end in ((AT, AT), (AT + 1, AT)):
        with pytest.raises(BadUserInput, match="expected a start before the end"):
            await world.reads.network_history(start, end, Resolution.H1)
        with pytest.raises(BadUserInput, match="expected a start before the end"):
            await world.reads.node_history(["x"], start, end, Resolution.AUTO)


async def test_history_with_room_for_too_many_points_is_refused(world: World) -> None:
    await filled(world, commit(AT))
    with pytest.raises(RangeTooLarge) as refused:
        await world.reads.network_history(AT - 30 * DAY, AT, Resolution.RAW)
    assert refused.value.details == {"limit": 5_000}


async def test_history_ends_now(world: World) -> None:
    await filled(world, commit(AT))
    found = await world.reads.network_history(AT - HOUR, AT + DAY, Resolution.RAW)
    assert (found.start, found.end) == (AT - HOUR, AT + 11)


# Without a store


async def test_while_the_store_is_away_the_present_is_answered_from_memory(world: World) -> None:
    await filled(world, *map(commit, SLOTS))
    world.cut()
    reads = world.reads
    newest = snapshot_of(NEWEST)
    assert reads.current() == await reads.snapshot() == await reads.snapshot(NOW) == newest
    assert await reads.snapshot_at(NEWEST) == newest
    assert await reads.header(NOW) == newest.header
    assert await reads.collector() == CollectorState(
        attempted_slot=NEWEST,
        attempted_at=NEWEST,
        committed_slot=NEWEST,
        outcome="committed",
        seeds=tuple(SeedAttempt(seed=s, attempted_at=AT, succeeded_at=AT, failure=None) for s in SEEDS),
        from_store=False,
    )
    with pytest.raises(AsOfInFuture):
        await reads.snapshot(NOW + 60)
    with pytest.raises(BadUserInput):
        await reads.network_history(AT, AT, Resolution.H1)


QUESTIONS: dict[str, Callable[[Reads], Awaitable[Any]]] = {
    "a snapshot of the past": lambda reads: reads.snapshot(AT + 60),
    "a slot of the past": lambda reads: reads.snapshot_at(AT + 60),
    "a header of the past": lambda reads: reads.header(AT),
    "an entry": lambda reads: reads.registry_entry("x"),
    "the registry": lambda reads: reads.registry(snapshot_of(AT), skip=0, limit=1),
    "the log": lambda reads: reads.events(EventFilter(), None, 1),
    "a count of the log": lambda reads: reads.event_count(EventFilter()),
    "the network's history": lambda reads: reads.network_history(AT, AT + 60, Resolution.RAW),
    "a node's history": lambda reads: reads.node_history(["x"], AT, AT + 60, Resolution.RAW),
    "the status of history": lambda reads: reads.history_status(1),
    "facts from elsewhere": lambda reads: reads.enrichment(),
    "how far back": lambda reads: reads.available(),
}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_while_the_store_is_away_all_else_is_unavailable(world: World, name: str) -> None:
    await filled(world, *map(commit, SLOTS))
    world.cut()
    with pytest.raises(SnapshotUnavailable, match="the store does not answer"):
        await QUESTIONS[name](world.reads)


async def test_without_store_and_memory_even_the_collector_is_unknown(world: World) -> None:
    world.cut()
    with pytest.raises(SnapshotUnavailable):
        await world.reads.collector()
