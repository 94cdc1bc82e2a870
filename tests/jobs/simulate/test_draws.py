from hypothesis import given
from hypothesis import strategies as st

from jobs.simulate.draws import Draws


def test_the_stream_is_the_same_on_every_machine() -> None:
    draws = Draws("row", 1, 0)
    assert [draws.word() for _ in range(3)] == [
        12562406276521947157,
        4801400127457230868,
        7840926024298844301,
    ]


def test_other_names_give_another_stream() -> None:
    assert Draws("row", 1, 0).word() != Draws("row", 1, 1).word()


@given(st.integers(), st.integers(min_value=1, max_value=10**6))
def test_numbers_stay_within_their_bounds(name: int, bound: int) -> None:
    draws = Draws(name)
    assert 0 <= draws.unit() < 1
    assert 0 <= draws.below(bound) < bound


def test_names_are_picked_as_often_as_their_weight_says() -> None:
    draws = Draws("weights")
    picked = [draws.pick((("a", 3), ("b", 1))) for _ in range(4_000)]
    assert 0.72 < picked.count("a") / 4_000 < 0.78


def test_a_name_of_no_weight_is_never_picked() -> None:
    draws = Draws("weights")
    assert {draws.pick((("a", 1), ("b", 0))) for _ in range(1_000)} == {"a"}
