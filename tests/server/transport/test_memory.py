"""The memory that one connection can use, in each of its states."""

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.http.reply import send_body
from server.transport.frames import MAX_FRAGMENTS
from server.transport.protocol import MAX_HEADERS
from tests.nightly import cases
from tests.patience import settle
from tests.server.transport.conftest import UPGRADE, Served, echo, frame, until

Serve = Callable[..., Any]
MAX_CONNECTION_BYTES = 2**20
CONNECTIONS = 4
LARGE = b"x" * 2**23
CHUNKED = b"POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
STATES = {
    "idle": b"",
    "a long line": b"GET /" + b"x" * 60_000,
    "many header lines": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * (MAX_HEADERS - 1),
    "a long trailer": CHUNKED + b"0\r\na: " + b"x" * 60_000,
    "a body in small chunks": CHUNKED + b"1\r\nx\r\n" * 40_000,
    "a long body": b"POST /wait HTTP/1.1\r\nhost: a\r\ncontent-length: 9999999\r\n\r\n" + b"x" * 2**22,
    "pipelined requests": b"GET /wait HTTP/1.1\r\nhost: a\r\n\r\n" * 100_000,
    "pipelined offers to upgrade": b"GET /wait HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    * 50_000,
    "a large answer": b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n",
    "pipelined large answers": b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n" * 100_000,
    "an open socket": UPGRADE,
    "a socket in the middle of a message": UPGRADE
    + frame(b"x", final=False)
    + frame(b"x" * 100, 0, final=False) * (MAX_FRAGMENTS - 2),
    "a socket in the middle of a frame": UPGRADE + b"\x81\xfe\xff\xff\0\0\0\0" + b"x" * 65_000,
    "a socket that sends pings": UPGRADE + frame(b"x" * 125, 9) * 100_000,
    "a socket that sends messages": UPGRADE + frame(b"x" * 125) * 100_000,
    "a body that is refused": b"POST /early HTTP/1.1\r\nhost: a\r\ncontent-length: 9999999\r\n\r\n" + b"x" * 2**22,
}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends large responses, responds early, or reads nothing, depending on the path."""
    match scope["path"]:
        case "/large":
            headers = [(b"content-length", b"%d" % len(LARGE))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send_body(send, LARGE)
        case "/early":
            await receive()
            await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        case "/wait":
            await receive()
            await asyncio.Event().wait()
        case _:
            await echo(scope, receive, send)


# One state for each part of the server with a buffer: reading heads, bodies and frames, waiting, responding.
ONE_OF_EACH_PART = {
    "a long line",
    "many header lines",
    "a body in small chunks",
    "a long body",
    "pipelined requests",
    "pipelined large answers",
    "a socket in the middle of a message",
    "a socket that sends messages",
    "a body that is refused",
}


@pytest.mark.parametrize("first", cases(*STATES.items(), always=ONE_OF_EACH_PART))
async def test_a_connection_keeps_a_bounded_amount(serve: Serve, first: bytes) -> None:
    """Its clients send `first` as far as the server accepts it, and read nothing. Their own memory is the kernel's."""
    served: Served = await serve(application)
    clients = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(CONNECTIONS + 1)]
    warm, *others = clients
    try:
        await send_all([warm], first)
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        await send_all(others, first)
        gc.collect()
        kept = (tracemalloc.get_traced_memory()[0] - before) / CONNECTIONS
    finally:
        tracemalloc.stop()
        for client in clients:
            client.close()
        for task in tuple(served.state.tasks):
            task.cancel()
        await until(lambda: not served.state.tasks)
    assert kept < MAX_CONNECTION_BYTES


async def send_all(clients: list[socket.socket], data: bytes) -> None:
    """Send to each client as much as its kernel and the server accept, until neither accepts more for some turns."""
    left = {client: memoryview(data) for client in clients}
    idle = 0
    while idle < 20:
        idle += 1
        for client in clients:
            client.setblocking(False)
            try:
                sent = client.send(left[client][:65_536]) if left[client] else 0
            except (BlockingIOError, ConnectionResetError, BrokenPipeError):
                sent = 0
            left[client] = left[client][sent:]
            idle = 0 if sent else idle
        await settle()
