"""The WebSocket protocol with bounds on the number of frames of a client, of any kind and size."""

from collections.abc import Callable
from typing import Any

from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.server import ServerProtocol

# A client with many subscriptions starts them all at once, so bursts are large.
FRAMES_PER_SECOND = 200.0
MAX_FRAME_BURST = 1_000
# Fragments of one message, which has at most 64 KiB.
MAX_FRAGMENTS = 256


class FrameAllowance:
    """A bucket of frames that refills steadily. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left = float(MAX_FRAME_BURST)
        self._since = clock()

    def take(self) -> bool:
        """Whether one more frame is allowed now."""
        now = self._clock()
        self._left = min(MAX_FRAME_BURST, self._left + (now - self._since) * FRAMES_PER_SECOND)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class BoundedFrames(ServerProtocol):
    """Closes a connection with 1008 if its client sends frames faster than allowed, or a message in too many parts.

    The check is made for each frame during parsing, because one read may contain tens of thousands of them.
    """

    def __init__(self, clock: Callable[[], float], **settings: Any) -> None:
        super().__init__(**settings)
        self._allowance = FrameAllowance(clock)
        self._fragments = 0

    def recv_frame(self, frame: Frame) -> None:
        if not self._allowance.take():
            self._refuse(f"more than {MAX_FRAME_BURST} frames at once and {FRAMES_PER_SECOND:g} a second")
        if frame.opcode is Opcode.CONT:
            self._fragments += 1
            if self._fragments > MAX_FRAGMENTS:
                self._refuse(f"more than {MAX_FRAGMENTS} frames in one message")
        elif frame.opcode is Opcode.TEXT or frame.opcode is Opcode.BINARY:
            self._fragments = 1
        super().recv_frame(frame)

    def _refuse(self, reason: str) -> None:
        """Close with our code. The exception only ends the reading, because its own code would come too late."""
        self.fail(CloseCode.POLICY_VIOLATION, reason)
        raise ProtocolError(reason)
