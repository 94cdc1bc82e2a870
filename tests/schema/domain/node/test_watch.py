"""Counters of constant size: the observed time of a node, and the time without observation."""

from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, HOUR, MINUTE
from schema.domain.node.coverage import DAYS, HOURS, Coverage, Expected, Observed
from schema.domain.node.watch import MAX_CLAIMED, Watch, begun
from tests.factories import AT

STEP = 10 * MINUTE


class Past(NamedTuple):
    """A node and the clock of its network after some cycles."""

    watch: Watch
    coverage: Coverage
    at: int

    def windows(self) -> tuple[Observed, Observed, Observed]:
        expected = Expected(self.coverage, self.at)
        return self.watch.counts(expected).windows(expected)


def lived(states: Iterable[str], *, start: int = AT, coverage: Coverage | None = None, step: int = STEP) -> Past:
    """The past of a node, cycle by cycle: up (`u`), gone (`g`), not judged (`?`), or not known yet (`.`)."""
    coverage, watch, at = coverage or Coverage(), None, start
    for at, state in zip(range(start, start + 10**9, step), states, strict=False):
        coverage = coverage.after(at, step)
        if watch is None:
            watch = begun(at, coverage, step, 5 * DAY) if state != "." else None
            continue
        watch = {"u": lambda w, a: w.present(a), "g": lambda w, a: w.absent(a, step)}.get(
            state, lambda w, a: w.unjudged(a, step)
        )(watch, at)
    assert watch is not None
    return Past(watch, coverage, at)


def disturbances(watch: Watch, at: int) -> tuple[int, int]:
    """The counts of the last 24 hours and of the last 30 days."""
    counts = watch.counts(Expected(Coverage(), at))
    return counts.day_disturbed, counts.disturbed


def test_a_steady_node_costs_nothing() -> None:
    watch = begun(AT, Coverage().after(AT, 60), 60, 100)
    assert watch.present(AT + 60) is watch
    assert (watch.hours, watch.days) == ((), ())


def test_what_a_node_claims_at_first_sight_is_bounded() -> None:
    assert begun(AT, Coverage().after(AT, 60), 60, 10**12).claimed == MAX_CLAIMED
    assert begun(AT, Coverage().after(AT, 60), 60, None).claimed == 0


def test_time_in_which_it_was_gone_is_expected_and_not_online() -> None:
    day, week, month = lived("u" * 12 + "g" * 6).windows()
    assert day == week == month == Observed(18 * STEP, 12 * STEP)


def test_time_in_which_nobody_could_know_is_not_expected() -> None:
    assert lived("u" * 12 + "?" * 6).windows()[0] == Observed(12 * STEP, 12 * STEP)


def test_time_before_it_was_known_is_not_expected() -> None:
    assert lived("." * 7 + "u" * 5).windows() == (Observed(5 * STEP, 5 * STEP),) * 3


def test_our_own_outage_is_in_no_count() -> None:
    before = lived("u" * 6)
    coverage = before.coverage.after(before.at + 5 * HOUR, STEP)
    after = Past(before.watch, coverage, before.at + 5 * HOUR)
    assert after.windows()[0] == Observed(7 * STEP, 7 * STEP)


def test_a_day_forgets_what_a_week_remembers() -> None:
    past = lived("g" * 12 + "u" * 6 * 24 * 2)
    day, week, _ = past.windows()
    assert day.share == 1
    assert week.expected - week.online == 11 * STEP  # in its first cycle it was online


def test_a_month_forgets_too() -> None:
    past = lived("ugg" + "u" * 24 * 31, step=HOUR)
    assert past.windows()[2].share == 1


@given(
    st.lists(st.sampled_from("ug?"), min_size=1, max_size=200),
    st.integers(0, 2 * DAY),
    st.sampled_from([60, 3_000, 9_000]),
)
def test_counts_are_those_of_the_states_themselves(states: list[str], offset: int, step: int) -> None:
    past = lived(["u", *states], start=AT + offset, step=step)
    seen = ["u", *states]
    times = [AT + offset + place * step for place in range(len(seen))]
    for window, first in zip(
        past.windows(),
        (past.at // HOUR * HOUR - (HOURS - 1) * HOUR, past.at // DAY * DAY - 6 * DAY, past.at // DAY * DAY - 29 * DAY),
        strict=True,
    ):
        within = [state for at, state in zip(times, seen, strict=True) if at >= first]
        assert window == Observed(step * (within.count("u") + within.count("g")), step * within.count("u"))


@given(st.lists(st.tuples(st.sampled_from("ug?d"), st.integers(60, 3 * DAY)), max_size=120))
def test_what_is_kept_of_a_node_is_bounded(steps: list[tuple[str, int]]) -> None:
    coverage = Coverage().after(AT, 60)
    watch, at = begun(AT, coverage, 60, 0), AT
    for state, step in steps:
        at += step
        coverage = coverage.after(at, min(step, 3_600))
        moved = {"u": watch.present(at), "g": watch.absent(at, step), "?": watch.unjudged(at, step)}
        watch = moved.get(state, watch.disturbed(at))
    assert max(len(watch.hours), len(coverage.hours)) <= HOURS
    assert max(len(watch.days), len(coverage.days)) <= DAYS


def test_a_disturbance_counts_once_an_hour() -> None:
    watch = lived("u").watch
    for minute in range(0, 150, 10):
        watch = watch.disturbed(AT + minute * MINUTE)
    assert disturbances(watch, AT + 150 * MINUTE) == (3, 3)


def test_an_absence_is_one_disturbance_when_it_ends_whatever_uptime_is_named() -> None:
    """It ends hours after its drop from gossip was counted, and the return also looks like a restart."""
    still_away, back = lived("u" * 6 + "g" * 30), lived("u" * 6 + "g" * 30 + "u")
    assert disturbances(still_away.watch, still_away.at) == (0, 0)
    assert disturbances(back.watch, back.at) == (1, 1)
    dropped = still_away.watch.disturbed(still_away.at)
    for returned in (dropped.present(back.at), dropped.disturbed(back.at).present(back.at)):
        assert disturbances(returned, back.at) == (1, 1)


def test_an_upgrade_hides_no_long_absence() -> None:
    long = lived("u" * 6 + "g" * 30)
    watch = long.watch.upgraded(long.at + STEP)
    assert watch is not None
    assert disturbances(watch.present(long.at + STEP), long.at + STEP) == (1, 1)
    back = lived("u" * 6 + "g" * 30 + "u")
    known_later = back.watch.upgraded(back.at + STEP)
    assert known_later is not None
    assert disturbances(known_later, back.at + STEP) == (1, 1)


def test_an_absence_of_before_does_not_turn_an_upgrade_into_a_disturbance() -> None:
    past = lived("u" * 6 + "g" * 12 + "u" * 12)
    now = past.at + STEP
    watch = past.watch.disturbed(now).upgraded(now)
    assert watch is not None
    assert disturbances(watch, now) == (1, 1)


def test_disturbances_of_a_day_and_of_a_month() -> None:
    watch = lived("u").watch.disturbed(AT).disturbed(AT + 5 * DAY).disturbed(AT + 5 * DAY + 2 * HOUR)
    now = AT + 5 * DAY + 3 * HOUR
    assert disturbances(watch, now) == (2, 3)


def test_the_absence_of_an_upgrade_is_forgiven() -> None:
    past = lived("u" * 10 + "g" * 2)
    watch = past.watch.disturbed(past.at).upgraded(past.at + STEP)
    assert watch is not None
    assert Past(watch, past.coverage, past.at).windows()[0].share == 1
    assert disturbances(watch, past.at) == (0, 0)


def test_a_version_that_is_known_after_the_node_is_back_is_an_upgrade_too() -> None:
    past = lived("u" * 10 + "gguu")
    watch = past.watch.upgraded(past.at)
    assert watch is not None
    assert Past(watch, past.coverage, past.at).windows()[0].share == 1


def test_only_a_short_absence_is_forgiven() -> None:
    past = lived("u" * 10 + "g" * 12)
    watch = past.watch.upgraded(past.at + STEP)
    assert watch is not None
    assert Past(watch, past.coverage, past.at).windows()[0] == Observed(22 * STEP, 13 * STEP)


def test_upgrades_hide_no_restarts() -> None:
    watch = lived("u").watch.upgraded(AT + HOUR)
    assert watch is not None
    assert watch.upgraded(AT + 5 * HOUR) is None
    assert watch.upgraded(AT + 30 * HOUR) is not None


@pytest.mark.parametrize("later", [10 * MINUTE, 20 * MINUTE])
def test_a_restart_that_is_seen_after_the_new_version_is_the_same_upgrade(later: int) -> None:
    watch = lived("u").watch.upgraded(AT + HOUR)
    assert watch is not None
    assert watch.upgraded(AT + HOUR + later) is not None


def test_what_is_stored_can_be_read_again() -> None:
    watch = lived("ug?gu").watch.disturbed(AT + DAY)
    assert Watch.model_validate_json(watch.model_dump_json()) == watch
