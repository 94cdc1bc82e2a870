"""Composition root of the web side: one process that holds the current snapshot in memory and answers from it.

It starts without MongoDB and Redis. Until the first snapshot is loaded, every data route reports that there is none.
"""

import contextlib
from collections.abc import AsyncGenerator

from server.edge import Edge
from server.lifecycle import Lifecycle
from server.live import LiveUpdates, follow_announcements
from server.process.garbage import Garbage
from server.process.supervisor import Supervisor, end, watched
from server.process.turns import Turns
from server.settings import Settings
from server.storage.connect import Mongo, refusal_of_store
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.reads import MongoReads
from server.surfaces import assemble
from server.transport.connections import Connections

MAX_POLL_SECONDS = 5.0
POLLS_PER_SLOT = 5
# Shorter than a client's timeout: while the store is down, requests about the past must be refused instead of hanging.
STORE_SECONDS = 5.0


def create_app(settings: Settings, lifecycle: Lifecycle, connections: Connections | None = None) -> Edge:
    """The ASGI application of one process. It connects when its lifespan begins. `connections` are those of its
    clients."""
    mongo = Mongo(settings.mongo, settings.mongo_db, timeout_seconds=STORE_SECONDS)
    turns = Turns()
    history = HistoryReads(mongo, turn=turns.take)
    reads = MongoReads(mongo, history, EventReads(mongo, history.earliest), garbage=Garbage())
    live = LiveUpdates(reads, poll_seconds=min(MAX_POLL_SECONDS, settings.cache_ttl / POLLS_PER_SLOT))
    lifecycle.on_close(live.close)
    supervisor = Supervisor(on_give_up=lifecycle.fail)

    @contextlib.asynccontextmanager
    async def background() -> AsyncGenerator[None]:
        refusing = watched(_refuse_newer(mongo, lifecycle), name="check the version of the store")
        supervisor.keep("live", live.run)
        supervisor.keep("announcements", lambda: follow_announcements(settings.redis, live.wake))
        try:
            yield
        finally:
            await end(refusing)
            await supervisor.close()
            await mongo.close()

    return assemble(
        settings,
        reads,
        live,
        lifecycle,
        background=background,
        store_ok=lambda: live.store_ok,
        store_refusal=lambda: live.refusal,
        supervisor=supervisor,
        turns=turns,
        connections=connections,
    )


async def _refuse_newer(mongo: Mongo, lifecycle: Lifecycle) -> None:
    """End a process that starts on the store of a newer release. If the store is unreachable, it is checked later."""
    if (refusal := await refusal_of_store(mongo)) is not None:
        lifecycle.refuse(refusal)
