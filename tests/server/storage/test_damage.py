"""A store that is dropped, restored or damaged under a running worker: collection and upkeep continue."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from jobs.cycle.collect import Collector
from jobs.past import retention, rollup
from jobs.past.retention import Retention
from schema.domain.base import DAY, HOUR
from schema.domain.cycle.advance import CycleOptions
from schema.domain.history.points import Resolution
from schema.domain.node.observation import SeedReply
from server.storage.connect import Mongo
from server.storage.damage import Damaged
from server.storage.head import Head
from server.storage.history.buckets import NETWORK, periods, points_in
from server.storage.history.store import HistoryStore
from server.storage.registry.entries import Registry
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.writes import MongoSnapshotStore
from server.storage.upkeep import MongoUpkeep
from tests.factories import SEEDS, key, observation, seed_reply
from tests.fake_stores import FakeAnnouncer
from tests.nightly import cases
from tests.pasts import MIDNIGHT, commit_all, dump, moment

INTERVAL = 600
START = MIDNIGHT - 3 * HOUR
KEEP = Retention(raw=HOUR, m5=DAY, hourly=30 * DAY, events=DAY)


class Worker:
    """A running worker: its collector and jobs, over a real store. `slot` is its next slot."""

    def __init__(self, mongo: Mongo) -> None:
        self.mongo = mongo
        self.slot = START
        self.upkeep = MongoUpkeep(mongo, clock=lambda: self.slot + 1e6)
        self.collector = Collector(
            MongoSnapshotStore(mongo),
            FakeAnnouncer(),
            self.crawl,
            CycleOptions(interval=INTERVAL),
            holder="live",
            lease_seconds=INTERVAL,
            clock=lambda: float(self.slot),
        )

    async def crawl(self) -> Sequence[SeedReply]:
        rows = [observation(n, uptime=self.slot % 10**6 + n, last_seen=self.slot - 3) for n in (1, 2, 3)]
        return [seed_reply(seed, rows, at=float(self.slot)) for seed in SEEDS]

    async def work(self, slots: int) -> list[str]:
        """Run the cycles of some slots. Returns their outcomes."""
        outcomes: list[str] = []
        for _ in range(slots):
            outcomes.append((await self.collector.collect(self.slot)).outcome)
            self.slot += INTERVAL
        return outcomes

    async def look_after(self) -> None:
        """Roll up and delete, each to its end."""
        rolled = await rollup.run(self.upkeep)
        forgotten = await retention.run(self.upkeep, float(self.slot), KEEP)
        assert rolled.done
        assert forgotten.done


@pytest.fixture
async def worker(store_db: Mongo) -> Worker:
    """A worker that has run for some hours, and is within one."""
    made = Worker(store_db)
    await made.work(15)
    await made.look_after()
    return made


async def readable(mongo: Mongo) -> list[int]:
    """The stored slots whose snapshot can be read."""
    found: list[int] = []
    for marker in await SnapshotLog(mongo).within(START, START + 10 * DAY):
        try:
            found.append((await SnapshotLog(mongo).load(marker)).slot)
        except Damaged:
            continue
    await mongo.ping()
    return found


async def content(mongo: Mongo) -> Mapping[str, list[Any]]:
    names = await mongo.database.list_collection_names()
    return {name: await mongo.database[name].find({}).to_list() for name in names}


async def restore(mongo: Mongo, copy: Mapping[str, list[Any]]) -> None:
    for name in await mongo.database.list_collection_names():
        await mongo.database[name].delete_many({})
    for name, documents in copy.items():
        if documents:
            await mongo.database[name].insert_many(documents)


async def drop_database(mongo: Mongo) -> None:
    await mongo.database.client.drop_database(mongo.database.name)


def drop(name: str) -> Callable[[Mongo], Awaitable[object]]:
    return lambda mongo: mongo.database[name].drop()


def delete(name: str, which: Mapping[str, Any]) -> Callable[[Mongo], Awaitable[object]]:
    return lambda mongo: mongo.database[name].delete_many(which)


def spoil(name: str, field: str) -> Callable[[Mongo], Awaitable[object]]:
    return lambda mongo: mongo.database[name].update_many({}, {"$set": {field: b"spoilt"}})


HOUR_NOW = START + 2 * HOUR
LAST = START + 14 * INTERVAL

LOSSES: Mapping[str, Callable[[Mongo], Awaitable[object]]] = {
    "the database": drop_database,
    **{f"all of {name}": drop(name) for name in ("head", "snapshots", "chunks", "carried", "registry", "upkeep")},
    **{f"all of {name}": drop(name) for name in ("history", "events", "event_days")},
    "the base of the hour": delete("chunks", {"slot": HOUR_NOW}),
    "the newest nodes": delete("chunks", {"slot": LAST}),
    "the newest memory": delete("carried", {"slot": LAST}),
    "the newest hour of markers": delete("snapshots", {"_id": {"$gte": HOUR_NOW}}),
    "the progress of roll-up": delete("upkeep", {"_id": "rollup"}),
    "the progress of retention": delete("upkeep", {"_id": "retention"}),
    "the bytes of the newest nodes": lambda mongo: mongo.database["chunks"].update_many(
        {"slot": LAST}, {"$set": {"body": b"spoilt"}}
    ),
    "the bytes of all memories": spoil("carried", "body"),
    "the bytes of all headers": spoil("snapshots", "marker.header"),
    "the marker of the head": lambda mongo: mongo.database["head"].update_one({}, {"$unset": {"marker": ""}}),
    "the slot of the head": lambda mongo: mongo.database["head"].update_one({}, {"$unset": {"committed_slot": ""}}),
}


# One loss of each kind: everything, a collection, a base of other documents, bytes, a field.
ONE_OF_EACH_KIND = {
    "the database",
    "all of head",
    "all of chunks",
    "all of history",
    "the base of the hour",
    "the progress of roll-up",
    "the bytes of the newest nodes",
    "the marker of the head",
}


@pytest.mark.parametrize("lose", cases(*LOSSES.items(), always=ONE_OF_EACH_KIND))
async def test_whatever_a_store_loses_slots_are_committed_and_the_past_is_looked_after(
    worker: Worker, lose: Callable[[Mongo], Awaitable[object]]
) -> None:
    await lose(worker.mongo)
    after = worker.slot
    assert await worker.work(9) == ["committed"] * 9
    await worker.look_after()

    fresh = await readable(worker.mongo)
    kept = await SnapshotLog(worker.mongo).slots_within(after, worker.slot)
    assert kept
    assert set(kept) <= set(fresh), "what was committed since can be read"
    progress = await worker.upkeep.rollup_progress()
    assert progress is not None
    assert progress.next_hour == (worker.slot - INTERVAL) // HOUR * HOUR
    hours = await HistoryStore(worker.mongo).fetch(
        Resolution.H1, [NETWORK], periods(Resolution.H1, after, worker.slot), after, worker.slot
    )
    starts = [point.start for point in points_in(hours.parts[NETWORK], NETWORK, Resolution.H1)]
    assert starts[-1] == progress.next_hour - HOUR


WORKED = {"the first slot": 1, "the base of the hour": 13, "within the hour": 15}
LATER = {"same hour": 1, "same hour, later": 2, "next hour": 4, "hours later": 10}
RESTORED = {f"{w}-{n}": (WORKED[w], LATER[n]) for w in WORKED for n in LATER}
ONE_OF_EACH = {"the first slot-same hour", "the base of the hour-next hour", "within the hour-hours later"}


@pytest.mark.parametrize("restored", cases(*RESTORED.items(), always=ONE_OF_EACH))
async def test_a_store_that_is_restored_from_an_older_copy_is_gone_on_with(
    store_db: Mongo, restored: tuple[int, int]
) -> None:
    worked, later = restored
    worker = Worker(store_db)
    await worker.work(worked)
    copy = await content(store_db)
    await worker.work(later)
    await worker.look_after()
    await restore(store_db, copy)

    assert await worker.work(8) == ["committed"] * 8
    newest = worker.slot - INTERVAL
    assert await readable(store_db) == await SnapshotLog(store_db).slots_within(START, worker.slot)
    assert await Head(store_db).committed_slot() == newest
    await worker.look_after()
    assert newest in await readable(store_db)


async def test_the_same_slot_by_another_hand_is_read_and_not_remembered(store_db: Mongo) -> None:
    """Rolled back, and written again by another worker. Its content counts, not what this process remembers."""
    worker = Worker(store_db)
    await worker.work(2)
    copy = await content(store_db)
    await worker.work(1)
    await restore(store_db, copy)
    await store_db.database["head"].update_one({}, {"$set": {"lease_until": 0.0}})
    other = Worker(store_db)
    other.slot = worker.slot - INTERVAL
    other.collector = Collector(
        MongoSnapshotStore(store_db),
        FakeAnnouncer(),
        other.crawl,
        CycleOptions(interval=INTERVAL, latest_version="9.9.9"),
        holder="other",
        lease_seconds=1,
        clock=lambda: float(other.slot),
    )
    assert await other.work(1) == ["committed"]

    assert await worker.work(1) == ["committed"]
    assert worker.mongo.damage.count == 0
    store = MongoSnapshotStore(store_db)
    lease = await store.acquire("third", worker.slot + 1e9, INTERVAL)
    assert lease is not None
    assert not lease.known
    assert await store.previous() is not None
    again = await store.acquire("third", worker.slot + 1e9, INTERVAL)
    assert again is not None
    assert again.known


async def test_a_dropped_store_gets_its_indexes_again(worker: Worker) -> None:
    before = {name: sorted(await worker.mongo.database[name].index_information()) for name in ("chunks", "registry")}
    await drop_database(worker.mongo)
    with capture_logs() as logs:
        await worker.work(1)
    assert {name: sorted(await worker.mongo.database[name].index_information()) for name in before} == before
    assert [(line["event"], line["committed"]) for line in logs if line["log_level"] == "error"] == [
        ("store.went_back", None)
    ]


async def test_what_is_lost_is_counted(worker: Worker) -> None:
    await worker.mongo.database["chunks"].delete_many({"slot": {"$in": [HOUR_NOW, LAST]}})
    worker.collector = Worker(worker.mongo).collector  # a restarted worker has to read its predecessor
    worker.slot = LAST + INTERVAL
    fresh = Worker(worker.mongo)
    fresh.slot = worker.slot
    with capture_logs() as logs:
        assert await fresh.work(1) == ["committed"]
    assert "store.previous_unreadable" in [line["event"] for line in logs]
    assert worker.mongo.damage.count == 1


async def test_hours_that_were_thinned_out_are_not_rolled_up_again(store_db: Mongo) -> None:
    """The progress is lost. Of an old hour only the last snapshot remains, which would replace its history."""
    end = MIDNIGHT + 5 * HOUR
    await commit_all(store_db, [moment(slot, interval=INTERVAL) for slot in range(START, end + 1, INTERVAL)])
    upkeep = MongoUpkeep(store_db, clock=lambda: 2e10)
    await rollup.run(upkeep)
    progress = await upkeep.rollup_progress()
    await retention.run(upkeep, end, KEEP)
    whole = await dump(store_db)
    await store_db.database["upkeep"].delete_many({})

    assert (await rollup.run(upkeep)).done
    assert await dump(store_db) == whole
    assert await upkeep.rollup_progress() == progress


async def test_roll_up_leaves_out_what_cannot_be_read_and_names_it(store_db: Mongo) -> None:
    slots = range(START, START + HOUR + 1, INTERVAL)
    await commit_all(store_db, [moment(slot, interval=INTERVAL) for slot in slots])
    await store_db.database["chunks"].delete_many({"slot": START + INTERVAL})
    with capture_logs() as logs:
        assert (await rollup.run(MongoUpkeep(store_db))).hours == 1
    assert [(line["event"], line["slot"]) for line in logs] == [("rollup.slot_unreadable", START + INTERVAL)]
    found = await HistoryStore(store_db).fetch(
        Resolution.H1, [key(1), NETWORK], periods(Resolution.H1, START, START + HOUR), START, START + HOUR
    )
    (node,) = points_in(found.parts[key(1)], key(1), Resolution.H1)
    (network,) = points_in(found.parts[NETWORK], NETWORK, Resolution.H1)
    assert (node.samples, node.expected, network.samples) == (5, 6, 6)


async def test_a_day_is_closed_without_the_hours_that_cannot_be_read(store_db: Mongo) -> None:
    slots = range(MIDNIGHT, MIDNIGHT + 3 * HOUR + 1, INTERVAL)
    await commit_all(store_db, [moment(slot, interval=INTERVAL) for slot in slots])
    await rollup.run(MongoUpkeep(store_db))
    spoilt = {f"parts.h{MIDNIGHT + HOUR}": b"spoilt"}
    await store_db.database["history"].update_many({f"parts.h{MIDNIGHT + HOUR}": {"$exists": True}}, {"$set": spoilt})
    await commit_all(store_db, [moment(MIDNIGHT + DAY + HOUR, interval=INTERVAL)])
    assert (await rollup.run(MongoUpkeep(store_db))).days == 1
    end = MIDNIGHT + DAY
    found = await HistoryStore(store_db).fetch(
        Resolution.H1, [NETWORK], periods(Resolution.H1, MIDNIGHT, end), MIDNIGHT, end
    )
    starts = [point.start for point in points_in(found.parts[NETWORK], NETWORK, Resolution.H1)]
    assert starts == [MIDNIGHT, MIDNIGHT + 2 * HOUR, MIDNIGHT + 3 * HOUR]


async def test_a_head_that_begins_anew_does_not_shut_the_registry(worker: Worker) -> None:
    """Its tokens begin at 1 again, below those of earlier registry entries."""
    await worker.mongo.database["registry"].update_many({}, {"$set": {"token": 7}})
    await worker.mongo.database["head"].drop()
    first = worker.slot
    await worker.work(2)
    entry = await Registry(worker.mongo).find(key(1))
    assert entry is not None
    assert entry.updated_slot == first
