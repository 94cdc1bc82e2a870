"""Queries that concurrent requests share, because a query costs far more than its result."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from pymongo.asynchronous.collection import AsyncCollection

from server.process.supervisor import owned
from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument

MAX_KEYS = 400  # of one query: some 10 MB of the largest documents

T = TypeVar("T")


class Shared(Generic[T]):
    """Runs one query at a time. Callers that arrive while `ask` runs get the same result."""

    def __init__(self, ask: Callable[[], Awaitable[T]], name: str) -> None:
        self._ask = ask
        self._name = name
        self._task: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The result. An error of `ask` is raised to all callers that wait."""
        if self._task is None:
            self._task = owned(self._asked(), name=self._name)
            self._task.add_done_callback(_retrieved)
        # One caller may be cancelled while others still wait for the same result.
        return await asyncio.shield(self._task)

    async def _asked(self) -> T:
        try:
            return await self._ask()
        finally:
            self._task = None


class SharedFinds:
    """Finds history documents by their keys. Requests of one iteration of the event loop share one query.

    `fields` are the requested ones of each document.
    """

    def __init__(self, mongo: Mongo, *fields: str) -> None:
        self._collection = mongo.collection(HistoryDocument)
        self._fields = fields
        self._open = _Query(self._collection, fields)

    async def __call__(self, keys: Iterable[str]) -> list[dict[str, Any]]:
        """The existing documents of these keys, in their order."""
        wanted = list(keys)
        if self._open.sent or len(self._open.keys) + len(wanted) > MAX_KEYS:
            self._open = _Query(self._collection, self._fields)
        query = self._open
        query.keys.update(dict.fromkeys(wanted))
        found = await query.found.get()
        return [found[key] for key in wanted if key in found]


class _Query:
    """One query: keys are added until it is sent."""

    def __init__(self, collection: AsyncCollection[dict[str, Any]], fields: Iterable[str]) -> None:
        self._collection = collection
        self._fields = dict.fromkeys(fields, 1)
        self.keys: dict[str, None] = {}
        self.sent = False
        self.found = Shared(self._find, "find history")

    async def _find(self) -> Mapping[str, dict[str, Any]]:
        await asyncio.sleep(0)  # all requests of this iteration of the event loop join
        self.sent = True
        documents = self._collection.find({"_id": {"$in": list(self.keys)}}, self._fields)
        return {document["_id"]: document for document in await documents.to_list()}


def _retrieved(task: asyncio.Task[Any]) -> None:
    """Retrieve an error for which no caller waits any more."""
    if not task.cancelled():
        task.exception()
