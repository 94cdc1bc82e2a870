"""Clients that do not read the responses to their requests."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.graphql_http.sse import EventStream
from server.http.reply import send_body
from server.transport.listener import SEND_BUFFER_BYTES, listen
from server.transport.progress import MIN_PROGRESS_BYTES, Progress
from server.transport.websocket import BoundedSocket
from tests.patience import settle
from tests.server.transport.conftest import UPGRADE, Client, Served, until

Serve = Callable[..., Any]
LARGE = b"x" * 2**24
SHORT_BUFFER = 4_096


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-length", b"%d" % len(LARGE))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send_body(send, LARGE)


async def unread(served: Served, first: bytes) -> Client:
    """A client that reads nothing, with small kernel buffers."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SHORT_BUFFER)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", served.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1)
    assert isinstance(writer.transport, asyncio.ReadTransport)
    writer.transport.pause_reading()
    writer.write(first)
    return Client(reader, writer)


@pytest.mark.parametrize("header", ["", "connection: close\r\n"])
async def test_an_answer_that_nobody_reads_is_given_up(serve: Serve, header: str) -> None:
    served: Served = await serve(large, request_seconds=0.2)
    client = await unread(served, f"GET / HTTP/1.1\r\nhost: a\r\n{header}\r\n".encode())
    await until(lambda: bool(served.state.tasks))
    await served.empty()
    client.writer.close()


async def test_little_of_an_answer_is_kept_for_one_who_does_not_read(serve: Serve) -> None:
    served: Served = await serve(large)
    client = await unread(served, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await until(lambda: bool(served.protocols) and served.protocols[0].transport.get_write_buffer_size() > 0)
    await settle()
    assert served.protocols[0].transport.get_write_buffer_size() < 2**18
    client.writer.transport.abort()


async def test_pipelined_answers_that_nobody_reads_are_given_up(serve: Serve) -> None:
    served: Served = await serve(large, request_seconds=0.2)
    client = await unread(served, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n" * 100)
    await until(lambda: bool(served.state.tasks))
    await served.empty()
    client.writer.close()


async def test_an_event_stream_that_nobody_reads_is_given_up_with_what_waits(serve: Serve) -> None:
    stream = EventStream(replaces=False)

    async def events(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(30):
            stream.next(b"x" * 200_000)
        await stream.serve(receive, send)

    served: Served = await serve(events, request_seconds=0.2)
    client = await unread(served, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    await until(lambda: bool(served.state.tasks))
    await served.empty()
    client.writer.close()


async def test_a_socket_that_nobody_reads_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "x" * 60_000})

    monkeypatch.setattr(BoundedSocket, "handshake_seconds", 0.1)
    monkeypatch.setattr(BoundedSocket, "write_seconds", 0.1)
    served: Served = await serve(talk)
    client = await unread(served, UPGRADE)
    await until(lambda: bool(served.state.tasks))
    await served.empty()
    client.writer.close()


class Kernel(asyncio.Transport):
    """A transport whose kernel reports how much was acknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.acknowledged = 0

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self

    def getsockopt(self, *_: int) -> bytes:
        return bytes(120) + self.acknowledged.to_bytes(8, "little")


def test_only_what_waits_at_two_looks_stands_still() -> None:
    kernel = Kernel()
    progress = Progress(kernel)
    looks: list[bool] = []
    for waiting, acknowledged in [
        (0, 0),
        (9, 0),
        (9, MIN_PROGRESS_BYTES),
        (9, 2 * MIN_PROGRESS_BYTES),
        (0, 2 * MIN_PROGRESS_BYTES),
        (9, 2 * MIN_PROGRESS_BYTES),
        (99, 3 * MIN_PROGRESS_BYTES - 1),
    ]:
        kernel.waiting, kernel.acknowledged = waiting, acknowledged
        looks.append(progress.stands_still())
    assert looks == [False, False, False, False, False, False, True]


def test_what_the_kernel_keeps_is_bounded() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * SEND_BUFFER_BYTES
