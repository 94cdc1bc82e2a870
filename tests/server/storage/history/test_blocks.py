import json
from collections.abc import Sequence

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import HOUR
from schema.domain.history.points import NETWORK_METRICS, NODE_METRICS, HistoryPoint, Stat
from schema.domain.history.rollup import Sample
from server.storage.history.blocks import PointCache, pack_points, pack_samples, unpack_points, unpack_samples
from tests.factories import AT
from tests.work import lines_run

numbers = st.integers(-(2**70), 2**70)
versions = st.dictionaries(
    st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)), st.integers(1, 10**6)
).map(lambda found: tuple(sorted(found.items(), key=lambda item: (item[0] is not None, item[0] or ""))))


@st.composite
def samples(draw: st.DrawFn) -> list[Sample]:
    slots = sorted(draw(st.sets(st.integers(0, 10_000), min_size=1, max_size=20)))
    constant = draw(st.lists(st.one_of(st.none(), numbers), min_size=9, max_size=9))
    return [
        Sample(
            AT + 60 * slot,
            draw(st.sampled_from([60, 90])),
            tuple(draw(st.one_of(st.just(value), st.none(), numbers)) for value in constant),
            draw(versions),
        )
        for slot in slots
    ]


@st.composite
def points(draw: st.DrawFn, metrics: Sequence[str] = NODE_METRICS) -> list[HistoryPoint]:
    hours = sorted(draw(st.sets(st.integers(0, 1_000), min_size=1, max_size=10)))
    stat = st.builds(Stat, st.integers(1, 10**6), numbers, numbers, numbers, numbers)
    return [
        HistoryPoint(
            AT + HOUR * hour,
            AT + HOUR * (hour + 1),
            samples=draw(st.integers(1, 60)),
            expected=draw(st.integers(0, 60)),
            stats=draw(st.dictionaries(st.sampled_from(metrics), stat)),
            versions=draw(versions),
        )
        for hour in hours
    ]


@given(samples())
def test_samples_come_back_as_they_were(given_samples: list[Sample]) -> None:
    assert unpack_samples(pack_samples(given_samples)) == tuple(given_samples)


@given(samples(), st.data())
def test_samples_of_before_and_after_a_new_metric_share_a_block(found: list[Sample], data: st.DataObject) -> None:
    older = data.draw(st.integers(0, len(found)))
    mixed = [s._replace(values=s.values[:-1]) if n < older else s for n, s in enumerate(found)]
    back = unpack_samples(pack_samples(mixed))
    if older == len(found):
        assert list(back) == mixed
    else:
        assert [s.values for s in back] == [(*s.values, None) if n < older else s.values for n, s in enumerate(mixed)]


@given(points(NODE_METRICS[:-1]))
def test_buckets_of_before_a_new_metric_have_no_figures_of_it(found: list[HistoryPoint]) -> None:
    body = pack_points(found, NODE_METRICS[:-1])
    assert unpack_points(body, NODE_METRICS, HOUR) == tuple(found)


@given(points())
def test_buckets_come_back_as_they_were(given_points: list[HistoryPoint]) -> None:
    assert unpack_points(pack_points(given_points, NODE_METRICS), NODE_METRICS, HOUR) == tuple(given_points)


@given(points(NETWORK_METRICS))
def test_the_network_has_metrics_of_its_own(given_points: list[HistoryPoint]) -> None:
    body = pack_points(given_points, NETWORK_METRICS)

    assert unpack_points(body, NETWORK_METRICS, HOUR) == tuple(given_points)


@given(points(NETWORK_METRICS), st.integers(-1, 60), st.integers(-1, 60))
def test_only_the_buckets_of_a_range_come_back(given_points: list[HistoryPoint], first: int, last: int) -> None:
    start, end = AT + HOUR * first, AT + HOUR * last
    found = unpack_points(pack_points(given_points, NETWORK_METRICS), NETWORK_METRICS, HOUR, (start, end))
    assert found == tuple(point for point in given_points if start <= point.start < end)


def test_an_hour_of_a_day_takes_little_of_the_work_of_the_day() -> None:
    stats = {metric: Stat(5, 10, 2, 2, 2) for metric in NODE_METRICS}
    day = [HistoryPoint(AT + 300 * n, AT + 300 * (n + 1), 5, 5, stats) for n in range(288)]
    body = pack_points(day, NODE_METRICS)

    def read(within: tuple[int, int] | None) -> int:
        return lines_run(lambda: [dict(point.stats) for point in unpack_points(body, NODE_METRICS, 300, within)])

    assert read((AT, AT + HOUR)) < read(None) / 10


def test_only_what_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    loads = orjson.loads

    def counted(text: str | bytes) -> object:
        read.append(text)
        return loads(text)

    stats = {metric: Stat(1, 2, 2, 2, 2) for metric in NETWORK_METRICS}
    body = pack_points([HistoryPoint(AT, AT + HOUR, 1, 60, stats, (("0.9", 3),))], NETWORK_METRICS)
    monkeypatch.setattr("server.storage.columns.orjson.loads", counted)
    (point,) = unpack_points(body, NETWORK_METRICS, HOUR)
    assert len(read) == 1
    assert [point.stats["online"], point.stats["online"], *point.versions] == [Stat(1, 2, 2, 2, 2)] * 2 + [("0.9", 3)]
    assert len(read) == 3


def test_versions_of_a_row_are_as_a_tuple_of_them() -> None:
    counts = (("0.9", 3), ("1.0", 4))
    body = pack_points([HistoryPoint(AT, AT + HOUR, 1, 60, {}, counts)] * 2, NETWORK_METRICS)
    versions, same = [point.versions for point in unpack_points(body, NETWORK_METRICS, HOUR)]
    assert versions == counts
    assert versions == same
    assert versions != counts[:1]
    assert (versions[0], versions[1:], len(versions), list(versions)) == (counts[0], counts[1:], 2, list(counts))
    assert (repr(versions), hash(versions)) == (repr(counts), hash(counts))


@pytest.mark.parametrize("huge", [7, 2**70])
def test_a_block_of_the_first_form_is_read(huge: int) -> None:
    """Two buckets of one metric. The columns of all are in one list."""
    columns = [[AT, HOUR], 60, 60, 0, 0, 0, [huge, 0], [5, 1]]
    raw = b" " + json.dumps([2, columns, [["0.9", [3, None]]]]).encode()
    expected = [
        HistoryPoint(AT, AT + HOUR, 60, 60, {"online": Stat(60, 300, 5, 5 + huge, 5)}, (("0.9", 3),)),
        HistoryPoint(AT + HOUR, AT + 2 * HOUR, 60, 60, {"online": Stat(60, 360, 6, 6, 6)}),
    ]
    found = unpack_points(zstandard.compress(raw), ["online"], HOUR)
    assert list(found) == expected


@given(points())
def test_equal_points_have_equal_bytes_in_whatever_order_their_figures_were_found(found: list[HistoryPoint]) -> None:
    backwards = [each._replace(stats=dict(reversed(list(each.stats.items())))) for each in found]

    assert pack_points(backwards, NODE_METRICS) == pack_points(found, NODE_METRICS)


def test_a_steady_day_takes_little_room() -> None:
    day = [
        Sample(AT + 60 * i, 60, (1, 10**6 + 60 * i, 10**11, 10**5, 10**5, 8, 8_525, 9_000, 7_000)) for i in range(1_440)
    ]

    assert len(pack_samples(day)) < 1_000


@pytest.mark.parametrize("limit", [1, 9, 10_000])
def test_the_cache_gives_what_unpacking_gives_whatever_it_has_room_for(limit: int) -> None:
    cache = PointCache(max_points=limit)
    figures = [
        [
            HistoryPoint(
                AT + i * HOUR, AT + (i + 1) * HOUR, samples=1, expected=60, stats={"online": Stat(1, i, i, i, i)}
            )
        ]
        for i in range(12)
    ]
    bodies = [pack_points(each, NODE_METRICS) for each in figures]

    for _ in range(2):
        assert [list(cache.unpack(body, NODE_METRICS, HOUR)) for body in bodies] == figures
    assert len(cache._blocks) <= max(1, limit)


def test_the_cache_does_not_mistake_a_day_for_an_hour() -> None:
    cache = PointCache()
    body = pack_points([HistoryPoint(AT, AT + 1, samples=1, expected=1, stats={})], NODE_METRICS)

    assert [cache.unpack(body, NODE_METRICS, seconds)[0].end - AT for seconds in (300, HOUR)] == [300, HOUR]
