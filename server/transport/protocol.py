"""HTTP connections with bounds that uvicorn lacks: on heads, bodies, pipelines, idle time, and unread responses."""

import math
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, cast

import httptools
from starlette.types import ASGIApp
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from server.transport.connections import Admission, Connections
from server.transport.lingering import (
    LINGER_IDLE_SECONDS,
    MAX_LINGER_BYTES,
    MAX_LINGER_HEAD_BYTES,
    SHORT_LINGER_SECONDS,
    EarlyAnswer,
    Lingering,
)
from server.transport.pipeline import PipelinedHttp
from server.transport.probes import ProbesOnly
from server.transport.progress import Progress
from server.transport.upgrade import asks_for_socket, head_of, without_upgrade
from server.transport.websocket import BoundedSocket, plain_answer

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 256
REQUEST_SECONDS = 30.0
_LOOKS = 2


class BoundedHttp(PipelinedHttp):
    """One connection.

    - The line and headers of a request, and its trailers, have at most MAX_HEAD_BYTES and MAX_HEADERS: 431 beyond.
    - Of pipelined requests, MAX_PIPELINE are parsed. The rest of one read is kept as bytes, and nothing more is read
      until they are answered.
    - An upgrade to a protocol other than WebSocket is ignored, as RFC 9110 §7.8 allows, and the body is read.
    - A connection beyond the limit of the process may request its health, and gets 503 for any other request.
    - A client that is answered before the end of its body may send the rest of it (`Lingering`).
    - The connection is checked twice in `request_seconds`, and closed when the same request is unfinished at the third
      check. So a request may take up to 1.5 times as long. Connections without a request are closed in the same way
      after `timeout_keep_alive` seconds, instead of by a timer for each request. A connection is also closed if its
      client reads nothing of the waiting data between two checks.

    Every request passes through this class, so a short request must not pay for checks that it does not need.
    """

    max_head_bytes = MAX_HEAD_BYTES
    request_seconds = REQUEST_SECONDS
    admitted = Connections()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ws_protocol_class = BoundedSocket
        self._head: object = None
        self._head_bytes = 0
        self._seen: object = self
        self._looks = 0
        self._timer: TimerHandle | None = None
        self._probes_only = False
        # Of the current body: whether the last read contained any of it, and how many other bytes have arrived since.
        self._fed = False
        self._beside_body = 0
        self._dropped = 0
        # Whether the last request was answered without a `cycle`, and nothing has arrived since.
        self._answered = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  (as in uvicorn's own)
        super().connection_made(transport)
        self._progress = Progress(transport)
        admission = self.admitted.enter(self, self._address, self._give_way)
        self._look()
        if admission is Admission.PROBES:
            self._probes_only = True
            self.app = cast("Any", ProbesOnly(cast("ASGIApp", self.app)))
        elif admission is Admission.TOO_MANY:
            transport.write(plain_answer(HTTPStatus.TOO_MANY_REQUESTS))
            self._linger(MAX_LINGER_HEAD_BYTES, SHORT_LINGER_SECONDS)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._leave()
        super().connection_lost(exc)

    def _leave(self) -> None:
        self.admitted.leave(self)

    def _give_way(self) -> None:
        """Close this connection, which is beyond the limit, in favour of the next one."""
        if not self.transport.is_closing():
            self.transport.write(plain_answer(HTTPStatus.SERVICE_UNAVAILABLE))
            self.transport.close()

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self._give_up(self._fault())
            return
        if self.pipeline:
            self._flow.held = True
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope:  # pyright: ignore[reportUnnecessaryComparison]  (None until the first request)
            self._head_bytes = self._head_bytes + len(data) if self._head is self.scope else 0
            self._head = self.scope
            if self._head_bytes > self.max_head_bytes:
                self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif cycle.more_body:
            self._expect_more(cycle, len(data))

    def _fault(self) -> HTTPStatus:
        """The response to a request that cannot be parsed. `on_header` raises if there are too many headers."""
        many = len(self.headers or ()) > MAX_HEADERS
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if many else HTTPStatus.BAD_REQUEST

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        headers = self.headers
        headers.append((name, value))
        if len(headers) > MAX_HEADERS:
            raise ValueError(f"more than {MAX_HEADERS} header lines")
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_chunk_header(self) -> None:
        """Trailers must not become headers of a request that is already being answered."""
        if self.headers is self.scope["headers"]:
            self.headers = []

    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        self._fed = True
        if cycle.response_complete:
            self._dropped += len(body)
            if self._dropped > MAX_LINGER_BYTES:
                self.transport.abort()
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def _expect_more(self, cycle: Any, size: int) -> None:
        """A read has ended in the middle of a body."""
        if not isinstance(cycle.transport, EarlyAnswer):
            self._dropped = self._beside_body = 0
            self._fed = True
            cycle.transport = EarlyAnswer(self._answers, cycle, self._linger)
        self._beside_body = 0 if self._fed else self._beside_body + size
        self._fed = False
        if self._beside_body > self.max_head_bytes:
            self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _should_upgrade(self) -> bool:
        """Prevent uvicorn from starting a request for an upgrade. `_upgrade` decides how to handle it."""
        return True

    def _upgrade(self, rest: bytes) -> None:
        """Handle the end of a head that requests an upgrade. The parser treats the bytes after it, `rest`, as another
        protocol."""
        method: str = self.scope["method"]
        if method == "CONNECT":
            self._give_up(HTTPStatus.BAD_REQUEST)
            return
        headers = [(name, value or b"") for name, value in self.headers]
        idle = cast("Any", self.cycle) is None or self.cycle.response_complete
        wanted = method == "GET" and self.scope["http_version"] == "1.1" and idle and asks_for_socket(headers)
        if wanted and self._probes_only:
            self._give_up(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        if wanted:
            self._become_socket(head_of(method, self.url, "1.1", headers), rest + self._held[self._at :])
            return
        plain = without_upgrade(headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._parse(head_of(method, self.url, self.scope["http_version"], plain) + rest)

    def _become_socket(self, head: bytes, early: bytes) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.connections.discard(self)
        socket = BoundedSocket(config=self.config, server_state=self.server_state, app_state=self.app_state)
        socket.begin(self.transport, head, early, self._leave)

    @property
    def _in_head(self) -> bool:
        """Whether the next request has not begun, or its head has not ended."""
        cycle = cast("Any", self.cycle)
        return cycle is None or cycle.scope is not self.scope

    def _look(self) -> None:
        if self.transport.get_protocol() is not self:  # a WebSocket, or a connection that is left
            return
        seconds = self.request_seconds / _LOOKS
        self._timer = self.loop.call_later(seconds, self._look)
        if self._progress.stands_still():
            self.transport.abort()
            return
        if self.transport.is_closing():
            return
        if self._answered:
            seen, patience = cast("object", None), float(self.timeout_keep_alive)
        elif self._in_head or self.cycle.more_body:
            seen, patience = cast("object", self.scope), self.request_seconds
        elif self.cycle.response_complete:
            seen, patience = self.cycle, float(self.timeout_keep_alive)
        else:
            seen, patience = self, math.inf
        self._looks = self._looks + 1 if seen is self._seen else 0
        self._seen = seen
        if self._looks * seconds >= patience:
            self._time_out()

    def _time_out(self) -> None:
        if self._in_head and not self._answered:
            self._give_up(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _give_up(self, status: HTTPStatus) -> None:
        """Read no further request. The client gets the reason, unless that would be in the middle of a response."""
        cycle = cast("Any", self.cycle)
        if not self._reads:
            return
        if cycle is not None and not cycle.response_complete:
            if self._in_head or not cycle.more_body:
                self._end_after(cycle)
                return
            if self.pipeline or cycle.response_started:
                self.transport.close()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        if cycle is None or self._in_head or not cycle.more_body or cycle.disconnected:
            self.transport.write(plain_answer(status))
        self._linger(MAX_LINGER_HEAD_BYTES)

    def _end_after(self, cycle: Any) -> None:
        """Close once this request, the last that could be read, is answered."""
        cycle.keep_alive = False
        cycle.transport = EarlyAnswer(self._answers, cycle, self._linger, always=True)
        self._held = b""
        self.flow.pause_reading()
        self._flow.held = True

    def _linger(self, max_bytes: int = MAX_LINGER_BYTES, idle_seconds: float = LINGER_IDLE_SECONDS) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._held = b""
        Lingering(self, self.transport, self.loop, max_bytes, idle_seconds)

    def shutdown(self) -> None:
        """Leave after the current responses. A connection that is already left is not waited for."""
        if not self._reads:
            self.transport.abort()
            return
        if not self._in_head and not self.cycle.more_body:
            self._held = b""
        super().shutdown()
