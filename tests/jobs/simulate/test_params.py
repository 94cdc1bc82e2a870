import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.simulate import params
from jobs.simulate.params import Quantiles, quantile

TABLES = [value for name, value in vars(params).items() if name.isupper() and isinstance(value, tuple)]
QUANTILES: list[Quantiles] = [table for table in TABLES if isinstance(table[0], tuple) and table[0][0] == 0]
SHARES = [table for table in TABLES if isinstance(table[0], tuple) and isinstance(table[0][0], str)]


@pytest.mark.parametrize("table", QUANTILES)
def test_a_table_gives_its_own_figures_back(table: Quantiles) -> None:
    for percent, value in table:
        assert quantile(table, percent / 100) == pytest.approx(value)


@pytest.mark.parametrize("table", QUANTILES)
@given(a=st.floats(0, 1), b=st.floats(0, 1))
def test_a_larger_share_has_no_smaller_value(table: Quantiles, a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert table[0][1] <= quantile(table, low) <= quantile(table, high) * (1 + 1e-12) <= table[-1][1] * (1 + 1e-9)


def test_positive_figures_are_joined_geometrically_and_others_in_a_straight_line() -> None:
    assert quantile(((0, 10), (100, 1_000)), 0.5) == pytest.approx(100)
    assert quantile(((0, 0), (100, 1_000)), 0.5) == 500


@pytest.mark.parametrize("table", SHARES)
def test_shares_add_up_to_one(table: params.Shares) -> None:
    assert sum(weight for _, weight in table) == pytest.approx(1)


def test_both_sorts_of_table_were_found() -> None:
    assert len(QUANTILES) == 11
    assert len(SHARES) == 6
