"""The head of a response is sent in one write with the first part of its body."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from server.http.reply import MAX_WRITE_BYTES, send_body
from server.transport.protocol import BoundedHttp
from tests.patience import settle
from tests.server.transport.conftest import Served, answer, echo, until

Serve = Callable[..., Any]
LONG = bytes(range(256)) * 8 * 1_024
STREAM = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}


class Recording:
    """A transport that records each write."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        self._transport = transport
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes | memoryview) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def writelines(self, parts: Iterable[bytes | memoryview]) -> None:
        parts = list(parts)
        self._writes.append(b"".join(parts))
        self._transport.writelines(parts)


@pytest.fixture
def record(serve: Serve) -> Callable[..., Any]:
    """Starts a server, and returns its writes with it."""

    async def start(app: Any = echo, **changes: Any) -> tuple[Served, list[bytes]]:
        writes: list[bytes] = []

        def connection_made(self: BoundedHttp, transport: asyncio.Transport) -> None:
            BoundedHttp.connection_made(self, Recording(transport, writes))  # type: ignore[arg-type]  it passes on everything else

        return await serve(app, connection_made=connection_made, **changes), writes

    return start


def asked(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "host: a", *headers, "", ""]).encode()


async def by_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Responds in the way that the path names."""
    match scope["path"]:
        case "/unchanged":
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", b'"a"')]})
            await send({"type": "http.response.body", "body": b""})
        case "/unmeasured":
            await send(STREAM)
            await send({"type": "http.response.body", "body": b"whole"})
        case "/early":
            await receive()
            await answer(send, b"too long", 413)
        case "/long":
            headers = [(b"content-length", b"%d" % len(LONG))]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send_body(send, LONG)
        case "/fails":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            raise ConnectionError("the store has left")
        case "/raises":
            raise ConnectionError("the store has left")
        case _:
            await answer(send, scope["path"].encode())


@pytest.mark.parametrize(
    ("request_bytes", "end"),
    [
        (asked("GET /a"), b"\r\n\r\n/a"),
        (asked("GET /a", "connection: close"), b"\r\n\r\n/a"),
        (b"GET /a HTTP/1.0\r\n\r\n", b"\r\n\r\n/a"),
        (asked("HEAD /a"), b"\r\n\r\n"),
        (asked("HEAD /a", "connection: close"), b"\r\n\r\n"),
        (asked("GET /unchanged"), b"\r\n\r\n"),
        (asked("HEAD /unmeasured"), b"\r\n\r\n"),
        (asked("GET /unmeasured"), b"\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"),
        (asked("POST /a", "content-length: 3") + b"abc", b"\r\n\r\n/a"),
        (asked("POST /early", "content-length: 9") + b"abc", b"\r\n\r\ntoo long"),
        (asked("POST /early", "content-length: 9", "connection: close") + b"abc", b"\r\n\r\ntoo long"),
        (asked("HEAD /early", "content-length: 9", "connection: close") + b"abc", b"\r\n\r\n"),
        (asked("GET /a") + b"NO SUCH THING\r\n\r\n", b"\r\n\r\n/a"),
        (asked("HEAD /a") + b"NO SUCH THING\r\n\r\n", b"\r\n\r\n"),
        (asked("GET /raises"), b"\r\n\r\nInternal Server Error"),
    ],
)
async def test_an_answer_of_one_message_is_one_write(
    record: Callable[..., Any], request_bytes: bytes, end: bytes
) -> None:
    served, writes = await record(by_path)
    async with served.client() as client:
        await client.send(request_bytes)
        await until(lambda: bool(writes))
        await settle()
        (written,) = writes
        assert written.startswith(b"HTTP/1.1 ")
        assert written.endswith(end)


@pytest.mark.parametrize("pipelined", [False, True])
async def test_each_answer_on_a_connection_is_one_write(record: Callable[..., Any], pipelined: bool) -> None:
    served, writes = await record(by_path)
    paths = [f"/{number}" for number in range(8)]
    async with served.client() as client:
        if pipelined:
            await client.send(b"".join(asked(f"GET {path}") for path in paths))
        for path in paths:
            if not pipelined:
                await client.send(asked(f"GET {path}"))
            assert await client.response() == (200, path.encode())
    assert [written.rpartition(b"\r\n\r\n")[2] for written in writes] == [path.encode() for path in paths]


async def test_the_head_of_a_stream_does_not_wait_for_its_first_event(record: Callable[..., Any]) -> None:
    event = asyncio.Event()

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STREAM)
        await event.wait()
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    served, writes = await record(stream)
    async with served.client() as client:
        await client.send(asked("GET /a", "connection: close"))
        assert await client.status() == 200
        event.set()
        assert await client.rest() == b"5\r\nfirst\r\n0\r\n\r\n"
    assert [written.rpartition(b"\r\n\r\n")[0] != b"" for written in writes] == [True, False, True]


async def test_the_head_of_a_stream_leaves_with_what_it_has_at_once(record: Callable[..., Any]) -> None:
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        await send(STREAM)
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.Event().wait()

    served, writes = await record(stream)
    async with served.client() as client:
        await client.send(asked("GET /a"))
        await until(lambda: bool(writes))
        await settle()
        assert [written.rpartition(b"\r\n\r\n")[2] for written in writes] == [b"5\r\nfirst\r\n"]
        for task in served.state.tasks:
            task.cancel()


async def test_100_continue_does_not_wait_for_the_answer(record: Callable[..., Any]) -> None:
    served, writes = await record()
    async with served.client() as client:
        await client.send(asked("POST /a", "content-length: 3", "expect: 100-continue"))
        assert await client.status() == 100
        await client.send(b"abc")
        assert await client.response() == (200, b"POST /a abc")
    assert len(writes) == 2


async def test_a_long_answer_is_written_in_its_parts_for_a_client_that_reads_slowly(record: Callable[..., Any]) -> None:
    served, writes = await record(by_path)
    async with served.client() as client:
        await client.send(asked("GET /long") * 3 + asked("GET /a"))
        for _ in range(3):
            assert await client.response() == (200, LONG)
        assert await client.response() == (200, b"/a")
    parts = len(LONG) // MAX_WRITE_BYTES
    assert len(writes) == 3 * parts + 1
    heads = [at for at, written in enumerate(writes) if written.startswith(b"HTTP/1.1 200")]
    assert heads == [0, parts, 2 * parts, 3 * parts]
    assert len(writes[0]) > MAX_WRITE_BYTES


async def test_an_answer_that_fails_before_its_body_is_not_begun(record: Callable[..., Any]) -> None:
    served, writes = await record(by_path)
    async with served.client() as client:
        await client.send(asked("GET /fails"))
        assert await client.rest() == b""
    assert writes == []
    await served.empty()
