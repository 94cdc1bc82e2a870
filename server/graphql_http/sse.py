"""GraphQL over server-sent events, one operation per connection (the "distinct connections" mode of graphql-sse)."""

import asyncio
import contextlib
from collections.abc import Callable

import orjson
from starlette.types import Receive, Send

from schema.graphql.execution.outcomes import Rejected
from server.graphql_http.outbox import Framed, Outbox, Overflow, Waiting
from server.process.supervisor import owned, watched

# Comments that keep proxies from closing an idle stream.
PING_SECONDS = 12.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]
_STREAM = "stream"
_COMPLETE = "event: complete\ndata:\n\n"
_PING = ":\n\n"


class EventStream:
    """One client's stream, as a listener of a feed."""

    def __init__(
        self, *, replaces: bool, charge: Callable[[], Rejected | None] = lambda: None, in_all: Waiting | None = None
    ) -> None:
        self._replaces = replaces
        self._charge = charge
        self._results = 0
        self._outbox = Outbox(in_all=in_all)
        self._ended = asyncio.Event()
        self._limited = False

    def next(self, payload: bytes) -> None:
        if self._ended.is_set() or self._limited:
            return
        # The first result was charged when the operation started.
        refused = self._charge() if self._results else None
        self._results += 1
        try:
            if refused is None:
                self._outbox.result(_STREAM, Framed("event: next\ndata: ", payload, "\n\n"), replaces=self._replaces)
            else:
                self._limited = True
                self._outbox.finish(_STREAM, single(orjson.dumps({"errors": refused.errors})).decode())
        except Overflow:
            self._end()

    def complete(self) -> None:
        if not self._limited:
            self._outbox.finish(_STREAM, _COMPLETE)

    @property
    def waiting(self) -> int:
        """The number of characters queued."""
        return self._outbox.characters

    async def room(self) -> None:
        await self._outbox.room()

    def _end(self) -> None:
        """Drop everything queued for a client that will receive no more."""
        self._ended.set()
        self._outbox.forget_all()

    async def serve(
        self,
        receive: Receive,
        send: Send,
        *,
        ping_seconds: float = PING_SECONDS,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        """Send results until the feed completes, the client leaves, or it reads too slowly.

        `leave` is then called at once, because the end of the response waits for a client that does not read.
        """
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        gone = owned(_disconnected(receive), name="sse reader")
        ended = owned(self._ended.wait(), name="sse end")
        writer = watched(self._write(send, ping_seconds), name="sse writer")
        try:
            await asyncio.wait({gone, ended, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._end()
            leave()
            for task in (gone, ended, writer):
                task.cancel()
            await asyncio.gather(gone, ended, writer, return_exceptions=True)
        with contextlib.suppress(OSError, RuntimeError):
            await send({"type": "http.response.body", "body": b""})

    async def _write(self, send: Send, ping_seconds: float) -> None:
        while True:
            try:
                async with asyncio.timeout(ping_seconds):
                    chunk = await self._outbox.take()
            except TimeoutError:
                chunk = _PING
            await send({"type": "http.response.body", "body": chunk.encode(), "more_body": True})
            if chunk.endswith(_COMPLETE):
                return


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def single(payload: bytes) -> bytes:
    """The whole stream of an operation with exactly one result."""
    return f"event: next\ndata: {payload.decode()}\n\n{_COMPLETE}".encode()
