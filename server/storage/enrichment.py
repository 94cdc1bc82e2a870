"""The last data of the sources other than gossip: one document for each, replaced by each fetch."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import orjson

from schema.domain.network.enrichment import CreditRow, Enrichment, EnrichmentSourceName, Registration, SourceState
from server.storage.connect import Mongo
from server.storage.documents import EnrichmentDocument

OFF_SECONDS = 86_400
"""A source that was not tried for a day is off. This exceeds any back-off, so its data does not stay permanently."""
MAX_ROWS = 50_000

Row = TypeVar("Row")


class MongoEnrichment:
    """`EnrichmentStore` over MongoDB. Raises SnapshotUnavailable while the store is unreachable."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._collection = mongo.collection(EnrichmentDocument)

    async def state(self, name: EnrichmentSourceName) -> SourceState | None:
        async with self._mongo.answering():
            found = await self._collection.find_one({"_id": name.value}, {"state": 1})
        return SourceState.model_validate(found["state"]) if found else None

    async def keep(self, state: SourceState, rows: bytes | None) -> None:
        change: dict[str, Any] = {"state": state.model_dump(mode="json")}
        if rows is not None:
            change["rows"] = rows
        async with self._mongo.answering():
            await self._collection.update_one({"_id": state.name.value}, {"$set": change}, upsert=True)

    async def newest(self, now: float) -> Enrichment:
        """All stored data of the enabled sources."""
        async with self._mongo.answering():
            documents = await self._collection.find({}).to_list(len(EnrichmentSourceName))
        states: list[SourceState] = []
        rows: dict[EnrichmentSourceName, list[list[Any]] | None] = {}
        for document in documents:
            state = SourceState.model_validate(document["state"])
            if now - state.attempted_at <= OFF_SECONDS:
                states.append(state)
                rows[state.name] = _rows(document.get("rows"))
        return Enrichment(
            sources=tuple(sorted(states, key=lambda state: state.name)),
            credits=_typed(rows.get(EnrichmentSourceName.CREDITS), lambda row: CreditRow(*row)),
            registry=_typed(rows.get(EnrichmentSourceName.REGISTRY), lambda row: Registration(*row)),
        )


def _rows(stored: bytes | None) -> list[list[Any]] | None:
    loaded: object = orjson.loads(stored) if stored is not None else None
    return cast("list[list[Any]]", loaded)[:MAX_ROWS] if isinstance(loaded, list) else None


def _typed(rows: list[list[Any]] | None, make: Callable[[list[Any]], Row]) -> tuple[Row, ...] | None:
    return None if rows is None else tuple(map(make, rows))
