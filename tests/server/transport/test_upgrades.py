"""Upgrades that the server does not support are ignored (RFC 9110 §7.8): the request is handled like any other."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.patience import settle
from tests.server.transport.conftest import serving

Serve = Callable[..., Any]
H2C = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"


@pytest.mark.parametrize("pause", [False, True], ids=["in one segment", "in two"])
async def test_the_body_behind_an_offer_of_h2c_is_read(serve: Serve, pause: bool) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(f"POST /a HTTP/1.1\r\nhost: a\r\n{H2C}content-length: 5\r\n\r\n".encode())
        if pause:
            await settle()
        await client.send(b"hello")
        assert await client.response() == (200, b"POST /a hello")


async def test_a_body_that_looks_like_a_request_is_a_body(serve: Serve) -> None:
    inner = b"GET /inner HTTP/1.1\r\nhost: a\r\n\r\n"
    served = await serve()
    async with served.client() as client:
        await client.send(f"POST /a HTTP/1.1\r\nhost: a\r\n{H2C}content-length: {len(inner)}\r\n\r\n".encode())
        await settle()
        await client.send(inner + b"GET /next HTTP/1.1\r\nhost: a\r\n\r\n")
        assert await client.response() == (200, b"POST /a " + inner)
        assert await client.response() == (200, b"GET /next ")


@pytest.mark.parametrize(
    ("method", "version", "headers"),
    [
        ("POST", "1.1", "connection: Upgrade\r\nupgrade: websocket\r\n"),
        ("GET", "1.0", "connection: Upgrade\r\nupgrade: websocket\r\n"),
        ("GET", "1.1", "connection: Upgrade\r\nupgrade: websocket, h2c\r\n"),
        ("GET", "1.1", "connection: Upgrade\r\nupgrade: h2c\r\nupgrade: websocket\r\n"),
    ],
)
async def test_what_is_no_handshake_is_a_request(serve: Serve, method: str, version: str, headers: str) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(f"{method} /a HTTP/{version}\r\nhost: a\r\n{headers}content-length: 2\r\n\r\nhi".encode())
        assert await client.response() == (200, f"{method} /a hi".encode())


async def test_a_tunnel_is_refused(serve: Serve) -> None:
    served = await serve()
    async with served.client() as client:
        await client.send(b"CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await client.response())[0] == 400


def _request(number: int, body: bytes, *, chunked: bool, upgrade: str | None) -> bytes:
    head = f"POST /{number} HTTP/1.1\r\nhost: a\r\n"
    if upgrade is not None:
        head += f"connection: upgrade\r\nupgrade: {upgrade}\r\n"
    if chunked:
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:3], body[3:]) if part)
        return f"{head}transfer-encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


_BODIES = st.one_of(st.binary(max_size=40), st.just(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"), st.just(b"\r\n\r\n" * 20))
_REQUESTS = st.lists(
    st.tuples(_BODIES, st.booleans(), st.sampled_from([None, None, "h2c", "TLS/1.0", "HTTP/2.0, x", "websocket"])),
    min_size=1,
    max_size=40,
)


@given(requests=_REQUESTS, cuts=st.lists(st.integers(1, 4_000), max_size=6))
def test_requests_are_answered_in_order_however_they_are_cut(
    requests: list[tuple[bytes, bool, str | None]], cuts: list[int]
) -> None:
    asyncio.run(_in_order(requests, cuts))


async def _in_order(requests: list[tuple[bytes, bool, str | None]], cuts: list[int]) -> None:
    stream = b"".join(
        _request(number, body, chunked=chunked, upgrade=upgrade)
        for number, (body, chunked, upgrade) in enumerate(requests)
    )
    edges = [0, *sorted(cut for cut in set(cuts) if cut < len(stream)), len(stream)]
    async with serving() as served, served.client() as client:
        for start, end in itertools.pairwise(edges):
            await client.send(stream[start:end])
            await asyncio.sleep(0)
        for number, (body, _, _) in enumerate(requests):
            assert await client.response() == (200, f"POST /{number} ".encode() + body)
