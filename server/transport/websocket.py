"""WebSocket connections with bounds that uvicorn lacks, from the handshake to the end."""

from asyncio import TimerHandle, Transport
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import HeaderLineTooLong, TooManyHeaders
from websockets.frames import Close, CloseCode
from websockets.protocol import State

from server.logs import get_logger
from server.transport.frames import BoundedFrames
from server.transport.lingering import LINGER_SECONDS, MAX_LINGER_HEAD_BYTES, SHORT_LINGER_SECONDS, Lingering
from server.transport.progress import Progress

# Until the application has accepted or refused a handshake. It does so at once.
HANDSHAKE_SECONDS = 10.0
WRITE_SECONDS = 15.0

log = get_logger(__name__)


class BoundedSocket(WebSocketsSansIOProtocol):
    """A WebSocket, from the head of its handshake on.

    - A handshake that the WebSocket library cannot use is answered at once, and its connection is closed.
    - Data that the client sends before the handshake is answered has to wait. While the client does not read, nothing
      is read.
    - Frames are bounded (`BoundedFrames`).
    - The connection is closed if the client reads none of the waiting data for 15 to 30 s.
    """

    handshake_seconds = HANDSHAKE_SECONDS
    write_seconds = WRITE_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = BoundedFrames(self.loop.time, max_size=self.config.ws_max_size, logger=self.logger)
        self._early = b""
        self._stands_still: Callable[[], bool] = lambda: False
        self._timer: TimerHandle | None = None
        self._on_lost: Callable[[], None] = lambda: None

    def begin(self, transport: Transport, head: bytes, early: bytes, on_lost: Callable[[], None]) -> None:
        """Take over a connection whose client has sent this head, and perhaps more. `on_lost` is called at its end."""
        self._on_lost = on_lost
        self._stands_still = Progress(transport).stands_still
        transport.set_protocol(self)
        super().connection_made(transport)
        try:
            self.conn.receive_data(head)
            self.handle_events()
        except Exception:
            log.exception("socket.handshake_failed")
        if not self.handshake_initiated:
            self._refuse(self._reason())
            return
        self._early = early
        if not transport.is_closing():
            transport.pause_reading()
        self._timer = self.loop.call_later(self.handshake_seconds, self._expect_handshake)

    def _reason(self) -> HTTPStatus:
        too_large = isinstance(self.conn.handshake_exc, HeaderLineTooLong | TooManyHeaders)
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_large else HTTPStatus.BAD_REQUEST

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer the handshake with this status, and close."""
        self.handshake_complete = self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        if not self.transport.is_closing():
            self.transport.write(plain_answer(status))
            # A timer, because otherwise uvicorn closes the connection as soon as the application has returned.
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
            Lingering(self, self.transport, self.loop, MAX_LINGER_HEAD_BYTES, SHORT_LINGER_SECONDS)
        self._watch()

    def _expect_handshake(self) -> None:
        if self.handshake_complete:
            self._watch()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def _watch(self) -> None:
        if self._stands_still():
            self.transport.abort()
        self._timer = self.loop.call_later(self.write_seconds, self._watch)

    def start_keepalive(self) -> None:
        """Called when the handshake has been accepted. Data that arrived early is read now."""
        super().start_keepalive()
        early, self._early = self._early, b""
        self.transport.resume_reading()
        if early:
            self.loop.call_soon(self._read_early, early)

    def _read_early(self, early: bytes) -> None:
        if not self.disconnected:
            self.data_received(early)

    async def run_asgi(self) -> None:
        """Like uvicorn's, which treats a response other than the handshake as a failure of the application."""
        app = cast("Callable[[Scope, Receive, Send], Any]", self.app)

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            self.handshake_complete = self.handshake_complete or self.close_sent

        self.app = cast("Any", answering)
        await super().run_asgi()

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._read_on()
        return message

    def send_receive_event_to_app(self) -> None:
        """Like uvicorn's, but text that is not UTF-8 is the client's fault, so it is not logged as an error of the
        server."""
        data, self.frames = b"".join(self.frames), []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        else:
            try:
                self.queue.put_nowait({"type": "websocket.receive", "text": data.decode()})
            except UnicodeDecodeError:
                self.conn.send_close(CloseCode.INVALID_DATA)
                self.handle_parser_exception()
                return
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def handle_parser_exception(self) -> None:
        """Close with the code of the protocol error. The client may still be sending."""
        close = self.conn.close_sent or Close(CloseCode.ABNORMAL_CLOSURE, "")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if not self.close_sent:
            # A timer, because otherwise uvicorn closes the connection as soon as the application has returned.
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        self.close_sent = True
        if not self.transport.is_closing():
            Lingering(self, self.transport, self.loop, MAX_LINGER_HEAD_BYTES)

    def pause_writing(self) -> None:
        super().pause_writing()
        if not self.transport.is_closing() and self.transport.get_protocol() is self:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_on()

    def _read_on(self) -> None:
        """Read, unless a message waits to be handled, or the client does not read."""
        free = self.handshake_complete and not self.read_paused and self.writable.is_set()
        if free and not self.transport.is_closing():
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)
        self._on_lost()

    def shutdown(self) -> None:
        """Close with 1012 in any state of the connection. One that cannot be closed must not delay the others."""
        closing = self.handshake_complete and self.conn.state is not State.OPEN
        try:
            if not closing and self.handshake_initiated:
                super().shutdown()
        except Exception:
            log.exception("socket.shutdown_failed")
        self.transport.close()


def plain_answer(status: HTTPStatus) -> bytes:
    """A whole HTTP response that ends its connection."""
    text = f"{status.value} {status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(text)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + text
