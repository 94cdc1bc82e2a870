from hypothesis import given
from hypothesis import strategies as st

from jobs.simulate.row import Usage

usages = st.builds(
    Usage,
    low=st.integers(0, 10**13),
    span=st.integers(0, 10**12),
    period=st.floats(60, 10**8),
    phase=st.floats(0, 0.999),
    steps=st.integers(1, 20_000),
)
seconds = st.floats(1.6e9, 4e9)


@given(usages, seconds)
def test_usage_stays_between_its_ends(usage: Usage, second: float) -> None:
    assert usage.low <= usage.at(second) <= usage.low + usage.span


def test_usage_grows_step_by_step_and_begins_again() -> None:
    usage = Usage(low=100, span=40, period=400, steps=4)
    assert [usage.at(second) for second in (0, 99, 100, 299, 300, 399, 400)] == [100, 100, 110, 120, 130, 130, 100]


def test_the_last_change_is_when_the_step_began() -> None:
    usage = Usage(low=100, span=40, period=400, steps=4)
    assert usage.changed_at(299) == 200


def test_what_never_changes_was_never_written() -> None:
    assert Usage(low=7).at(12345) == 7
    assert Usage(low=7).changed_at(12345) == 0
