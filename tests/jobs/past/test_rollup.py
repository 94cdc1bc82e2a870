"""Roll-up against a real store: what is written, and that a run may be interrupted anywhere."""

from collections.abc import Mapping
from typing import Any

from jobs.past import rollup
from schema.domain.base import DAY, HOUR
from schema.domain.errors import SnapshotUnavailable
from schema.domain.history.points import NETWORK_METRICS, NODE_METRICS, Resolution
from schema.domain.history.rollup import Beat, hour_room, raw_point, roll_day, roll_hour
from schema.upkeep import RollupProgress
from server.storage.connect import Mongo
from server.storage.history.buckets import NETWORK, periods, points_in, samples_in
from server.storage.history.store import HistoryStore
from server.storage.upkeep import MongoUpkeep
from tests.mongo_proxy import Loss, MongoProxy, prepared
from tests.nightly import chosen
from tests.pasts import MIDNIGHT, commit_all, dump, moment
from tests.samples import points_of

INTERVAL = 600
START, END = MIDNIGHT - 2 * HOUR, MIDNIGHT + HOUR
SNAPSHOTS = [moment(slot, interval=INTERVAL) for slot in range(START, END + 1, INTERVAL)]


async def parts_of(mongo: Mongo, resolution: Resolution, subject: str) -> Mapping[str, bytes]:
    found = await HistoryStore(mongo).fetch(resolution, [subject], periods(resolution, START, END), START, END)
    return found.parts[subject]


async def test_each_hour_that_is_over_is_rolled_up_and_each_day_closed(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS)

    assert await rollup.run(MongoUpkeep(store_db)) == rollup.Rolled(hours=3, days=1, done=True)

    progress = await MongoUpkeep(store_db).rollup_progress()
    assert progress == RollupProgress(since=START, next_hour=END, open_day=MIDNIGHT)
    node = SNAPSHOTS[0].nodes[0].id
    assert set(await parts_of(store_db, Resolution.H1, node)) == {f"d{MIDNIGHT - DAY}", f"h{MIDNIGHT}"}
    assert set(await parts_of(store_db, Resolution.D1, node)) == {f"d{MIDNIGHT - DAY}"}


async def test_what_is_kept_is_what_the_snapshots_say(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS)
    await rollup.run(MongoUpkeep(store_db))
    whole = [points_of(each) for each in SNAPSHOTS[:-1]]
    samples = {NETWORK: [network for network, _ in whole]}
    samples |= {node_id: [nodes[node_id] for _, nodes in whole] for node_id in whole[0][1]}

    for subject, of_subject in samples.items():
        metrics = NETWORK_METRICS if subject == NETWORK else NODE_METRICS
        assert samples_in(await parts_of(store_db, Resolution.RAW, subject)) == of_subject
        expected = [
            roll_hour(
                [s for s in of_subject if s.slot // HOUR * HOUR == hour],
                metrics,
                hour,
                hour_room([Beat(slot, INTERVAL) for slot in range(hour, hour + HOUR, INTERVAL)], hour),
            )
            for hour in range(START, END, HOUR)
        ]
        assert points_in(await parts_of(store_db, Resolution.M5, subject), subject, Resolution.M5) == [
            bucket for hour in expected for bucket in hour.m5
        ]
        hourly = [hour.h1 for hour in expected]
        assert points_in(await parts_of(store_db, Resolution.H1, subject), subject, Resolution.H1) == hourly
        assert points_in(await parts_of(store_db, Resolution.D1, subject), subject, Resolution.D1) == [
            roll_day(hourly[:2], MIDNIGHT - DAY)
        ]
        assert raw_point(of_subject[0], metrics).start == START


async def test_an_hour_waits_until_something_newer_is_committed(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS[:6])
    upkeep = MongoUpkeep(store_db)

    assert (await rollup.run(upkeep)).hours == 0
    await commit_all(store_db, SNAPSHOTS[6:7])
    assert (await rollup.run(upkeep)).hours == 1


async def test_an_empty_store_has_nothing_to_roll_up(store_db: Mongo) -> None:
    assert await rollup.run(MongoUpkeep(store_db)) == rollup.Rolled(0, 0, done=True)
    assert await dump(store_db) == {}


async def test_time_without_snapshots_is_passed_over_and_its_day_closed(store_db: Mongo) -> None:
    late = moment(MIDNIGHT + 40 * HOUR, interval=INTERVAL)
    await commit_all(store_db, [*SNAPSHOTS[:3], late])

    assert await rollup.run(MongoUpkeep(store_db)) == rollup.Rolled(hours=1, days=1, done=True)
    assert set(await parts_of(store_db, Resolution.D1, NETWORK)) == {f"d{MIDNIGHT - DAY}"}


async def test_a_run_keeps_to_its_budget_and_the_next_goes_on(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS)
    upkeep = MongoUpkeep(store_db)

    assert await rollup.run(upkeep, budget_seconds=0) == rollup.Rolled(0, 0, done=False)
    assert (await rollup.run(upkeep)).done


async def test_several_passes_give_the_same_bytes_as_one(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS)
    await rollup.run(MongoUpkeep(store_db))
    whole = await dump(store_db)
    for hour in range(START, END, HOUR):
        await rollup.roll_up_hour(MongoUpkeep(store_db), hour, max_samples=4)
    await MongoUpkeep(store_db).close_day(MIDNIGHT - DAY)

    assert await dump(store_db) == whole


async def test_two_workers_that_roll_up_at_once_do_no_harm(store_db: Mongo) -> None:
    await commit_all(store_db, SNAPSHOTS)
    slow, fast = MongoUpkeep(store_db), MongoUpkeep(store_db)
    before = await slow.rollup_progress()
    assert before is not None

    await rollup.run(fast)
    whole = await dump(store_db)
    await rollup.roll_up_hour(slow, START)

    assert not await slow.save_rollup(before, before.model_copy(update={"next_hour": START + HOUR}))
    assert await slow.rollup_progress() == await fast.rollup_progress()
    for key, document in (await dump(store_db)).items():
        resolution = Resolution(document["resolution"])
        if resolution is not Resolution.RAW and document["parts"].keys() != whole[key]["parts"].keys():
            subject = key.split("|")[2]
            assert points_in(document["parts"], subject, resolution) == points_in(
                whole[key]["parts"], subject, resolution
            )


async def run_behind(proxy: MongoProxy, db_name: str, cut_at: int | None = None, loss: Loss = "request") -> bool:
    """Roll up through a proxy that is cut at a command. Returns whether the run was completed."""
    mongo = await prepared(proxy.client(db_name, patient=cut_at is None))
    proxy.commands.clear()
    if cut_at is not None:
        proxy.cut_at(cut_at, loss)
    try:
        await rollup.run(MongoUpkeep(mongo))
    except SnapshotUnavailable:
        return False
    finally:
        await proxy.close(mongo)
    return True


async def stored(mongo: Mongo) -> list[Any]:
    """The whole history, read without the document classes, because those are bound to another client."""
    return sorted(await mongo.database["history"].find({}).to_list(), key=lambda document: document["_id"])


async def test_a_run_that_is_cut_at_any_write_is_finished_by_the_next_with_the_same_bytes(
    store_db: Mongo, mongo_uri: str, db_name: str
) -> None:
    """Each write or its response is lost in turn, with everything after it."""
    await commit_all(store_db, SNAPSHOTS[6:13])
    async with MongoProxy(mongo_uri) as proxy:
        assert await run_behind(proxy, db_name)
        commands = list(proxy.commands)
        whole = await stored(store_db)
        assert commands.count("update") > 8

        losses: list[Loss] = ["request", "answer"]
        cuts: list[tuple[int, Loss]] = [
            (i, loss) for i, name in enumerate(commands, 1) if name == "update" for loss in losses
        ]
        for cut_at, loss in chosen(cuts, 7):
            for collection in ("history", "event_days", "upkeep"):
                await store_db.database[collection].delete_many({})
            await proxy.mend()
            assert not await run_behind(proxy, db_name, cut_at, loss)
            await proxy.mend()
            assert await run_behind(proxy, db_name)
            assert await stored(store_db) == whole, f"cut at {cut_at}, {commands[cut_at - 1]}, {loss} lost"


def test_the_past_of_these_tests_moves() -> None:
    first, second = (points_of(snapshot)[1] for snapshot in SNAPSHOTS[:2])
    assert all(first[node_id].values != second[node_id].values for node_id in first)
