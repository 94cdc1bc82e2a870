"""Requests to an ASGI application without a socket: whole HTTP exchanges, streams, and WebSockets."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

import orjson
from starlette.types import ASGIApp, Message

from tests.patience import patience


class Reply(NamedTuple):
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def http_scope(method: str, target: str, headers: Mapping[str, str]) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("198.51.100.7", 50_000),
        "server": ("127.0.0.1", 8_000),
        "state": {},
    }


async def call(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    json: object = None,
    chunks: int = 1,
    lines: Sequence[tuple[str, str]] = (),
) -> Reply:
    """One exchange; the body may be sent in several chunks. `lines` are header lines whose names may be repeated."""
    sent = dict(headers or {})
    if json is not None:
        body = orjson.dumps(json)
        sent.setdefault("content-type", "application/json")
    size = max(1, -(-len(body) // chunks))
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    incoming: list[Message] = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    outgoing: list[Message] = []
    finished = asyncio.Event()

    async def receive() -> Message:
        if incoming:
            return incoming.pop(0)
        await finished.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        outgoing.append(message)

    scope = http_scope(method, target, sent)
    scope["headers"] += [(name.lower().encode(), value.encode("latin-1")) for name, value in lines]
    await app(scope, receive, send)
    finished.set()
    start = outgoing[0]
    return Reply(
        start["status"],
        {name.decode(): value.decode("latin-1") for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in outgoing[1:]),
    )


class Stream:
    """A response that is read while it is written. Leaving the block disconnects."""

    def __init__(
        self, app: ASGIApp, method: str, target: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> None:
        self._app = app
        self._scope = http_scope(method, target, headers)
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._incoming.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self.start: Message = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._app(self._scope, self._incoming.get, self._outgoing.put))
        self.start = await self._outgoing.get()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._incoming.put_nowait({"type": "http.disconnect"})
        async with patience():
            await self._task

    async def chunk(self) -> str:
        """The next part of the body."""
        async with patience():
            return (await self._outgoing.get()).get("body", b"").decode()


class Closed(Exception):
    """The server closed the WebSocket (or refused it: `status`)."""

    def __init__(self, code: int | None, status: int | None = None) -> None:
        super().__init__(f"closed with {code}, status {status}")
        self.code = code
        self.status = status


class WebSocket:
    """A client of a WebSocket endpoint. Entering performs the handshake. `stalled` is a server that stopped reading."""

    def __init__(
        self,
        app: ASGIApp,
        target: str = "/graphql",
        *,
        subprotocols: tuple[str, ...] = ("graphql-transport-ws",),
        origin: str | None = None,
        address: str = "198.51.100.7",
    ) -> None:
        self._app = app
        self._scope = http_scope("GET", target, {"origin": origin} if origin else {}) | {
            "type": "websocket",
            "subprotocols": list(subprotocols),
            "client": (address, 50_000),
            "extensions": {"websocket.http.response": {}},
        }
        self._incoming: asyncio.Queue[Message] = asyncio.Queue()
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.accepted: Message = {}

    async def __aenter__(self) -> Self:
        await self._incoming.put({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(self._app(self._scope, self._incoming.get, self._take))
        first = await self._next()
        if first["type"] == "websocket.http.response.start":
            await self._task
            raise Closed(None, first["status"])
        self.accepted = first
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flowing.set()
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with patience():
            await self._task

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        await self._incoming.put({"type": "websocket.receive", "text": text})

    async def send_bytes(self, data: bytes) -> None:
        await self._incoming.put({"type": "websocket.receive", "bytes": data})

    async def receive(self) -> Any:
        """The next message. Raises Closed."""
        message = await self._next()
        if message["type"] == "websocket.close":
            raise Closed(message["code"])
        return orjson.loads(message["text"])

    async def init(self) -> None:
        await self.send({"type": "connection_init"})
        assert await self.receive() == {"type": "connection_ack"}

    async def _take(self, message: Message) -> None:
        await self.flowing.wait()
        await self._outgoing.put(message)

    async def _next(self) -> Message:
        async with patience():
            return await self._outgoing.get()
