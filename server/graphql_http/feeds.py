"""Subscriptions that are produced once and sent to many subscribers.

Subscribers with the same document, variables and operation share one producer. Each result is executed and serialised
once, and sent to each of them as the same bytes. A subscription that starts at a client's own cursor is not shared: its
feed advances at the speed of its reader.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import aclosing
from typing import Protocol

from schema.bounded import BoundedMap
from server.graphql_http.outbox import Waiting
from server.logs import get_logger
from server.process.supervisor import watched

log = get_logger(__name__)

MAX_RECENT = 2_048
MAX_RECENT_BYTES = 2**20

Source = Callable[[], AsyncGenerator[bytes]]


class Listener(Protocol):
    """One subscriber. Neither method waits or raises. The listener must bound what it cannot send at once."""

    def next(self, payload: bytes) -> None:
        """A result: a serialised GraphQL response."""
        ...

    def complete(self) -> None:
        """There will be no more results."""
        ...

    async def room(self) -> None:
        """Return once more results can be accepted. Only a feed that belongs to this listener waits for it."""
        ...


class Feed:
    """One producer and its listeners. Runs while it has listeners."""

    def __init__(
        self,
        source: Source,
        on_end: Callable[["Feed"], None],
        *,
        own: bool = False,
        shared: Callable[[bytes], bytes] = lambda payload: payload,
    ) -> None:
        self._shared = shared
        self._source = source
        self._own = own
        self._on_end = on_end
        self._listeners: dict[Listener, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, listener: Listener) -> None:
        self._listeners[listener] = None
        if self._task is None:
            self._task = watched(self._run(), name="feed")

    def remove(self, listener: Listener) -> None:
        self._listeners.pop(listener, None)
        if not self._listeners and self._task is not None:
            self._task.cancel()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def _run(self) -> None:
        try:
            async with aclosing(self._source()) as payloads:
                async for made in payloads:
                    payload = self._shared(made) if self._own else made
                    for listener in tuple(self._listeners):
                        listener.next(payload)
                    # A burst of results must not keep the writers from sending.
                    await asyncio.sleep(0)
                    if self._own:
                        await self._room()
        except Exception:
            # Errors within a result are part of that result. This is a failure of the source itself.
            log.exception("feed.failed")
        finally:
            self._on_end(self)
            for listener in tuple(self._listeners):
                listener.complete()
            self._listeners.clear()

    async def _room(self) -> None:
        """Wait for the only listener: no result is produced before the listener has read the previous ones."""
        for listener in tuple(self._listeners):
            await listener.room()


class Feeds:
    """The running feeds, by their key."""

    def __init__(self) -> None:
        self._shared: dict[Hashable, Feed] = {}
        self._all: set[Feed] = set()
        # Equal results of different feeds, such as those that replay the same past, are stored once.
        self._recent = BoundedMap[bytes, bytes](max_entries=MAX_RECENT, max_size=MAX_RECENT_BYTES, at_once=True)
        self.waiting = Waiting()

    def __len__(self) -> int:
        return len(self._all)

    def join(self, key: Hashable | None, source: Source, listener: Listener) -> Callable[[], None]:
        """Listen to the feed of this key, and start it if needed. With the key None, the feed is not shared.

        Returns a function that ends the listening and may be called more than once.
        """
        feed = self._shared.get(key) if key is not None else None
        if feed is None:
            feed = Feed(source, self._ended, own=key is None, shared=self._same)
            self._all.add(feed)
            if key is not None:
                self._shared[key] = feed
        feed.add(listener)
        joined = feed
        return lambda: self._leave(joined, listener)

    @property
    def remembered(self) -> int:
        """How many results are kept in case they repeat."""
        return len(self._recent)

    def _same(self, payload: bytes) -> bytes:
        """The payload, or an equal one that was sent recently."""
        known = self._recent.get(payload)
        if known is None:
            self._recent.put(payload, payload, len(payload))
        return known or payload

    def _leave(self, feed: Feed, listener: Listener) -> None:
        feed.remove(listener)
        if not feed.listeners:
            self._ended(feed)

    def _ended(self, feed: Feed) -> None:
        """Forget a feed at once, so that the next subscriber starts a new one."""
        self._all.discard(feed)
        for key in [key for key, other in self._shared.items() if other is feed]:
            del self._shared[key]
