from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import HOUR
from schema.domain.history.adoption import OTHER, version_series
from schema.domain.history.points import HistoryPoint
from schema.domain.history.rollup import OTHER_VERSIONS
from tests.factories import AT


def point(index: int, versions: dict[str | None, int], samples: int = 2) -> HistoryPoint:
    start = AT + index * HOUR
    return HistoryPoint(
        start=start, end=start + HOUR, samples=samples, expected=samples, stats={}, versions=tuple(versions.items())
    )


def test_versions_are_ranked_by_samples_over_the_range() -> None:
    series = version_series([point(0, {"0.7.0": 9, "0.8.0": 1}), point(1, {"0.8.0": 10})], 5)

    assert [s.version for s in series] == ["0.8.0", "0.7.0"]


def test_equal_versions_are_ranked_by_precedence_and_the_unknown_one_last() -> None:
    series = version_series([point(0, {None: 1, "0.10.0": 1, "0.9.0": 1})], 5)

    assert [s.version for s in series] == ["0.9.0", "0.10.0", None]


def test_a_version_that_a_bucket_lacks_counts_as_zero_there() -> None:
    (series, _) = version_series([point(0, {"0.8.0": 4}), point(1, {"0.7.0": 2})], 5)

    assert [(p.nodes, p.share) for p in series.points] == [(2.0, 1.0), (0.0, 0.0)]


def test_all_beyond_the_top_are_one_series() -> None:
    series = version_series([point(0, {"a": 4, "b": 3, "c": 2, "d": 1})], 2)

    assert [(s.version, s.other, s.points[0].share) for s in series] == [
        ("a", False, 0.4),
        ("b", False, 0.3),
        (OTHER, True, 0.3),
    ]


def test_what_a_bucket_had_no_room_for_is_among_the_others() -> None:
    series = version_series([point(0, {"a": 1, OTHER_VERSIONS: 9})], 5)

    assert [(s.version, s.other) for s in series] == [("a", False), (OTHER, True)]


def test_a_bucket_without_online_nodes_has_no_shares() -> None:
    series = version_series([point(0, {"a": 1}), point(1, {}, samples=0)], 1)

    assert (series[0].points[1].nodes, series[0].points[1].share) == (0.0, 0.0)


def test_there_are_no_series_without_points() -> None:
    assert version_series([], 5) == ()


counts = st.dictionaries(st.none() | st.sampled_from("abcdef"), st.integers(1, 50), min_size=1)


@given(st.lists(counts, min_size=1, max_size=4), st.integers(1, 8))
def test_the_shares_of_a_bucket_add_up_to_one(buckets: list[dict[str | None, int]], top: int) -> None:
    series = version_series([point(i, versions) for i, versions in enumerate(buckets)], top)

    for i in range(len(buckets)):
        assert abs(sum(s.points[i].share for s in series) - 1) < 1e-9
    assert len(series) <= top + 1
