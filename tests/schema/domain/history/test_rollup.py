from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, HOUR, MINUTE
from schema.domain.history.points import METRIC_SCALE, NETWORK_METRICS, NODE_METRICS, Derived, HistoryPoint, Stat
from schema.domain.history.rollup import (
    MAX_VERSIONS,
    OTHER_VERSIONS,
    Beat,
    Sample,
    combine,
    expected_slots,
    hour_room,
    network_sample,
    node_sample,
    raw_point,
    roll_day,
    roll_hour,
    room,
    stored,
)
from schema.domain.node.pnode import PNodeStatus, Provenance
from schema.domain.snapshot.record import VersionCount
from tests.factories import AT, estimate, network, pnode, snapshot
from tests.samples import points_of

HOUR_START = AT // HOUR * HOUR

values = st.one_of(st.none(), st.integers(min_value=0, max_value=2**63 - 1))


@st.composite
def hours(draw: st.DrawFn, metrics: Sequence[str] = NODE_METRICS) -> list[Sample]:
    """Some of an hour's minutes, each with some known metrics."""
    minutes = sorted(draw(st.sets(st.integers(0, 59), min_size=1)))
    return [
        Sample(
            HOUR_START + MINUTE * minute,
            MINUTE,
            tuple(draw(st.lists(values, min_size=len(metrics), max_size=len(metrics)))),
            tuple(draw(st.dictionaries(st.sampled_from([None, "0.7.3", "0.8.0"]), st.integers(1, 300))).items()),
        )
        for minute in minutes
    ]


def beats(samples: Sequence[Sample]) -> list[Beat]:
    return [Beat(sample.slot, sample.interval) for sample in samples]


def figures(bucket: HistoryPoint) -> tuple[object, ...]:
    return dict(bucket.stats), bucket.samples, bucket.versions


@given(hours(), st.data())
def test_any_split_of_the_raw_samples_recombines_to_the_same_bucket(samples: list[Sample], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, 59))))
    points = [raw_point(sample, NODE_METRICS) for sample in samples]
    edges = [0, *(min(cut, len(points)) for cut in cuts), len(points)]
    parts = [points[a:b] for a, b in pairwise(edges) if a < b]
    end = HOUR_START + HOUR

    whole = combine(points, HOUR_START, end, 60)
    split = combine([combine(part, HOUR_START, end, 0) for part in parts], HOUR_START, end, 60)

    assert split == whole
    assert roll_hour(samples, NODE_METRICS, HOUR_START, hour_room(beats(samples), HOUR_START)).h1 == whole


@given(hours())
def test_a_bucket_holds_exactly_what_plain_sums_over_its_samples_give(samples: list[Sample]) -> None:
    h1 = roll_hour(samples, NODE_METRICS, HOUR_START, hour_room(beats(samples), HOUR_START)).h1

    for i, metric in enumerate(NODE_METRICS):
        known = [value for sample in samples if (value := sample.values[i]) is not None]
        expected = Stat(len(known), sum(known), min(known), max(known), known[-1]) if known else None
        assert h1.stats.get(metric) == expected
    assert h1.samples == len(samples)


@given(hours())
def test_the_m5_buckets_of_an_hour_partition_its_samples_and_its_room(samples: list[Sample]) -> None:
    expected = hour_room(beats(samples), HOUR_START)

    hour = roll_hour(samples, NODE_METRICS, HOUR_START, expected)

    assert sum(bucket.samples for bucket in hour.m5) == len(samples)
    assert [b.start for b in hour.m5] == sorted({s.slot // 300 * 300 for s in samples})
    assert all(b.end - b.start == 300 and b.samples <= b.expected for b in hour.m5)
    assert sum(expected.values()) == hour.h1.expected == 60


@given(st.lists(hours(), min_size=1, max_size=4))
def test_a_day_is_the_sum_of_its_hours(each: list[list[Sample]]) -> None:
    day = AT // DAY * DAY
    shifted = [
        [sample._replace(slot=day + i * HOUR + sample.slot - HOUR_START) for sample in samples]
        for i, samples in enumerate(each)
    ]
    h1 = [
        roll_hour(samples, NODE_METRICS, day + i * HOUR, hour_room(beats(samples), day + i * HOUR)).h1
        for i, samples in enumerate(shifted)
    ]

    d1 = roll_day(h1, day)

    raw = [raw_point(sample, NODE_METRICS) for samples in shifted for sample in samples]
    assert figures(d1) == figures(combine(raw, day, day + DAY, 0))
    assert (d1.start, d1.end, d1.expected) == (day, day + DAY, 1_440)


def every(interval: int, start: int, end: int) -> list[Beat]:
    return [Beat(slot, interval) for slot in range(-(-start // interval) * interval, end, interval)]


@pytest.mark.parametrize("interval", [5, 7, 60, 90, 120, 1_000])
def test_without_gaps_an_hour_has_room_for_exactly_its_slots(interval: int) -> None:
    slots = every(interval, HOUR_START, HOUR_START + HOUR)

    assert sum(hour_room(slots, HOUR_START).values()) == len(slots)


def test_slots_stay_counted_while_the_interval_changes_from_60_to_120_to_90() -> None:
    change, again = HOUR_START + 1_200, HOUR_START + 2_520
    slots = [*every(60, HOUR_START, change), *every(120, change, again), *every(90, again, HOUR_START + HOUR)]

    assert sum(hour_room(slots, HOUR_START).values()) == len(slots) == 20 + 11 + 12


def test_a_missing_slot_is_expected_by_the_interval_that_was_in_force() -> None:
    slots = [beat for beat in every(90, HOUR_START, HOUR_START + HOUR) if beat.slot != HOUR_START + 180]

    assert expected_slots(slots, HOUR_START, HOUR_START + 300) == 4
    assert expected_slots(slots[5:], HOUR_START, HOUR_START + HOUR) == 40


def test_a_slot_belongs_to_the_bucket_in_which_it_begins() -> None:
    samples = [Sample(HOUR_START + 270, 90, (1,) * 9), Sample(HOUR_START + 300, 60, (1,) * 9)]

    hour = roll_hour(samples, NODE_METRICS, HOUR_START, hour_room(beats(samples), HOUR_START))

    assert [(b.start, b.samples) for b in hour.m5] == [(HOUR_START, 1), (HOUR_START + 300, 1)]


@pytest.mark.parametrize(
    ("what", "local_midnight"),
    [
        ("a DST switch in Europe", datetime(2026, 3, 29, tzinfo=UTC)),
        ("a DST switch in America", datetime(2026, 11, 1, tzinfo=UTC)),
        ("the last leap second", datetime(2016, 12, 31, tzinfo=UTC)),
        ("a leap day", datetime(2028, 2, 29, tzinfo=UTC)),
        ("the turn of a year", datetime(2026, 12, 31, tzinfo=UTC)),
    ],
)
def test_every_utc_day_has_24_equal_hours(what: str, local_midnight: datetime) -> None:
    day = int(local_midnight.timestamp())
    assert day % DAY == 0, what
    h1 = []
    for hour in range(day, day + DAY, HOUR):
        slots = every(60, hour, hour + HOUR)
        samples = [Sample(beat.slot, 60, (1,) * 9) for beat in slots]
        h1.append(roll_hour(samples, NODE_METRICS, hour, hour_room(slots, hour)).h1)

    d1 = roll_day(h1, day)

    assert (d1.samples, d1.expected, d1.stats["online"]) == (1_440, 1_440, Stat(1_440, 1_440, 1, 1, 1))


def test_a_clock_that_jumps_back_leaves_no_slot_twice_and_a_jump_ahead_leaves_a_gap() -> None:
    """Slots only grow, so while the clock is set back commits wait. A jump ahead is a gap like any other."""
    slots = [*every(60, HOUR_START, HOUR_START + 600), *every(60, HOUR_START + 3_000, HOUR_START + HOUR)]
    samples = [Sample(beat.slot, 60, (1,) * 9) for beat in slots]

    h1 = roll_hour(samples, NODE_METRICS, HOUR_START, hour_room(slots, HOUR_START)).h1

    assert (h1.samples, h1.expected) == (20, 60)


def test_room_fills_gaps_as_densely_as_the_points_around() -> None:
    h1 = [HistoryPoint(start=0, end=HOUR, samples=40, expected=40, stats={})]

    assert room(h1, 0, DAY) == 24 * 40
    assert room([], 0, DAY) == 0


def test_stored_integers_keep_the_published_precision() -> None:
    assert stored("score", 85.25) == 8_525
    assert stored("storage_usage_percent", 4.67e-7) == 467
    assert stored("storage_committed", 2**63 - 1) == 2**63 - 1
    assert stored("uptime", None) is None


def test_a_point_reads_back_in_published_units() -> None:
    sample = node_sample(pnode(estimate=estimate(71.25)), AT, 60)

    point = raw_point(sample, NODE_METRICS)

    assert (point.start, point.end, point.samples, point.expected) == (AT, AT + 60, 1, 1)
    assert point.mean("score") == 85.0
    assert point.mean("estimate") == 71.25
    assert point.last("storage_usage_percent") == 50.0
    assert set(point.stats) == set(NODE_METRICS)


def test_a_sample_from_before_a_metric_has_no_value_of_it() -> None:
    whole = node_sample(pnode(estimate=estimate(71.25)), AT, 60)._replace(slot=AT + 60)
    older = Sample(AT, 60, whole.values[:-1])

    point = raw_point(older, NODE_METRICS)
    assert point.mean(NODE_METRICS[-1]) is None
    assert len(point.stats) == len(set(point.stats)) == len(whole.values) - whole.values.count(None) - 1
    hour = roll_hour([older, whole], NODE_METRICS, AT // HOUR * HOUR, dict.fromkeys(range(0, AT + HOUR, 300), 5))
    assert hour.h1.stats[NODE_METRICS[-1]].n == 1
    assert hour.h1.stats["uptime"].n == 2


def test_an_offline_node_is_a_sample_of_being_offline_without_its_last_known_measurements() -> None:
    node = pnode(status=PNodeStatus.OFFLINE, provenance=Provenance(seed=None, observed_at=AT - 600))

    sample = node_sample(node, AT, 60)

    assert {m: v for m, v in zip(NODE_METRICS, sample.values, strict=True) if v is not None} == {
        "online": 0,
        "witnesses": 0,
    }


def test_a_ghost_is_not_online_though_its_frozen_figures_are_listed() -> None:
    sample = dict(zip(NODE_METRICS, node_sample(pnode(status=PNodeStatus.GHOST), AT, 60).values, strict=True))

    assert sample["online"] == 0
    assert sample["uptime"] == 20 * DAY
    assert sample["score"] is None


def test_every_node_of_a_snapshot_gives_one_sample_and_the_network_its_totals() -> None:
    taken = network(50)

    whole, nodes = points_of(taken)

    assert set(nodes) == {node.id for node in taken.nodes}
    figures = dict(zip(NETWORK_METRICS, whole.values, strict=True))
    assert figures["total"] == 50
    assert figures["online"] == taken.header.totals.online
    assert figures["health_score"] == 9_000
    assert whole.versions == (("0.7.3", 10), ("0.8.0", 30))
    assert len(whole.values) == len(NETWORK_METRICS)
    assert set(NETWORK_METRICS) | set(NODE_METRICS) == set(METRIC_SCALE)


def test_a_network_without_nodes_has_no_health() -> None:
    empty = snapshot()
    unknown = empty.header.health.model_copy(update={"score": 0.0, "factors": None})

    sample = network_sample(empty.header.model_copy(update={"health": unknown}))

    assert dict(zip(NETWORK_METRICS, sample.values, strict=True))["health_score"] is None


def test_rare_versions_are_counted_together_so_that_nodes_cannot_grow_a_bucket() -> None:
    header = snapshot().header
    many = tuple(VersionCount(version=f"9.9.{i}", count=1) for i in range(500))
    common = VersionCount(version="0.8.0", count=40)
    totals = header.totals.model_copy(update={"versions": (*many, common)})

    versions = dict(network_sample(header.model_copy(update={"totals": totals})).versions)

    assert len(versions) == MAX_VERSIONS + 1
    assert versions["0.8.0"] == 40
    assert versions[OTHER_VERSIONS] == 500 - (MAX_VERSIONS - 1)


def test_a_point_derives_the_nodes_of_which_nobody_says_whether_they_are_public() -> None:
    headers = [
        snapshot([pnode(n, is_public=value) for n, value in enumerate(values)], slot=AT + 60 * number).header
        for number, values in enumerate([(True, None, None), (False, True, None, None)])
    ]
    points = [raw_point(network_sample(header), NETWORK_METRICS) for header in headers]

    assert [point.public_unknown() for point in points] == [Derived(1, 2, 2), Derived(1, 2, 2)]
    assert combine(points, AT, AT + 300, 5).public_unknown() == Derived(2, 4, 2)


def test_a_point_without_counts_derives_nothing() -> None:
    assert HistoryPoint(AT, AT + 60, 1, 1, {}).public_unknown() is None
