"""History queries against a real store, compared with plain sums over the committed snapshots."""

from collections.abc import Sequence
from itertools import pairwise

import pytest

from jobs.past import retention, rollup
from jobs.past.retention import Retention
from schema.domain.base import DAY, HOUR
from schema.domain.errors import BadUserInput, RangeTooLarge, SnapshotUnavailable
from schema.domain.history.points import NETWORK_METRICS, NODE_METRICS, History, HistoryPoint, Resolution
from schema.domain.history.ranges import POINT_LIMIT
from schema.domain.history.rollup import Beat, Sample, combine, expected_slots, raw_point
from schema.domain.snapshot.record import Snapshot
from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument
from server.storage.history.buckets import periods
from server.storage.history.reads import HistoryReads
from server.storage.history.sample_cache import SampleCache
from server.storage.registry.entries import Registry
from server.storage.upkeep import MongoUpkeep
from tests.factories import key, pnode, snapshot
from tests.pasts import MIDNIGHT, Copies, commit_all, moment
from tests.samples import points_of
from tests.server.storage.builders import entry

INTERVAL = 300
START, NEWEST = MIDNIGHT - 3 * HOUR, MIDNIGHT + 2 * HOUR + 20 * 60
NOW = NEWEST + 10
# A gap of forty minutes before midnight, when the collector was down.
GAP = range(MIDNIGHT - 50 * 60, MIDNIGHT - 10 * 60, INTERVAL)
SNAPSHOTS = [moment(s, interval=INTERVAL) for s in range(START, NEWEST + 1, INTERVAL) if s not in GAP]
NODE = key(1)
SIZE = {Resolution.M5: 300, Resolution.H1: HOUR, Resolution.D1: DAY}


def samples(subject: str | None, snapshots: Sequence[Snapshot] = tuple(SNAPSHOTS)) -> list[Sample]:
    whole = [points_of(each) for each in snapshots]
    return [network if subject is None else nodes[subject] for network, nodes in whole]


def expected_points(subject: str | None, resolution: Resolution, end: int) -> list[HistoryPoint]:
    """The points of the whole past, computed in one step from its samples. `end` limits the last one."""
    metrics = NETWORK_METRICS if subject is None else NODE_METRICS
    raw = [raw_point(sample, metrics) for sample in samples(subject)]
    if resolution is Resolution.RAW:
        return raw
    beats = [Beat(each.slot, INTERVAL) for each in SNAPSHOTS]
    size = SIZE[resolution]
    found: list[HistoryPoint] = []
    for start in sorted({p.start // size * size for p in raw}):
        part = [p for p in raw if start <= p.start < start + size]
        room = expected_slots(beats, start, min(start + size, end))
        found.append(combine(part, start, start + size, room))
    return found


async def commit_and_roll_up(mongo: Mongo) -> None:
    await commit_all(mongo, SNAPSHOTS)
    await rollup.run(MongoUpkeep(mongo))


@pytest.fixture(params=["not rolled up", "rolled up"])
async def reads(store_db: Mongo, copies: Copies, request: pytest.FixtureRequest) -> HistoryReads:
    if request.param == "rolled up":
        await copies.fill(store_db, "rolled up", lambda: commit_and_roll_up(store_db))
    else:
        await copies.fill(store_db, "committed", lambda: commit_all(store_db, SNAPSHOTS))
    return HistoryReads(store_db, clock=lambda: NOW)


@pytest.fixture
async def rolled(store_db: Mongo, copies: Copies) -> HistoryReads:
    await copies.fill(store_db, "rolled up", lambda: commit_and_roll_up(store_db))
    return HistoryReads(store_db, clock=lambda: NOW)


async def ask(
    reads: HistoryReads,
    subject: str | None,
    resolution: Resolution,
    start: int = START,
    end: int = NOW,
    *,
    now: bool = False,
) -> History:
    if subject is None:
        return await reads.network_history(start, end, resolution, include_current=now)
    return await reads.node_history([subject], start, end, resolution, include_current=now)


@pytest.mark.parametrize("subject", [None, NODE], ids=["network", "node"])
@pytest.mark.parametrize("resolution", [Resolution.RAW, Resolution.M5, Resolution.H1])
async def test_closed_points_are_those_of_the_snapshots(
    rolled: HistoryReads, subject: str | None, resolution: Resolution
) -> None:
    history = await ask(rolled, subject, resolution)

    closed = [p for p in expected_points(subject, resolution, NOW) if p.end <= NEWEST + INTERVAL]
    assert list(history.points) == closed
    assert not history.truncated


@pytest.mark.parametrize("resolution", [Resolution.RAW, Resolution.M5, Resolution.H1])
async def test_hours_that_are_not_rolled_up_yet_are_no_gap(
    store_db: Mongo, copies: Copies, resolution: Resolution
) -> None:
    """At most three hours. The cost of reading snapshots is bounded."""
    await copies.fill(store_db, "committed", lambda: commit_all(store_db, SNAPSHOTS))
    fresh = HistoryReads(store_db, clock=lambda: NOW)
    before = await ask(fresh, NODE, resolution, start=MIDNIGHT)
    await rollup.run(MongoUpkeep(store_db))

    assert (
        before.points == (await ask(HistoryReads(store_db, clock=lambda: NOW), NODE, resolution, start=MIDNIGHT)).points
    )
    assert before.points == (await ask(fresh, NODE, resolution, start=MIDNIGHT)).points
    assert len(before.points) > 1


@pytest.mark.parametrize("subject", [None, NODE], ids=["network", "node"])
@pytest.mark.parametrize("resolution", [Resolution.M5, Resolution.H1, Resolution.D1])
async def test_the_open_bucket_is_left_out_unless_it_is_asked_for(
    rolled: HistoryReads, subject: str | None, resolution: Resolution
) -> None:
    without, with_current = [await ask(rolled, subject, resolution, now=now) for now in (False, True)]

    closed_end = NEWEST + INTERVAL
    open_points = [p for p in with_current.points if p.end > closed_end]
    assert with_current.points[: len(without.points)] == without.points
    assert all(p.end <= closed_end and not p.partial for p in without.points)
    assert [p.partial for p in open_points] == [True] * len(open_points)
    assert len(open_points) == (0 if resolution is Resolution.M5 else 1)
    for found in open_points:
        (made,) = [p for p in expected_points(subject, resolution, closed_end) if p.start == found.start]
        assert found._replace(partial=False, expected=made.expected) == made
        assert found.expected >= made.expected == made.samples


async def test_a_gap_is_absent_and_counted(rolled: HistoryReads) -> None:
    history = await ask(rolled, NODE, Resolution.M5, MIDNIGHT - HOUR, MIDNIGHT)

    assert [p.start for p in history.points] == [s for s in range(MIDNIGHT - HOUR, MIDNIGHT, 300) if s not in GAP]
    assert history.coverage == (12 - len(GAP)) / 12
    (hour,) = (await ask(rolled, NODE, Resolution.H1, MIDNIGHT - HOUR, MIDNIGHT)).points
    assert (hour.samples, hour.expected) == (12 - len(GAP), 12)


async def test_a_time_without_any_snapshot_is_covered_by_none(rolled: HistoryReads) -> None:
    history = await ask(rolled, None, Resolution.H1, START - 10 * HOUR, START - 5 * HOUR)

    assert (history.points, history.coverage) == ((), 0.0)


async def test_a_range_is_widened_to_whole_buckets(rolled: HistoryReads) -> None:
    history = await ask(rolled, NODE, Resolution.H1, START + 60, START + HOUR + 60)

    assert (history.start, history.end) == (START, START + 2 * HOUR)
    assert [p.start for p in history.points] == [START, START + HOUR]


async def test_raw_slots_are_those_that_begin_in_the_range(rolled: HistoryReads) -> None:
    history = await ask(rolled, NODE, Resolution.RAW, START + 1, START + HOUR + 1)

    assert [p.start for p in history.points] == list(range(START + INTERVAL, START + HOUR + 1, INTERVAL))


async def test_a_part_is_unpacked_once_however_many_questions_ask_for_it(store_db: Mongo, copies: Copies) -> None:
    await copies.fill(store_db, "rolled up", lambda: commit_and_roll_up(store_db))
    samples = SampleCache()
    reads = HistoryReads(store_db, clock=lambda: NOW, samples=samples)

    await ask(reads, NODE, Resolution.RAW, START, START + HOUR)
    once = samples.unpacked
    for minutes in range(30):
        await ask(reads, NODE, Resolution.RAW, START + minutes * 60, START + HOUR)

    assert once > 0
    assert samples.unpacked == once


async def test_a_closed_day_and_a_day_whose_closing_is_due_are_the_same(store_db: Mongo, copies: Copies) -> None:
    await copies.fill(store_db, "committed", lambda: commit_all(store_db, SNAPSHOTS))
    upkeep = MongoUpkeep(store_db)
    while (await upkeep.rollup_progress()).next_hour < MIDNIGHT:  # type: ignore[union-attr]  there are snapshots
        await rollup.run(upkeep, budget_seconds=1e-9)
        progress = await upkeep.rollup_progress()
        assert progress is not None
        step = await rollup._step(upkeep, progress, MIDNIGHT, 10**6)
        assert step is not None
        await upkeep.save_rollup(progress, step)
    due = await ask(HistoryReads(store_db, clock=lambda: NOW), NODE, Resolution.D1)
    await rollup.run(upkeep)
    closed = await ask(HistoryReads(store_db, clock=lambda: NOW), NODE, Resolution.D1)

    assert due.points == closed.points
    assert [p.start for p in closed.points] == [MIDNIGHT - DAY]


async def test_ids_that_a_node_had_before_its_key_was_known_are_joined(store_db: Mongo) -> None:
    nameless = pnode(1, pubkey=None)
    named = pnode(1, former_ids=(nameless.id,))
    slots = range(START, START + 2 * HOUR + 1, INTERVAL)
    change = START + 90 * 60
    await commit_all(store_db, [snapshot([nameless if s < change else named], s, interval=INTERVAL) for s in slots])
    await rollup.run(MongoUpkeep(store_db))
    reads = HistoryReads(store_db, clock=lambda: START + 2 * HOUR + 10)

    raw = await reads.node_history([named.id, nameless.id], START, START + 2 * HOUR, Resolution.RAW)
    hours = await reads.node_history([named.id, nameless.id], START, START + 2 * HOUR, Resolution.H1)

    assert [p.start for p in raw.points] == list(slots)[:-1]
    assert [(p.samples, p.expected) for p in hours.points] == [(12, 12), (12, 12)]
    assert hours.coverage == 1.0


async def test_an_unknown_node_has_no_points(rolled: HistoryReads) -> None:
    for resolution in Resolution:
        history = await ask(rolled, "nobody", resolution)
        assert (history.points, history.coverage, history.truncated) == ((), 0.0, False)


@pytest.mark.parametrize(("start", "end"), [(START, START), (NOW, START)])
async def test_a_range_that_is_none_is_refused(rolled: HistoryReads, start: int, end: int) -> None:
    with pytest.raises(BadUserInput):
        await ask(rolled, None, Resolution.AUTO, start, end)


async def test_a_range_in_the_future_is_empty(rolled: HistoryReads) -> None:
    history = await ask(rolled, None, Resolution.H1, NOW + DAY, NOW + 2 * DAY)

    assert (history.points, history.coverage) == ((), None)


@pytest.mark.parametrize("resolution", [Resolution.RAW, Resolution.M5, Resolution.H1, Resolution.D1])
async def test_a_range_for_too_many_points_is_refused(rolled: HistoryReads, resolution: Resolution) -> None:
    size = SIZE.get(resolution, INTERVAL)
    with pytest.raises(RangeTooLarge) as refused:
        await ask(rolled, None, resolution, NOW - size * (POINT_LIMIT + 1), NOW)
    assert refused.value.details == {"limit": POINT_LIMIT}


async def test_auto_answers_raw_while_the_store_is_young(reads: HistoryReads) -> None:
    recent = await ask(reads, NODE, Resolution.AUTO, NOW - 30 * DAY, NOW)

    assert recent.resolution is Resolution.RAW
    assert [p.start for p in recent.points][-12:] == [each.slot for each in SNAPSHOTS[-12:]]


async def test_raw_by_name_goes_by_the_room_of_the_range_whatever_is_kept(reads: HistoryReads) -> None:
    """AUTO returns raw points here, because there are so few. By name, the range is refused, as it will be tomorrow."""
    with pytest.raises(RangeTooLarge, match=r"holds up to \d+ points at RAW: .* AUTO"):
        await ask(reads, NODE, Resolution.RAW, NOW - 30 * DAY, NOW)


async def test_auto_is_the_finest_whose_points_fit(store_db: Mongo) -> None:
    """Two hours and eleven minutes: 131 slots, 26 closed M5 buckets, 2 hours. The limit is lowered step by step."""
    newest = MIDNIGHT + 2 * HOUR + 10 * 60
    await commit_all(store_db, [moment(slot) for slot in range(MIDNIGHT, newest + 1, 60)])
    await rollup.run(MongoUpkeep(store_db))
    found: list[tuple[Resolution, int]] = []
    for limit in (131, 130, 26, 25, 2):
        reads = HistoryReads(store_db, clock=lambda: newest + 10, max_auto_points=limit)
        history = await ask(reads, NODE, Resolution.AUTO, newest - 30 * DAY, newest + 10)
        found.append((history.resolution, len(history.points)))

    assert found == [
        (Resolution.RAW, 131),
        (Resolution.M5, 26),
        (Resolution.M5, 26),
        (Resolution.H1, 2),
        (Resolution.H1, 2),
    ]


async def test_auto_refuses_what_is_too_much_even_by_the_day(rolled: HistoryReads, store_db: Mongo) -> None:
    strict = HistoryReads(store_db, clock=lambda: NOW, max_auto_points=0)
    with pytest.raises(RangeTooLarge) as refused:
        await ask(strict, NODE, Resolution.AUTO, NOW - 30 * DAY, NOW)
    assert refused.value.details == {"limit": 0}


async def test_auto_takes_what_is_left_where_finer_points_are_gone(store_db: Mongo) -> None:
    await commit_all(store_db, [*SNAPSHOTS, moment(MIDNIGHT + 40 * DAY, interval=INTERVAL)])
    upkeep = MongoUpkeep(store_db)
    await rollup.run(upkeep)
    found: list[Resolution] = []
    for keep in (Retention(), Retention(m5=50 * DAY), Retention(m5=DAY), Retention(m5=DAY, hourly=DAY)):
        await retention.run(upkeep, MIDNIGHT + 40 * DAY, keep)
        reads = HistoryReads(store_db, clock=lambda: MIDNIGHT + 40 * DAY + 60)
        found.append((await ask(reads, NODE, Resolution.AUTO, START, MIDNIGHT + DAY)).resolution)

    assert found[2:] == [Resolution.H1, Resolution.D1]


async def test_what_is_gone_at_a_resolution_but_known_at_a_coarser_one_is_said(store_db: Mongo) -> None:
    await commit_all(store_db, [*SNAPSHOTS, moment(MIDNIGHT + 10 * DAY, interval=INTERVAL)])
    upkeep = MongoUpkeep(store_db)
    await rollup.run(upkeep)
    await retention.run(upkeep, MIDNIGHT + 10 * DAY, Retention())
    reads = HistoryReads(store_db, clock=lambda: MIDNIGHT + 10 * DAY + 60)

    raw = await ask(reads, NODE, Resolution.RAW, START, START + HOUR)
    m5 = await ask(reads, NODE, Resolution.M5, START, START + HOUR)

    assert (raw.points, raw.truncated) == ((), True)
    assert (len(m5.points), m5.truncated) == (12, False)
    assert (await ask(reads, NODE, Resolution.AUTO, START, START + HOUR)).resolution is Resolution.M5


async def test_slots_stay_in_their_buckets_while_the_interval_changes(store_db: Mongo) -> None:
    change, again = START + 1_200, START + 2_520
    slots = [*((s, 60) for s in range(START, change, 60)), *((s, 120) for s in range(change, again, 120))]
    slots += [(s, 90) for s in range(again, START + HOUR + 91, 90)]
    await commit_all(store_db, [moment(slot, interval=interval) for slot, interval in slots])
    await rollup.run(MongoUpkeep(store_db))
    reads = HistoryReads(store_db, clock=lambda: START + HOUR + 95)

    raw = await ask(reads, NODE, Resolution.RAW, START, START + HOUR)
    (hour,) = (await ask(reads, NODE, Resolution.H1, START, START + HOUR)).points

    assert [(p.start, p.end - p.start) for p in raw.points] == slots[:-2]
    assert (hour.samples, hour.expected) == (43, 43)


async def test_status_tells_how_much_is_kept_of_each_node(rolled: HistoryReads, store_db: Mongo) -> None:
    rows, total = await rolled.history_status(2)

    assert total == 3
    assert [row.id for row in rows] == sorted(node.id for node in SNAPSHOTS[0].nodes)[:2]
    rolled_up = [s for s in SNAPSHOTS if s.slot < MIDNIGHT + 2 * HOUR]
    assert {(row.samples, row.first, row.last) for row in rows} == {(len(rolled_up), START, rolled_up[-1].slot)}
    assert rolled_up[-1].slot == MIDNIGHT + 2 * HOUR - INTERVAL


async def test_status_counts_the_open_hours_of_nodes_that_have_no_closed_one(store_db: Mongo) -> None:
    """In the first hour of a store there is nothing else. Later, this applies to new nodes."""
    first = [moment(slot, interval=INTERVAL) for slot in range(MIDNIGHT, MIDNIGHT + 4 * INTERVAL, INTERVAL)]
    present = [node.id for node in first[-1].nodes]
    await commit_all(store_db, first)
    reads = HistoryReads(store_db, clock=lambda: MIDNIGHT + 4 * INTERVAL)

    rows, total = await reads.history_status(2, present)

    assert total == 3
    assert [(row.id, row.samples) for row in rows] == [(node_id, 4) for node_id in sorted(present)[:2]]
    assert {(row.first, row.last) for row in rows} == {(MIDNIGHT, MIDNIGHT + 3 * INTERVAL)}


async def test_nodes_that_have_just_come_follow_those_with_closed_hours(rolled: HistoryReads) -> None:
    known = sorted(node.id for node in SNAPSHOTS[-1].nodes)
    rows, total = await rolled.history_status(100, [*known, "never listed"])

    assert total == 4
    assert [row.id for row in rows] == known


@pytest.mark.parametrize(
    ("gone", "times"),
    [
        ((Resolution.RAW,), (START, MIDNIGHT + 2 * HOUR - 300)),
        ((Resolution.RAW, Resolution.M5), (START, MIDNIGHT + HOUR)),
        ((Resolution.RAW, Resolution.M5, Resolution.H1), (MIDNIGHT - DAY, MIDNIGHT - DAY)),
    ],
    ids=["raw", "m5", "h1"],
)
async def test_times_of_samples_are_as_fine_as_what_is_kept(
    store_db: Mongo, rolled: HistoryReads, gone: tuple[Resolution, ...], times: tuple[int, int]
) -> None:
    collection = store_db.collection(HistoryDocument)
    await collection.delete_many({"resolution": {"$in": [resolution.value for resolution in gone]}})

    rows, total = await rolled.history_status(100)

    assert (len(rows), total) == (3, 3)
    assert {(row.first, row.last) for row in rows} == {times}
    assert await rolled.earliest() == times[0]


async def test_the_first_sample_is_told_by_the_first_sight_where_only_its_day_is_kept(
    store_db: Mongo, rolled: HistoryReads
) -> None:
    await store_db.collection(HistoryDocument).delete_many({"resolution": {"$ne": Resolution.D1.value}})
    entries = [entry(pnode(i), START, first_seen=START + i - 2 * DAY * (i > 1)) for i in (1, 2)]
    await Registry(store_db).write(entries, token=9)

    rows, _ = await rolled.history_status(100)

    assert {row.id: row.first for row in rows} == {
        key(1): START + 1,
        key(2): MIDNIGHT - DAY,
        key(3): MIDNIGHT - DAY,
    }


async def test_the_earliest_history_is_the_oldest_slot(reads: HistoryReads) -> None:
    assert await reads.earliest() == START


async def test_an_empty_store_has_no_history(store_db: Mongo) -> None:
    reads = HistoryReads(store_db, clock=lambda: NOW)

    assert await reads.earliest() is None
    assert await reads.history_status(10) == ((), 0)
    for resolution in Resolution:
        assert (await ask(reads, None, resolution, NOW - HOUR, NOW)).points == ()


async def test_a_silent_store_is_said_to_be_unavailable() -> None:
    mongo = Mongo("mongodb://127.0.0.1:9", "none", server_selection_seconds=0.1, timeout_seconds=0.2)
    reads = HistoryReads(mongo, clock=lambda: NOW)
    with pytest.raises(SnapshotUnavailable):
        await ask(reads, None, Resolution.H1)
    await mongo.close()


def test_periods_cover_a_range_without_gaps_or_repetition() -> None:
    for resolution in (Resolution.RAW, Resolution.H1, Resolution.D1):
        found = periods(resolution, MIDNIGHT - 400 * DAY, MIDNIGHT + 400 * DAY)
        assert found == sorted(set(found))
        assert found[0] <= MIDNIGHT - 400 * DAY
        assert all(a < b for a, b in pairwise(found))
    assert len(periods(Resolution.H1, MIDNIGHT - 400 * DAY, MIDNIGHT + 400 * DAY)) in {27, 28}
