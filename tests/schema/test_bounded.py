"""The bounded caches."""

import tracemalloc
from collections.abc import Callable, Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.bounded import BoundedMap, compact

MAX_ENTRIES, MAX_SIZE = 4, 20
# A key to read, or a key and the size of a value to keep under it.
STEPS = st.lists(st.tuples(st.integers(0, 7), st.none() | st.integers(0, 25)), max_size=40)


def taken(make: Callable[[], bytes]) -> int:
    """The memory of the result, in bytes."""
    tracemalloc.start()
    try:
        kept = make()
        return tracemalloc.get_traced_memory()[0] if kept else 0
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value", [{}, "x" * 5_000, [{"id": "node", "score": 1.5}] * 100], ids=["empty", "text", "list"]
)
def test_what_is_compact_takes_its_length(value: object) -> None:
    written = orjson.dumps(value)
    assert compact(written) == written
    assert taken(lambda: compact(orjson.dumps(value))) < len(written) + 500


def recent(steps: Sequence[tuple[int, int | None]], largest: int) -> list[tuple[int, int]]:
    """The keys and sizes that a cache holds after these steps, least recently used first, by a list."""
    held: list[tuple[int, int]] = []
    for key, size in steps:
        sizes = dict(held)
        if size is None and key in sizes:
            held.append((key, sizes[key]))
            held.remove((key, sizes[key]))
        elif size is not None and size <= largest:
            held = [(other, each) for other, each in held if other != key] + [(key, size)]
        while len(held) > MAX_ENTRIES or sum(each for _, each in held) > MAX_SIZE:
            held.pop(0)
    return held


@given(STEPS, st.sampled_from([None, 0, 7, MAX_SIZE]))
def test_the_most_recently_used_values_are_kept_within_both_bounds(
    steps: list[tuple[int, int | None]], largest: int | None
) -> None:
    cache = BoundedMap[int, tuple[int, int]](max_entries=MAX_ENTRIES, max_size=MAX_SIZE, largest=largest, at_once=True)
    for key, size in steps:
        if size is None:
            cache.get(key)
        else:
            cache.put(key, (key, size), size)
    held = recent(steps, MAX_SIZE // 8 if largest is None else largest)
    assert cache.size == sum(size for _, size in held)
    assert len(cache) == len(held)
    assert [cache.get(key) for key, _ in held] == held


def test_a_value_is_kept_once_its_key_was_seen_before() -> None:
    cache = BoundedMap[str, int](max_entries=9, max_size=9)
    assert [cache.put("a", 1, 1), cache.put("b", 1, 1), cache.put("a", 1, 1)] == [False, False, True]
    assert (cache.get("a"), cache.get("b")) == (1, None)


@given(st.lists(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_dropped_keys_are_gone_with_their_sizes(keys: list[int], unwanted: set[int]) -> None:
    cache = BoundedMap[int, int](max_entries=MAX_ENTRIES, max_size=MAX_SIZE, largest=MAX_SIZE, at_once=True)
    for key in keys:
        cache.put(key, key, key)
    held = {key for key in keys if cache.get(key) is not None}
    cache.drop(unwanted.__contains__)

    assert {key for key in keys if cache.get(key) is not None} == held - unwanted
    assert cache.size == sum(held - unwanted)
