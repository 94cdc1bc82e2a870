"""Counts connections of any kind, in total and per client address."""

import resource
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from server.http.clients import group_of

# Connections beyond the limit, which may only request the health of the process.
RESERVED = 32
# Descriptors for stores, logs, listeners and other files of the process.
OTHER_FILES = 256
MIN_CONNECTIONS = 64
MAX_DEFAULT = 10_000
# The soft limit of a process is usually 1,024, for programs that use select(). This one does not.
MAX_FILES = 65_536


class Admission(Enum):
    """What a new connection may do."""

    OPEN = "anything"
    PROBES = "ask for health, as the server is full"
    TOO_MANY = "nothing, as its address holds too many"


class Place(NamedTuple):
    """A counted connection: its address, and whether it is beyond the limit."""

    address: str
    reserved: bool


class Connections:
    """The open connections of one process, bounded per address by `per_address` and in total by `in_all` (None:
    unbounded).

    Of those beyond `in_all`, the oldest is closed for the next one, because a probe sends its request at once.
    """

    def __init__(self, per_address: int | None = None, in_all: int | None = None) -> None:
        self._per_address = per_address
        self.in_all = in_all
        self._by_address: Counter[str] = Counter()
        self._open: dict[object, Place] = {}
        self._reserved: dict[object, Callable[[], None]] = {}
        # Those within the limit.
        self._within = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, connection: object, address: str, give_way: Callable[[], None]) -> Admission:
        """Count a connection, unless its address has too many. The caller must `leave` at its end.

        `give_way` closes the connection if it is only for probes.
        """
        group = group_of(address) if self._per_address is not None else ""
        if self._per_address is not None and self._by_address[group] >= self._per_address:
            self.refused += 1
            return Admission.TOO_MANY
        reserved = self.in_all is not None and self._within >= self.in_all
        if reserved:
            self.refused += 1
            if len(self._reserved) >= RESERVED:
                first = next(iter(self._reserved))
                self._reserved.pop(first)()
            self._reserved[connection] = give_way
        self._open[connection] = Place(group, reserved)
        self._by_address[group] += 1
        self._within += not reserved
        return Admission.PROBES if reserved else Admission.OPEN

    def leave(self, connection: object) -> None:
        """Release the place of a connection, if it has one."""
        place = self._open.pop(connection, None)
        if place is None:
            return
        self._reserved.pop(connection, None)
        self._within -= not place.reserved
        self._by_address[place.address] -= 1
        if self._by_address[place.address] <= 0:
            del self._by_address[place.address]


def raise_file_limit() -> int:
    """Raise the limit of open files as far as allowed, up to MAX_FILES. Returns the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return MAX_FILES if soft == resource.RLIM_INFINITY else soft


def room_in(files: int) -> int:
    """The default limit of connections for a process that can open this number of files."""
    return max(MIN_CONNECTIONS, min(MAX_DEFAULT, files - OTHER_FILES))
