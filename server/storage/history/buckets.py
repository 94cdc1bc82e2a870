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

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import structlog

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.points import BUCKET_SECONDS, NETWORK_METRICS, NODE_METRICS, HistoryPoint, Resolution
from schema.domain.history.rollup import Sample
from server.storage.damage import UNDECODABLE
from server.storage.documents import HistoryDocument
from server.storage.history.blocks import unpack_points, unpack_samples

# No node has this id: node ids are keys of 32 bytes, or begin with `addr:`.
NETWORK = "network"

log = structlog.get_logger(__name__)

Parts = Mapping[str, bytes]
UnpackPoints = Callable[[bytes, Sequence[str], int], Sequence[HistoryPoint]]
Find = Callable[[Iterable[str]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Returns the existing documents of some keys."""
T = TypeVar("T")

PARTS = ("parts", "period")
SAMPLES = ("samples",)
"""The projections for reading the parts of documents, and for counting their samples."""


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


class Found(NamedTuple):
    """The stored parts of some subjects, and the periods for which any of them has a document."""

    parts: Mapping[str, Parts]
    periods: frozenset[UnixSeconds]


async def find_parts(keys: Iterable[str]) -> list[dict[str, Any]]:
    """The parts of documents, and their periods."""
    return await HistoryDocument.collection().find({"_id": {"$in": list(keys)}}, dict.fromkeys(PARTS, 1)).to_list()


async def find_samples(keys: Iterable[str]) -> list[dict[str, Any]]:
    """The numbers of samples of documents."""
    return await HistoryDocument.collection().find({"_id": {"$in": list(keys)}}, dict.fromkeys(SAMPLES, 1)).to_list()


async def fetch(
    resolution: Resolution,
    subjects: Iterable[str],
    among: Iterable[UnixSeconds],
    start: UnixSeconds,
    end: UnixSeconds,
    *,
    find: Find = find_parts,
) -> Found:
    """Each subject's parts that overlap [start, end), of the given periods, in one round trip."""
    by_subject: dict[str, dict[str, bytes]] = {subject: {} for subject in subjects}
    keys = [key_of(resolution, period, subject) for period in among for subject in by_subject]
    documents = await find(keys)
    for document in documents:
        by_subject[subject_of(document["_id"])].update(
            (key, body) for key, body in document.get("parts", {}).items() if shares_time(key, start, end)
        )
    return Found(dict(by_subject), frozenset(document["period"] for document in documents))


async def newest_parts(subject: str, resolution: Resolution) -> Parts:
    """A subject's parts in its newest document of a resolution. Empty if it has none.

    Scans the documents of a resolution by their index. Use it for repairs, not for requests.
    """
    newest: dict[str, Any] | None = None
    where = {"resolution": resolution.value}
    async for document in HistoryDocument.collection().find(where, {"period": 1}):
        if subject_of(document["_id"]) == subject and (newest is None or document["period"] > newest["period"]):
            newest = document
    if newest is None:
        return {}
    found = await HistoryDocument.collection().find_one({"_id": newest["_id"]}, {"parts": 1})
    return found.get("parts", {}) if found else {}


async def sampled_days(
    subjects: Iterable[str], start: UnixSeconds, end: UnixSeconds, *, find: Find = find_samples
) -> dict[UnixSeconds, int]:
    """The closed days with samples that overlap [start, end), in order, with the number of samples."""
    keys = [key_of(Resolution.D1, year, subject) for subject in subjects for year in periods(Resolution.D1, start, end)]
    found = await find(keys)
    days: Counter[UnixSeconds] = Counter()
    for document in found:
        samples = document.get("samples", {})
        days.update({time_of(key): n for key, n in samples.items() if shares_time(key, start, end)})
    return {day: days[day] for day in sorted(days)}


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
