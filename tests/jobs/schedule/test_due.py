"""The schedule: which cycles belong in the queue, for any interval and any clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.schedule.due import Job, Period, cycle_seconds, due_cycles, due_periodic, latest_start

INTERVALS = st.integers(5, 3_600)
TIMES = st.floats(0, 4_102_444_800, allow_nan=False)


def _slots(now: float, interval: int) -> list[int]:
    return [job.slot for job in due_cycles(now, interval)]


@pytest.mark.parametrize(
    ("interval", "now", "slots"),
    [
        (60, 600.0, [600, 660]),
        (60, 641.9, [600, 660]),
        (60, 642.1, [660]),
        (60, 659.999, [660]),
        (60, 660.0, [660, 720]),
        (90, 630.0, [630, 720]),
        (90, 700.0, [720]),
        (120, 600.0, [600, 720]),
        (120, 719.0, [720]),
        (5, 600.0, [600, 605]),
        (5, 601.2, [600, 605]),
        (5, 601.3, [605]),
        (3_600, 7_199.0, [7_200]),
    ],
)
def test_the_running_slot_while_a_cycle_fits_and_the_next(interval: int, now: float, slots: list[int]) -> None:
    assert _slots(now, interval) == slots


@pytest.mark.parametrize(
    ("before", "now", "after", "slots"),
    [(60, 1_230.0, 120, [1_200, 1_320]), (120, 1_290.0, 90, [1_260, 1_350]), (90, 1_290.0, 60, [1_260, 1_320])],
)
def test_a_changed_interval_needs_no_memory(before: int, now: float, after: int, slots: list[int]) -> None:
    assert _slots(now, after) == slots
    assert all(slot % after == 0 for slot in slots)
    assert before != after


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0, 86_400.0, 0.5, -0.5])
def test_a_clock_that_jumps_causes_no_burst(jump: float) -> None:
    assert len(due_cycles(100_000.0 + jump, 60)) <= 2
    assert _slots(100_000.0 + jump, 60)[-1] > 100_000.0 + jump


@given(TIMES, INTERVALS)
def test_a_due_cycle_always_has_room_in_its_slot(now: float, interval: int) -> None:
    for job in due_cycles(now, interval):
        assert job.start == job.slot
        assert max(now, job.start) + min(12, 0.6 * interval) <= job.slot + cycle_seconds(interval) + 1e-3


@given(TIMES, INTERVALS)
def test_the_next_slot_is_always_due(now: float, interval: int) -> None:
    following = due_cycles(now, interval)[-1].slot
    assert now < following <= now + interval


@given(INTERVALS)
def test_a_cycle_ends_before_its_slot(interval: int) -> None:
    assert 0 < latest_start(interval) < cycle_seconds(interval) < interval


def test_a_periodic_job_is_due_once_in_its_period() -> None:
    periods = [Period("retention", 300), Period("digest", 3_600)]
    assert due_periodic(3_900.5, periods) == (Job("retention", 3_900, 3_900), Job("digest", 3_600, 3_600))
    assert due_periodic(4_199.9, periods)[0].slot == 3_900
