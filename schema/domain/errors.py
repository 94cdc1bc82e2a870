"""The errors of requests, each with a stable code that every surface maps to its own status.

DomainError
├── BadUserInput              BAD_USER_INPUT
├── InvalidCursor             INVALID_CURSOR
├── CursorExpired             CURSOR_EXPIRED
├── AsOfInFuture              AS_OF_IN_FUTURE
├── AsOfOutOfRange            AS_OF_OUT_OF_RANGE      details: earliestAvailable
├── RangeTooLarge             RANGE_TOO_LARGE         details: limit
└── SnapshotUnavailable       SNAPSHOT_UNAVAILABLE    nothing has been collected yet, or the store cannot be read
    ├── StoreTooNew                                   a newer release wrote the store
    └── OtherNetwork                                  the store holds the nodes of another network
"""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """A request that cannot be answered. The message is for people; `details` are for machines."""

    code: ClassVar[str]

    def __init__(self, message: str, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}


class BadUserInput(DomainError):
    code = "BAD_USER_INPUT"


class InvalidCursor(DomainError):
    code = "INVALID_CURSOR"


class CursorExpired(DomainError):
    code = "CURSOR_EXPIRED"


class AsOfInFuture(DomainError):
    code = "AS_OF_IN_FUTURE"


class AsOfOutOfRange(DomainError):
    code = "AS_OF_OUT_OF_RANGE"


class RangeTooLarge(DomainError):
    code = "RANGE_TOO_LARGE"


class SnapshotUnavailable(DomainError):
    code = "SNAPSHOT_UNAVAILABLE"


class StoreTooNew(SnapshotUnavailable):
    """A newer release wrote the documents in the store. The message has their version."""


class OtherNetwork(SnapshotUnavailable):
    """The store has snapshots of another network (`held`) than the monitored one."""

    def __init__(self, held: str, network: str) -> None:
        super().__init__(
            f"the store holds snapshots of the network {held}, and NETWORK is {network}: use another MONGO_DB, or set "
            f"NETWORK={held}"
        )
