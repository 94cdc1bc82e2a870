"""The end of a connection whose client may still be sending.

Closing a socket with unread data makes the kernel send a reset, and a reset makes the client lose a response that it
has not read yet. So data that arrives after the last response is discarded, within bounds, before the connection is
closed (nginx calls this `lingering_close`).
"""

from asyncio import AbstractEventLoop, Protocol, TimerHandle, Transport
from collections.abc import Callable
from typing import Any

from server.transport.answers import AnswerWrites

# After a complete head: a refused body may be sent to its end.
MAX_LINGER_BYTES = 16 * 2**20
# After data that is not a request.
MAX_LINGER_HEAD_BYTES = 2**20
LINGER_SECONDS = 30.0
# How long the client may pause.
LINGER_IDLE_SECONDS = 5.0
# The same if no more data is expected after the refusal.
SHORT_LINGER_SECONDS = 1.0
_TICK_SECONDS = 0.5


class Lingering(Protocol):
    """Replaces `left` as the protocol of its transport. `left` is still notified of the end and of flow control."""

    def __init__(
        self,
        left: Protocol,
        transport: Transport,
        loop: AbstractEventLoop,
        max_bytes: int,
        idle_seconds: float = LINGER_IDLE_SECONDS,
    ) -> None:
        self._left = left
        self._transport = transport
        self._loop = loop
        self._bytes_left = max_bytes
        self._seconds_left = LINGER_SECONDS
        self._idle_seconds = 0.0
        self._max_idle_seconds = idle_seconds
        self._ended = False
        transport.set_protocol(self)
        transport.resume_reading()
        self._timer: TimerHandle = loop.call_later(_TICK_SECONDS, self._look)

    def data_received(self, data: bytes) -> None:
        self._idle_seconds = 0.0
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self._transport.abort()

    def eof_received(self) -> None:
        """The client has ended its side too, so the transport closes by itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._left.connection_lost(exc)

    def pause_writing(self) -> None:
        self._left.pause_writing()

    def resume_writing(self) -> None:
        self._left.resume_writing()

    def _look(self) -> None:
        """End our side once the client pauses, so that it need not wait. Close after a longer pause, or at the end."""
        self._seconds_left -= _TICK_SECONDS
        self._idle_seconds += _TICK_SECONDS
        if self._seconds_left <= 0 or self._idle_seconds > self._max_idle_seconds:
            self._transport.abort()
            return
        if not self._ended and not self._transport.is_closing() and self._idle_seconds >= _TICK_SECONDS:
            self._ended = True
            self._transport.write_eof()
        self._timer = self._loop.call_later(_TICK_SECONDS, self._look)


class EarlyAnswer:
    """The transport of a response that may end before the body of its request. In that case it closes with `linger`."""

    def __init__(self, answers: AnswerWrites, cycle: Any, linger: Callable[[], None], *, always: bool = False) -> None:
        self._answers = answers
        self._cycle = cycle
        self._linger = linger
        self.always = always

    def write(self, data: bytes) -> None:
        self._answers.write(data)

    def is_closing(self) -> bool:
        return self._answers.is_closing()

    def close(self) -> None:
        if self.always or self._cycle.more_body:
            self._answers.end()
            self._linger()
        else:
            self._answers.close()
