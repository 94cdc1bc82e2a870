"""The number of connections of one client."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from server.transport.connections import RESERVED, Admission, Connections, room_in
from tests.server.transport.conftest import UPGRADE, Served, until

Serve = Callable[..., Any]
REQUEST = b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n"


async def test_one_more_than_allowed_is_told_so_and_closed(serve: Serve) -> None:
    """Connections count regardless of their use: a WebSocket counts like a silent connection."""
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


async def test_a_full_server_answers_probes_and_sends_everybody_else_away(serve: Serve) -> None:
    served: Served = await serve(admitted=Connections(in_all=1))
    async with served.client() as inside, served.client() as probe, served.client() as other, served.client() as socket:
        await inside.send(REQUEST)
        assert (await inside.response())[0] == 200
        await probe.send(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await probe.response())[0] == 200
        assert await probe.rest() == b""
        await other.send(REQUEST)
        head = (await other.rest()).lower()
        assert head.startswith(b"http/1.1 503 ")
        assert b"retry-after: 5\r\n" in head
        await socket.send(UPGRADE)
        assert await socket.status() == 503
        await inside.send(REQUEST)
        assert (await inside.response())[0] == 200
    await served.empty()


async def test_silent_connections_keep_no_probe_out(serve: Serve) -> None:
    admitted = Connections(in_all=1)
    served: Served = await serve(admitted=admitted)
    async with AsyncExitStack() as stack:
        for _ in range(1 + 3 * RESERVED):
            await stack.enter_async_context(served.client())
        async with served.client() as probe:
            await probe.send(b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n")
            assert (await probe.response())[0] == 200
        await until(lambda: len(admitted) <= 1 + RESERVED)
    await served.empty()


def enter(connections: Connections, address: str, given_way: list[object] | None = None) -> tuple[object, Admission]:
    connection = object()
    ways: list[object] = given_way if given_way is not None else []
    return connection, connections.enter(connection, address, lambda: ways.append(connection))


def test_ipv6_is_counted_by_its_network() -> None:
    admitted = Connections(1)
    first, admission = enter(admitted, "2001:db8::1")
    assert admission is Admission.OPEN
    assert enter(admitted, "2001:db8::2")[1] is Admission.TOO_MANY
    assert enter(admitted, "2001:db8:0:1::1")[1] is Admission.OPEN
    admitted.leave(first)
    assert enter(admitted, "2001:db8::3")[1] is Admission.OPEN


def test_without_a_limit_all_are_let_in_and_counted() -> None:
    admitted = Connections()
    entered = [enter(admitted, "192.0.2.1") for _ in range(10)]
    assert {admission for _, admission in entered} == {Admission.OPEN}
    assert len(admitted) == 10
    for connection, _ in entered * 2:
        admitted.leave(connection)
    assert len(admitted) == 0


def test_beyond_the_limit_the_first_gives_way_and_what_is_counted_is_bounded() -> None:
    admitted = Connections(in_all=2)
    gone: list[object] = []
    entered = [enter(admitted, f"192.0.2.{number}", gone) for number in range(2 + RESERVED + 3)]

    assert [admission for _, admission in entered[:3]] == [Admission.OPEN, Admission.OPEN, Admission.PROBES]
    assert gone == [connection for connection, _ in entered[2:5]]
    assert admitted.refused == RESERVED + 3
    for connection, _ in entered:
        admitted.leave(connection)
    assert enter(admitted, "192.0.2.1")[1] is Admission.OPEN


@pytest.mark.parametrize(("files", "room"), [(256, 64), (1_024, 768), (65_536, 10_000)])
def test_the_limit_on_files_leaves_room_for_everything_else(files: int, room: int) -> None:
    assert room_in(files) == room
