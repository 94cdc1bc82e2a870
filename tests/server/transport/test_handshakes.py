"""WebSocket handshakes: every one is answered, and no connection remains after a failed one."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from server.transport.websocket import BoundedSocket
from tests.odd_connections import ODD
from tests.server.transport.conftest import KEY, UPGRADE, Served, frame, serving

Serve = Callable[..., Any]
LARGE = {
    "a cookie of 9,000 bytes": UPGRADE.replace(b"\r\n\r\n", b"\r\ncookie: " + b"x" * 9_000 + b"\r\n\r\n"),
    "140 header lines": UPGRADE.replace(b"\r\n\r\n", b"\r\n" + b"x-a: b\r\n" * 140 + b"\r\n"),
    "a query of 9,000 bytes": UPGRADE.replace(b"GET /", b"GET /?" + b"x" * 9_000),
    "300 header lines": UPGRADE.replace(b"\r\n\r\n", b"\r\n" + b"x-a: b\r\n" * 300 + b"\r\n"),
}
UNUSABLE = {
    "a body": UPGRADE.replace(b"\r\n\r\n", b"\r\ncontent-length: 5\r\n\r\nhello"),
    "a chunked body": UPGRADE.replace(b"\r\n\r\n", b"\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    "no key": UPGRADE.replace(KEY.encode(), b""),
    "an old version": UPGRADE.replace(b"version: 13", b"version: 8"),
    "a control character": UPGRADE.replace(b"host: a", b"host: a\r\nx-a: \x01"),
}


@pytest.mark.parametrize("head", LARGE.values(), ids=LARGE)
async def test_what_is_too_large_is_refused_at_once(serve: Serve, head: bytes) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(head)
        assert (await client.response())[0] in (400, 431)
        assert await client.rest() == b""
    await served.empty()


async def test_a_refused_client_reads_why_though_it_sends_on(serve: Serve) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(LARGE["140 header lines"] + frame(b"early") * 5_000)
        await client.send(b"x" * 200_000)
        assert (await client.response())[0] == 431
    await served.empty()


@pytest.mark.parametrize("head", UNUSABLE.values(), ids=UNUSABLE)
async def test_what_is_unusable_is_refused_at_once(serve: Serve, head: bytes) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(head)
        assert 400 <= (await client.response())[0] < 500
    await served.empty()


_NAMES = st.sampled_from(["cookie", "x-a", "host", "connection", "upgrade", "content-length", "expect", "origin"])
_VALUES = st.one_of(
    st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=40),
    st.integers(1, 9_000).map(lambda size: "x" * size),
    st.sampled_from(["websocket", "Upgrade", "h2c", "100-continue", "0", "5"]),
)
_HEADERS = st.lists(st.tuples(_NAMES, _VALUES), max_size=150)


@given(headers=_HEADERS, target=st.integers(1, 9_000), method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]))
def test_whatever_a_handshake_has_it_is_answered_or_read_on(
    headers: list[tuple[str, str]], target: int, method: str
) -> None:
    """Nothing remains after the client has disconnected."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    start = f"{method} /{'x' * target} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n{KEY}"
    asyncio.run(_answered(f"{start}{lines}\r\n".encode("latin-1"), waits="content-length" in lines))


async def _answered(head: bytes, *, waits: bool) -> None:
    async with serving() as served:
        async with served.client() as client:
            await client.send(head)
            if not waits:
                assert await client.status() >= 100
        await served.empty()


async def test_repeated_and_listed_tokens_are_one_list(serve: Serve) -> None:
    head = UPGRADE.replace(b"connection: Upgrade", b"connection: keep-alive, Upgrade\r\nconnection: keep-alive")
    served = await serve()
    async with served.client() as client:
        await client.send(head)
        assert await client.status() == 101


async def test_what_comes_before_the_answer_is_read_after_it(serve: Serve) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(UPGRADE + frame(b"early"))
        assert await client.status() == 101
        await client.send(frame(b"late"))
        assert [await client.frame(), await client.frame()] == [(1, b"early"), (1, b"late")]


async def test_an_application_that_does_not_answer_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "websocket.disconnect":
            pass

    monkeypatch.setattr(BoundedSocket, "handshake_seconds", 0.05)
    served: Served = await serve(silent)
    async with served.client() as client:
        await client.send(UPGRADE)
        assert (await client.response())[0] == 503
    await served.empty()


async def test_a_refusal_of_the_application_is_no_failure(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})

    served = await serve(refuse)
    async with served.client() as client:
        await client.send(UPGRADE)
        assert await client.response() == (403, b"no")
    await served.empty()
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


async def test_a_connection_that_has_become_a_socket_is_counted_once(serve: Serve) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(UPGRADE)
        assert await client.status() == 101
        assert [type(one) for one in served.state.connections] == [BoundedSocket]
    await served.empty()


@pytest.mark.parametrize("first", ODD.values(), ids=ODD)
async def test_whatever_is_connected_can_be_shut_down(serve: Serve, first: bytes) -> None:
    served = await serve()
    async with served.client() as odd, served.client() as healthy:
        await odd.send(first)
        await healthy.send(UPGRADE)
        assert await healthy.status() == 101
        for connection in tuple(served.state.connections):
            connection.shutdown()
        assert await healthy.close_code() == 1012
        odd.writer.close()
    await served.empty()
