"""Separate servers on loopback, and clients that choose every byte."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from server.transport.listener import listen
from server.transport.protocol import BoundedHttp
from tests.patience import PATIENCE_SECONDS

DEADLINE_SECONDS = PATIENCE_SECONDS
LOOK_SECONDS = 0.01
KEY = "sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nsec-websocket-version: 13\r\n"
UPGRADE = f"GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n{KEY}\r\n".encode()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Returns method, path and body. WebSockets return what they receive."""
    if scope["type"] == "websocket":
        await _echo_messages(receive, send)
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await answer(send, f"{scope['method']} {scope['path']} ".encode() + body)


async def _echo_messages(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text") or ""})


async def answer(send: Send, body: bytes, status: int = 200) -> None:
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send all of it. Waits while the server accepts nothing."""
        self.writer.write(data)
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.writer.drain()

    async def response(self) -> tuple[int, bytes]:
        """The next response with a Content-Length: its status and body."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            return int(head.split(b" ", 2)[1]), await self.reader.readexactly(length)

    async def status(self) -> int:
        """The status of the next response, which need not have a body."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            return int((await self.reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1])

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server: its opcode and payload."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            first, length = await self.reader.readexactly(2)
            size = int.from_bytes(await self.reader.readexactly(2)) if length == 126 else length
            return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        """The code with which the server closes. Earlier frames are skipped."""
        while True:
            opcode, payload = await self.frame()
            if opcode == 8:
                return int.from_bytes(payload[:2])

    async def rest(self) -> bytes:
        """Everything until the connection ends, in any way."""
        found = b""
        async with asyncio.timeout(DEADLINE_SECONDS):
            try:
                while chunk := await self.reader.read(65_536):
                    found += chunk
            except (ConnectionResetError, BrokenPipeError):
                pass
        return found


class Served:
    """A running server. `protocols` are those of all connections so far."""

    def __init__(self, port: int, state: ServerState, protocols: list[BoundedHttp]) -> None:
        self.port = port
        self.state = state
        self.protocols = protocols

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Client(reader, writer)
        finally:
            writer.close()

    async def empty(self) -> None:
        """Wait until no connection remains."""
        await until(lambda: not self.state.connections and not self.state.tasks)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not done():  # noqa: ASYNC110  (no event reports this)
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def serving(app: Any = echo, **changes: Any) -> AsyncGenerator[Served]:
    """A server of this application, with these attributes of its connections changed."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws_max_size=65_536, ws_per_message_deflate=False)
    config.load()
    kind: type[BoundedHttp] = type("Changed", (BoundedHttp,), changes)
    state, protocols = ServerState(), list[BoundedHttp]()

    def make() -> BoundedHttp:
        protocols.append(kind(config, state, {}))
        return protocols[-1]

    server = await asyncio.get_running_loop().create_server(make, sock=listen("127.0.0.1", 0))
    try:
        yield Served(server.sockets[0].getsockname()[1], state, protocols)
    finally:
        server.close()
        for connection in tuple(state.connections):
            connection.transport.abort()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Any]]:
    """Starts servers that end with the test."""
    async with AsyncExitStack() as stack:

        async def start(app: Any = echo, **changes: Any) -> Served:
            return await stack.enter_async_context(serving(app, **changes))

        yield start


def frame(payload: bytes, opcode: int = 1, *, final: bool = True) -> bytes:
    """A client's frame of at most 125 bytes, masked with zeros."""
    return bytes([opcode | (0x80 if final else 0), 0x80 | len(payload), 0, 0, 0, 0]) + payload
