"""How many connections there are, in all and of each client address, whatever they are used for."""

import resource
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from server.http.clients import group_of

# Connections beyond the limit, which may ask for the health of the process and nothing else.
RESERVED = 32
# Descriptors for stores, logs, listeners and what else the process opens.
OTHER_FILES = 256
MIN_CONNECTIONS = 64
MAX_DEFAULT = 10_000
# The soft limit of a process is mostly 1,024, for programs that use select(); this one does not.
MAX_FILES = 65_536


class Admission(Enum):
    """What a new connection may do."""

    OPEN = "anything"
    PROBES = "ask for health, as the server is full"
    TOO_MANY = "nothing, as its address holds too many"


class Place(NamedTuple):
    """A connection that is counted: its address, and whether it stands beyond the limit."""

    address: str
    reserved: bool


class Connections:
    """The open connections of one process, bounded by address unless `per_address` is None, and in all unless `in_all` is.

    Of those beyond `in_all`, the one that came first gives way to the next: a probe asks as soon as it is connected.
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
        """Count a connection, which must `leave`, unless its address holds too many.

        `give_way` closes one that is here for probes only.
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
        """Give the place of a connection back; of one that has none, nothing."""
        place = self._open.pop(connection, None)
        if place is None:
            return
        self._reserved.pop(connection, None)
        self._within -= not place.reserved
        self._by_address[place.address] -= 1
        if self._by_address[place.address] <= 0:
            del self._by_address[place.address]


def raise_file_limit() -> int:
    """Let the process open as many files as it may, up to MAX_FILES; says how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return MAX_FILES if soft == resource.RLIM_INFINITY else soft


def room_in(files: int) -> int:
    """How many connections a process may hold by default that can open so many files."""
    return max(MIN_CONNECTIONS, min(MAX_DEFAULT, files - OTHER_FILES))
