"""News of committed slots: announced through Redis, and polled from the store in any case.

The store is authoritative. An announcement only triggers a poll. Without Redis, readers still poll every
`poll_seconds`; without the store, they keep the last valid snapshot.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, cast

import redis.asyncio as redis_asyncio
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from schema.domain.base import backoff
from schema.domain.errors import StoreTooNew
from schema.domain.snapshot.record import Snapshot
from schema.writes import CHANNEL
from server.config.redis_options import tls_options
from server.logs import get_logger
from server.process.outage import Outage

IDLE_SECONDS = 15.0
CONFIRM_SECONDS = 5.0
FIRST_BACKOFF_SECONDS = 0.2
MAX_BACKOFF_SECONDS = 2.0
REFUSED_BACKOFF_SECONDS = 30.0
# A subscription that ends sooner counts as a consecutive failure.
STEADY_SECONDS = 10.0

log = get_logger(__name__)


class Refreshable(Protocol):
    """A snapshot in memory that can be updated."""

    def current(self) -> Snapshot | None:
        """The snapshot in memory. None before the first one."""
        ...

    async def refresh(self) -> object:
        """Load the newest committed snapshot unless it is already in memory. Raises if the store does not answer."""
        ...


class LiveUpdates:
    """`Updates` of one process: one poll of the store serves every subscriber.

    `store_ok` is the result of the last poll, None before the first one. `refusal` is why the store must not be read.
    """

    def __init__(self, source: Refreshable, *, poll_seconds: float) -> None:
        self._source = source
        self._poll_seconds = poll_seconds
        self._look_now = asyncio.Event()
        self._news = asyncio.Event()
        self._closed = False
        self._outage = Outage("store", log)
        self.store_ok: bool | None = None
        self.refusal: str | None = None

    def wake(self) -> None:
        """Poll the store now instead of at the next interval."""
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
        """Each snapshot committed from now on. A slow consumer skips to the newest."""
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
        except Exception as error:  # noqa: BLE001  (whatever the error, the last valid snapshot is served and the poll is retried)
            self._outage.failed(error)
            self.store_ok = False
            self.refusal = str(error) if isinstance(error, StoreTooNew) else None
            return
        self._outage.recovered()
        self.store_ok, self.refusal = True, None
        if self._source.current() is not before:
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


async def follow_announcements(
    url: str, wake: Callable[[], None], *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Call `wake` at each announced slot, and whenever Redis is reachable again and announcements may have been missed.

    Runs until cancelled. An unreachable Redis is retried within `MAX_BACKOFF_SECONDS`. One that answers but refuses is
    retried within `REFUSED_BACKOFF_SECONDS`, because its users must be changed first.
    """
    outage = Outage("redis", log)
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        subscribed: float | None = None
        try:
            async with _subscription(url) as messages:
                outage.recovered()
                subscribed = loop.time()
                wake()
                async for _ in messages:
                    wake()
        except (RedisError, OSError, TimeoutError) as error:
            outage.failed(error)
            lasted = subscribed is not None and loop.time() - subscribed >= STEADY_SECONDS
            failures = 1 if lasted else failures + 1
            await sleep(_pause(failures, refused=isinstance(error, ResponseError | AuthenticationError)))


def _pause(failures: int, *, refused: bool) -> float:
    """Seconds to the next attempt: doubled with each consecutive failure, with jitter."""
    longest = REFUSED_BACKOFF_SECONDS if refused else MAX_BACKOFF_SECONDS
    ceiling = backoff(failures, first=FIRST_BACKOFF_SECONDS, longest=longest)
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  (jitter)  # nosec B311


@contextlib.asynccontextmanager
async def _subscription(url: str) -> AsyncGenerator[AsyncIterator[None]]:
    """Yields an item for each message on the channel, once Redis has confirmed the subscription.

    Raises TimeoutError if a connection does not answer a ping.
    """
    # redis-py 5 does not type from_url and pubsub.
    client: Any = cast("Any", redis_asyncio).from_url(
        url, socket_connect_timeout=2, socket_keepalive=True, **tls_options(url)
    )
    async with client, client.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        # So far only sent: a user without rights on the channel is refused in the reply.
        confirmed = await pubsub.get_message(timeout=CONFIRM_SECONDS)
        if confirmed is None:
            raise TimeoutError(f"no answer to SUBSCRIBE within {CONFIRM_SECONDS} s")
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
