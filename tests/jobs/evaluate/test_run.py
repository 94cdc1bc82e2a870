import pytest

from jobs.evaluate.run import NothingThere, Wish, horizons_for, horizons_of, moment_of, question_of
from jobs.evaluate.sources import Span
from schema.domain.base import DAY, HOUR
from tests.factories import AT

SPAN = Span(AT, AT + 100 * DAY)


def test_without_a_wish_the_last_two_fifths_are_the_test_and_the_usual_horizons_count() -> None:
    question = question_of(SPAN, Wish(()))
    assert question == (AT, AT + 100 * DAY, AT + 60 * DAY, (DAY, 7 * DAY, 30 * DAY))
    assert question.cadence == DAY


def test_a_short_past_has_horizons_of_hours() -> None:
    assert horizons_for(9 * HOUR) == (HOUR, 4 * HOUR)
    assert horizons_for(HOUR) == (HOUR,)
    assert horizons_for(8 * DAY) == (DAY, 7 * DAY)


def test_a_wish_narrows_the_time_and_never_widens_it() -> None:
    question = question_of(SPAN, Wish((), start=AT - DAY, end=AT + 10 * DAY, split=AT + DAY, horizons=(HOUR,)))
    assert question == (AT, AT + 10 * DAY, AT + DAY, (HOUR,))


@pytest.mark.parametrize("split", [AT - 1, AT, AT + 100 * DAY])
def test_a_split_outside_of_the_time_is_refused(split: int) -> None:
    with pytest.raises(ValueError, match="expected a time between"):
        question_of(SPAN, Wish((), split=split))


def test_too_little_history_is_refused() -> None:
    with pytest.raises(NothingThere, match="expected two hours at least"):
        question_of(SPAN, Wish((), start=AT + 100 * DAY - 60))


def test_horizons_are_read_in_any_order_and_once() -> None:
    assert horizons_of("7d, 6h,1d,24h") == (6 * HOUR, DAY, 7 * DAY)


@pytest.mark.parametrize("text", ["", "1w", "d", "0d", "1d,,7d", "-1d", ",".join(["1d"] * 9), "99999d"])
def test_other_horizons_are_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="horizon="):
        horizons_of(text)


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment_of("2027-01-15") == moment_of("2027-01-15T01:00:00+01:00") == 1_799_971_200
    with pytest.raises(ValueError, match="'soon': expected a date"):
        moment_of("soon")
