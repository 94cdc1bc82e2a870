"""HTTP connections with bounds that uvicorn has not: how long the head of a request may be, and how long it may take."""

from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
REQUEST_SECONDS = 30.0


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request line and headers do not end, or that takes its time to send a request.

    The parser keeps an unfinished header in memory, so that without a bound one connection could fill it. What comes
    first in one read, at most 256 KiB, is not counted.
    """

    max_head_bytes = MAX_HEAD_BYTES
    request_seconds = REQUEST_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._heads = 0
        self._head_bytes = 0
        self._deadline: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  as in uvicorn's own
        super().connection_made(transport)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        head = self._heads
        super().data_received(data)
        if self._in_head and self._heads == head:
            self._head_bytes += len(data)
            if self._head_bytes > self.max_head_bytes:
                self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._in_head = True
        self._heads += 1
        self._head_bytes = 0
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._cancel_deadline()
        super().on_message_complete()

    def _expect_request(self) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(self.request_seconds, self._give_up, HTTPStatus.REQUEST_TIMEOUT)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self, status: HTTPStatus) -> None:
        """Close, with a word to the client unless an answer to an earlier request is under way."""
        self._cancel_deadline()
        if self.transport.is_closing():
            return
        if self._in_head and (self.cycle is None or self.cycle.response_complete):  # pyright: ignore[reportUnnecessaryComparison]  None until the first request
            line = f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(line.encode())
        self.transport.close()
