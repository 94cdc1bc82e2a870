"""Writes the buckets of hours and days when they are over, and deletes those older than their retention.

Every write depends only on committed data, with the key of its document and part. It may be repeated, and interrupted
anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.points import HistoryPoint, Resolution
from schema.domain.history.rollup import Hour, roll_day
from server.storage.connect import Mongo
from server.storage.documents import BLOCK_ENCODING, HistoryDocument
from server.storage.history.blocks import pack_points, pack_samples
from server.storage.history.buckets import (
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

FINE = (Resolution.RAW, Resolution.M5, Resolution.H1)
BATCH = 300  # documents per round trip
BATCH_CLOSED = 100  # the size of those of a day
_YIELD_EVERY = 10  # subjects packed before the event loop runs, some ms


class HeldHours:
    """Packed hours of one UTC day that are written with it: about 500 bytes for each subject and hour.

    `pinned` keeps their raw samples permanently.
    """

    def __init__(self, *, pinned: bool = False) -> None:
        self.pinned = pinned
        self._parts: dict[Resolution, dict[str, dict[str, bytes]]] = {resolution: {} for resolution in FINE}

    async def add(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]]) -> None:
        """Hold an hour of each subject."""
        async for subject, _, bodies in _packed(rolled):
            for resolution, body in bodies.items():
                self._parts[resolution].setdefault(subject, {})[hour_key(hour)] = body

    def take(self, resolution: Resolution, subject: str) -> Parts:
        """Remove and return the held hours of a subject."""
        return self._parts[resolution].pop(subject, {})

    def rest(self, resolution: Resolution) -> list[str]:
        """The subjects with held hours."""
        return sorted(self._parts[resolution])


class HistoryWrites:
    """Writes to the history of one store."""

    def __init__(self, mongo: Mongo) -> None:
        self._collection = mongo.collection(HistoryDocument)

    async def write_hour(self, hour: UnixSeconds, rolled: Iterable[tuple[str, Hour]]) -> None:
        """Put an hour of each subject in its documents."""
        updates: list[UpdateOne] = []
        async for subject, count, bodies in _packed(rolled):
            for resolution, body in bodies.items():
                samples = count if resolution is Resolution.H1 else None
                updates.append(_part(resolution, subject, hour, hour_key(hour), body, samples=samples))
            if len(updates) >= BATCH:
                await self._write(updates)
                updates = []
        await self._write(updates)

    async def close_day(self, day: UnixSeconds, held: HeldHours | None = None) -> None:
        """Pack each subject's hours of a UTC day, including held ones, into one block, and write its D1 bucket."""
        held = held or HeldHours()
        for resolution in FINE:
            async for batch in self._of_day(resolution, day):
                whole = [(subject, {**parts, **held.take(resolution, subject)}) for subject, parts in batch]
                await self._close(resolution, day, whole, pinned=held.pinned)
            rest = held.rest(resolution)
            for start in range(0, len(rest), BATCH_CLOSED):
                some = rest[start : start + BATCH_CLOSED]
                whole = [(subject, held.take(resolution, subject)) for subject in some]
                await self._close(resolution, day, whole, pinned=held.pinned)

    async def drop_before(self, resolution: Resolution, before: UnixSeconds, limit: int) -> int:
        """Delete at most `limit` documents whose whole period is older than `before`. Returns the number."""
        old = {"expires": resolution.value, "period": {"$lt": period_of(resolution, before)}}
        keys = [document["_id"] for document in await self._collection.find(old, {"_id": 1}).limit(limit).to_list()]
        for start in range(0, len(keys), BATCH):
            await self._collection.delete_many({"_id": {"$in": keys[start : start + BATCH]}})
        return len(keys)

    async def _close(
        self, resolution: Resolution, day: UnixSeconds, batch: Sequence[tuple[str, Parts]], *, pinned: bool
    ) -> None:
        """Write the day of some subjects as one part each."""
        updates: list[UpdateOne] = []
        for number, (subject, parts) in enumerate(batch):
            if resolution is Resolution.RAW:
                samples = samples_in(parts)
                body = pack_samples(samples) if samples else None
            else:
                buckets = points_in(parts, subject, resolution)
                body = pack_points(buckets, metrics_of(subject)) if buckets else None
                if body is not None and resolution is Resolution.H1:
                    updates.append(_daily(subject, day, roll_day(buckets, day)))
            if body is None:  # nothing of it can be read
                continue
            updates.append(_whole(resolution, subject, day, body, pinned=pinned and resolution is Resolution.RAW))
            if number % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
        await self._write(updates)

    async def _of_day(self, resolution: Resolution, day: UnixSeconds) -> AsyncIterator[Sequence[tuple[str, Parts]]]:
        """The subjects that have parts of a day, with these parts, in batches."""
        keys = [day_key(day), *(hour_key(hour) for hour in range(day, day + DAY, HOUR))]
        found = self._collection.find(
            {"resolution": resolution.value, "period": period_of(resolution, day)},
            {f"parts.{key}": 1 for key in keys},
            batch_size=BATCH,
        )
        batch: list[tuple[str, Parts]] = []
        async for document in found:
            if document.get("parts"):
                batch.append((subject_of(document["_id"]), document["parts"]))
            if len(batch) == BATCH_CLOSED:
                yield batch
                batch = []
        yield batch

    async def _write(self, updates: Sequence[UpdateOne]) -> None:
        """Write all in one round trip."""
        if updates:
            await self._collection.bulk_write(updates, ordered=False)


def _part(
    resolution: Resolution,
    subject: str,
    at: UnixSeconds,
    key: str,
    body: bytes,
    *,
    samples: int | None = None,
    pinned: bool = False,
    gone: Mapping[str, str] | None = None,
) -> UpdateOne:
    """Set one part of the document of its period. The first part creates the document."""
    period = period_of(resolution, at)
    new: dict[str, Any] = {"resolution": resolution.value, "period": period, "encoding": BLOCK_ENCODING}
    values: dict[str, Any] = {f"parts.{key}": body}
    if samples is not None:
        values[f"samples.{key}"] = samples
    forever = pinned or resolution is Resolution.D1
    (values if forever else new)["expires"] = None if forever else resolution.value
    change: dict[str, Any] = {"$set": values, "$setOnInsert": new} | ({"$unset": dict(gone)} if gone else {})
    return UpdateOne({"_id": key_of(resolution, period, subject)}, change, upsert=True)


async def _packed(
    rolled: Iterable[tuple[str, Hour]],
) -> AsyncIterator[tuple[str, int, Mapping[Resolution, bytes]]]:
    """Each subject with the number of its samples and the parts of its hour. The event loop runs in between."""
    for number, (subject, hour) in enumerate(rolled):
        metrics = metrics_of(subject)
        yield (
            subject,
            hour.h1.samples,
            {
                Resolution.RAW: pack_samples(hour.raw),
                Resolution.M5: pack_points(hour.m5, metrics),
                Resolution.H1: pack_points([hour.h1], metrics),
            },
        )
        if number % _YIELD_EVERY == 0:
            await asyncio.sleep(0)


def _daily(subject: str, day: UnixSeconds, bucket: HistoryPoint) -> UpdateOne:
    body = pack_points([bucket], metrics_of(subject))
    return _part(Resolution.D1, subject, day, day_key(day), body, samples=bucket.samples)


def _whole(resolution: Resolution, subject: str, day: UnixSeconds, body: bytes, *, pinned: bool) -> UpdateOne:
    """Replace the parts of the hours with the part of the day."""
    hours = [hour_key(hour) for hour in range(day, day + DAY, HOUR)]
    gone = {f"{field}.{hour}": "" for hour in hours for field in ("parts", "samples")}
    return _part(resolution, subject, day, day_key(day), body, pinned=pinned, gone=gone)
