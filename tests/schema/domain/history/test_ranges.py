import pytest

from schema.domain.base import DAY, HOUR
from schema.domain.errors import BadUserInput, RangeTooLarge
from schema.domain.history.points import HistoryPoint, Resolution, Stat
from schema.domain.history.ranges import POINT_LIMIT, align, check_points, check_room, clip, coverage, joined
from tests.factories import AT


def hours(*starts: int, n: int = 60, last: int = 1) -> list[HistoryPoint]:
    return [
        HistoryPoint(
            start=AT + i * HOUR,
            end=AT + (i + 1) * HOUR,
            samples=n,
            expected=60,
            stats={"online": Stat(n, n, 1, 1, last)},
        )
        for i in starts
    ]


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (Resolution.RAW, (AT + 1, AT + 7_201)),
        (Resolution.M5, (AT, AT + 7_500)),
        (Resolution.H1, (AT, AT + 3 * HOUR)),
        (Resolution.D1, (AT // DAY * DAY, AT // DAY * DAY + DAY)),
    ],
)
def test_a_range_is_widened_to_whole_buckets(resolution: Resolution, expected: tuple[int, int]) -> None:
    assert align(resolution, AT + 1, AT + 7_201) == expected


def test_a_range_ends_now() -> None:
    assert clip(AT, AT + DAY, AT + 10.5) == (AT, AT + 11)
    assert clip(-5, AT, AT + 10.5) == (0, AT)


@pytest.mark.parametrize("end", [AT, AT - 1])
def test_a_range_has_a_start_before_its_end(end: int) -> None:
    with pytest.raises(BadUserInput):
        clip(AT, end, AT)


@pytest.mark.parametrize(
    ("resolution", "days"),
    [(Resolution.RAW, 2), (Resolution.M5, 14), (Resolution.H1, 90), (Resolution.D1, 3_650)],
)
def test_what_is_kept_by_default_can_be_asked_for_whole(resolution: Resolution, days: int) -> None:
    check_room(resolution, AT, AT + days * DAY, 60)


@pytest.mark.parametrize("resolution", [Resolution.RAW, Resolution.M5, Resolution.H1, Resolution.D1])
def test_a_range_with_room_for_too_many_points_is_refused_with_the_limit(resolution: Resolution) -> None:
    seconds = {Resolution.RAW: 60, Resolution.M5: 300, Resolution.H1: HOUR, Resolution.D1: DAY}[resolution]
    check_room(resolution, AT, AT + POINT_LIMIT * seconds, 60)
    with pytest.raises(RangeTooLarge) as refused:
        check_room(resolution, AT, AT + POINT_LIMIT * seconds + 1, 60)
    assert refused.value.details == {"limit": POINT_LIMIT}


def test_too_many_points_are_refused_also_where_there_should_be_room() -> None:
    check_points(hours(*range(POINT_LIMIT)), Resolution.RAW)
    with pytest.raises(RangeTooLarge):
        check_points(hours(*range(POINT_LIMIT + 1)), Resolution.RAW)


def test_coverage_counts_gaps_as_densely_as_the_time_around() -> None:
    assert coverage(hours(0, 1, 3), AT, AT + 4 * HOUR, 60) == 0.75
    assert coverage(hours(0, n=30), AT, AT + HOUR, 60) == 0.5
    assert coverage(hours(0), AT, AT + HOUR, 60) == 1.0


def test_without_points_coverage_is_zero_where_slots_were_expected_and_unknown_where_none_were() -> None:
    assert coverage([], AT, AT + HOUR, 60) == 0.0
    assert coverage([], AT, AT, 60) is None


def test_the_ids_of_one_node_are_joined_and_a_shared_bucket_has_the_samples_of_both() -> None:
    old, new = hours(0, 1, n=20, last=0), hours(1, 2, n=40)

    first, shared, last = joined([old, new])

    assert (first, last) == (old[0], new[1])
    assert (shared.samples, shared.expected) == (60, 60)
    assert shared.stats["online"] == Stat(60, 60, 1, 1, 1)


def test_one_series_stays_as_it_is() -> None:
    assert joined([hours(0, 2)]) == tuple(hours(0, 2))


def test_times_that_make_no_range_are_told_as_they_were_asked() -> None:
    with pytest.raises(BadUserInput, match="history from 2027-01-15T08:00:00Z to 1970-01-01T00:00:00Z: expected"):
        clip(1_800_000_000, 0, 1_800_000_000)
    with pytest.raises(BadUserInput, match=f"history from {10**18} to 2027-01-15T08:00:00Z: expected"):
        clip(10**18, 1_800_000_000, 1_800_000_000)
