"""Connections without sockets: bytes in, bytes out, through the protocol classes of the server."""

import asyncio
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.server import ServerState

from server.edge import Edge
from server.http.asked import Known
from server.transport.connections import Connections
from server.transport.direct import DirectAnswers, DirectHttp, http_class
from server.transport.upgrade import head_of
from tests.patience import patience, settle

DATE = (b"date", b"Tue, 01 Dec 2026 00:00:00 GMT")


class FakeTransport(asyncio.Transport):
    """Records what is written. The client accepts all of it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False
        self._protocol: Any = None

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("198.51.100.7", 50_000), "sockname": ("127.0.0.1", 8_000)}.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        """Received data is passed to the protocol anyway."""

    def resume_reading(self) -> None:
        """Nothing has waited."""


class Wire:
    """One connection to an application. `known` is tried before the application is called.

    Connections with the same `direct` belong to one process.
    """

    def __init__(
        self,
        app: ASGIApp,
        known: Known | None = None,
        *,
        admitted: Connections | None = None,
        direct: DirectAnswers | None = None,
    ) -> None:
        config = uvicorn.Config(
            cast("Any", app), log_config=None, lifespan="off", proxy_headers=False, timeout_keep_alive=60
        )
        config.load()
        self.state = ServerState()
        self.state.default_headers = [DATE]
        self.transport = FakeTransport()
        self.protocol: DirectHttp = http_class(Connections() if admitted is None else admitted, known)(
            config, self.state, {}
        )
        if direct is not None:
            self.protocol.direct = direct
        self.transport.set_protocol(self.protocol)
        self.protocol.connection_made(self.transport)

    async def send(self, data: bytes, *, whole: bool = True) -> None:
        """Send bytes and wait for the responses; if the bytes are no `whole` requests, wait until the server waits."""
        if not self.transport.closed:
            self.transport.get_protocol().data_received(data)
        if whole:
            async with patience():
                while self.state.tasks:
                    await asyncio.wait(tuple(self.state.tasks))
                    await asyncio.sleep(0)
        written = -1
        while self.state.tasks and written != len(self.transport.written):
            written = len(self.transport.written)
            await settle()

    def taken(self) -> bytes:
        """The bytes written since the last call."""
        written, self.transport.written = self.transport.written, b""
        return written

    def end(self) -> None:
        """The client disconnects."""
        self.transport.closed = True
        self.transport.get_protocol().connection_lost(None)


class DirectFirst:
    """An edge as a connection uses it: known responses as bytes first. It is also an ASGI application."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._direct = DirectAnswers(edge.known)

    @property
    def served(self) -> dict[tuple[str, str, int], int]:
        return self._edge.served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = [await receive()] if scope["method"] == "POST" else []
        if not any(message.get("more_body") for message in first):
            body = b"".join(message.get("body", b"") for message in first)
            answers, _, count = self._direct.take(_request(scope, body), [])
            if count:
                await _replay(answers, send)
                return

        async def again() -> Message:
            return first.pop() if first else await receive()

        await self._edge(scope, again, send)


def _request(scope: Scope, body: bytes) -> bytes:
    """The bytes of a request."""
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    length = [(b"content-length", b"%d" % len(body))] if body else []
    return head_of(scope["method"], target, "1.1", [*scope["headers"], *length]) + body


async def _replay(answer: bytes, send: Send) -> None:
    """Send the bytes of a response as messages."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    await send({"type": "http.response.start", "status": int(status.split()[1]), "headers": headers})
    await send({"type": "http.response.body", "body": body})
