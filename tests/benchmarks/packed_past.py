"""A past of two years, packed like in the store, so that queries about it have realistic costs.

Raw samples cover three days, five-minute buckets fifteen, hourly buckets ninety, and daily buckets everything.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from schema.domain.base import DAY, MINUTE, UnixSeconds
from schema.domain.history.points import (
    BUCKET_SECONDS,
    MAX_POINTS,
    NETWORK_METRICS,
    NODE_METRICS,
    History,
    HistoryPoint,
    Resolution,
)
from schema.domain.history.ranges import check_room
from schema.domain.history.rollup import Sample, combine, network_sample, node_sample, raw_point
from schema.domain.snapshot.record import Snapshot
from server.storage.history.blocks import PointCache, Within, pack_points, pack_samples, unpack_points
from server.storage.history.sample_cache import SampleCache
from server.storage.history.slices import next_pass, raw_points, unpacked
from tests.factories import AT
from tests.fakes import FakeReads

KEPT_DAYS = {Resolution.RAW: 3, Resolution.M5: 15, Resolution.H1: 90, Resolution.D1: 730}


class PackedReads(FakeReads):
    """Every node and the network have the same past: slot by slot for two days, in buckets before that."""

    def __init__(self, snapshot: Snapshot, older: Sequence[Snapshot] = ()) -> None:
        super().__init__([*older, snapshot])
        self._network_days = packed(network_sample(snapshot.header), NETWORK_METRICS)
        self._node_days = packed(node_sample(snapshot.nodes[0], snapshot.slot, MINUTE), NODE_METRICS)
        self.forget()

    def forget(self) -> None:
        """Drop everything unpacked, as for the first client."""
        self._network = Past(self._network_days, NETWORK_METRICS, PointCache(), SampleCache())
        self._node = Past(self._node_days, NODE_METRICS, None, SampleCache())

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        return await _read(self._network, start, end, resolution)

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        return await _read(self._node, start, end, resolution)


Unpack = Callable[[bytes, Sequence[str], int], Sequence[HistoryPoint]]
Days = Mapping[Resolution, Mapping[UnixSeconds, bytes]]


class Past(NamedTuple):
    """The packed days of one subject, its metrics, and the cached buckets, which only the network has."""

    days: Days
    metrics: Sequence[str]
    points: PointCache | None
    samples: SampleCache

    def unpacker(self, within: Within) -> Unpack:
        return self.points.unpack if self.points is not None else partial(unpack_points, within=within)


def packed(sample: Sample, metrics: Sequence[str]) -> Days:
    """The days of one subject, which differ only in their times and in one increasing figure."""
    found: dict[Resolution, dict[UnixSeconds, bytes]] = {each: {} for each in KEPT_DAYS}
    for resolution, days in KEPT_DAYS.items():
        for day in range(AT // DAY * DAY - (days - 1) * DAY, AT // DAY * DAY + DAY, DAY):
            found[resolution][day] = _packed_day(sample, metrics, resolution, day)
    return found


def _packed_day(sample: Sample, metrics: Sequence[str], resolution: Resolution, day: UnixSeconds) -> bytes:
    if resolution is Resolution.RAW:
        return pack_samples([_moved(sample, slot) for slot in range(day, day + DAY, MINUTE)])
    seconds = BUCKET_SECONDS[resolution]
    points = [
        combine([raw_point(_moved(sample, at + MINUTE * n), metrics) for n in range(5)], at, at + seconds, 5)
        for at in range(day, day + DAY, seconds)
    ]
    return pack_points(points, metrics)


def _moved(sample: Sample, slot: UnixSeconds) -> Sample:
    """The sample at another time, with other figures. Columns of equal figures would be unpacked in no time."""
    values = tuple(value if value is None else value + slot // MINUTE % 97 for value in sample.values)
    return sample._replace(slot=slot, values=values)


async def _read(past: Past, start: int, end: int, resolution: Resolution) -> History:
    if resolution is Resolution.AUTO:
        return await _read_auto(past, start, end)
    check_room(resolution, start, end, MINUTE)
    points = await _points(past, start, end, resolution)
    return History(resolution=resolution, start=start, end=end, coverage=1.0, points=tuple(points))


async def _read_auto(past: Past, start: int, end: int) -> History:
    if end - start <= MAX_POINTS * MINUTE:
        return await _read(past, start, end, Resolution.RAW)
    hours = await _read(past, max(start, AT - KEPT_DAYS[Resolution.H1] * DAY), end, Resolution.H1)
    if (end - start) // BUCKET_SECONDS[Resolution.M5] <= MAX_POINTS:
        return await _read(past, start, end, Resolution.M5)
    return hours if len(hours.points) <= MAX_POINTS else await _read(past, start, end, Resolution.D1)


async def _points(past: Past, start: int, end: int, resolution: Resolution) -> list[HistoryPoint]:
    parts = {f"d{day}": body for day, body in past.days.get(resolution, {}).items() if start - DAY < day < end}
    if resolution is Resolution.RAW:
        samples = await unpacked(parts, lambda body: past.samples.rows(body, start, end), next_pass)
        wanted = [each for body in parts.values() for each in samples(body) if start <= each.slot < end]
        return await raw_points(sorted(wanted, key=lambda each: each.slot), past.metrics, next_pass)
    seconds = BUCKET_SECONDS[resolution]
    unpack = past.unpacker((start, end))
    blocks = await unpacked(parts, lambda body: unpack(body, past.metrics, seconds), next_pass)
    return [point for body in parts.values() for point in blocks(body) if start <= point.start < end]
