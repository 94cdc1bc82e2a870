"""Groups, weights, percentiles and ranks."""

import pytest

from schema.domain.scoring.standing import NODE_WEIGHT, NOWHERE, group_of, percentiles, ranks, shares_not_above, weights


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.7:9001", "203.0.113.0/24"),
        ("203.0.113.99:1", "203.0.113.0/24"),
        ("[2001:db8:1:2::9]:9001", "20010db80001::/48"),
        ("[2001:db8:1:ffff::1]:6000", "20010db80001::/48"),
        ("", NOWHERE),
        ("pod.example:9001", "pod.example"),
    ],
)
def test_a_group_is_a_neighbourhood(address: str, group: str) -> None:
    assert group_of(address) == group.lstrip("0")


def test_a_group_weighs_as_one_node() -> None:
    assert weights(["a", "b", "b", "b", "b"], 4) == [NODE_WEIGHT] + [NODE_WEIGHT // 4] * 4


def test_a_large_group_weighs_less_the_more_there_are() -> None:
    assert sum(weights(["a"] * 8, 4)) == NODE_WEIGHT // 2
    assert sum(weights(["a"] * 48, 4)) == NODE_WEIGHT // 12 // 48 * 48


def test_a_percentile_is_the_middle_of_a_place() -> None:
    assert percentiles([10, 20, 20, None], [2, 2, 2, 2]) == [100 / 6, 400 / 6, 400 / 6, None]


def test_percentiles_of_nothing() -> None:
    assert percentiles([None, None], [1, 1]) == [None, None]


def test_the_best_has_nobody_above() -> None:
    assert shares_not_above([5, 9, 5], [1, 1, 2]) == [75, 100, 75]


def test_equal_nodes_share_a_rank_and_the_next_one_counts_them() -> None:
    assert ranks([90, 80, 80, 70], list("abcd"), [(0, n) for n in "abcd"], 3) == [1, 2, 2, 4]


def test_a_group_has_its_places_and_no_more() -> None:
    assert ranks([90, 80, 70, 60], ["a", "a", "a", "b"], [(0, n) for n in "1234"], 2) == [1, 2, 4, 3]


def test_places_go_to_those_who_were_first() -> None:
    assert ranks([90, 80, 70], ["a", "a", "a"], [(9, "1"), (0, "2"), (0, "3")], 2) == [3, 1, 2]
