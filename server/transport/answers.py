"""How answers are written: the head of each leaves in one write with the first part of its body.

uvicorn writes the two one after the other, and uvloop sends what is written at once. Two writes cost a second system call,
and a process that is killed between them leaves its client with a head that promises a body which never comes.
"""

from asyncio import AbstractEventLoop, Transport
from typing import Any

# Beyond it a part of a body is handed to the transport as it is, so that it is not copied for a slow client.
MAX_COPIED_BYTES = 16_384


class AnswerWrites:
    """The transport of the answers on one connection, which come one after the other.

    A head that says how long its body is waits for the body. So an answer that fails before its body begins is not begun at
    all. The head of a stream, whose first part may come much later, waits for the end of the turn of the event loop.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._cycle: Any = None
        self._begun = False
        self._head: bytes | None = None

    def begin(self, cycle: Any) -> None:
        """What is written from now on answers this request."""
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
        """Write the head of a whole answer that has no body. Forget the one of an answer that has failed."""
        if self._cycle is not None and self._cycle.response_complete:
            self.flush()
        self._head = None

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        self.end()
        self._transport.close()
