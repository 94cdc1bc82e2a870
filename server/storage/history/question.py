"""One query of the history: the stored documents, the hours after them, and the choice of the resolution."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple, TypeVar

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.points import BUCKET_SECONDS, MAX_POINTS, History, HistoryPoint, Resolution
from schema.domain.history.ranges import align, coverage, joined, too_large
from schema.domain.history.rollup import Hour, Sample, hour_room, roll_day, roll_hour
from server.storage.history.blocks import PointCache, Within, unpack_points
from server.storage.history.buckets import (
    NETWORK,
    Parts,
    metrics_of,
    period_of,
    periods,
    points_in,
    samples_in,
)
from server.storage.history.open_hours import OpenHours
from server.storage.history.sample_cache import SampleCache
from server.storage.history.slices import Turn, raw_points, unpacked
from server.storage.history.store import Found, HistoryStore

_M5_PER_HOUR = HOUR // BUCKET_SECONDS[Resolution.M5]

T = TypeVar("T")

_start = attrgetter("start")


class HistoryEnd(NamedTuple):
    """Where the past ends.

    Hours before `rolled` and days before `unclosed` are in the documents. Buckets that end by `closed` no longer
    change. `interval` is that of the newest slot, in seconds.
    """

    rolled: UnixSeconds
    unclosed: UnixSeconds
    closed: UnixSeconds
    interval: int


class Series(NamedTuple):
    """The points of a range at one resolution. `complete` is false if some were deleted that a coarser resolution still
    has."""

    points: tuple[HistoryPoint, ...]
    complete: bool


class Question:
    """The history in [start, end) of the network, or of one node (by its ids, oldest first).

    `sampled` are the closed days of the range that have samples, with their number. `turn` is awaited before each slice
    of long work.
    """

    def __init__(
        self,
        subjects: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        *,
        include_current: bool,
        edge: HistoryEnd,
        sampled: Mapping[UnixSeconds, int],
        store: HistoryStore,
        open_hours: OpenHours,
        cache: PointCache,
        samples: SampleCache,
        max_auto_points: int = MAX_POINTS,
        turn: Turn,
    ) -> None:
        self._turn = turn
        self._subjects = subjects
        self._start = start
        self._end = end
        self._include_current = include_current
        self._edge = edge
        self._store = store
        self._open = open_hours
        self._cache = cache
        self._samples = samples
        self._most = max_auto_points
        self._sampled = sampled

    async def answer(self, resolution: Resolution) -> History:
        """The history at this resolution, even if it is incomplete."""
        return self._history(resolution, await self._series(resolution))

    async def answer_auto(self) -> History:
        """The history at the finest resolution that has all of it in at most `max_auto_points`.

        Raises RangeTooLarge if there are more days than that.
        """
        whole_days = {day: n for day, n in self._sampled.items() if self._start <= day and day + DAY <= self._end}
        hours = await self._hours_of_many_slots() if sum(whole_days.values()) <= self._most else None
        fewest_raw = max(sum(whole_days.values()), sum(hour.samples for hour in hours.points[1:-1]) if hours else 0)
        if fewest_raw <= self._most:
            raw = await self._series(Resolution.RAW)
            if raw.complete and len(raw.points) <= self._most:
                return self._history(Resolution.RAW, raw)
        if len(whole_days) <= self._most:
            hourly = hours or await self._series(Resolution.H1)
            if _fewest_m5(hourly.points[1:-1]) <= self._most:
                m5 = await self._series(Resolution.M5)
                if m5.complete and len(m5.points) <= self._most:
                    return self._history(Resolution.M5, m5)
            if hourly.complete and len(hourly.points) <= self._most:
                return self._history(Resolution.H1, hourly)
        daily = await self._series(Resolution.D1)
        if len(daily.points) > self._most:
            raise too_large(Resolution.D1, len(daily.points), self._most)
        return self._history(Resolution.D1, daily)

    async def _hours_of_many_slots(self) -> Series | None:
        """The hours of a range that may have too many slots. Counting by hours is cheaper than reading the slots.

        None for other ranges, and for a node with several ids, whose hours may count a slot more than once.
        """
        fits = (self._end - self._start) // self._edge.interval <= self._most
        return None if fits or len(self._subjects) > 1 else await self._series(Resolution.H1)

    def _history(self, resolution: Resolution, series: Series) -> History:
        start, end = self._range(resolution)
        return History(
            resolution=resolution,
            start=start,
            end=end,
            coverage=coverage(series.points, start, min(end, self._edge.closed), self._edge.interval),
            truncated=not series.complete,
            points=series.points,
        )

    def _range(self, resolution: Resolution) -> tuple[UnixSeconds, UnixSeconds]:
        """The range in whole buckets, without the open one unless it is requested."""
        start, end = align(resolution, self._start, self._end)
        if resolution is not Resolution.RAW and not self._include_current:
            end = min(end, self._edge.closed // BUCKET_SECONDS[resolution] * BUCKET_SECONDS[resolution])
        return start, max(start, end)

    async def _series(self, resolution: Resolution) -> Series:
        start, end = self._range(resolution)
        found = await self._store.fetch(resolution, self._subjects, self._periods(resolution, end), start, end)
        series = [await self._points_of(subject, resolution, found, start, end) for subject in self._subjects]
        points = joined(series)
        points = points[bisect_left(points, start, key=_start) : bisect_left(points, end, key=_start)]
        if resolution is not Resolution.RAW:
            closed = bisect_right(points, self._edge.closed, key=attrgetter("end"))
            points = (*points[:closed], *(p._replace(partial=True) for p in points[closed:]))
        return Series(points, self._is_complete(resolution, found))

    def _periods(self, resolution: Resolution, end: UnixSeconds) -> list[UnixSeconds]:
        """The periods that can have points: those of days with samples, and those that are not closed.

        They include the day before, which may have been closed while the edge and the days with samples were looked up.
        """
        fresh = periods(resolution, max(self._start, self._edge.unclosed - DAY), end)
        return sorted({period_of(resolution, day) for day in self._sampled} | set(fresh))

    def _is_complete(self, resolution: Resolution, found: Found) -> bool:
        if resolution is Resolution.D1:
            return True
        return all(period_of(resolution, day) in found.periods for day in self._sampled)

    async def _points_of(
        self, subject: str, resolution: Resolution, found: Found, start: UnixSeconds, end: UnixSeconds
    ) -> list[HistoryPoint]:
        parts = found.parts[subject]
        metrics = metrics_of(subject)
        if resolution is Resolution.RAW:
            fresh = await self._open_samples(subject, start, end)
            known = await unpacked(parts, lambda body: self._samples.rows(body, start, end), self._turn)
            kept_samples = samples_in(parts, known)
            samples = _followed(kept_samples, fresh, lambda sample: sample.slot)
            return await raw_points([each for each in samples if start <= each.slot < end], metrics, self._turn)
        kept = await self._kept(subject, resolution, parts, (start, end))
        if resolution is Resolution.D1:
            return _followed(kept, await self._open_days(subject, start, end), lambda p: p.start)
        hours = await self._open_hours(subject, start, end)
        fresh = [p for hour in hours for p in (hour.m5 if resolution is Resolution.M5 else (hour.h1,))]
        return _followed(kept, fresh, lambda p: p.start)

    async def _kept(self, subject: str, resolution: Resolution, parts: Parts, within: Within) -> list[HistoryPoint]:
        """The buckets in documents that start within a range, or more.

        Those of the network are cached, because many requests share them. Unpacking a node's is cheaper than caching
        it.
        """
        unpack = self._cache.unpack if subject == NETWORK else partial(unpack_points, within=within)
        metrics, seconds = metrics_of(subject), BUCKET_SECONDS[resolution]
        known = await unpacked(parts, lambda body: unpack(body, metrics, seconds), self._turn)
        return points_in(parts, subject, resolution, lambda body, _metrics, _seconds: known(body))

    async def _open_samples(self, subject: str, start: UnixSeconds, end: UnixSeconds) -> list[Sample]:
        start = max(start, self._edge.rolled)
        if start >= end:
            return []
        if subject == NETWORK:
            return self._open.network(start, end)
        return await self._open.node(subject, start, end)

    async def _open_hours(self, subject: str, start: UnixSeconds, end: UnixSeconds) -> list[Hour]:
        """The hours that overlap [start, end) and are in no document, rolled up."""
        samples = await self._open_samples(subject, start // HOUR * HOUR, -(-end // HOUR) * HOUR)
        rolled: list[Hour] = []
        for hour, of_hour in groupby(samples, key=lambda sample: sample.slot // HOUR * HOUR):
            beats = self._open.beats(hour, hour + HOUR)
            room = hour_room(beats, hour, self._edge.closed)
            rolled.append(roll_hour(list(of_hour), metrics_of(subject), hour, room))
        return rolled

    async def _open_days(self, subject: str, start: UnixSeconds, end: UnixSeconds) -> list[HistoryPoint]:
        """The days that overlap [start, end) and are not closed, computed from their hours."""
        start = max(start, self._edge.unclosed)
        if start >= end:
            return []
        months = periods(Resolution.H1, start, end)
        found = await self._store.fetch(Resolution.H1, (subject,), months, start, end)
        hourly = await self._kept(subject, Resolution.H1, found.parts[subject], (start, -(-end // DAY) * DAY))
        fresh = [hour.h1 for hour in await self._open_hours(subject, start, end)]
        hours = _followed(hourly, fresh, lambda p: p.start)
        close = partial(roll_day, until=self._edge.closed)
        return [close(list(of_day), day) for day, of_day in groupby(hours, key=lambda p: p.start // DAY * DAY)]


def _followed(kept: Sequence[T], fresh: Sequence[T], time: Callable[[T], UnixSeconds]) -> list[T]:
    """The stored buckets and the later ones. An hour may be in both, if it was rolled up since the edge was found."""
    last = time(kept[-1]) if kept else -1
    return [*kept, *(item for item in fresh if time(item) > last)]


def _fewest_m5(hours: Sequence[HistoryPoint]) -> int:
    """The minimum number of M5 buckets for the samples of these hours."""
    return sum(-(-hour.samples * _M5_PER_HOUR // max(hour.expected, hour.samples)) for hour in hours)
