"""What a store was found to have lost. Nothing that cannot be read may keep anything else from going on."""

import structlog
import zstandard

from server.storage.chunks import Damaged
from server.storage.codec import UnknownEncoding

UNREADABLE = (Damaged, UnknownEncoding)
"""What reading snapshots and carried payloads raises where they cannot be read."""

UNDECODABLE = (zstandard.ZstdError, ValueError)
"""What decoding bytes raises where they are damaged, or are of a shape that this release does not know."""

log = structlog.get_logger(__name__)


class Damage:
    """Counts what was found damaged or missing, or changed behind our back, since this process started."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, event: str, **fields: object) -> None:
        """Log and count one finding."""
        self.count += 1
        log.error(event, **fields)
