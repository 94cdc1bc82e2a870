"""Says that a store is away, once for each reason, and once that it is back."""

import time
from collections.abc import Callable

from structlog.stdlib import BoundLogger

from server.process.reasons import OTHER, QUOTA, RIGHTS, detail_of, reason_of

REFUSALS = frozenset({QUOTA, RIGHTS, OTHER})


class Outage:
    """What is known of one store. Events are `NAME.unreachable`, with the reason, and `NAME.back`.

    A store may refuse writes and answer reads. Where both pass through here, `hold_seconds` says how long nothing must be
    refused until it counts as back. `clock` gives seconds.
    """

    def __init__(
        self, name: str, log: BoundLogger, *, hold_seconds: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._log = log
        self._hold_seconds = hold_seconds
        self._clock = clock
        self._held_until = 0.0
        self._said: set[str] = set()

    def failed(self, error: BaseException) -> str:
        """The store could not be used: the reason, which is logged unless it has been since the store was there."""
        reason = reason_of(error)
        if reason in REFUSALS and self._hold_seconds:
            self._held_until = self._clock() + self._hold_seconds
        if reason not in self._said:
            self._said.add(reason)
            self._log.warning(f"{self._name}.unreachable", reason=reason, error=detail_of(error))
        return reason

    def recovered(self) -> None:
        """The store was used."""
        if self._said and not (self._hold_seconds and self._clock() < self._held_until):
            self._said.clear()
            self._log.info(f"{self._name}.back")
