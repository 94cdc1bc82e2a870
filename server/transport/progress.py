"""Detects clients that do not read what is written to them."""

import socket
import struct
from asyncio import Transport

# A client that reads less than this between two checks, while data waits, counts as not reading.
MIN_PROGRESS_BYTES = 16_384
_ACKED = struct.Struct("=120xQ")  # tcpi_bytes_acked of Linux's struct tcp_info


class Progress:
    """Checks one transport from time to time. Writes themselves cost nothing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._waited = False
        self._taken = 0

    def stands_still(self) -> bool:
        """Whether data have been waiting since the last check, and less than MIN_PROGRESS_BYTES were read since."""
        waiting = self._transport.get_write_buffer_size()
        if waiting == 0:
            self._waited = False
            return False
        taken = self._acknowledged(waiting)
        still = self._waited and abs(taken - self._taken) < MIN_PROGRESS_BYTES
        self._waited, self._taken = True, taken
        return still

    def _acknowledged(self, waiting: int) -> int:
        """The number of bytes that the peer has acknowledged. If the system does not report it, the number left to
        send."""
        try:
            known = self._transport.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_INFO, _ACKED.size
            )
            return int(_ACKED.unpack(known)[0])
        except (AttributeError, OSError, struct.error):
            return waiting
