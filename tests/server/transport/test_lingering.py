"""Responses to requests that are not read to their end."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.transport.lingering import MAX_LINGER_BYTES
from tests.patience import settle
from tests.server.transport.conftest import Served, answer

Serve = Callable[..., Any]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """413, as soon as some of the body has arrived."""
    await receive()
    await answer(send, b"too long", 413)


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize("framing", ["content-length: 10000000", "transfer-encoding: chunked"])
async def test_a_client_that_sends_on_reads_the_refusal(serve: Serve, connection: str, framing: str) -> None:
    served: Served = await serve(refuse)
    async with served.client() as client:
        await client.send(f"POST / HTTP/1.1\r\nhost: a\r\nconnection: {connection}\r\n{framing}\r\n\r\n".encode())
        part = b"x" * 100_000
        for _ in range(100):
            await client.send(part if "length" in framing else b"%x\r\n%b\r\n" % (len(part), part))
        assert await client.response() == (413, b"too long")
        if connection == "keep-alive":
            await client.send((b"0\r\n\r\n" if "chunked" in framing else b"") + b"POST /b HTTP/1.1\r\nhost: a\r\n\r\n")
            assert await client.response() == (413, b"too long")
    await served.empty()


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
async def test_it_may_not_send_for_ever(serve: Serve, connection: str) -> None:
    served: Served = await serve(refuse)
    async with served.client() as client:
        head = f"POST / HTTP/1.1\r\nhost: a\r\nconnection: {connection}\r\ncontent-length: 10000000000\r\n\r\n"
        await client.send(head.encode())
        sent = 0
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while sent < 4 * MAX_LINGER_BYTES:
                await client.send(b"x" * 100_000)
                sent += 100_000
        assert sent < 2 * MAX_LINGER_BYTES + 2**24
    await served.empty()


async def test_one_that_says_no_more_is_left(serve: Serve) -> None:
    served: Served = await serve(refuse)
    async with served.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 100\r\n\r\nx")
        assert await client.response() == (413, b"too long")
        assert await client.rest() == b""
    await served.empty()


async def test_a_head_that_is_refused_is_answered_while_more_of_it_comes(serve: Serve) -> None:
    served: Served = await serve(refuse)
    async with served.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"x" * 100_000)
        await settle()
        await client.send(b"x" * 100_000)
        await client.send(b"x" * 100_000)
        assert (await client.response())[0] == 431


async def test_a_connection_that_lingers_can_be_shut_down(serve: Serve) -> None:
    served: Served = await serve(refuse)
    async with served.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 100\r\n\r\nx")
        await client.response()
        for connection in tuple(served.state.connections):
            connection.shutdown()
        await served.empty()
