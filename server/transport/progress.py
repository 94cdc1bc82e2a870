"""Whether the other side of a connection takes what is written to it."""

import socket
import struct
from asyncio import Transport

# Who takes less than this between two looks, while more waits, does not read.
MIN_PROGRESS_BYTES = 16_384
_ACKED = struct.Struct("=120xQ")  # tcpi_bytes_acked of Linux's struct tcp_info


class Progress:
    """Looks at one transport from time to time. Nothing is counted while data are written."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waited = False
        self._taken = 0

    def stands_still(self) -> bool:
        """Whether data have been waiting since the last look, and less than MIN_PROGRESS_BYTES were taken since."""
        waiting = self._transport.get_write_buffer_size()
        if waiting == 0:
            self._waited = False
            return False
        taken = self._acknowledged(waiting)
        still = self._waited and abs(taken - self._taken) < MIN_PROGRESS_BYTES
        self._waited, self._taken = True, taken
        return still

    def _acknowledged(self, waiting: int) -> int:
        """How many bytes the other side has acknowledged; where the system does not say, what is left to send."""
        try:
            known = self._transport.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED.size
            )
            return int(_ACKED.unpack(known)[0])
        except (AttributeError, OSError, struct.error):
            return waiting
