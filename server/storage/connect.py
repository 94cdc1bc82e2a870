"""The connection to MongoDB: bounded, tolerant of an unreachable store, and the same for every engine."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from types import CoroutineType
from typing import Any, ParamSpec, TypeVar, cast

import pymongo
from beanie import init_beanie  # pyright: ignore[reportUnknownVariableType]  (Beanie leaves types open)
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from schema.domain.errors import SnapshotUnavailable, StoreTooNew
from server.process.outage import Outage
from server.process.supervisor import close, end, owned
from server.storage.client import DEFAULT_TIMEOUT_SECONDS, MAX_POOL_SIZE, SERVER_SELECTION_SECONDS, mongo_client
from server.storage.damage import Damage
from server.storage.documents import HEAD_ID, MODELS, HeadDocument, StoredDocument, collection_name, unbound_copy
from server.storage.migrations.version import check_version

INDEX_BUILD_SECONDS = 120.0

D = TypeVar("D", bound=StoredDocument)
P = ParamSpec("P")
T = TypeVar("T")


class Mongo:
    """A database by URI and name. Creating it does no I/O.

    Documents are bound and all indexes created on first use, so a process may start before its store. Every operation
    ends within `timeout_seconds`, including retries; the server gets the same limit as `maxTimeMS`.

    Errors of the driver are reported to `outage`, for the log of a process that does not report them elsewhere.

    Each object has document classes of its own, so several databases can be used in one process.
    """

    def __init__(
        self,
        uri: str,
        name: str,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        server_selection_seconds: float = SERVER_SELECTION_SECONDS,
        max_pool_size: int = MAX_POOL_SIZE,
        event_listeners: Sequence[Any] = (),
        outage: Outage | None = None,
    ) -> None:
        self._client = mongo_client(
            uri,
            timeout_seconds=timeout_seconds,
            server_selection_seconds=server_selection_seconds,
            max_pool_size=max_pool_size,
            event_listeners=event_listeners,
        )
        # Secondaries of different age must not answer two reads that belong together.
        self.database = self._client.get_database(
            name, read_preference=ReadPreference.PRIMARY, write_concern=_durable(self._client.write_concern)
        )
        self.damage = Damage()
        self._documents = {model: unbound_copy(model) for model in MODELS}
        self._patience = server_selection_seconds
        self._ready = False
        self._found = False
        self._away = False
        self._trouble: PyMongoError | None = None
        self._outage = outage
        self._probing = False
        self._preparing: asyncio.Task[None] | None = None

    def documents(self, model: type[D]) -> type[D]:
        """The document class of this database, for Beanie's queries. It is usable once `prepare` has returned."""
        return cast("type[D]", self._documents[model])

    def collection(self, model: type[StoredDocument]) -> AsyncCollection[dict[str, Any]]:
        """The driver's collection of a document class, for bulk and conditional writes."""
        return self.database[collection_name(model)]

    async def prepare(self) -> None:
        """Bind the documents and create all indexes, once. Concurrent callers wait for the same attempt.

        Raises PyMongoError, and StoreTooNew before anything is written. The next call retries.
        """
        if self._ready:
            return
        if self._preparing is None:
            self._preparing = owned(self._bind(), name="prepare the store")
            self._preparing.add_done_callback(self._prepared)
        await asyncio.shield(self._preparing)

    async def make_indexes(self) -> None:
        """Create all missing indexes, for example in a store that was dropped while in use. Raises PyMongoError."""
        with pymongo.timeout(INDEX_BUILD_SECONDS):
            await init_beanie(database=self.database, document_models=list(self._documents.values()))

    async def ping(self) -> None:
        """One round trip. Raises SnapshotUnavailable."""
        async with self.answering():
            await self.database.command("ping")

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncGenerator[None]:
        """The block may use the documents. Errors of the store are raised as SnapshotUnavailable.

        Once the store has not answered, one caller at a time checks whether it is back, and all others are refused at
        once instead of waiting. The driver's own message, which may contain host names, stays in the cause.
        """
        try:
            await self._reach()
            yield
        except PyMongoError as error:
            self._away = self._away or isinstance(error, ConnectionFailure)
            self._trouble = error
            if self._outage is not None:
                self._outage.failed(error)
            raise SnapshotUnavailable("the store does not answer") from error
        if self._outage is not None:
            self._outage.recovered()

    def answered(self, ask: Callable[P, Awaitable[T]]) -> "Callable[P, CoroutineType[Any, Any, T]]":
        """The same question, asked while the store is `answering`."""

        @functools.wraps(ask)
        async def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            async with self.answering():
                return await ask(*args, **kwargs)

        return asked

    @contextlib.asynccontextmanager
    async def reaching(self) -> AsyncGenerator[None]:
        """Like `answering`, for direct use of the database: no documents are bound, and no indexes created."""
        try:
            if not self._found:
                await self._probe()
            yield
        except PyMongoError as error:
            raise SnapshotUnavailable("the store does not answer") from error

    async def _reach(self) -> None:
        if self._away:
            if self._probing:
                raise SnapshotUnavailable("the store does not answer") from self._trouble
            self._probing = True
            try:
                await self._probe()
            finally:
                self._probing = False
            self._away = False
        await self.prepare()

    async def _probe(self) -> None:
        # Otherwise the driver would wait for a server as long as the whole operation may take.
        with pymongo.timeout(self._patience):
            await self.database.command("ping")
        self._found = True

    async def close(self) -> None:
        """Close the connections within a bounded time. The driver first looks for a server, to end its sessions."""
        if self._preparing is not None:
            await end(self._preparing)
        await close("the store", self._client.close())

    async def _bind(self) -> None:
        await self._probe()
        await self._refuse_newer()
        await self.make_indexes()
        self._ready = True

    async def _refuse_newer(self) -> None:
        with pymongo.timeout(self._patience):
            found = await self.collection(HeadDocument).find_one({"_id": HEAD_ID}, {"document_version": 1})
        check_version(found.get("document_version") if found else None)

    def _prepared(self, task: asyncio.Task[None]) -> None:
        self._preparing = None
        if not task.cancelled():
            task.exception()  # the waiter has it; nothing may be left waiting


async def refusal_of_store(mongo: Mongo) -> str | None:
    """Why this release must not start on the store: a newer release wrote it. None also if the store is unreachable."""
    with contextlib.suppress(PyMongoError):
        try:
            await mongo.prepare()
        except StoreTooNew as error:
            return str(error)
    return None


def _durable(asked: WriteConcern) -> WriteConcern:
    """Writes are acknowledged by a majority, so that no failover reverts a commit, unless the URI requires more
    members."""
    document = dict(asked.document)
    w = document.get("w")
    if w is None or (isinstance(w, int) and w <= 1):
        document["w"] = "majority"
    return WriteConcern(**document)
