"""The documents of history, read by their keys."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from schema.domain.base import UnixSeconds
from schema.domain.history.points import Resolution
from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument
from server.storage.history.buckets import Parts, key_of, periods, shares_time, subject_of, time_of
from server.storage.history.shared import SharedFinds

PARTS = ("parts", "period")
SAMPLES = ("samples",)
"""The projections for reading the parts of documents, and for counting their samples."""


class Found(NamedTuple):
    """The stored parts of some subjects, and the periods for which any of them has a document."""

    parts: Mapping[str, Parts]
    periods: frozenset[UnixSeconds]


class HistoryStore:
    """The history of one store. With `shared`, requests of one iteration of the event loop share one query."""

    def __init__(self, mongo: Mongo, *, shared: bool = False) -> None:
        self._collection = mongo.collection(HistoryDocument)
        self._find_parts = SharedFinds(mongo, *PARTS) if shared else partial(self._find, PARTS)
        self._find_samples = SharedFinds(mongo, *SAMPLES) if shared else partial(self._find, SAMPLES)

    async def fetch(
        self,
        resolution: Resolution,
        subjects: Iterable[str],
        among: Iterable[UnixSeconds],
        start: UnixSeconds,
        end: UnixSeconds,
    ) -> Found:
        """Each subject's parts that overlap [start, end), of the given periods, in one round trip."""
        by_subject: dict[str, dict[str, bytes]] = {subject: {} for subject in subjects}
        keys = [key_of(resolution, period, subject) for period in among for subject in by_subject]
        documents = await self._find_parts(keys)
        for document in documents:
            by_subject[subject_of(document["_id"])].update(
                (key, body) for key, body in document.get("parts", {}).items() if shares_time(key, start, end)
            )
        return Found(dict(by_subject), frozenset(document["period"] for document in documents))

    async def newest_parts(self, subject: str, resolution: Resolution) -> Parts:
        """A subject's parts in its newest document of a resolution. Empty if it has none.

        Scans the documents of a resolution by their index. Use it for repairs, not for requests.
        """
        newest: dict[str, Any] | None = None
        where = {"resolution": resolution.value}
        async for document in self._collection.find(where, {"period": 1}):
            if subject_of(document["_id"]) == subject and (newest is None or document["period"] > newest["period"]):
                newest = document
        if newest is None:
            return {}
        found = await self._collection.find_one({"_id": newest["_id"]}, {"parts": 1})
        return found.get("parts", {}) if found else {}

    async def sampled_days(
        self, subjects: Iterable[str], start: UnixSeconds, end: UnixSeconds
    ) -> dict[UnixSeconds, int]:
        """The closed days with samples that overlap [start, end), in order, with the number of samples."""
        keys = [
            key_of(Resolution.D1, year, subject) for subject in subjects for year in periods(Resolution.D1, start, end)
        ]
        found = await self._find_samples(keys)
        days: Counter[UnixSeconds] = Counter()
        for document in found:
            samples = document.get("samples", {})
            days.update({time_of(key): n for key, n in samples.items() if shares_time(key, start, end)})
        return {day: days[day] for day in sorted(days)}

    async def _find(self, fields: Iterable[str], keys: Iterable[str]) -> list[dict[str, Any]]:
        return await self._collection.find({"_id": {"$in": list(keys)}}, dict.fromkeys(fields, 1)).to_list()
