"""The `graphql-transport-ws` protocol.

One reader and one writer per connection. Results come from feeds, which serialise once for all; what a slow client does
not read is bounded by its outbox.

| closed with | because                                              |
|-------------|------------------------------------------------------|
| 1008        | frames come too fast (`server.transport.frames`)     |
| 1013        | the client reads too slowly                          |
| 4400        | a message that the protocol does not know            |
| 4401        | `subscribe` before `connection_init` was acknowledged |
| 4406        | the subprotocol is not `graphql-transport-ws`        |
| 4408        | no `connection_init` in time                         |
| 4409        | an id that is in use already                         |
| 4429        | a second `connection_init`                           |
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Protocol, cast

import orjson
from starlette.types import Message, Receive, Scope, Send

from schema.graphql.engine import Failure, Ready
from server.clients import client_of
from server.graphql_http.feeds import Feeds, Source
from server.graphql_http.outbox import Outbox, Overflow
from server.graphql_http.request import GraphQLRequest, Refused, from_parameters
from server.graphql_http.sockets import Doors, refuse
from server.headers import combined
from server.logs import get_logger

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 5.0
MAX_SUBSCRIPTIONS = 50
MAX_ID_LENGTH = 128
MAX_FRAME_BYTES = 65_536

log = get_logger(__name__)


class Closed(Exception):
    """The connection must be closed, with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Operations(Protocol):
    """What a connection needs of the GraphQL engine."""

    async def ready(self, request: GraphQLRequest, address: str) -> Ready | Failure:
        """The operation, checked and ready to run; or the errors that keep it from running."""
        ...

    def feed(self, ready: Ready) -> tuple[object | None, Source]:
        """The key under which its results can be shared (None: not at all), and their source."""
        ...


class WebSockets:
    """ASGI application for WebSocket connections to the GraphQL endpoint."""

    def __init__(
        self, operations: Operations, feeds: Feeds, doors: Doors, *, init_seconds: float = INIT_SECONDS
    ) -> None:
        self._operations = operations
        self._feeds = feeds
        self._doors = doors
        self._init_seconds = init_seconds
        self._connections: set[Connection] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        sent = combined(scope["headers"]).get(b"origin")
        origin = sent.decode("latin-1") if sent else None
        address = client_of(scope)
        refusal = self._doors.refusal(origin, address)
        if refusal is not None:
            log.info("socket.refused", status=int(refusal), origin=origin, client=address)
            await refuse(scope, send, refusal)
            return
        self._doors.enter(address)
        connection = Connection(self._operations, self._feeds, receive, send, address)
        self._connections.add(connection)
        try:
            await connection.run(spoken=PROTOCOL in scope.get("subprotocols", ()), init_seconds=self._init_seconds)
        finally:
            self._connections.discard(connection)
            self._doors.leave(address)

    async def close_all(self) -> None:
        """Close every connection because the server goes away."""
        await asyncio.gather(*(connection.close(1001, "server shuts down") for connection in tuple(self._connections)))


class Connection:
    """One client."""

    def __init__(self, operations: Operations, feeds: Feeds, receive: Receive, send: Send, address: str) -> None:
        self._operations = operations
        self._feeds = feeds
        self._receive = receive
        self._send = send
        self._address = address
        self._outbox = Outbox()
        self._subscriptions: dict[str, Callable[[], None]] = {}
        self._acknowledged = False
        self._open = True
        self._closing: asyncio.Task[None] | None = None

    async def run(self, *, spoken: bool, init_seconds: float) -> None:
        """Serve until either side closes. `spoken`: the client offered our subprotocol."""
        await self._send({"type": "websocket.accept", "subprotocol": PROTOCOL if spoken else None})
        if not spoken:
            await self.close(4406, "Subprotocol not acceptable")
            return
        writer = asyncio.create_task(self._write())
        timer = asyncio.create_task(self._expect_init(init_seconds))
        try:
            while self._open and (text := await self._next_text()) is not None:
                await self._handle(text)
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        except Overflow as overflow:
            await self.close(1013, str(overflow))
        finally:
            self._open = False
            writer.cancel()
            timer.cancel()
            for leave in tuple(self._subscriptions.values()):
                leave()
            await asyncio.gather(writer, timer, return_exceptions=True)

    async def close(self, code: int, reason: str) -> None:
        """Close, unless that has been done."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError, RuntimeError):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _next_text(self) -> str | None:
        """The next frame; None once the client has gone. Binary and oversized frames break the protocol."""
        message: Message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | None = message.get("text")
        if text is None or len(text) > MAX_FRAME_BYTES:
            raise Closed(4400, "Invalid message: text frames of at most 64 KiB are expected")
        return text

    async def _handle(self, text: str) -> None:
        message = _parsed(text)
        match message.get("type"):
            case "connection_init":
                self._init(message)
            case "ping":
                self._reply({"type": "pong", **_payload(message)})
            case "pong":
                _payload(message)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                self._leave(_id(message))
            case _:
                raise Closed(4400, "Invalid message: unknown type")

    def _init(self, message: dict[str, Any]) -> None:
        if self._acknowledged:
            raise Closed(4429, "Too many initialisation requests")
        _payload(message)
        self._acknowledged = True
        self._reply({"type": "connection_ack"})

    async def _expect_init(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not self._acknowledged:
            await self.close(4408, "Connection initialisation timeout")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._acknowledged:
            raise Closed(4401, "Unauthorized: send connection_init first")
        name = _id(message)
        if name in self._subscriptions:
            raise Closed(4409, f"Subscriber for {name} already exists")
        payload = message.get("payload")
        if not isinstance(payload, dict):
            raise Closed(4400, "Invalid message: `payload` must be an object")
        try:
            request = from_parameters(cast("dict[str, object]", payload))
        except Refused as refused:
            raise Closed(4400, f"Invalid message: {refused.message}") from None
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            self._reply(
                {
                    "type": "error",
                    "id": name,
                    "payload": [
                        {
                            "message": f"a connection has at most {MAX_SUBSCRIPTIONS} operations at once",
                            "extensions": {"code": "RATE_LIMITED"},
                        }
                    ],
                }
            )
            return
        ready = await self._operations.ready(request, self._address)
        if isinstance(ready, Failure):
            self._reply({"type": "error", "id": name, "payload": ready.errors})
            return
        key, source = self._operations.feed(ready)
        self._subscriptions[name] = self._feeds.join(key, source, _Subscriber(self, name, replaces=ready.replaces))

    def _leave(self, name: str) -> None:
        leave = self._subscriptions.pop(name, None)
        if leave is not None:
            leave()
            self._outbox.forget(name)

    def deliver(self, name: str, payload: bytes, *, replaces: bool) -> None:
        """Queue a result of this subscription."""
        if name not in self._subscriptions or self._closing is not None:
            return
        try:
            message = f'{{"type":"next","id":{_quoted(name)},"payload":{payload.decode()}}}'
            self._outbox.result(name, message, replaces=replaces)
        except Overflow as overflow:
            self._closing = asyncio.create_task(self.close(1013, str(overflow)))

    def finished(self, name: str) -> None:
        """Queue the completion of this subscription."""
        if self._subscriptions.pop(name, None) is not None:
            self._outbox.finish(name, f'{{"type":"complete","id":{_quoted(name)}}}')

    def _reply(self, message: dict[str, Any]) -> None:
        self._outbox.control(orjson.dumps(message).decode())

    async def _write(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            while self._open:
                await self._send({"type": "websocket.send", "text": await self._outbox.take()})


class _Subscriber:
    """One subscription of one connection, as its feed sees it."""

    def __init__(self, connection: Connection, name: str, *, replaces: bool) -> None:
        self._connection = connection
        self._name = name
        self._replaces = replaces

    def next(self, payload: bytes) -> None:
        self._connection.deliver(self._name, payload, replaces=self._replaces)

    def complete(self) -> None:
        self._connection.finished(self._name)


def _parsed(text: str) -> dict[str, Any]:
    try:
        message: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Closed(4400, "Invalid message: not JSON") from None
    if not isinstance(message, dict):
        raise Closed(4400, "Invalid message: not an object")
    return cast("dict[str, Any]", message)


def _id(message: dict[str, Any]) -> str:
    name: object = message.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_ID_LENGTH:
        raise Closed(4400, f"Invalid message: `id` must be a string of 1 to {MAX_ID_LENGTH} characters")
    return name


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    """The optional payload, to be sent back as it came."""
    payload: object = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closed(4400, "Invalid message: `payload` must be an object")
    return {"payload": payload} if payload is not None else {}


def _quoted(name: str) -> str:
    return orjson.dumps(name).decode()
