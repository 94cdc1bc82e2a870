import pytest

from schema.domain.base import DAY, HOUR
from schema.domain.history.availability import MIN_SAMPLES, WINDOW_SECONDS, Window, availability_of, window_range
from schema.domain.history.points import Availability, History, HistoryPoint, Resolution, Stat
from tests.factories import AT


def history(*hours: tuple[int, int], coverage: float | None = 1.0) -> History:
    points = tuple(
        HistoryPoint(
            start=AT + i * HOUR,
            end=AT + (i + 1) * HOUR,
            samples=n,
            expected=60,
            stats={"online": Stat(n, online, 0, 1, 1)} if n else {},
        )
        for i, (n, online) in enumerate(hours)
    )
    return History(resolution=Resolution.H1, start=AT, end=AT + len(hours) * HOUR, coverage=coverage, points=points)


def test_it_is_the_share_of_observations_in_which_the_node_was_online() -> None:
    assert availability_of(history((60, 60), (60, 30))) == Availability(percent=75.0, samples=120, expected=120)


def test_time_without_observations_is_not_time_offline() -> None:
    assert availability_of(history((60, 60), coverage=0.5)) == Availability(percent=100.0, samples=60, expected=120)


def test_a_node_that_was_never_online_has_zero_percent() -> None:
    found = availability_of(history((60, 0)))

    assert found is not None
    assert found.percent == 0.0


@pytest.mark.parametrize(("samples", "known"), [(0, False), (MIN_SAMPLES - 1, False), (MIN_SAMPLES, True)])
def test_under_a_minimum_of_samples_nothing_is_said(samples: int, known: bool) -> None:
    assert (availability_of(history((samples, samples))) is not None) is known


def test_a_window_ends_at_the_time_asked() -> None:
    assert [window_range(window, AT) for window in Window] == [(AT - DAY, AT), (AT - 7 * DAY, AT), (AT - 30 * DAY, AT)]
    assert set(WINDOW_SECONDS) == set(Window)
