"""The measure of the soak test: it detects a slow leak, and ignores filling caches and waves."""

import math

import pytest

from tests.faults.growth import Growth, Holding, growth

ALLOWED = {"memory_kb": 1_000.0, "descriptors": 2.0, "tasks": 2.0, "objects": 500.0}

pytestmark = pytest.mark.quick


def held(memory_kb: float = 50_000, descriptors: float = 20, tasks: float = 9, objects: float = 90_000) -> Holding:
    return Holding(memory_kb, descriptors, tasks, objects, {"builtins.dict": int(objects) // 2})


def found(samples: list[Holding]) -> list[str]:
    return [words.partition(" ")[0] for words in growth(samples).beyond(ALLOWED)]


def test_what_stays_is_no_growth() -> None:
    assert found([held()] * 9) == []


@pytest.mark.parametrize(
    ("name", "a_sample"), [("memory_kb", 110), ("descriptors", 0.3), ("tasks", 0.3), ("objects", 60)]
)
def test_a_slow_leak_is_found(name: str, a_sample: float) -> None:
    start = held()
    leaking = [start._replace(**{name: getattr(start, name) + n * a_sample}) for n in range(30)]
    assert found(leaking) == [name]


def test_what_fills_up_at_the_start_is_no_leak() -> None:
    filling = [held(memory_kb=50_000 + 30_000 * min(n / 10, 1), objects=90_000 + 9_000 * min(n, 9)) for n in range(30)]
    assert found(filling) == []


def test_waves_are_no_leak() -> None:
    assert found([held(descriptors=20 + 9 * math.sin(n), tasks=9 + 9 * math.cos(n)) for n in range(60)]) == []


def test_what_grew_is_named() -> None:
    grown: Growth = growth([held(objects=90_000 + 1_000 * n) for n in range(9)])
    assert dict(grown.kinds) == {"builtins.dict": 2_500}


def test_less_is_no_growth() -> None:
    assert found([held(memory_kb=90_000 - 1_000 * n, objects=90_000 - n) for n in range(30)]) == []


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="2 samples: expected at least 3"):
        growth([held()] * 2)
