"""The one connection to MongoDB: bounded, patient with a store that is away, and the same for every engine."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pymongo
from beanie import Document, init_beanie  # pyright: ignore[reportUnknownVariableType]  (Beanie leaves types open)
from pymongo.errors import ConnectionFailure, PyMongoError
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from schema.domain.errors import SnapshotUnavailable, StoreTooNew
from server.process.outage import Outage
from server.process.supervisor import close, end, owned
from server.storage.client import DEFAULT_TIMEOUT_SECONDS, MAX_POOL_SIZE, SERVER_SELECTION_SECONDS, mongo_client
from server.storage.damage import Damage
from server.storage.documents import HEAD_ID, MODELS, HeadDocument
from server.storage.migrations.version import check_version

INDEX_BUILD_SECONDS = 120.0


class Mongo:
    """A database by URI and name; making one does no I/O.

    Documents are bound and all indexes made on first use, so that a process may start before its store does. Every
    operation ends within `timeout_seconds`, its retries included; the server gets the same limit as `maxTimeMS`.

    What the driver raises is told to `outage`, for the log of a process in which nobody else does that.

    Beanie binds the document classes of `models` once for the whole process: the `Mongo` prepared last wins.
    """

    def __init__(
        self,
        uri: str,
        name: str,
        *,
        models: Sequence[type[Document]] = MODELS,
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
        # Two reads that belong together must not be answered by secondaries of different age.
        self.database = self._client.get_database(
            name, read_preference=ReadPreference.PRIMARY, write_concern=_durable(self._client.write_concern)
        )
        self.damage = Damage()
        self._models = list(models)
        self._patience = server_selection_seconds
        self._ready = False
        self._away = False
        self._trouble: PyMongoError | None = None
        self._outage = outage
        self._probing = False
        self._preparing: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Bind the documents and make all indexes, once; concurrent callers wait for the same attempt.

        Raises PyMongoError, and StoreTooNew before anything is written; the next call tries again.
        """
        if self._ready:
            return
        if self._preparing is None:
            self._preparing = owned(self._bind(), name="prepare the store")
            self._preparing.add_done_callback(self._prepared)
        await asyncio.shield(self._preparing)

    async def make_indexes(self) -> None:
        """Make all indexes that are missing, as in a store that was dropped while it was in use. Raises PyMongoError."""
        with pymongo.timeout(INDEX_BUILD_SECONDS):
            await init_beanie(database=self.database, document_models=self._models)

    async def ping(self) -> None:
        """One round trip. Raises SnapshotUnavailable."""
        async with self.answering():
            await self.database.command("ping")

    @contextlib.asynccontextmanager
    async def answering(self) -> AsyncGenerator[None]:
        """The block may use the documents; a store that fails it shows as SnapshotUnavailable.

        Once the store has not answered, one caller at a time finds out whether it is back, and all others are refused at
        once: they would only wait in its place. The driver's own message, which may name hosts, stays in the cause.
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

    @contextlib.asynccontextmanager
    async def reaching(self) -> AsyncGenerator[None]:
        """As `answering`, for those who use the database alone: no documents are bound, and no indexes made."""
        try:
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
        # The driver would wait for a server as long as the whole operation may take.
        with pymongo.timeout(self._patience):
            await self.database.command("ping")

    async def close(self) -> None:
        """Close the connections within a bounded time: the driver looks for a server first, to end its sessions there."""
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
            found = await self.database[HeadDocument.Settings.name].find_one({"_id": HEAD_ID}, {"document_version": 1})
        check_version(found.get("document_version") if found else None)

    def _prepared(self, task: asyncio.Task[None]) -> None:
        self._preparing = None
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody may be left to wait


async def refusal_of_store(mongo: Mongo) -> str | None:
    """Why this release must not start on the store: a newer one has written it. None also if the store is away."""
    with contextlib.suppress(PyMongoError):
        try:
            await mongo.prepare()
        except StoreTooNew as error:
            return str(error)
    return None


def _durable(asked: WriteConcern) -> WriteConcern:
    """Acknowledged by a majority, so that no failover takes a commit back; unless the URI asks for more members."""
    document = dict(asked.document)
    w = document.get("w")
    if w is None or (isinstance(w, int) and w <= 1):
        document["w"] = "majority"
    return WriteConcern(**document)
