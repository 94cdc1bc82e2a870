import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.snapshot.freshness import Freshness, age_seconds, answer_time, freshness, seconds_valid

INTERVALS = st.integers(5, 3_600)
AGES = st.integers(0, 10_000_000)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (0, Freshness.HEALTHY),
        (119, Freshness.HEALTHY),
        (120, Freshness.DEGRADED),
        (300, Freshness.DEGRADED),
        (301, Freshness.UNHEALTHY),
        (86_400, Freshness.UNHEALTHY),
    ],
)
def test_state_changes_at_two_and_beyond_five_intervals(age: int, state: Freshness) -> None:
    assert freshness(age, 60) is state


def test_age_is_never_negative() -> None:
    assert age_seconds(1_000, 999.5) == 0


def test_age_counts_whole_seconds() -> None:
    assert age_seconds(1_000, 1_059.99) == 59


@given(taken_at=st.integers(0, 2**40), interval=INTERVALS, age=AGES)
def test_answers_speak_of_a_whole_number_of_intervals_after_the_snapshot(
    taken_at: int, interval: int, age: int
) -> None:
    at = answer_time(taken_at, interval, taken_at + age)
    assert (at - taken_at) % interval == 0
    assert 0 <= taken_at + age - at < interval


@given(taken_at=st.integers(0, 2**40), interval=INTERVALS, age=AGES)
def test_an_answer_changes_exactly_when_its_validity_ends(taken_at: int, interval: int, age: int) -> None:
    now = taken_at + age
    valid = seconds_valid(taken_at, interval, now)
    assert answer_time(taken_at, interval, now + valid - 1) == answer_time(taken_at, interval, now)
    assert answer_time(taken_at, interval, now + valid) > answer_time(taken_at, interval, now)
