"""A cache of recently used blocks of samples, so that each is unpacked once for many requests."""

from schema.bounded import BoundedMap
from schema.domain.base import UnixSeconds
from schema.domain.history.rollup import Sample
from server.storage.history.blocks import SampleBlock

# About seven days of the network at one slot per minute, and more of nodes.
MAX_BYTES = 8 * 2**20
MAX_BLOCKS = 10_000


class SampleCache:
    """A cache of blocks by their content, bounded by their size. A block that was packed again is unpacked again.

    `unpacked` counts the blocks that were unpacked.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._blocks = BoundedMap[bytes, SampleBlock](
            max_entries=MAX_BLOCKS, max_size=max_bytes, largest=max_bytes, at_once=True
        )
        self.unpacked = 0

    @property
    def size(self) -> int:
        return self._blocks.size

    def rows(self, body: bytes, start: UnixSeconds, end: UnixSeconds) -> tuple[Sample, ...]:
        """The samples of [start, end) in a block, in order."""
        block = self._blocks.get(body)
        if block is None:
            block = SampleBlock(body)
            self.unpacked += 1
            self._blocks.put(body, block, block.size)
        return block.rows(start, end)
