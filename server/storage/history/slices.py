"""Long work on the store's replies, in slices of some milliseconds.

The store may answer many queries at the same time. Without a pause between slices, all replies would be unpacked in one
iteration of the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from schema.domain.history.points import HistoryPoint
from schema.domain.history.rollup import Sample, raw_point
from server.storage.damage import UNDECODABLE
from server.storage.history.buckets import Parts

# Samples or buckets in one slice. A part is unpacked whole, and has at most those of a day.
SLICE_ITEMS = 2_000

T = TypeVar("T")
Turn = Callable[[], Awaitable[object]]
"""Awaited before each slice."""


async def next_pass() -> None:
    """The simplest turn: one iteration of the event loop."""
    await asyncio.sleep(0)


async def unpacked(parts: Parts, unpack: Callable[[bytes], Sequence[T]], turn: Turn) -> Callable[[bytes], Sequence[T]]:
    """`unpack` with its results computed in advance for these parts. For a damaged part it raises as before."""
    done: dict[bytes, Sequence[T]] = {}
    items = SLICE_ITEMS
    for body in parts.values():
        if items >= SLICE_ITEMS:
            await turn()
            items = 0
        with suppress(*UNDECODABLE):
            done[body] = unpack(body)
            items += len(done[body])
    return lambda body: done[body] if body in done else unpack(body)


async def raw_points(samples: Sequence[Sample], metrics: Sequence[str], turn: Turn) -> list[HistoryPoint]:
    """The samples as points of history, in the same order."""
    points: list[HistoryPoint] = []
    for first in range(0, len(samples), SLICE_ITEMS):
        await turn()
        points.extend(raw_point(sample, metrics) for sample in samples[first : first + SLICE_ITEMS])
    return points
