"""The measures, compared with examples computed by hand, and their properties for arbitrary numbers."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.evaluate.measures import (
    BINS,
    Kept,
    calibration,
    concordance,
    mean,
    median,
    quantile,
    quartile_range,
    ranks,
    spearman,
    top_survival,
)

finite = st.floats(-1e6, 1e6)
numbers = st.lists(finite, min_size=10, max_size=60)
outcomes = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=10, max_size=60)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks([30, 10, 20, 20, 40]) == [4.0, 1.0, 2.5, 2.5, 5.0]


def test_rank_correlation_of_an_example_by_hand() -> None:
    """Σd² of the ranks is 32, so 1 − 6·32/(10·99) = 0.80606…"""
    first = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    second = [2, 1, 4, 3, 8, 5, 10, 6, 7, 9]
    squares = sum((a - b) ** 2 for a, b in zip(first, second, strict=True))
    assert squares == 32
    assert spearman(first, second) == pytest.approx(1 - 6 * squares / 990)


def test_rank_correlation_with_ties_by_hand() -> None:
    """Ranks of the second: five at 3, five at 8; Pearson with 1..10 is 62.5/√(82.5·62.5) = 0.870388."""
    assert spearman(list(range(10)), [0] * 5 + [1] * 5) == pytest.approx(0.8703882797784892)


@pytest.mark.parametrize(("first", "second"), [([1.0] * 10, list(range(10))), ([1, 2, 3], [1, 2, 3]), ([], [])])
def test_rank_correlation_is_not_known_of_equal_values_or_of_few(first: list[float], second: list[float]) -> None:
    assert spearman(first, second) is None


@given(numbers, st.randoms(use_true_random=False))
def test_rank_correlation_is_symmetric_bounded_and_free_of_order(values: list[float], chance: random.Random) -> None:
    others = [chance.choice(values) for _ in values]
    found = spearman(values, others)
    assert found == spearman(others, values)
    if found is not None:
        assert -1 <= found <= 1
        assert spearman(values, [-other for other in others]) == pytest.approx(-found, abs=1e-9)
        pairs = list(zip(values, others, strict=True))
        chance.shuffle(pairs)
        assert spearman([a for a, _ in pairs], [b for _, b in pairs]) == pytest.approx(found, abs=1e-9)


@given(st.lists(st.integers(-1000, 1000), min_size=10, max_size=50, unique=True))
def test_rank_correlation_with_anything_that_grows_along_is_one(values: list[int]) -> None:
    assert spearman(values, [value**3 + value for value in values]) == pytest.approx(1)


def test_concordance_by_hand() -> None:
    """Outcomes 0.5, 0.9 and 1.0 twice: five pairs differ; 3 are right, one is tied, one is wrong."""
    assert concordance([10, 30, 20, 30], [0.5, 0.9, 1.0, 1.0]) == pytest.approx(3.5 / 5)


def test_outcomes_that_hardly_differ_are_no_pair() -> None:
    assert concordance([1, 2], [0.995, 1.0]) is None


@given(outcomes)
def test_concordance_is_that_of_all_pairs_looked_at_one_by_one(pairs: list[tuple[int, bool]]) -> None:
    values = [float(value) for value, _ in pairs]
    results = [0.5 + place % 7 / 20 for place in range(len(pairs))]
    right = total = 0.0
    for first, good in zip(values, results, strict=True):
        for second, bad in zip(values, results, strict=True):
            if good - bad >= 0.01:
                total += 1
                right += 1 if first > second else 0.5 if first == second else 0
    assert concordance(values, results) == pytest.approx(right / total)
    assert concordance([-value for value in values], results) == pytest.approx(1 - right / total)


def test_survival_of_the_best_tenth_by_hand() -> None:
    """The best two of twenty: one survived."""
    points = list(range(20))
    assert top_survival(points, [place != 19 for place in points]) == 0.5


def test_equal_values_at_the_edge_of_the_tenth_count_in_part() -> None:
    """One place, four equal nodes, three of which survived."""
    assert top_survival([9, 9, 9, 9, *range(6)], [True, True, True, False] + [False] * 6) == 0.75


@given(outcomes, st.randoms(use_true_random=False))
def test_survival_is_a_share_and_does_not_depend_on_order(pairs: list[tuple[int, bool]], chance: random.Random) -> None:
    found = top_survival([points for points, _ in pairs], [alive for _, alive in pairs])
    shuffled = chance.sample(pairs, len(pairs))
    assert found is not None
    assert -1e-9 <= found <= 1 + 1e-9
    assert found == pytest.approx(top_survival([p for p, _ in shuffled], [a for _, a in shuffled]))


def test_survival_of_few_is_not_known() -> None:
    assert top_survival([1.0] * 9, [True] * 9) is None


def test_quartiles_are_interpolated() -> None:
    assert quartile_range([1, 2, 3, 4]) == pytest.approx(1.5)
    assert median([4, 1, 3, 2]) == pytest.approx(2.5)
    assert quantile([0, 10], 0.95) == pytest.approx(9.5)
    assert mean([1, 2]) == 1.5
    assert quartile_range([]) is median([]) is quantile([], 0.5) is mean([]) is None


def test_promises_are_binned_by_confidence() -> None:
    promises = [Kept(place / 10, place % 2 == 0, place) for place in range(10)]
    found = calibration(promises)
    assert [each.size for each in found] == [2] * BINS
    assert [each.confidence for each in found] == pytest.approx([0.05, 0.25, 0.45, 0.65, 0.85])
    assert [each.kept for each in found] == [0.5] * BINS
    assert [each.moved for each in found] == [0.5, 2.5, 4.5, 6.5, 8.5]


def test_equal_confidences_are_never_split() -> None:
    found = calibration([Kept(0.5, True, 0.0)] * 7 + [Kept(0.9, False, 1.0)] * 3)
    assert [(each.size, each.kept) for each in found] == [(7, 1.0), (3, 0.0)]
    assert calibration([]) == ()


@given(st.lists(st.builds(Kept, st.sampled_from([0.1, 0.5, 0.7, 0.9]), st.booleans(), st.floats(0, 100)), max_size=50))
def test_every_promise_is_in_one_bin(promises: list[Kept]) -> None:
    found = calibration(promises)
    assert sum(each.size for each in found) == len(promises)
    assert sum(each.size * each.kept for each in found) == pytest.approx(sum(each.within for each in promises))
