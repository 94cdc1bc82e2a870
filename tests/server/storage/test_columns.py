from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.storage.columns import json_of, plain, runs, spread, text_of, unrun, value_of

columns = st.lists(st.none() | st.integers(-(2**70), 2**70), min_size=1, max_size=20)


@given(columns | st.integers(1, 20).map(lambda count: [7] * count))
def test_columns_come_back_as_they_were(column: list[int | None]) -> None:
    count = len(column)
    assert spread(value_of(json_of([plain(column)]))[0], count) == column
    assert unrun(value_of(text_of([runs(column)]))[0], count) == column


@pytest.mark.parametrize(
    ("column", "by_value", "by_steps"),
    [
        ([5, 5, 5], 5, [5]),
        ([None, None], None, None),
        ([60, 120, 180], [60, 120, 180], [60, 60, 60]),
        ([5, None, 9], [5, None, 9], [5, None, 4]),
    ],
)
def test_what_is_equal_or_runs_on_is_short(column: list[int | None], by_value: Any, by_steps: Any) -> None:
    assert (plain(column), runs(column)) == (by_value, by_steps)


def test_integers_beyond_64_bits_are_written_the_slow_way() -> None:
    assert json_of([2**70]) == b" [1180591620717411303424]"
    assert json_of([2**63]) == b"[9223372036854775808]"
