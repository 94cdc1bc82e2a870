"""How many connections one client holds."""

from collections.abc import Callable
from typing import Any

from server.transport.connections import Connections
from tests.server.transport.conftest import UPGRADE, Served, until

Serve = Callable[..., Any]
REQUEST = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n"


async def test_one_more_than_allowed_is_told_so_and_closed(serve: Serve) -> None:
    """Whatever the others are used for: a WebSocket counts as a connection that says nothing does."""
    served: Served = await serve(admitted=Connections(2))
    async with served.client() as socket, served.client(), served.client() as refused:
        await socket.send(UPGRADE)
        assert await socket.status() == 101
        assert (await refused.response())[0] == 429
        assert await refused.rest() == b""
    await served.empty()


async def test_a_refused_client_reads_why_though_it_sends_first(serve: Serve) -> None:
    served: Served = await serve(admitted=Connections(1))
    async with served.client(), served.client() as refused:
        await refused.send(REQUEST)
        await refused.send(b"x" * 200_000)
        assert (await refused.response())[0] == 429
    await served.empty()


async def test_a_place_is_free_again_when_its_connection_ends(serve: Serve) -> None:
    admitted = Connections(1)
    served: Served = await serve(admitted=admitted)
    for first in (UPGRADE, REQUEST, b"NONSENSE\r\n\r\n", UPGRADE.replace(b"version: 13", b"version: 1")):
        async with served.client() as client:
            await client.send(first)
            await client.status()
        await until(lambda: len(admitted) == 0)


def test_ipv6_is_counted_by_its_network() -> None:
    admitted = Connections(1)
    assert admitted.enter("2001:db8::1")
    assert not admitted.enter("2001:db8::2")
    assert admitted.enter("2001:db8:0:1::1")
    admitted.leave("2001:db8::1")
    assert admitted.enter("2001:db8::3")


def test_without_a_limit_nothing_is_counted() -> None:
    admitted = Connections()
    assert all(admitted.enter("192.0.2.1") for _ in range(10))
    admitted.leave("192.0.2.1")
    assert len(admitted) == 0
