"""Retention against a real store: what remains, and that a run may be interrupted anywhere."""

from itertools import pairwise
from typing import Any

import pytest

from jobs.past import retention, rollup
from jobs.past.retention import Forgotten, Retention
from schema.domain.base import DAY, HOUR
from schema.domain.cycle.changes import derive
from schema.domain.cycle.events import Event, EventType
from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import Resolution
from schema.reads import EventFilter
from server.storage.connect import Mongo
from server.storage.events.log import EventLog
from server.storage.events.reads import EventReads
from server.storage.history.buckets import NETWORK, periods
from server.storage.history.store import HistoryStore
from server.storage.snapshots.log import SnapshotLog
from server.storage.snapshots.reads import SnapshotReads
from server.storage.upkeep import MongoUpkeep
from tests.mongo_proxy import Loss, MongoProxy, prepared
from tests.nightly import NIGHTLY
from tests.pasts import MIDNIGHT, commit_all, moment

INTERVAL = 600
START, END = MIDNIGHT - 3 * HOUR, MIDNIGHT + 3 * HOUR
SNAPSHOTS = [moment(slot, interval=INTERVAL) for slot in range(START, END + 1, INTERVAL)]
SHORT = Retention(raw=2 * HOUR, m5=2 * HOUR, hourly=4 * HOUR, events=2 * HOUR)


async def rolled_up(mongo: Mongo) -> MongoUpkeep:
    await commit_all(mongo, SNAPSHOTS)
    upkeep = MongoUpkeep(mongo, clock=lambda: 2e10)
    assert (await rollup.run(upkeep)).done
    return upkeep


async def slots_of(mongo: Mongo, start: int, end: int) -> list[int]:
    return await SnapshotLog(mongo).slots_within(start, end)


async def test_every_slot_stays_for_raw_retention_then_the_last_of_each_hour_then_none(store_db: Mongo) -> None:
    upkeep = await rolled_up(store_db)

    forgotten = await retention.run(upkeep, END, SHORT)

    assert forgotten.done
    assert await slots_of(store_db, START, END + 1) == [
        *(hour + HOUR - INTERVAL for hour in range(END - 4 * HOUR, END - 2 * HOUR, HOUR)),
        *range(END - 2 * HOUR, END + 1, INTERVAL),
    ]
    assert forgotten.snapshots == len(SNAPSHOTS) - len(await slots_of(store_db, START, END + 1))


async def test_what_is_kept_of_an_hour_is_whole_and_what_it_needs_with_it(store_db: Mongo) -> None:
    await retention.run(await rolled_up(store_db), END, SHORT)
    reads = SnapshotReads(store_db, clock=lambda: END + 60)
    await reads.refresh()

    last = END - 3 * HOUR - INTERVAL
    assert await reads.at(END - 3 * HOUR + 60) == SNAPSHOTS[(last - START) // INTERVAL]
    chunks = await store_db.database["chunks"].distinct("slot")
    assert set(chunks) == {*await slots_of(store_db, START, END + 1), *range(END - 4 * HOUR, END + 1, HOUR)}


async def test_buckets_go_by_their_resolution_and_days_stay(store_db: Mongo) -> None:
    upkeep = await rolled_up(store_db)
    later = END + 40 * DAY
    await commit_all(store_db, [moment(later, interval=INTERVAL)])
    await rollup.run(upkeep)

    await retention.run(upkeep, later, Retention(raw=HOUR, m5=30 * DAY, hourly=90 * DAY, events=90 * DAY))

    kept = {
        resolution: (
            await HistoryStore(store_db).fetch(resolution, [NETWORK], periods(resolution, START, END), START, END)
        ).parts[NETWORK]
        for resolution in (Resolution.RAW, Resolution.M5, Resolution.H1, Resolution.D1)
    }
    assert {resolution: sorted(parts) for resolution, parts in kept.items()} == {
        Resolution.RAW: [],
        Resolution.M5: [],
        Resolution.H1: [f"d{MIDNIGHT - DAY}", f"d{MIDNIGHT}"],
        Resolution.D1: [f"d{MIDNIGHT - DAY}", f"d{MIDNIGHT}"],
    }


async def test_nothing_is_forgotten_before_it_is_rolled_up(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS)
    upkeep = MongoUpkeep(store_db)

    assert await retention.run(upkeep, END + 400 * DAY, SHORT) == Forgotten(done=True)
    assert len(await slots_of(store_db, START, END + 1)) == len(SNAPSHOTS)


async def test_time_stands_still_where_the_rollup_does(store_db: Mongo) -> None:
    upkeep = await rolled_up(store_db)

    await retention.run(upkeep, END + 400 * DAY, SHORT)

    assert len(await slots_of(store_db, END - 2 * HOUR, END + 1)) == 2 * HOUR // INTERVAL + 1


async def test_pinned_snapshots_stay(store_db: Mongo) -> None:
    upkeep = await rolled_up(store_db)
    await store_db.database["snapshots"].update_one({"_id": START}, {"$set": {"pinned": True}})

    await retention.run(upkeep, END, SHORT)

    assert START in await slots_of(store_db, START, END + 1)


async def test_events_go_by_whole_days_with_their_counts(store_db: Mongo) -> None:
    upkeep = await rolled_up(store_db)
    old = [Event(slot=START, index=i, at=START, type=EventType.LEFT, subject="a") for i in range(5)]
    pinned = [Event(slot=START, index=9, at=START, type=EventType.LEFT, subject="b")]
    await EventLog(store_db).write(old)
    await EventLog(store_db).write(pinned, pinned=True)
    await EventLog(store_db).tally_day(MIDNIGHT - DAY)
    reads = EventReads(store_db, _nothing, clock=lambda: END)
    before = await reads.event_count(EventFilter(types=frozenset({EventType.LEFT}), since=0))

    assert (await retention.run(upkeep, END, SHORT)).events >= 5
    left = await reads.events(EventFilter(until=MIDNIGHT - 1), None, 50)
    counted = await reads.event_count(EventFilter(types=frozenset({EventType.LEFT}), since=0))

    assert left == tuple(pinned)
    assert before - counted == 5 + sum(e.type is EventType.LEFT for e in _derived() if e.slot < MIDNIGHT)


async def _nothing() -> None:
    return None


def _derived() -> list[Event]:
    return [event for before, after in pairwise(SNAPSHOTS) for event in derive(before, after)]


async def test_a_run_keeps_to_its_budget_and_its_batches_and_the_next_goes_on(store_db: Mongo) -> None:
    upkeep = await rolled_up(store_db)

    assert await retention.run(upkeep, END, SHORT, budget_seconds=0) == Forgotten()
    first = await retention.run(upkeep, END, SHORT, batch=1)

    assert first.done
    assert (await retention.run(upkeep, END, SHORT)) == Forgotten(done=True)


async def kept(mongo: Mongo) -> dict[str, list[Any]]:
    """Everything that retention changes, read without document classes, which are bound to another client."""
    found: dict[str, list[Any]] = {}
    for name in ("history", "snapshots", "chunks", "events", "event_days"):
        documents = await mongo.database[name].find({}).to_list()
        for document in documents:
            document.pop("written", None)
        found[name] = sorted(documents, key=lambda document: str(document["_id"]))
    return found


async def test_a_run_that_is_cut_at_any_write_is_finished_by_the_next_with_the_same_bytes(
    store_db: Mongo, mongo_uri: str, db_name: str
) -> None:
    """In one long retention, each write or its response is lost in turn. The next run continues."""
    upkeep = await rolled_up(store_db)
    tight = Retention(raw=HOUR, m5=HOUR, hourly=5 * HOUR, events=HOUR)

    async def run_behind(proxy: MongoProxy, cut_at: int, loss: Loss) -> bool:
        mongo = await prepared(proxy.client(db_name, patient=False))
        proxy.cut_at(cut_at, loss)
        try:
            await retention.run(MongoUpkeep(mongo, clock=lambda: 2e10), END, tight)
        except SnapshotUnavailable:
            return False
        finally:
            await proxy.close(mongo)
        return True

    untouched = await kept(store_db)
    await retention.run(upkeep, END, tight)
    whole = await kept(store_db)
    assert whole != untouched
    await _restore(store_db, untouched)
    stops, step = 0, 9 if NIGHTLY else 25
    async with MongoProxy(mongo_uri) as proxy:
        # Each run is cut a little later than the previous one, so that together they make one retention.
        while not await run_behind(proxy, cut_at=step + stops % 4, loss="answer" if stops % 2 else "request"):
            await proxy.mend()
            stops += 1
            assert stops < 60

    assert stops > 2
    assert await kept(store_db) == whole


async def _restore(mongo: Mongo, documents: dict[str, list[Any]]) -> None:
    for name, of_collection in documents.items():
        await mongo.database[name].delete_many({})
        if of_collection:
            await mongo.database[name].insert_many(of_collection)
    await mongo.database["chunks"].update_many({}, {"$set": {"written": 0}})
    await mongo.database["upkeep"].delete_one({"_id": "retention"})


@pytest.mark.parametrize("days", [1, 400])
async def test_an_empty_store_has_nothing_to_forget(store_db: Mongo, days: int) -> None:
    assert await retention.run(MongoUpkeep(store_db), END + days * DAY, SHORT) == Forgotten(done=True)
