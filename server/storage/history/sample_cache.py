"""A cache of recently used blocks of samples, so that each is unpacked once for many requests."""

from collections import OrderedDict

from schema.domain.base import UnixSeconds
from schema.domain.history.rollup import Sample
from server.storage.history.blocks import SampleBlock

# About seven days of the network at one slot per minute, and more of nodes.
MAX_BYTES = 8 * 2**20


class SampleCache:
    """A cache of blocks by their content, bounded by their size. A block that was packed again is unpacked again.

    `unpacked` counts the blocks that were unpacked.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._blocks: OrderedDict[bytes, SampleBlock] = OrderedDict()
        self.size = 0
        self.unpacked = 0

    def rows(self, body: bytes, start: UnixSeconds, end: UnixSeconds) -> tuple[Sample, ...]:
        """The samples of [start, end) in a block, in order."""
        block = self._blocks.get(body)
        if block is None:
            block = self._added(body)
        else:
            self._blocks.move_to_end(body)
        return block.rows(start, end)

    def _added(self, body: bytes) -> SampleBlock:
        block = SampleBlock(body)
        self.unpacked += 1
        if block.size <= self._max_bytes:
            self._blocks[body] = block
            self.size += block.size
            while self.size > self._max_bytes:
                self.size -= self._blocks.popitem(last=False)[1].size
        return block
