"""Decides who may open a WebSocket or an event stream, by origin and by the number of open ones."""

from collections import Counter
from collections.abc import Collection
from http import HTTPStatus

from starlette.types import Scope, Send


class Doors:
    """Counts open WebSockets and event streams together, in total and by client.

    `allowed_origins` are those whose pages may open WebSockets; None allows every page.
    """

    def __init__(self, *, in_all: int, per_address: int, allowed_origins: Collection[str] | None = None) -> None:
        self._in_all = in_all
        self._per_address = per_address
        self._origins = frozenset(allowed_origins) if allowed_origins is not None else None
        self._open: Counter[str] = Counter()
        self.streams = 0

    @property
    def open(self) -> int:
        """The number of open WebSockets and event streams."""
        return self._open.total()

    @property
    def sockets(self) -> int:
        """The number of open WebSockets."""
        return self.open - self.streams

    def refusal(self, origin: str | None, address: str) -> HTTPStatus | None:
        """Why a socket may not be opened, or None if it may. Clients other than browsers send no origin."""
        if self._origins is not None and origin is not None and origin.lower() not in self._origins:
            return HTTPStatus.FORBIDDEN
        if self.open >= self._in_all:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if self._open[address] >= self._per_address:
            return HTTPStatus.TOO_MANY_REQUESTS
        return None

    def enter(self, address: str, *, stream: bool = False) -> None:
        self._open[address] += 1
        self.streams += stream

    def leave(self, address: str, *, stream: bool = False) -> None:
        self.streams -= stream
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


async def refuse(scope: Scope, send: Send, status: HTTPStatus) -> None:
    """Answer the handshake with an HTTP status if the server can, otherwise with its plain 403."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    body = status.phrase.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "websocket.http.response.start", "status": int(status), "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
