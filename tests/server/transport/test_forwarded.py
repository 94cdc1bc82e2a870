"""The client of a request behind proxies."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from server.transport.forwarded import MAX_HOPS, Forwarded

PROXY, OTHER_PROXY, PEER = "10.0.0.1", "10.0.0.2", "192.0.2.7"
TRUSTED = ("10.0.0.0/8", "fd00::/8")


async def client_behind(proxies: tuple[str, ...], peer: str, *lines: str, **more: Any) -> Scope:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    headers = [(b"x-forwarded-for", line.encode()) for line in lines]
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers} | more
    await Forwarded(app, proxies)(scope, never, never)
    return seen[0]


async def never(*_: Any) -> Any:
    raise AssertionError("not called")


@pytest.mark.parametrize(
    ("proxies", "peer", "lines", "expected"),
    [
        (TRUSTED, PROXY, ["203.0.113.9"], "203.0.113.9"),
        (TRUSTED, PROXY, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (TRUSTED, PROXY, ["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (TRUSTED, PROXY, ["198.51.100.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (TRUSTED, PROXY, ["198.51.100.1, 203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        (TRUSTED, PROXY, ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (TRUSTED, PROXY, ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        (TRUSTED, PROXY, ["198.51.100.1, "], PROXY),
        (TRUSTED, PROXY, ["203.0.113.9:4711"], "203.0.113.9"),
        (TRUSTED, PROXY, ["[2001:db8::9]:4711"], "2001:db8::9"),
        (TRUSTED, PROXY, ["2001:db8::9"], "2001:db8::9"),
        (TRUSTED, "::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        (TRUSTED, "fd00::1", ["203.0.113.9"], "203.0.113.9"),
        (TRUSTED, PEER, ["203.0.113.9"], PEER),
        (TRUSTED, PROXY, [], PROXY),
        (("*",), PEER, ["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (("*",), PEER, ["198.51.100.1, 203.0.113.9, 10.0.0.2"], "10.0.0.2"),
    ],
)
async def test_the_right_most_hop_that_is_no_proxy_counts(
    proxies: tuple[str, ...], peer: str, lines: list[str], expected: str
) -> None:
    assert (await client_behind(proxies, peer, *lines))["client"][0] == expected


@given(forged=st.lists(st.one_of(st.ip_addresses().map(str), st.text("0.:a,[] ", max_size=20)), max_size=40))
async def test_nothing_that_a_client_sends_changes_who_it_is(forged: list[str]) -> None:
    """The proxy appends the address that it sees."""
    line = ", ".join([*forged, "203.0.113.9"])
    assert (await client_behind(TRUSTED, PROXY, line))["client"][0] == "203.0.113.9"
    assert (await client_behind(("*",), PROXY, line))["client"][0] == "203.0.113.9"


async def test_hops_are_bounded() -> None:
    line = ", ".join(["203.0.113.9", *[OTHER_PROXY] * MAX_HOPS])
    assert (await client_behind(TRUSTED, PROXY, line))["client"][0] == OTHER_PROXY


@pytest.mark.parametrize(
    ("sent", "kind", "scheme"), [("https", "http", "https"), ("https", "websocket", "wss"), ("x", "http", "http")]
)
async def test_the_scheme_is_that_of_the_nearest_proxy(sent: str, kind: str, scheme: str) -> None:
    headers = [(b"x-forwarded-proto", f"gopher, {sent}".encode())]
    assert (await client_behind(TRUSTED, PROXY, type=kind, headers=headers))["scheme"] == scheme
