"""Requests that are sent without waiting for responses."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.transport.pipeline import MAX_PIPELINE
from server.transport.protocol import MAX_HEADERS
from tests.patience import settle
from tests.server.transport.conftest import Served, answer, echo, until

Serve = Callable[..., Any]
COUNT = 6_000


class Gate:
    """An application that responds to nothing until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun += 1
        await self.open.wait()
        await echo(scope, receive, send)


def numbered(count: int) -> bytes:
    return b"".join(b"GET /%d HTTP/1.1\r\nhost: a\r\n\r\n" % number for number in range(count))


async def test_few_requests_wait_and_the_rest_stays_bytes(serve: Serve) -> None:
    gate = Gate()
    served: Served = await serve(gate)
    async with served.client() as client:
        sending = asyncio.create_task(client.send(numbered(COUNT)))
        await until(lambda: gate.begun == 1)
        await settle()
        (protocol,) = served.protocols
        assert len(protocol.pipeline) == MAX_PIPELINE
        assert gate.begun == 1
        gate.open.set()
        for number in range(COUNT):
            assert await client.response() == (200, b"GET /%d " % number)
            assert len(protocol.pipeline) <= MAX_PIPELINE
        await sending


async def test_nothing_is_read_while_answers_wait(serve: Serve) -> None:
    """A client can then send only what the kernel and one read hold."""
    gate = Gate()
    served: Served = await serve(gate)
    async with served.client() as client:
        client.writer.write(numbered(20) * 40_000)
        await until(lambda: gate.begun == 1)
        (protocol,) = served.protocols
        await until(lambda: not protocol.transport.is_reading())
        # The application waits for its request like any other, which resumes reading unless responses wait.
        protocol.flow.resume_reading()
        assert not protocol.transport.is_reading()


async def test_a_request_that_cannot_be_read_ends_the_connection_after_the_answers_before(serve: Serve) -> None:
    gate = Gate()
    served: Served = await serve(gate)
    async with served.client() as client:
        await client.send(numbered(3) + b"NO SUCH THING\r\n\r\n")
        await until(lambda: gate.begun == 1)
        gate.open.set()
        for number in range(3):
            assert await client.response() == (200, b"GET /%d " % number)
        assert await client.rest() == b""
    await served.empty()


async def test_a_body_that_is_queued_is_read_once_its_turn_comes(serve: Serve) -> None:
    served = await serve()
    size = 300_000
    async with served.client() as client:
        head = b"POST /b HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % size
        sending = asyncio.create_task(client.send(numbered(2) + head + b"\r\n\r\n".ljust(size, b"x") + numbered(1)))
        assert await client.response() == (200, b"GET /0 ")
        assert await client.response() == (200, b"GET /1 ")
        status, body = await client.response()
        assert (status, len(body)) == (200, size + len("POST /b "))
        assert await client.response() == (200, b"GET /0 ")
        await sending


async def test_who_leaves_is_no_failure(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    gate = Gate()
    served: Served = await serve(gate)
    async with served.client() as client:
        await client.send(numbered(10))
        await until(lambda: gate.begun == 1)
        served.protocols[0].transport.abort()
        await until(lambda: not served.state.connections)
        gate.open.set()
        await served.empty()
    assert gate.begun == 1
    assert caplog.records == []


async def test_header_lines_are_counted(serve: Serve) -> None:
    served = await serve()
    for lines, expected in ((MAX_HEADERS - 1, 200), (MAX_HEADERS, 431), (40_000, 431)):
        async with served.client() as client:
            await client.send(b"GET / HTTP/1.1\r\nhost: a\r\n" + b"a:\r\n" * lines + b"\r\n")
            assert (await client.response())[0] == expected


async def test_an_answer_that_ends_its_connection_leaves_later_requests_unanswered(serve: Serve) -> None:
    async def last(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})

    served = await serve(last)
    async with served.client() as client:
        await client.send(numbered(COUNT))
        assert (await client.rest()).count(b"HTTP/1.1") == 1
    await served.empty()


async def test_an_answer_to_head_and_get_alike_keeps_the_order(serve: Serve) -> None:
    async def short(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(send, scope["path"].encode())

    served = await serve(short)
    async with served.client() as client:
        await client.send(b"HEAD /a HTTP/1.1\r\nhost: a\r\n\r\nGET /b HTTP/1.1\r\nhost: a\r\n\r\n")
        assert await client.status() == 200
        assert await client.response() == (200, b"/b")
