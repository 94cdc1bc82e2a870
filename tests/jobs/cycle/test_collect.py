import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

import pytest

from jobs.cycle.collect import Collector, SeedsNotAsked
from schema.domain.cycle.advance import CycleOptions
from schema.domain.cycle.events import EventType
from schema.domain.errors import SnapshotUnavailable
from schema.domain.node.clocks import MAX_LEAD_SECONDS
from schema.domain.node.memory import NodeMemory
from schema.domain.node.observation import SeedReply
from schema.domain.snapshot.record import Snapshot
from schema.writes import Commit, Lease
from server.process.garbage import Garbage
from tests.factories import AT, SEEDS, key, observation, seed_reply
from tests.fake_stores import FakeAnnouncer, FakeStore

T = TypeVar("T")


class World:
    """A network whose seeds respond as the test configures, and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = float(AT)
        self.numbers: Sequence[int] = (1, 2)
        self.silent = False
        self.broken = False
        self.crawls = 0

    async def crawl(self) -> list[SeedReply]:
        self.crawls += 1
        if self.broken:
            raise ZeroDivisionError("a fault of ours")
        if self.silent:
            return [seed_reply(seed, None, at=self.now) for seed in SEEDS]
        rows = [observation(n, uptime=int(self.now) % 10**6, last_seen=int(self.now) - 3) for n in self.numbers]
        return [seed_reply(seed, rows, at=self.now) for seed in SEEDS]

    def collector(
        self,
        store: FakeStore,
        holder: str = "one",
        announcer: FakeAnnouncer | None = None,
        options: CycleOptions | None = None,
    ) -> Collector:
        return Collector(
            store,
            announcer or FakeAnnouncer(),
            self.crawl,
            options or CycleOptions(),
            holder=holder,
            lease_seconds=90,
            clock=lambda: self.now,
        )


async def test_a_store_that_turns_out_to_hold_another_network_is_left_alone() -> None:
    """The worker may have been down before."""
    world, store = World(), FakeStore()
    await world.collector(store).collect(AT)
    other = world.collector(store, "two", options=CycleOptions(network="trynet"))
    world.now += 120
    crawls, kept = world.crawls, store.commits[-1].snapshot
    with pytest.raises(SeedsNotAsked, match="holds snapshots of the network devnet, and NETWORK is trynet"):
        await other.collect(AT + 120)
    assert (world.crawls, store.commits[-1].snapshot) == (crawls, kept)


async def test_a_cycle_is_committed_announced_and_reported() -> None:
    world, store, announcer = World(), FakeStore(), FakeAnnouncer()
    state = await world.collector(store, announcer=announcer).collect(AT)
    assert (state.outcome, state.committed_slot, announcer.slots) == ("committed", AT, [AT])
    assert store.reports == [state]
    assert {attempt.seed: attempt.succeeded_at for attempt in state.seeds} == dict.fromkeys(SEEDS, AT)
    assert state.cycle_seconds is not None


async def test_a_slot_is_done_once_whoever_tries_again() -> None:
    world, store = World(), FakeStore()
    await world.collector(store).collect(AT)
    again = await world.collector(store).collect(AT)
    assert (again.outcome, len(store.commits), world.crawls) == ("already_committed", 1, 1)


async def test_a_slot_that_another_worker_holds_is_left_alone() -> None:
    world, store = World(), FakeStore()
    await world.collector(store, "one").collect(AT)
    assert (await world.collector(store, "two").collect(AT + 60)).outcome == "not_ours"
    assert world.crawls == 1


class Overtaken(World):
    """A world in which another worker takes over while the first one crawls."""

    def __init__(self, store: FakeStore) -> None:
        super().__init__()
        self.store = store

    async def crawl(self) -> list[SeedReply]:
        replies = await super().crawl()
        self.now += 1_000
        await self.store.acquire("fast", self.now, 90)
        return replies


async def test_a_worker_that_was_overtaken_writes_nothing() -> None:
    store = FakeStore()
    state = await Overtaken(store).collector(store, "slow").collect(AT)
    assert (state.outcome, store.commits) == ("not_ours", [])


async def test_a_cycle_in_which_no_seed_answers_changes_no_node_and_is_reported() -> None:
    world, store = World(), FakeStore()
    collector = world.collector(store)
    await collector.collect(AT)
    world.silent, world.now = True, AT + 60.0
    state = await collector.collect(AT + 60)
    assert (state.outcome, state.committed_slot, len(store.commits)) == ("no_seed_answered", AT, 1)
    assert all(attempt.failure is not None and attempt.succeeded_at == AT for attempt in state.seeds)


@pytest.mark.parametrize(
    ("behind", "outcome"),
    [
        ([MAX_LEAD_SECONDS + 1] * 3, "clock_ahead"),
        ([MAX_LEAD_SECONDS] * 3, "committed"),
        ([-3_600] * 3, "committed"),
        ([3_600, 0, 0], "committed"),
        ([3_600, 3_600, 0], "clock_ahead"),
        ([3_600, 3_600, None], "committed"),
    ],
)
async def test_a_worker_whose_clock_is_ahead_of_most_seeds_commits_nothing(
    behind: list[int | None], outcome: str
) -> None:
    """One seed with a wrong clock stops nothing, and two of two may both be wrong."""
    world, store = World(), FakeStore()

    async def crawl() -> list[SeedReply]:
        clocks = [None if lag is None else world.now - lag for lag in behind]
        return [reply._replace(clock=clock) for reply, clock in zip(await world.crawl(), clocks, strict=True)]

    collector = Collector(
        store, FakeAnnouncer(), crawl, CycleOptions(), holder="one", lease_seconds=90, clock=lambda: world.now
    )
    state = await collector.collect(AT)

    assert state.outcome == outcome
    assert len(store.commits) == (outcome == "committed")
    assert store.reports == [state]


async def test_a_worker_whose_clock_is_ahead_keeps_no_other_from_its_slots() -> None:
    """Its lease would end an hour late by the other clocks."""
    wrong, right, store = World(), World(), FakeStore()
    wrong.now += 3_600

    async def crawl() -> list[SeedReply]:
        return [reply._replace(clock=right.now) for reply in await wrong.crawl()]

    ahead = Collector(
        store, FakeAnnouncer(), crawl, CycleOptions(), holder="ahead", lease_seconds=90, clock=lambda: wrong.now
    )
    assert (await ahead.collect(AT + 3_600)).outcome == "clock_ahead"
    other = right.collector(store, holder="right")
    assert (await other.collect(AT)).outcome == "committed"

    assert (await ahead.collect(AT + 3_600)).outcome == "not_ours"
    right.now += 60.0
    assert (await other.collect(AT + 60)).outcome == "committed"


class Failing(FakeStore):
    """A store that accepts only the first commit."""

    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self._reason = reason

    async def commit(self, lease: Lease, commit: Commit) -> None:
        if self.commits:
            raise self._reason
        await super().commit(lease, commit)


async def two_cycles(world: World, store: FakeStore) -> None:
    """A minute apart."""
    collector = world.collector(store)
    await collector.collect(AT)
    world.now = AT + 60.0
    await collector.collect(AT + 60)


async def test_a_cycle_that_fails_is_reported_with_the_seeds_that_it_asked_and_fails() -> None:
    world, store = World(), Failing(ZeroDivisionError("a fault of ours"))
    with pytest.raises(ZeroDivisionError):
        await two_cycles(world, store)

    report = store.reports[-1]
    assert (report.outcome, report.attempted_slot, report.committed_slot) == ("failed", AT + 60, AT)
    assert {attempt.seed: attempt.succeeded_at for attempt in report.seeds} == dict.fromkeys(SEEDS, AT + 60)


async def test_a_cycle_that_fails_before_it_asks_is_reported_with_what_is_known_of_the_seeds() -> None:
    world, store = World(), FakeStore()
    collector = world.collector(store)
    await collector.collect(AT)
    world.broken, world.now = True, AT + 60.0
    with pytest.raises(ZeroDivisionError):
        await collector.collect(AT + 60)

    assert store.reports[-1].outcome == "failed"
    assert {attempt.attempted_at for attempt in store.reports[-1].seeds} == {AT}


class Away(FakeStore):
    """A store that fails in one of the steps before the seeds are polled."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        if self._step == "acquire":
            raise SnapshotUnavailable("away")
        return await super().acquire(holder, now, lease_seconds)

    async def previous(self) -> tuple[Snapshot, Sequence[NodeMemory]] | None:
        if self._step == "previous":
            raise SnapshotUnavailable("away")
        return await super().previous()


@pytest.mark.parametrize("step", ["acquire", "previous"])
async def test_a_cycle_that_fails_before_it_asks_any_seed_says_so(step: str) -> None:
    elsewhere = FakeStore()
    await World().collector(elsewhere).collect(AT)
    world, store = World(), Away(step)
    store.commits = elsewhere.commits
    with pytest.raises(SeedsNotAsked, match="SnapshotUnavailable: away") as raised:
        await world.collector(store).collect(AT + 60)
    assert isinstance(raised.value.__cause__, SnapshotUnavailable)
    assert world.crawls == 0


async def test_a_store_that_is_away_is_not_asked_to_take_a_report() -> None:
    world, store = World(), Failing(SnapshotUnavailable("away"))
    with pytest.raises(SnapshotUnavailable):
        await two_cycles(world, store)

    assert [report.outcome for report in store.reports] == ["committed"]


async def test_the_state_is_loaded_only_when_somebody_else_committed() -> None:
    world, store = World(), FakeStore()
    one = world.collector(store, "one")
    for number in range(3):
        world.now = AT + 60.0 * number
        await one.collect(AT + 60 * number)
    assert store.loads == 0
    world.now = AT + 1_000.0
    await world.collector(store, "two").collect(AT + 960)
    world.now = AT + 2_000.0
    await one.collect(AT + 1_980)
    assert store.loads == 2


async def test_a_restarted_worker_goes_on_from_what_is_stored() -> None:
    world, store = World(), FakeStore()
    await world.collector(store).collect(AT)
    world.numbers = (2,)
    for after in (60, 120, 180, 240):
        world.now = AT + float(after)
        await world.collector(store).collect(AT + after)
    events = store.commits[-1].events
    assert [event.subject for event in events if event.type is EventType.LEFT] == [key(1)]


async def test_a_lost_announcement_does_not_fail_a_cycle() -> None:
    world, store = World(), FakeStore()
    state = await world.collector(store, announcer=FakeAnnouncer(broken=True)).collect(AT)
    assert state.outcome == "committed"


async def test_a_node_that_comes_back_is_recalled_from_the_registry() -> None:
    world, store = World(), FakeStore()
    collector = world.collector(store)
    await collector.collect(AT)
    day = 86_400
    for after, numbers in ((60, (2,)), (40 * day, (2,)), (41 * day, (1, 2))):
        world.numbers, world.now = numbers, float(AT + after)
        await collector.collect(AT + after)
    node = store.commits[-1].snapshot.by_id[key(1)]
    assert node.first_seen == AT - 3


class Steered(Garbage):
    """Counts the steps."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def step(self, work: Callable[[], T]) -> T:
        self.steps += 1
        return super().step(work)


class Enabled(FakeStore):
    """A store that records whether the garbage collector is on during its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.on: list[bool] = []

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        self.on.append(gc.isenabled())
        return await super().acquire(holder, now, lease_seconds)

    async def commit(self, lease: Lease, commit: Commit) -> None:
        self.on.append(gc.isenabled())
        await super().commit(lease, commit)


async def test_the_garbage_collector_is_off_in_the_steps_of_a_cycle_alone() -> None:
    store, world, garbage = Enabled(), World(), Steered()

    async def crawl() -> list[SeedReply]:
        store.on.append(gc.isenabled())
        return await world.crawl()

    collector = Collector(
        store, FakeAnnouncer(), crawl, CycleOptions(), holder="one", lease_seconds=90, garbage=garbage
    )
    assert (await collector.collect(AT)).outcome == "committed"
    assert store.on == [True, True, True]
    assert garbage.steps > 0
