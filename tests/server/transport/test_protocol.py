"""What a connection may send, and how slowly."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from server.transport.protocol import BoundedHttp
from tests.patience import PATIENCE_SECONDS, let_pass, settle

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
DEADLINE_SECONDS = PATIENCE_SECONDS
Connect = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def answer_ok(scope: Any, receive: Any, send: Any) -> None:
    """Read the body, and return its size."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    body = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens a connection to a separate server with these time limits: for a request, and for the next one."""
    async with AsyncExitStack() as opened:

        async def opener(
            *, request_seconds: float = 60.0, keep_alive_seconds: int = 60
        ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            config = uvicorn.Config(answer_ok, log_config=None, lifespan="off", timeout_keep_alive=keep_alive_seconds)
            config.load()
            bounded = type("Patient", (BoundedHttp,), {"request_seconds": request_seconds})
            server = await asyncio.get_running_loop().create_server(
                lambda: bounded(config, ServerState(), {}), "127.0.0.1", 0
            )
            opened.callback(server.close)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            opened.callback(writer.close)
            return reader, writer

        yield opener


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await reader.read()


async def first_line(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return await reader.readline()


async def feed(writer: asyncio.StreamWriter, head: bytes, more: bytes) -> int:
    """Send `more` until the server hangs up. Returns the number of bytes sent, at most 16 MiB."""
    sent = len(head)
    writer.write(head)
    while sent < 2**24 and not writer.is_closing():
        writer.write(more)
        sent += len(more)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await writer.drain()
        except (ConnectionResetError, BrokenPipeError):
            break
    return sent


@pytest.mark.parametrize("more", [b"x" * 4_096, b"X-A: b\r\n" * 512])
async def test_a_head_without_end_is_cut_off(connect: Connect, more: bytes) -> None:
    reader, writer = await connect()
    assert await feed(writer, b"GET / HTTP/1.1\r\nHost: a\r\nX-B: ", more) < 2**24
    with contextlib.suppress(ConnectionResetError):  # it may close while more is in transit
        assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_long_body_is_no_long_head(connect: Connect) -> None:
    reader, writer = await connect()
    size = 400_000
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    assert await first_line(reader) == b"HTTP/1.1 200 OK\r\n"
    writer.write(REQUEST)
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await reader.readuntil(b"\r\n\r\n%d" % size)
        assert await reader.readuntil(b"HTTP/1.1 200 OK\r\n")


async def test_many_requests_at_once_are_each_answered(connect: Connect) -> None:
    reader, writer = await connect()
    count = 6_000
    writer.write(REQUEST * count)
    for _ in range(count):
        async with asyncio.timeout(DEADLINE_SECONDS):
            await reader.readuntil(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n"])
async def test_a_request_that_does_not_come_is_not_awaited_for_ever(connect: Connect, begun: bytes) -> None:
    reader, writer = await connect(request_seconds=0.05)
    writer.write(begun)
    assert (await rest(reader)).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


async def test_a_body_that_does_not_come_is_not_awaited_for_ever(connect: Connect) -> None:
    reader, writer = await connect(request_seconds=0.05)
    writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
    assert await rest(reader) == b""


async def test_time_between_requests_is_not_counted(connect: Connect) -> None:
    reader, writer = await connect(request_seconds=20)
    writer.write(REQUEST)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await reader.readuntil(b"\r\n\r\n0")
    let_pass(30)
    await settle()
    assert not reader.at_eof()
    writer.write(REQUEST)
    assert await first_line(reader) == b"HTTP/1.1 200 OK\r\n"


async def test_a_connection_without_another_request_is_closed_without_a_word(connect: Connect) -> None:
    reader, writer = await connect(request_seconds=20, keep_alive_seconds=0)
    writer.write(REQUEST)
    async with asyncio.timeout(DEADLINE_SECONDS):
        await reader.readuntil(b"\r\n\r\n0")
    let_pass(20)
    assert await rest(reader) == b""


async def test_requests_set_no_timers(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, timers = asyncio.get_running_loop(), list[float]()
    call_later = loop.call_later

    def counted(delay: float, callback: Any, *args: Any) -> asyncio.TimerHandle:
        timers.append(delay)
        return call_later(delay, callback, *args)

    monkeypatch.setattr(loop, "call_later", counted)
    reader, writer = await connect()
    for _ in range(20):
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n0")
    assert len(timers) == 1  # the timer of the connection
