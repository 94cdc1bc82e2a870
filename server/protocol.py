"""HTTP connections with bounds that uvicorn has not: how long the head of a request may be, and how long it may take."""

import math
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
REQUEST_SECONDS = 30.0
_LOOKS = 2
_receive = HttpToolsProtocol.data_received  # not by super(), which every request would look up


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request line and headers do not end, or that takes its time to send a request.

    The parser keeps an unfinished header in memory, so that without a bound one connection could fill it. What comes
    first in one read, at most 256 KiB, is not counted.

    Every request passes here, so that it costs next to nothing: each connection is looked at twice in `request_seconds`,
    and closed when the same request is unfinished for the third time. So it has up to half as long again. Connections
    without a request are closed in the same way after `timeout_keep_alive` seconds, instead of by a timer that each
    request would set anew.
    """

    max_head_bytes = MAX_HEAD_BYTES
    request_seconds = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: object = None
        self._head_bytes = 0
        self._seen: object = self
        self._looks = 0
        self._timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  (as in uvicorn's own)
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        _receive(self, data)
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope:  # pyright: ignore[reportUnnecessaryComparison]  (None until the first request)
            self._head_bytes = self._head_bytes + len(data) if self._head is self.scope else 0
            self._head = self.scope
            if self._head_bytes > self.max_head_bytes:
                self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    @property
    def _in_head(self) -> bool:
        """Whether the next request has not begun, or its head has not ended."""
        cycle = cast("Any", self.cycle)
        return cycle is None or cycle.scope is not self.scope

    def on_response_complete(self) -> None:
        if self.pipeline:
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        if self.flow.read_paused and not self.transport.is_closing():
            self.flow.resume_reading()

    def _look(self) -> None:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:  # it may be a WebSocket by now
            return
        seconds = self.request_seconds / _LOOKS
        if self._in_head or self.cycle.more_body:
            seen, patience = cast("object", self.scope), self.request_seconds
        elif self.cycle.response_complete:
            seen, patience = self.cycle, float(self.timeout_keep_alive)
        else:
            seen, patience = self, math.inf
        self._looks = self._looks + 1 if seen is self._seen else 0
        self._seen = seen
        if self._looks * seconds >= patience:
            self._give_up(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._timer = self.loop.call_later(seconds, self._look)

    def _give_up(self, status: HTTPStatus) -> None:
        """Close, with a word to the client unless an answer to an earlier request is under way."""
        cycle = cast("Any", self.cycle)
        if self.transport.is_closing():
            return
        if self._in_head and (cycle is None or cycle.response_complete):
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(line.encode())
        self.transport.close()
