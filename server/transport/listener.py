"""Listening sockets, whose options every connection that they accept inherits."""

import errno
import socket

BACKLOG = 2_048
# The send buffer of the kernel for a client that does not read. The kernel may double it for its own bookkeeping.
SEND_BUFFER_BYTES = 262_144
# How long the peer may leave sent data unacknowledged or unread, also after we have closed.
UNACKNOWLEDGED_SECONDS = 60
_ALL_IPV6 = "::"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. `::` accepts IPv4 too.

    Raises OSError if the port is in use, or the machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == _ALL_IPV6 and socket.has_dualstack_ipv6()
    return _bounded(socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both))


def inherited(fd: int) -> socket.socket:
    """The listening socket that this process inherited as file descriptor `fd`. Raises OSError if it is not one."""
    listener = socket.socket(fileno=fd)
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.close()
        raise OSError(errno.EINVAL, "it is not a listening socket")
    return _bounded(listener)


def _bounded(listener: socket.socket) -> socket.socket:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_SECONDS * 1_000)
    return listener
