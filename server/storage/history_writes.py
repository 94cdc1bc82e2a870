"""Writing buckets: an hour when it is over, a day when it is over, and forgetting what is older than its retention.

Every write is a function of what was committed, by the key of its document and part: it may be repeated, and stopped
anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from pymongo import UpdateOne

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history import HistoryPoint, Resolution
from schema.domain.rollup import Hour, roll_day
from server.storage.blocks import BLOCK_ENCODING, pack_points, pack_samples
from server.storage.history import (
    HistoryDocument,
    Parts,
    day_key,
    hour_key,
    key_of,
    metrics_of,
    period_of,
    points_in,
    samples_in,
    subject_of,
)

BATCH = 300  # documents a round trip
_YIELD_EVERY = 10  # subjects packed before the event loop runs, some ms


async def write_hour(hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]], *, pinned: bool = False) -> None:
    """Put an hour of each subject in its documents; `pinned` keeps its raw samples for good."""
    updates: list[UpdateOne] = []
    for number, (subject, figures) in enumerate(rolled):
        metrics = metrics_of(subject)
        raw, m5, h1 = pack_samples(figures.raw), pack_points(figures.m5, metrics), pack_points([figures.h1], metrics)
        updates += [
            _part(Resolution.RAW, subject, hour, hour_key(hour), raw, pinned=pinned),
            _part(Resolution.M5, subject, hour, hour_key(hour), m5),
            _part(Resolution.H1, subject, hour, hour_key(hour), h1, samples=figures.h1.samples),
        ]
        if len(updates) >= BATCH:
            await _write(updates)
            updates = []
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)
    await _write(updates)


async def close_day(day: UnixSeconds) -> None:
    """Pack each subject's hours of a UTC day into one block, and write its D1 bucket."""
    for resolution in (Resolution.RAW, Resolution.M5):
        async for batch in _of_day(resolution, day):
            await _write(
                [_closed(resolution, subject, day, _repacked(resolution, subject, parts)) for subject, parts in batch]
            )
    async for batch in _of_day(Resolution.H1, day):
        updates: list[UpdateOne] = []
        for subject, parts in batch:
            hours = points_in(parts, subject, Resolution.H1)
            updates += [
                _daily(subject, day, roll_day(hours, day)),
                _closed(Resolution.H1, subject, day, pack_points(hours, metrics_of(subject))),
            ]
        await _write(updates)


async def drop_before(resolution: Resolution, before: UnixSeconds, limit: int) -> int:
    """Forget at most `limit` documents whose whole period is older than `before`; gives how many there were."""
    old = {"expires": resolution.value, "period": {"$lt": period_of(resolution, before)}}
    collection = HistoryDocument.collection()
    keys = [document["_id"] for document in await collection.find(old, {"_id": 1}).limit(limit).to_list()]
    for start in range(0, len(keys), BATCH):
        await collection.delete_many({"_id": {"$in": keys[start : start + BATCH]}})
    return len(keys)


def _part(
    resolution: Resolution,
    subject: str,
    at: UnixSeconds,
    key: str,
    body: bytes,
    *,
    samples: int | None = None,
    pinned: bool = False,
) -> UpdateOne:
    """Set one part of the document of its period, which is made if it is the first."""
    period = period_of(resolution, at)
    new: dict[str, Any] = {"resolution": resolution.value, "period": period, "encoding": BLOCK_ENCODING}
    values: dict[str, Any] = {f"parts.{key}": body}
    if samples is not None:
        values[f"samples.{key}"] = samples
    forever = pinned or resolution is Resolution.D1
    (values if forever else new)["expires"] = None if forever else resolution.value
    return UpdateOne({"_id": key_of(resolution, period, subject)}, {"$set": values, "$setOnInsert": new}, upsert=True)


def _daily(subject: str, day: UnixSeconds, bucket: HistoryPoint) -> UpdateOne:
    body = pack_points([bucket], metrics_of(subject))
    return _part(Resolution.D1, subject, day, day_key(day), body, samples=bucket.samples)


def _closed(resolution: Resolution, subject: str, day: UnixSeconds, body: bytes) -> UpdateOne:
    hours = [hour_key(hour) for hour in range(day, day + DAY, HOUR)]
    gone = {f"{field}.{hour}": "" for hour in hours for field in ("parts", "samples")}
    key = key_of(resolution, period_of(resolution, day), subject)
    return UpdateOne({"_id": key}, {"$set": {f"parts.{day_key(day)}": body}, "$unset": gone})


def _repacked(resolution: Resolution, subject: str, parts: Parts) -> bytes:
    if resolution is Resolution.RAW:
        return pack_samples(samples_in(parts))
    return pack_points(points_in(parts, subject, resolution), metrics_of(subject))


async def _of_day(resolution: Resolution, day: UnixSeconds) -> AsyncIterator[Sequence[tuple[str, Parts]]]:
    """The subjects that have parts of a day, with those, in batches."""
    keys = [day_key(day), *(hour_key(hour) for hour in range(day, day + DAY, HOUR))]
    found = HistoryDocument.collection().find(
        {"resolution": resolution.value, "period": period_of(resolution, day)},
        {f"parts.{key}": 1 for key in keys},
        batch_size=BATCH,
    )
    batch: list[tuple[str, Parts]] = []
    async for document in found:
        if document.get("parts"):
            batch.append((subject_of(document["_id"]), document["parts"]))
        if len(batch) == _YIELD_EVERY * 10:
            yield batch
            batch = []
    yield batch


async def _write(updates: Sequence[UpdateOne]) -> None:
    """All in one round trip."""
    if updates:
        await HistoryDocument.collection().bulk_write(updates, ordered=False)
