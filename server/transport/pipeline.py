"""Pipelined requests: requests that are sent before earlier ones are answered."""

from asyncio import Transport
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.process.supervisor import owned
from server.transport.answers import AnswerWrites

# The number of requests that wait for an earlier one on their connection.
MAX_PIPELINE = 16
HEAD_END = b"\r\n\r\n"
# The shortest request has 18 bytes, so this many bytes never contain more requests than may wait.
_FEW_BYTES = 18 * MAX_PIPELINE
_SLICE_BYTES = 65_536


class Flow(FlowControl):
    """uvicorn's flow control, but reading is never resumed while it is `held`."""

    held = False

    def resume_reading(self) -> None:
        if self.read_paused and not self.held:
            super().resume_reading()


class PipelinedHttp(HttpToolsProtocol):
    """Parses as many requests as may wait. The rest of one read is kept as bytes, and reading pauses until it is
    parsed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The request that is being answered. `cycle` is the newest one, which may have to wait.
        self._running: Any = None
        # The bytes that wait to be parsed, and the position in them.
        self._held = b""
        self._at = 0

    def _parse(self, data: bytes) -> None:
        """Pass this to the parser."""
        raise NotImplementedError

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  (as in uvicorn's own)
        super().connection_made(transport)
        self.flow = self._flow = Flow(transport)
        self._answers = AnswerWrites(transport, self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self._held = b""
        running = self._running
        if running is not None and not running.response_complete:
            running.disconnected = True
            running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if len(data) > _FEW_BYTES or self._held:
            self._take(data)
        else:
            self._parse(data)

    def _take(self, data: bytes) -> None:
        """Parse data that may contain more requests than may wait, as far as there is room for them."""
        if not self._held:
            if len(data) <= _SLICE_BYTES and data.count(HEAD_END) + len(self.pipeline) <= MAX_PIPELINE:
                self._parse(data)
                return
            self._held, self._at = data, 0
            self._go_on()
        else:  # a last read that was under way when reading was paused
            self._held += data

    def _go_on(self) -> None:
        """Parse the held bytes, in slices with at most one end of a head, until the pipeline is full."""
        while self._held and len(self.pipeline) < MAX_PIPELINE:
            found = self._held.find(HEAD_END, self._at, self._at + _SLICE_BYTES)
            end = found + len(HEAD_END) if found >= 0 else self._at + _SLICE_BYTES
            piece, self._at = self._held[self._at : end], end
            if end >= len(self._held):
                self._held = b""
            self._parse(piece)
            if not self._reads:
                self._held = b""
        self._flow.held = bool(self._held or self.pipeline)
        if self._flow.held:
            self.flow.pause_reading()
        elif self._reads:
            self.flow.resume_reading()

    @property
    def _reads(self) -> bool:
        """Whether the connection still accepts requests."""
        return not self.transport.is_closing() and self.transport.get_protocol() is self

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        self._answers.begin(cycle)
        if cycle.transport is self.transport:
            cycle.transport = self._answers
        task = owned(cycle.run_asgi(app), name="request")
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        self._answers.flush()
        if self.pipeline:
            super().on_response_complete()
            if not self.pipeline and self._reads:
                self._go_on()
            return
        self.server_state.total_requests += 1
        if self.flow.read_paused and not self.transport.is_closing():
            self.flow.resume_reading()
