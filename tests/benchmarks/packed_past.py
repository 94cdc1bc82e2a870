"""A past of thirty days, packed as the store packs it, so that questions about it cost what they cost in service."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, MINUTE, UnixSeconds
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
from server.storage.history.blocks import PointCache, pack_points, pack_samples, unpack_points
from server.storage.history.sample_cache import SampleCache
from server.storage.history.slices import next_pass, raw_points, unpacked
from tests.factories import AT
from tests.fakes import FakeReads

DAYS = 30


class PackedReads(FakeReads):
    """Every node and the network have the same past, slot by slot for two days and in buckets before."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__([snapshot])
        self._network = _packed(network_sample(snapshot.header), NETWORK_METRICS, PointCache().unpack)
        self._node = _packed(node_sample(snapshot.nodes[0], snapshot.slot, MINUTE), NODE_METRICS, unpack_points)

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
    """The packed days of one subject, its metrics, how its buckets are unpacked, and the samples that are remembered."""

    days: Days
    metrics: Sequence[str]
    unpack: Unpack
    samples: SampleCache


def _packed(sample: Sample, metrics: Sequence[str], unpack: Unpack) -> "Past":
    found: dict[Resolution, dict[UnixSeconds, bytes]] = {Resolution.RAW: {}, Resolution.M5: {}, Resolution.H1: {}}
    for number in range(DAYS):
        day = AT // DAY * DAY - number * DAY
        samples = [sample._replace(slot=slot) for slot in range(day, day + DAY, MINUTE)]
        if number < 2:
            found[Resolution.RAW][day] = pack_samples(samples)
        for resolution in (Resolution.M5, Resolution.H1):
            seconds = BUCKET_SECONDS[resolution]
            starts = range(day, day + DAY, seconds)
            each = combine([raw_point(one, metrics) for one in samples[:5]], day, day + seconds, 5)
            found[resolution][day] = pack_points([each._replace(start=at, end=at + seconds) for at in starts], metrics)
    return Past(found, metrics, unpack, SampleCache())


async def _read(past: Past, start: int, end: int, resolution: Resolution) -> History:
    if resolution is Resolution.AUTO:
        return await _read_auto(past, start, end)
    check_room(resolution, start, end, MINUTE)
    points = await _points(past, start, end, resolution)
    return History(resolution=resolution, start=start, end=end, coverage=1.0, points=tuple(points))


async def _read_auto(past: Past, start: int, end: int) -> History:
    if end - start <= MAX_POINTS * MINUTE:
        return await _read(past, start, end, Resolution.RAW)
    hours = await _read(past, max(start, AT - DAYS * DAY), end, Resolution.H1)
    fine = (end - start) // BUCKET_SECONDS[Resolution.M5] <= MAX_POINTS
    return await _read(past, start, end, Resolution.M5) if fine else hours


async def _points(past: Past, start: int, end: int, resolution: Resolution) -> list[HistoryPoint]:
    parts = {f"d{day}": body for day, body in past.days.get(resolution, {}).items() if start - DAY < day < end}
    if resolution is Resolution.RAW:
        samples = await unpacked(parts, lambda body: past.samples.rows(body, start, end), next_pass)
        wanted = [each for body in parts.values() for each in samples(body) if start <= each.slot < end]
        return await raw_points(sorted(wanted, key=lambda each: each.slot), past.metrics, next_pass)
    seconds = BUCKET_SECONDS.get(resolution, HOUR)
    blocks = await unpacked(parts, lambda body: past.unpack(body, past.metrics, seconds), next_pass)
    return [point for body in parts.values() for point in blocks(body) if start <= point.start < end]
