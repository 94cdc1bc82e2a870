"""An outage on our side: afterwards no node's status, presence, score or key differs."""

import itertools
from collections.abc import Sequence
from functools import cache

import pytest

from jobs.cycle.collect import Collector, SeedsNotAsked
from schema.domain.cycle.advance import CycleOptions
from schema.domain.cycle.events import Event, EventType
from schema.domain.errors import SnapshotUnavailable
from schema.domain.node.observation import SeedReply
from schema.domain.snapshot.record import Snapshot
from schema.writes import Lease
from tests.factories import AT, SEEDS, observation, seed_reply
from tests.fake_stores import FakeAnnouncer, FakeStore
from tests.nightly import cases

INTERVAL = 60
BEFORE, AFTER = 20, 4
NODES = range(1, 7)
FAILING = ("seeds", "uplink", "most seeds", "store", "worker")


class Store(FakeStore):
    """A store that can be unavailable."""

    away = False

    async def acquire(self, holder: str, now: float, lease_seconds: float) -> Lease | None:
        if self.away:
            raise SnapshotUnavailable("away")
        return await super().acquire(holder, now, lease_seconds)


class World:
    """A steady network, and the failing part on our side: `seeds`, `uplink`, `store`, `worker` or nothing."""

    def __init__(self) -> None:
        self.slot = AT
        self.failing = ""
        self.store = Store()
        self.collector = self._collector()

    def _collector(self) -> Collector:
        return Collector(
            self.store,
            FakeAnnouncer(),
            self.crawl,
            CycleOptions(interval=INTERVAL),
            holder="one",
            lease_seconds=INTERVAL,
            clock=lambda: float(self.slot),
        )

    async def crawl(self) -> Sequence[SeedReply]:
        up = {"seeds": SEEDS[:0], "uplink": SEEDS[:0], "most seeds": SEEDS[:1]}.get(self.failing, SEEDS)
        rows = [observation(n, uptime=self.slot - AT + 10_000 * n, last_seen=self.slot - 3) for n in NODES]
        return [seed_reply(seed, rows if seed in up else None, at=float(self.slot)) for seed in SEEDS]

    async def work(self, slots: int, failing: str = "") -> None:
        self.failing = failing
        self.store.away = failing == "store"
        for _ in range(slots):
            if failing != "worker":
                try:
                    await self.collector.collect(self.slot)
                except SeedsNotAsked:
                    assert failing == "store"
            self.slot += INTERVAL
        if failing == "worker":
            self.collector = self._collector()  # restarted, with nothing in memory
        self.failing, self.store.away = "", False

    @property
    def newest(self) -> Snapshot:
        return self.store.commits[-1].snapshot

    def events(self) -> list[Event]:
        return [event for commit in self.store.commits[1:] for event in commit.events]


@cache
def steady() -> World:
    """One world without any failure, for comparison in all tests."""
    return World()


async def calm_after(slots: int) -> Snapshot:
    """The newest snapshot after this many slots without any failure."""
    await steady().work(slots - len(steady().store.commits))
    return steady().store.commits[slots - 1].snapshot


DURATIONS = {"a slot": 1, "the grace": 3, "ten minutes": 10, "three hours": 180}
OUTAGES = {f"{f}-{name}": (f, DURATIONS[name]) for f, name in itertools.product(FAILING, DURATIONS)}
# Three hours in which the seeds are polled are 180 cycles.
QUICK = OUTAGES.keys() - {f"{f}-three hours" for f in ("seeds", "uplink", "most seeds")}


@pytest.mark.parametrize("outage", cases(*OUTAGES.items(), always=QUICK))
async def test_no_node_suffers_from_what_fails_on_our_side(outage: tuple[str, int]) -> None:
    failing, slots = outage
    calm, troubled = await calm_after(BEFORE + slots + AFTER), World()
    await troubled.work(BEFORE)
    await troubled.work(slots, failing)
    await troubled.work(AFTER)

    assert troubled.newest.slot == calm.slot
    # An unlisted seed is known only by its own responses, so its silence counts as its own.
    seeds = {node.id for node in calm.nodes if node.pubkey is None}
    for node, same in zip(troubled.newest.nodes, calm.nodes, strict=True):
        if node.id in seeds:
            continue
        assert (node.id, node.status, node.uptime, node.consistency) == (
            same.id,
            same.status,
            same.uptime,
            same.consistency,
        )
        assert (node.score and node.score.composite) == (same.score and same.score.composite)
    theirs = {EventType.LEFT, EventType.JOINED, EventType.RESTARTED, EventType.STATUS_CHANGED, EventType.KEY_CONFLICT}
    assert [event for event in troubled.events() if event.type in theirs and event.subject not in seeds] == []


@pytest.mark.parametrize("failing", ["seeds", "uplink", "store"])
async def test_while_it_lasts_nothing_is_said_of_any_node(failing: str) -> None:
    world = World()
    await world.work(BEFORE)
    before = world.newest
    await world.work(30, failing)
    assert world.newest is before, "no slot is committed in which nobody was looked at"
