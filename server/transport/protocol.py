"""HTTP connections with bounds that uvicorn has not: on heads, bodies, pipelines, waiting, and answers that nobody reads."""

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
    - Of requests that are sent without waiting for answers, MAX_PIPELINE are parsed. The rest of one read is kept as
      bytes, and nothing more is read until they are answered.
    - An upgrade to anything but WebSocket is ignored, as RFC 9110 §7.8 allows, and the body is read.
    - A connection beyond the limit of the process may ask for its health, and gets 503 for anything else.
    - A client that is answered before its body has ended may send it to the end (`Lingering`).
    - The connection is looked at twice in `request_seconds`, and closed when the same request is unfinished for the
      third time. So a request has up to half as long again. Connections without a request are closed in the same way
      after `timeout_keep_alive` seconds, instead of by a timer that each request would set anew. A client that takes
      nothing of what waits for it between two looks loses its connection.

    Every request passes here, so that what a short request does not need costs it nothing.
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
        # Of the body under way: whether the last read brought any of it, and how many bytes came since that were none.
        self._fed = False
        self._beside_body = 0
        self._dropped = 0
        # Whether the last request was answered before it became one of `cycle`, and nothing has come since.
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
        """Close a connection beyond the limit for the next one."""
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
        """What to answer to what cannot be parsed: `on_header` raises where there are too many."""
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
        """Trailers must not become headers of a request that is being answered already."""
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
        """Keeps uvicorn from starting a request that asks for an upgrade; `_upgrade` decides what becomes of it."""
        return True

    def _upgrade(self, rest: bytes) -> None:
        """A head that asks for an upgrade has ended; `rest` came behind it. The parser takes it for another protocol."""
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
        if self.transport.get_protocol() is not self:  # a WebSocket, or one that is left
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
        """Read no further request. The client is told why, unless that would come into the middle of an answer."""
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
        """Leave, after the answers that are under way; a connection that is left already is not waited for."""
        if not self._reads:
            self.transport.abort()
            return
        if not self._in_head and not self.cycle.more_body:
            self._held = b""
        super().shutdown()
