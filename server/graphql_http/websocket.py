"""The `graphql-transport-ws` protocol.

One reader and one writer per connection. Results come from feeds, which serialise once for all; what a slow client does
not read is bounded by its outbox.

| closed with | because                                              |
|-------------|------------------------------------------------------|
| 1008        | more than 250 messages at once, or 50 a second, or too many frames (`server.transport.frames`) |
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
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, cast

import orjson
from starlette.types import Message, Receive, Scope, Send

from schema.graphql.execution.errors import ErrorCode
from schema.graphql.execution.outcomes import Ready, Rejected
from server.graphql_http.asked import Operations
from server.graphql_http.feeds import Feeds
from server.graphql_http.holdings import Held, Holdings
from server.graphql_http.messages import MAX_FRAME_BYTES, PROTOCOL, Closed, id_of, parsed, payload_of, quoted
from server.graphql_http.outbox import Framed, Outbox, Overflow
from server.graphql_http.pace import MESSAGES_AT_ONCE, MESSAGES_PER_SECOND, Pace
from server.graphql_http.request import Refused, from_parameters
from server.graphql_http.sockets import Doors, refuse
from server.http.clients import client_of
from server.http.headers import combined
from server.logs import get_logger
from server.process.supervisor import watched

INIT_SECONDS = 5.0
MAX_SUBSCRIPTIONS = 50

log = get_logger(__name__)


class WebSockets:
    """ASGI application for WebSocket connections to the GraphQL endpoint."""

    def __init__(
        self, operations: Operations, feeds: Feeds, doors: Doors, *, init_seconds: float = INIT_SECONDS
    ) -> None:
        self._operations = operations
        self._feeds = feeds
        self._doors = doors
        self._init_seconds = init_seconds
        self._holdings = Holdings()

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
        connection = Connection(self._operations, self._feeds, receive, send, holdings=self._holdings, address=address)
        try:
            await connection.run(spoken=PROTOCOL in scope.get("subprotocols", ()), init_seconds=self._init_seconds)
        finally:
            self._doors.leave(address)


class _Joined(NamedTuple):
    """A subscription: how to stop listening, and how to give back what it holds."""

    leave: Callable[[], None]
    give_back: Callable[[], None]


class Connection:
    """One client."""

    def __init__(
        self,
        operations: Operations,
        feeds: Feeds,
        receive: Receive,
        send: Send,
        *,
        holdings: Holdings,
        address: str,
    ) -> None:
        self._operations = operations
        self._feeds = feeds
        self._holdings = holdings
        self._held = Held()
        self._pace = Pace()
        self._receive = receive
        self._send = send
        self._address = address
        self._outbox = Outbox(in_all=feeds.waiting)
        self._subscriptions: dict[str, _Joined] = {}
        self._acknowledged = False
        self._open = True
        self._closing: asyncio.Task[None] | None = None

    async def run(self, *, spoken: bool, init_seconds: float) -> None:
        """Serve until either side closes. `spoken` is true if the client offered our subprotocol."""
        await self._send({"type": "websocket.accept", "subprotocol": PROTOCOL if spoken else None})
        if not spoken:
            await self.close(4406, "Subprotocol not acceptable")
            return
        writer = watched(self._write(), name="socket writer")
        timer = watched(self._expect_init(init_seconds), name="socket timer")
        try:
            while self._open and (text := await self._next_text()) is not None:
                await self._handle(text)
                # Otherwise queued messages would be handled without a pause, and no other client would be served
                # meanwhile.
                await asyncio.sleep(0)
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        except Overflow as overflow:
            await self.close(1013, str(overflow))
        finally:
            self._open = False
            writer.cancel()
            timer.cancel()
            for name in tuple(self._subscriptions):
                self._leave(name)
            await asyncio.gather(writer, timer, return_exceptions=True)
            self._outbox.forget_all()

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
        if not self._pace.allows():
            raise Closed(1008, f"At most {MESSAGES_AT_ONCE} messages at once, and {MESSAGES_PER_SECOND:g} a second")
        return text

    async def _handle(self, text: str) -> None:
        message = parsed(text)
        match message.get("type"):
            case "connection_init":
                self._init(message)
            case "ping":
                self._reply({"type": "pong", **payload_of(message)})
            case "pong":
                payload_of(message)
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                self._leave(id_of(message))
            case _:
                raise Closed(4400, "Invalid message: unknown type")

    def _init(self, message: dict[str, Any]) -> None:
        if self._acknowledged:
            raise Closed(4429, "Too many initialisation requests")
        payload_of(message)
        self._acknowledged = True
        self._reply({"type": "connection_ack"})

    async def _expect_init(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if not self._acknowledged:
            await self.close(4408, "Connection initialisation timeout")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._acknowledged:
            raise Closed(4401, "Unauthorized: send connection_init first")
        name = id_of(message)
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
            self._refuse(name, f"a connection has at most {MAX_SUBSCRIPTIONS} operations at once")
            return
        # A document that cannot be held is not even parsed.
        if self._operations.is_new(request) and self._is_refused(name, None, len(request.query or "")):
            return
        ready = await self._operations.ready(request, self._address)
        if isinstance(ready, Rejected):
            self._reply({"type": "error", "id": name, "payload": ready.errors})
            return
        size = ready.document.size + len(ready.question[-1])
        if not self._is_refused(name, ready.question, size):
            self._join(name, ready, size)

    def _is_refused(self, name: str, text: Hashable, size: int) -> bool:
        """Whether one more document (None: a new one) must be refused. If so, the client gets an error."""
        refusal = self._holdings.refusal(self._address, self._held, text, size)
        if refusal is not None:
            self._refuse(name, refusal)
        return refusal is not None

    def _join(self, name: str, ready: Ready, size: int) -> None:
        """Listen to the operation's results."""
        holding = (self._address, self._held, ready.question, size)
        self._holdings.take(*holding)
        leave = self._feeds.join(*self._operations.feed(ready), _Subscriber(self, name, ready))
        self._subscriptions[name] = _Joined(leave, lambda: self._holdings.give_back(*holding))

    def _refuse(self, name: str, text: str) -> None:
        error = {"message": text, "extensions": {"code": ErrorCode.RATE_LIMITED.value}}
        self._reply({"type": "error", "id": name, "payload": [error]})

    def _leave(self, name: str) -> None:
        joined = self._subscriptions.pop(name, None)
        if joined is not None:
            joined.leave()
            joined.give_back()
            self._outbox.forget(name)

    def deliver(self, name: str, ready: Ready, payload: bytes, *, paid: bool) -> None:
        """Queue a result of this subscription. Those after the first are charged when they come."""
        if name not in self._subscriptions or self._closing is not None:
            return
        refused = None if paid else self._operations.charge(ready, self._address)
        try:
            if refused is not None:
                self._leave(name)
                self._reply({"type": "error", "id": name, "payload": refused.errors})
                return
            message = Framed(f'{{"type":"next","id":{quoted(name)},"payload":', payload, "}")
            self._outbox.result(name, message, replaces=ready.replaces)
        except Overflow as overflow:
            self._closing = watched(self.close(1013, str(overflow)), name="socket close")

    def finished(self, name: str) -> None:
        """Queue the completion of this subscription."""
        joined = self._subscriptions.pop(name, None)
        if joined is not None:
            joined.give_back()
            self._outbox.finish(name, f'{{"type":"complete","id":{quoted(name)}}}')

    async def room(self) -> None:
        await self._outbox.room()

    def _reply(self, message: dict[str, Any]) -> None:
        self._outbox.control(orjson.dumps(message).decode())

    async def _write(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            while self._open:
                await self._send({"type": "websocket.send", "text": await self._outbox.take()})


class _Subscriber:
    """One subscription of one connection, as its feed sees it."""

    def __init__(self, connection: Connection, name: str, ready: Ready) -> None:
        self._connection = connection
        self._name = name
        self._operation = ready
        self._paid = True

    def next(self, payload: bytes) -> None:
        self._connection.deliver(self._name, self._operation, payload, paid=self._paid)
        self._paid = False

    def complete(self) -> None:
        self._connection.finished(self._name)

    async def room(self) -> None:
        await self._connection.room()
