"""Long work on stored history is done in slices, with a turn before each."""

import pytest

from schema.domain.history.points import NODE_METRICS
from schema.domain.history.rollup import Sample, node_sample, raw_point
from server.storage.damage import UNDECODABLE
from server.storage.history.blocks import pack_samples, unpack_samples
from server.storage.history.slices import SLICE_ITEMS, raw_points, unpacked
from tests.factories import AT, pnode

SAMPLES = [node_sample(pnode(1), AT + 60 * number, 60) for number in range(2 * SLICE_ITEMS + 1)]


class Turns:
    """Records what was done before each turn."""

    def __init__(self) -> None:
        self.work: list[int] = []

    async def __call__(self) -> None:
        self.work.append(0)

    def unpack(self, body: bytes) -> bytes:
        self.work[-1] += len(body)
        return body


async def test_parts_are_unpacked_some_thousand_items_a_turn() -> None:
    turns = Turns()
    parts = {f"h{number}": bytes([number]) * 300 for number in range(100)}

    known = await unpacked(parts, turns.unpack, turns)

    assert max(turns.work) < SLICE_ITEMS + 300
    assert [known(body) for body in parts.values()] == [*parts.values()]
    assert sum(turns.work) == 30_000


async def test_a_part_that_cannot_be_unpacked_fails_when_it_is_asked_for() -> None:
    known = await unpacked({"h0": b"?", "h1": pack_samples(SAMPLES[:2])}, unpack_samples, Turns())

    assert known(pack_samples(SAMPLES[:2])) == tuple(SAMPLES[:2])
    with pytest.raises(UNDECODABLE):
        known(b"?")


@pytest.mark.parametrize(("count", "turns"), [(0, 0), (1, 1), (SLICE_ITEMS, 1), (2 * SLICE_ITEMS + 1, 3)])
async def test_raw_samples_become_points_some_hundred_a_turn(count: int, turns: int) -> None:
    taken = Turns()
    samples: list[Sample] = SAMPLES[:count]

    points = await raw_points(samples, NODE_METRICS, taken)

    assert points == [raw_point(sample, NODE_METRICS) for sample in samples]
    assert len(taken.work) == turns
