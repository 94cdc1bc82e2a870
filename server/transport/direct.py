"""Writes known responses before a request becomes an ASGI scope and a task."""

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from server.http.asked import Known
from server.http.reply import MAX_WRITE_BYTES
from server.transport.connections import Connections
from server.transport.heads import MAX_PLAIN_HEAD_BYTES, Heads
from server.transport.pipeline import HEAD_END, MAX_PIPELINE
from server.transport.protocol import BoundedHttp


def always() -> bool:
    return True


class DirectAnswers:
    """Parses and answers plain requests, for all connections of a process.

    While `has_time` is false, because callbacks have run for long enough in this iteration of the event loop, reads
    wait for the next one. They are handled in the order of their arrival.
    """

    def __init__(self, known: Known, has_time: Callable[[], bool] = always) -> None:
        self._known = known
        self._has_time = has_time
        self._waiting = deque[DirectHttp]()
        self._heads = Heads()
        self._common: list[tuple[bytes, bytes]] = []
        self._lines = b""

    @property
    def is_busy(self) -> bool:
        """Whether a new read has to wait."""
        return bool(self._waiting) or not self._has_time()

    def wait(self, connection: "DirectHttp") -> None:
        """Let the connection go on once there is time for it."""
        if not self._waiting:
            connection.loop.call_soon(self._go_on, connection.loop)
        self._waiting.append(connection)

    def _go_on(self, loop: AbstractEventLoop) -> None:
        while self._waiting and self._has_time():
            self._waiting.popleft().go_on()
        if self._waiting:
            loop.call_soon(self._go_on, loop)

    def take(self, data: bytes, common: list[tuple[bytes, bytes]]) -> tuple[bytes, int, int]:
        """The responses to the requests at the beginning of `data`, with the number of bytes and of requests.

        It ends before the first request that is not plain, complete and known, and at the limit of requests or of
        response bytes for one turn. `common` are the headers at the start of every response.
        """
        if common is not self._common:
            self._common = common
            self._lines = b"".join(b"%b: %b\r\n" % header for header in common)
        answers: list[bytes] = []
        at = room = 0
        while at < len(data) and len(answers) < MAX_PIPELINE and room < MAX_WRITE_BYTES:
            found = data.find(HEAD_END, at, at + MAX_PLAIN_HEAD_BYTES)
            if found < 0:
                break
            end = found + len(HEAD_END)
            head = self._heads.read(data[at:end])
            if head is None:
                break
            stop = end + head.length
            if stop > len(data):
                break
            answer = self._known(head, data[end:stop], self._lines)
            if answer is None:
                break
            answers.append(answer)
            room += len(answer)
            at = stop
        return answers[0] if len(answers) == 1 else b"".join(answers), at, len(answers)


class DirectHttp(BoundedHttp):
    """A connection that writes known responses as soon as a request is read. `BoundedHttp` handles all others.

    A request is answered in this way only if its connection is idle: no byte of an unanswered request has arrived, and
    the client reads what is written.
    """

    direct: DirectAnswers | None = None
    # A read that waits for the next iteration of the event loop.
    _deferred = b""

    def data_received(self, data: bytes) -> None:
        direct = self.direct
        if self._deferred:
            self._deferred += data
        elif direct is not None and self._is_free and direct.is_busy:
            self._deferred = data
            self._looks = -1
            self.transport.pause_reading()
            direct.wait(self)
        else:
            self._take_read(data)

    def go_on(self) -> None:
        """Handle the read that waits."""
        data, self._deferred = self._deferred, b""
        if data and not self.transport.is_closing():
            self.transport.resume_reading()
            self._take_read(data)

    def shutdown(self) -> None:
        self.go_on()
        super().shutdown()

    def _take_read(self, data: bytes) -> None:
        direct = self.direct
        if direct is not None and self._is_free:
            answers, size, count = direct.take(data, self.server_state.default_headers)
            if count:
                self.transport.write(answers)
                self.server_state.total_requests += count
                self._answered = True
                self._looks = -1
                if size == len(data):
                    return
                data = data[size:]
        self._answered = False
        super().data_received(data)

    @property
    def _is_free(self) -> bool:
        """Whether a request that arrives now would be answered next, on a connection without restrictions."""
        cycle, scope = cast("Any", self.cycle), cast("Any", self.scope)
        if cycle is None:
            if scope is not None:
                return False
        elif cycle.scope is not scope or cycle.more_body or not cycle.response_complete:
            return False
        return not (self._probes_only or self.flow.write_paused or self.transport.is_closing())


def http_class(admitted: Connections, known: Known | None, has_time: Callable[[], bool] = always) -> type[DirectHttp]:
    """The class of a process's connections, which are counted together. `known` returns responses while `has_time`."""
    direct = None if known is None else DirectAnswers(known, has_time)
    return type("Http", (DirectHttp,), {"admitted": admitted, "direct": direct})
