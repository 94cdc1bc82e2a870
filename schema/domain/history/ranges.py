"""Ranges of history: which ranges are allowed, how they are aligned, and which resolution AUTO selects."""

from collections.abc import Sequence

from schema.domain.base import UnixSeconds, written
from schema.domain.errors import BadUserInput, RangeTooLarge
from schema.domain.history.points import BUCKET_SECONDS, HistoryPoint, Resolution
from schema.domain.history.rollup import combine, room

# Fits 14 days of M5, 90 days of H1, and 48 hours of RAW with one slot a minute.
POINT_LIMIT = 5_000
MAX_TIME = 253_402_300_800  # the year 10000, the end of supported dates


def clip(start: UnixSeconds, end: UnixSeconds, now: float) -> tuple[UnixSeconds, UnixSeconds]:
    """The part of [start, end) that is not in the future. Raises BadUserInput unless start < end."""
    if start >= end:
        raise BadUserInput(f"history from {written(start)} to {written(end)}: expected a start before the end")
    return max(0, start), max(0, min(end, int(now) + 1, MAX_TIME))


def align(resolution: Resolution, start: UnixSeconds, end: UnixSeconds) -> tuple[UnixSeconds, UnixSeconds]:
    """The smallest range of whole buckets around [start, end). Raw slots are not aligned."""
    seconds = BUCKET_SECONDS.get(resolution, 1)
    return start // seconds * seconds, -(-end // seconds) * seconds


def check_room(resolution: Resolution, start: UnixSeconds, end: UnixSeconds, interval: int) -> None:
    """Raises RangeTooLarge if [start, end) can hold more than `POINT_LIMIT` points of this resolution.

    `interval` is the length of a slot in seconds, for RAW. The check does not depend on the stored data, so a question
    that is answered today is answered tomorrow. AUTO counts existing points instead.
    """
    seconds = BUCKET_SECONDS.get(resolution, interval)
    if end - start > POINT_LIMIT * seconds:
        room_for = -(-(end - start) // seconds)
        raise RangeTooLarge(
            f"the range holds up to {room_for} points at {resolution.value}: expected at most {POINT_LIMIT}; request a "
            "shorter range or a coarser resolution, or AUTO, which counts only existing points",
            {"limit": POINT_LIMIT},
        )


def check_points(points: Sequence[HistoryPoint], resolution: Resolution) -> None:
    """Raises RangeTooLarge for more than `POINT_LIMIT` points."""
    if len(points) > POINT_LIMIT:
        raise too_large(resolution, len(points), POINT_LIMIT)


def too_large(resolution: Resolution, points: int, limit: int) -> RangeTooLarge:
    return RangeTooLarge(
        f"{points} points at {resolution.value}: expected at most {limit}; request a shorter range or a coarser "
        "resolution",
        {"limit": limit},
    )


def coverage(points: Sequence[HistoryPoint], start: UnixSeconds, end: UnixSeconds, interval: int) -> float | None:
    """Samples per expected slot over [start, end), 0..1. None if no slot was expected.

    Slots in gaps are assumed to be as frequent as at the points around them, or one per `interval` seconds without
    points.
    """
    expected = room(points, start, end) or (end - start) // interval
    if expected <= 0:
        return None
    return min(1.0, sum(point.samples for point in points) / expected)


def joined(series: Sequence[Sequence[HistoryPoint]]) -> tuple[HistoryPoint, ...]:
    """Join the series of the ids that a node had one after the other, oldest id first.

    If two ids share a bucket, its samples are those of both. Its expected slots are the greater of the two numbers.
    """
    if len(series) == 1:
        return tuple(series[0])
    by_start: dict[UnixSeconds, list[HistoryPoint]] = {}
    for points in series:
        for point in points:
            by_start.setdefault(point.start, []).append(point)
    return tuple(
        shared[0]
        if len(shared) == 1
        else combine(shared, start, shared[0].end, max(point.expected for point in shared))
        for start, shared in sorted(by_start.items())
    )
