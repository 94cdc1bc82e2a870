"""News of committed slots: heard from Redis at once, and looked up in the store in any case.

The store is the truth. An announcement only says "look now"; without Redis readers still look every `poll_seconds`,
and without the store they keep the last good snapshot.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Protocol, cast

import redis.asyncio as redis_asyncio
from redis.exceptions import RedisError

from schema.domain.snapshot import Snapshot
from server.logs import get_logger
from server.redis_options import tls_options

CHANNEL = "pnodes:slots"
IDLE_SECONDS = 15.0
MAX_BACKOFF_SECONDS = 2.0

log = get_logger(__name__)


class Refreshable(Protocol):
    """A snapshot in memory that can be brought up to date."""

    def current(self) -> Snapshot | None:
        """The snapshot in memory; None before the first one."""
        ...

    async def refresh(self) -> object:
        """Load the newest committed snapshot unless it is in memory already. Raises where the store is silent."""
        ...


class LiveUpdates:
    """`Updates` of one process: one look at the store serves every subscriber.

    `store_ok` says how the last look went; None before the first one.
    """

    def __init__(self, source: Refreshable, *, poll_seconds: float) -> None:
        self._source = source
        self._poll_seconds = poll_seconds
        self._look_now = asyncio.Event()
        self._news = asyncio.Event()
        self._closed = False
        self.store_ok: bool | None = None

    def wake(self) -> None:
        """Look at the store now instead of at the next poll."""
        self._look_now.set()

    def close(self) -> None:
        """End every subscription."""
        self._closed = True
        self._tell()

    async def run(self) -> None:
        """Follow the store until cancelled."""
        while True:
            self._look_now.clear()
            await self._look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._look_now.wait()

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Each snapshot committed from now on; whoever is slower than the slots gets the newest alone."""
        seen = self._source.current()
        while not self._closed:
            news = self._news
            newest = self._source.current()
            if newest is not None and newest is not seen:
                seen = newest
                yield newest
            else:
                await news.wait()

    async def _look(self) -> None:
        before = self._source.current()
        try:
            await self._source.refresh()
        except Exception as error:  # noqa: BLE001  (whatever ails the store, the last good snapshot is served and we look again)
            if self.store_ok is not False:
                log.warning("store.unreachable", error=repr(error))
            self.store_ok = False
            return
        if self.store_ok is False:
            log.info("store.back")
        self.store_ok = True
        if self._source.current() is not before:
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


async def follow_announcements(url: str, wake: Callable[[], None]) -> None:
    """Call `wake` at each announced slot, and whenever Redis is back and may have said something unheard.

    Runs until cancelled; an unreachable Redis is tried again within `MAX_BACKOFF_SECONDS`.
    """
    failures = 0
    while True:
        try:
            async with _subscription(url) as messages:
                if failures:
                    log.info("redis.back")
                failures = 0
                wake()
                async for _ in messages:
                    wake()
        except (RedisError, OSError, TimeoutError) as error:
            if failures == 0:
                log.warning("redis.unreachable", error=repr(error))
            failures += 1
            await asyncio.sleep(random.uniform(0.1, min(MAX_BACKOFF_SECONDS, 0.2 * failures)))  # noqa: S311  (jitter)


@contextlib.asynccontextmanager
async def _subscription(url: str) -> AsyncGenerator[AsyncIterator[None]]:
    """An item for each message on the channel. A connection that stays silent when pinged raises TimeoutError."""
    # redis-py 5 does not type from_url and pubsub.
    client: Any = cast("Any", redis_asyncio).from_url(
        url, socket_connect_timeout=2, socket_keepalive=True, **tls_options(url)
    )
    async with client, client.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        yield _messages(pubsub)


async def _messages(pubsub: Any) -> AsyncIterator[None]:
    pinged = False
    while True:
        message = await pubsub.get_message(timeout=IDLE_SECONDS)
        if message is None:
            if pinged:
                raise TimeoutError(f"no answer to a ping within {IDLE_SECONDS} s")
            await pubsub.ping()
            pinged = True
            continue
        pinged = False
        if message["type"] == "message":
            yield None
