"""Which view answers are read from now: the newest snapshot, at a moment that moves by whole polling intervals."""

from collections.abc import Callable, Hashable

from schema.domain.freshness import seconds_valid
from schema.domain.snapshot import Snapshot
from schema.reads import Reads

FOREVER_SECONDS = 31_536_000
_FOREVER = b"public, max-age=%d, immutable" % FOREVER_SECONDS


class CurrentView:
    """Names the view, and tells how long it stands. Made for being asked with every request."""

    def __init__(self, reads: Reads, clock: Callable[[], float]) -> None:
        self._reads = reads
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._until = 0.0
        self._number = 0
        self._left: int | None = None
        self._control = b""

    def __call__(self) -> Hashable:
        """A name that changes exactly when answers may."""
        now = self._clock()
        snapshot = self._reads.current()
        if snapshot is not self._snapshot or now >= self._until:
            self._snapshot = snapshot
            self._until = now + self._seconds_valid(snapshot, now)
            self._number += 1
        return self._number

    def max_age(self) -> int:
        """Seconds for which answers stay as they are, 1 or more."""
        return max(1, int(self._until - self._clock()))

    def cache_control(self, *, immutable: bool = False) -> bytes:
        """The header for an answer from this view; `immutable` ones are about a closed past."""
        if immutable:
            return _FOREVER
        left = int(self._until - self._clock())
        if left != self._left:
            self._left, self._control = left, b"public, max-age=%d, stale-while-revalidate=60" % max(1, left)
        return self._control

    @staticmethod
    def _seconds_valid(snapshot: Snapshot | None, now: float) -> float:
        if snapshot is None:
            return 1.0
        header = snapshot.header
        return seconds_valid(header.taken_at, header.interval, now) - now % 1
