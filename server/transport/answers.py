"""Writes responses so that the head and the first part of the body are sent in one write.

uvicorn writes the two separately, and uvloop sends each write at once. Two writes cost a second system call, and if the
process is killed between them, its client has a head without the announced body.
"""

from asyncio import AbstractEventLoop, Transport
from typing import Any

# A larger part of a body is passed to the transport unchanged, so that it is not copied for a slow client.
MAX_COPIED_BYTES = 16_384


class AnswerWrites:
    """The transport of the consecutive responses on one connection.

    A head with a content length waits for the body, so a response that fails before its body starts is never started.
    The head of a stream, whose first part may come much later, waits for the end of the iteration of the event loop.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._cycle: Any = None
        self._begun = False
        self._head: bytes | None = None

    def begin(self, cycle: Any) -> None:
        """Take note that later writes belong to the response to this request."""
        self._cycle = cycle
        self._begun = False

    def write(self, data: bytes | memoryview) -> None:
        head = self._head
        if head is not None:
            self._head = None
            if len(data) > MAX_COPIED_BYTES:
                self._transport.writelines((head, data))
            else:
                self._transport.write(head + data)
        elif self._begun or not self._cycle.response_started:  # a later part of a body, or `100 Continue`
            self._transport.write(data)
        else:
            self._begun = True
            self._head = bytes(data)
            if self._cycle.chunked_encoding:
                self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write the head that waits, if there is one."""
        head, self._head = self._head, None
        if head is not None and not self._transport.is_closing():
            self._transport.write(head)

    def end(self) -> None:
        """Write the head of a complete response without a body. Discard the head of a failed response."""
        if self._cycle is not None and self._cycle.response_complete:
            self.flush()
        self._head = None

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self.end()
        self._transport.close()
