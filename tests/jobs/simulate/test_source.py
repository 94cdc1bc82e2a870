from collections.abc import Sequence

from jobs.simulate.source import METHOD_NOT_FOUND, Cached, Result, Seed


class CountingSource:
    """Responds with its arguments, and remembers the requests."""

    def __init__(self, seeds: int = 9) -> None:
        self.seeds: Sequence[Seed] = [Seed(f"seed {index}") for index in range(seeds)]
        self.asked: list[tuple[int, str, int]] = []

    def result(self, seed: int, method: str, second: int) -> Result:
        self.asked.append((seed, method, second))
        return METHOD_NOT_FOUND if method == "nope" else f"{seed} {method} {second}".encode()


def test_a_list_is_made_once_a_second_for_each_seed_however_many_ask() -> None:
    source = CountingSource()
    cached = Cached(source)
    for _ in range(50):
        for seed in range(9):
            assert cached.result(seed, "get-pods-with-stats", 100) == f"{seed} get-pods-with-stats 100".encode()
    assert source.asked == [(seed, "get-pods-with-stats", 100) for seed in range(9)]


def test_the_next_second_has_a_list_of_its_own() -> None:
    source = CountingSource()
    cached = Cached(source)
    assert [cached.result(0, "get-pods", second) for second in (1, 2, 2)] == [
        b"0 get-pods 1",
        b"0 get-pods 2",
        b"0 get-pods 2",
    ]
    assert len(source.asked) == 2


def test_neither_errors_nor_huge_answers_are_held() -> None:
    source = CountingSource()
    cached = Cached(source, max_bytes=5)
    assert [cached.result(0, "nope", 1) for _ in range(2)] == [METHOD_NOT_FOUND] * 2
    assert [cached.result(0, "get-pods", 1) for _ in range(2)] == [b"0 get-pods 1"] * 2
    assert len(source.asked) == 4


def test_the_seeds_are_those_of_the_source() -> None:
    source = CountingSource(2)
    assert Cached(source).seeds == source.seeds
