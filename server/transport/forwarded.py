"""Finds the client of a request behind proxies, from the trustworthy part of `X-Forwarded-For`."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_network

from starlette.types import ASGIApp, Receive, Scope, Send

from server.config.exposure import ANY
from server.http.clients import address_of
from server.http.headers import Raw

# Consecutive proxies. Entries beyond this number were written by the client.
MAX_HOPS = 16
_MAX_ADDRESS_LENGTH = 64
_REMEMBERED = 4_096
_SCHEMES = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}


class Forwarded:
    """ASGI middleware. The client becomes the right-most hop that is not one of `proxies`, because each proxy adds the
    hop before it.

    With `*`, the connecting peer is a proxy and all other hops are clients, so the right-most entry counts.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[str]) -> None:
        self._app = app
        self._anybody = ANY in proxies
        self._networks = [ip_network(proxy) for proxy in proxies if proxy != ANY]
        self._is_proxy = lru_cache(_REMEMBERED)(self._look_up)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            peer = scope.get("client")
            if peer and (self._anybody or self._is_proxy(peer[0])):
                self._believe(scope, peer[0])
        await self._app(scope, receive, send)

    def _believe(self, scope: Scope, peer: str) -> None:
        headers: Raw = scope["headers"]
        lines = [value for name, value in headers if name == b"x-forwarded-for"]
        if lines:
            client = self._client(b",".join(lines).decode("latin-1"), peer)
            if client != peer:
                scope["client"] = (client, 0)
        scheme = next((value for name, value in reversed(headers) if name == b"x-forwarded-proto"), b"")
        known = _SCHEMES.get(scheme.rpartition(b",")[2].strip().lower())
        if known is not None:
            scope["scheme"] = known.replace("http", "ws") if scope["type"] == "websocket" else known

    def _client(self, forwarded: str, peer: str) -> str:
        """The first hop from the right that is not a proxy. Before an unreadable entry, the last known hop."""
        nearest = peer
        for hop in reversed(forwarded.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
            address = _address(hop.strip())
            if address is None:
                return nearest
            nearest = address
            if self._anybody or not self._is_proxy(address):
                return nearest
        return nearest

    def _look_up(self, text: str) -> bool:
        address = address_of(text)
        return address is not None and any(address in network for network in self._networks)


def _address(hop: str) -> str | None:
    """The address in `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1` or `[2001:db8::1]:5`. None for any other text."""
    if len(hop) > _MAX_ADDRESS_LENGTH:
        return None
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    address = address_of(hop)
    return None if address is None else str(address)
