"""The data around the body of a chunked request."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.transport.protocol import MAX_HEAD_BYTES
from tests.patience import settle
from tests.server.transport.conftest import Served, answer

Serve = Callable[..., Any]
HEAD = b"POST /a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
ENDLESS = {
    "many trailers": (b"2\r\nhi\r\n0\r\n", b"a:\r\n" * 1_000),
    "one trailer": (b"2\r\nhi\r\n0\r\na: ", b"x" * 4_000),
    "the name of a trailer": (b"2\r\nhi\r\n0\r\n", b"x" * 4_000),
    "the extension of a chunk": (b"2;a=", b"x" * 4_000),
    "trailers without a body": (b"0\r\n", b"a: b\r\n" * 1_000),
}


class Reading:
    """An application that reads the whole body and records the result."""

    def __init__(self) -> None:
        self.last = ""
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            self.last = message["type"]
            if self.last == "http.disconnect" or not message.get("more_body", False):
                break
        self.headers = scope["headers"]
        await answer(send, b"read")


@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=ENDLESS)
async def test_what_has_no_end_is_cut_off_like_a_head(serve: Serve, begin: bytes, more: bytes) -> None:
    reading = Reading()
    served: Served = await serve(reading)
    async with served.client() as client:
        await client.send(HEAD + begin)
        (protocol,) = served.protocols
        sent = 0
        while protocol.transport.get_protocol() is protocol and sent < 2**24:
            await client.send(more)
            sent += len(more)
            await asyncio.sleep(0)
        assert sent < 2 * MAX_HEAD_BYTES + 2**18
        assert (await client.response())[0] in (400, 431)
    await served.empty()
    assert reading.last == "http.disconnect"


async def test_trailers_are_no_headers(serve: Serve) -> None:
    reading = Reading()
    served = await serve(reading)
    async with served.client() as client:
        await client.send(HEAD + b"2\r\nhi\r\n")
        await settle()
        await client.send(b"0\r\nx-forwarded-for: 192.0.2.1\r\n\r\n")
        assert await client.response() == (200, b"read")
    assert [name for name, _ in reading.headers] == [b"host", b"transfer-encoding"]


async def test_each_request_has_trailers_of_its_own(serve: Serve) -> None:
    served = await serve(Reading())
    async with served.client() as client:
        for _ in range(4):
            await client.send(HEAD)
            await settle()
            await client.send(b"2\r\nhi\r\n0\r\n")
            for _ in range(4):
                await client.send(b"a: " + b"x" * 10_000 + b"\r\n")
                await settle()
            await client.send(b"\r\n")
            assert await client.response() == (200, b"read")


async def test_a_body_in_many_small_chunks_is_no_head(serve: Serve) -> None:
    served = await serve(Reading())
    async with served.client() as client:
        await client.send(HEAD)
        for _ in range(40):
            await client.send(b"1;a=bcdefgh\r\nx\r\n" * 500)
            await asyncio.sleep(0)
        await client.send(b"0\r\n\r\n")
        assert await client.response() == (200, b"read")
