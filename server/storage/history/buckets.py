"""Buckets as documents: one for each subject, resolution and period, with one part for each hour.

| resolution | period | parts |
|---|---|---|
| RAW, M5 | a UTC day | `hHOUR` an hour; `dDAY` the day, once it is closed |
| H1 | a UTC month | the same |
| D1 | a UTC year | `dDAY` a day |

Part keys are the unix seconds of UTC hours and days. A part is a block (`server.storage.history.blocks`) and depends
only on the committed snapshots, so writing it again changes nothing. A closed day is packed as one block, which takes
a quarter of the space of its hours. If both exist, the hour takes precedence.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.points import BUCKET_SECONDS, NETWORK_METRICS, NODE_METRICS, HistoryPoint, Resolution
from schema.domain.history.rollup import Sample
from server.storage.damage import UNDECODABLE
from server.storage.history.blocks import unpack_points, unpack_samples

# No node has this id: node ids are keys of 32 bytes, or begin with `addr:`.
NETWORK = "network"

log = structlog.get_logger(__name__)

Parts = Mapping[str, bytes]
UnpackPoints = Callable[[bytes, Sequence[str], int], Sequence[HistoryPoint]]
T = TypeVar("T")


def key_of(resolution: Resolution, period: UnixSeconds, subject: str) -> str:
    return f"{resolution.value}|{period}|{subject}"


def subject_of(key: str) -> str:
    return key.split("|", 2)[2]


def metrics_of(subject: str) -> Sequence[str]:
    return NETWORK_METRICS if subject == NETWORK else NODE_METRICS


def period_of(resolution: Resolution, at: UnixSeconds) -> UnixSeconds:
    """The start of the period that holds a time: a UTC day, month or year."""
    if resolution in {Resolution.RAW, Resolution.M5}:
        return at // DAY * DAY
    moment = datetime.fromtimestamp(at, UTC)
    month = moment.month if resolution is Resolution.H1 else 1
    return int(datetime(moment.year, month, 1, tzinfo=UTC).timestamp())


def periods(resolution: Resolution, start: UnixSeconds, end: UnixSeconds) -> list[UnixSeconds]:
    """The periods that overlap [start, end), in order."""
    longest = {Resolution.H1: 31, Resolution.D1: 366}.get(resolution, 1) * DAY
    found: list[UnixSeconds] = []
    at = period_of(resolution, start)
    while at < end:
        found.append(at)
        at = period_of(resolution, at + longest)
    return found


def hour_key(hour: UnixSeconds) -> str:
    return f"h{hour}"


def day_key(day: UnixSeconds) -> str:
    return f"d{day}"


def time_of(key: str) -> UnixSeconds:
    """The hour or day of a part."""
    return int(key[1:])


def samples_in(parts: Parts, unpack: Callable[[bytes], Sequence[Sample]] = unpack_samples) -> list[Sample]:
    """The raw samples in parts, in order. `unpack` may have a cache."""
    return _merged(parts, unpack, lambda sample: sample.slot)


def points_in(
    parts: Parts, subject: str, resolution: Resolution, unpack: UnpackPoints = unpack_points
) -> list[HistoryPoint]:
    """The buckets in parts, in order. `unpack` may have a cache."""
    metrics, seconds = metrics_of(subject), BUCKET_SECONDS[resolution]
    return _merged(parts, lambda body: unpack(body, metrics, seconds), lambda point: point.start)


def _merged(parts: Parts, unpack: Callable[[bytes], Sequence[T]], time: Callable[[T], UnixSeconds]) -> list[T]:
    """The contents of the parts, in order of time. Of a closed day, only the hours that have no part of their own."""
    fresh = {time_of(key) for key in parts if key.startswith("h")}
    found: list[T] = []
    for key in sorted(parts, key=time_of):
        try:
            items = unpack(parts[key])
        except UNDECODABLE as error:
            log.error("history.part_unreadable", part=key, error=repr(error))  # noqa: TRY400  (the cause has all details)
            continue
        if key.startswith("d") and fresh:
            items = [item for item in items if time(item) // HOUR * HOUR not in fresh]
        found.extend(items)
    return sorted(found, key=time) if fresh else found


def shares_time(key: str, start: UnixSeconds, end: UnixSeconds) -> bool:
    at = time_of(key)
    return at < end and start < at + (HOUR if key.startswith("h") else DAY)
