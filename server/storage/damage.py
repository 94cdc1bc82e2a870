"""Records lost data in a store. Unreadable data must never stop other work."""

import structlog
import zstandard

from server.storage.codec import UnknownEncoding


class Damaged(Exception):
    """Chunks are missing, or differ from their marker."""


UNREADABLE = (Damaged, UnknownEncoding)
"""The errors raised when snapshots and carried payloads cannot be read."""

UNDECODABLE = (zstandard.ZstdError, ValueError)
"""The errors raised when decoding damaged bytes, or a format that this release does not know."""

log = structlog.get_logger(__name__)


class Damage:
    """Counts data found damaged, missing, or changed by others, since this process started."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, event: str, **fields: object) -> None:
        """Log and count one finding."""
        self.count += 1
        log.error(event, **fields)
