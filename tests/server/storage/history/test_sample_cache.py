"""Blocks of samples are unpacked once, and only the samples of the range are built."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.history.rollup import Sample
from server.storage.damage import UNDECODABLE
from server.storage.history.blocks import SampleBlock, pack_samples, unpack_samples
from server.storage.history.sample_cache import SampleCache
from tests.factories import AT

DAY = [Sample(AT + 60 * number, 60, (number, None, 7), (("1.0", number + 1),)) for number in range(1_440)]
BODY = pack_samples(DAY)
SIZE = SampleBlock(BODY).size


@given(st.integers(AT - 100, AT + 90_000), st.integers(AT - 100, AT + 90_000))
def test_a_range_gives_the_samples_in_it(start: int, end: int) -> None:
    wanted = tuple(each for each in DAY if start <= each.slot < end)

    assert SampleCache().rows(BODY, start, end) == wanted


def test_a_block_without_bounds_is_whole() -> None:
    assert SampleBlock(BODY).rows() == unpack_samples(BODY) == tuple(DAY)


def test_a_block_is_unpacked_once_for_many_questions() -> None:
    cache = SampleCache()

    for hour in range(24):
        cache.rows(bytes(bytearray(BODY)), AT + 3_600 * hour, AT + 3_600 * (hour + 1))

    assert cache.unpacked == 1


def test_the_blocks_asked_for_last_stay_within_the_bound() -> None:
    cache = SampleCache(max_bytes=2 * SIZE)
    first, second, third = (pack_samples([each._replace(interval=n) for each in DAY]) for n in (1, 2, 3))

    for body in (first, second, first, third, first):
        cache.rows(body, AT, AT + 60)
    assert (cache.size, cache.unpacked) == (2 * SIZE, 3)

    cache.rows(second, AT, AT + 60)
    assert (cache.size, cache.unpacked) == (2 * SIZE, 4)


def test_a_block_beyond_the_bound_is_read_and_not_kept() -> None:
    cache = SampleCache(max_bytes=SIZE - 1)

    assert cache.rows(BODY, AT, AT + 60) == cache.rows(BODY, AT, AT + 60) == (DAY[0],)
    assert (cache.size, cache.unpacked) == (0, 2)


def test_a_block_that_cannot_be_unpacked_is_not_kept() -> None:
    cache = SampleCache()

    with pytest.raises(UNDECODABLE):
        cache.rows(b"?", AT, AT + 60)
    assert cache.size == 0
