"""The current view of responses: the newest snapshot, at a time that advances by whole polling intervals."""

from collections.abc import Callable, Hashable
from math import nextafter

from schema.domain.snapshot.freshness import seconds_valid
from schema.domain.snapshot.record import Snapshot
from schema.reads import Reads

FOREVER_SECONDS = 31_536_000
_FOREVER = b"public, max-age=%d, immutable" % FOREVER_SECONDS


class CurrentView:
    """Names the view, and reports how long it is valid. It is cheap enough to be called with every request."""

    def __init__(self, reads: Reads, clock: Callable[[], float]) -> None:
        self._current = reads.current
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._until = 0.0
        self._same_until = 0.0
        self._number = 0
        self._control = b""

    def __call__(self) -> Hashable:
        """A name that changes exactly when responses may change."""
        now = self._clock()
        if now > self._same_until or self._current() is not self._snapshot:
            self._look(now)
        return self._number

    def cache_control(self, *, immutable: bool = False) -> bytes:
        """The header for a response from the view as it was last named. `immutable` responses cover a closed past."""
        return _FOREVER if immutable else self._control

    def _look(self, now: float) -> None:
        """Find the current view, and the whole seconds for which it is still valid."""
        snapshot = self._current()
        if snapshot is not self._snapshot or now >= self._until:
            self._snapshot = snapshot
            self._until = now + self._seconds_valid(snapshot, now)
            self._number += 1
        left = int(self._until - now)
        self._same_until = self._until - left if left else nextafter(self._until, 0.0)
        self._control = b"public, max-age=%d, stale-while-revalidate=60" % max(1, left)

    @staticmethod
    def _seconds_valid(snapshot: Snapshot | None, now: float) -> float:
        if snapshot is None:
            return 1.0
        header = snapshot.header
        return seconds_valid(header.taken_at, header.interval, now) - now % 1
