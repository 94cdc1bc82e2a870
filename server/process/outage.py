"""Logs when a store becomes unreachable, once for each reason, and once when it is reachable again."""

import time
from collections.abc import Callable

from structlog.stdlib import BoundLogger

from server.process.reasons import OTHER, QUOTA, RIGHTS, detail_of, reason_of

REFUSALS = frozenset({QUOTA, RIGHTS, OTHER})


class Outage:
    """The state of one store. Events are `NAME.unreachable`, with the reason, and `NAME.back`.

    A store may refuse writes and answer reads. If both are reported here, it counts as back after `hold_seconds`
    without a refusal. `clock` gives seconds.
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
        """Report that the store could not be used. The reason is logged once per outage."""
        reason = reason_of(error)
        if reason in REFUSALS and self._hold_seconds:
            self._held_until = self._clock() + self._hold_seconds
        if reason not in self._said:
            self._said.add(reason)
            self._log.warning(f"{self._name}.unreachable", reason=reason, error=detail_of(error))
        return reason

    def recovered(self) -> None:
        """Report that the store was used."""
        if self._said and not (self._hold_seconds and self._clock() < self._held_until):
            self._said.clear()
            self._log.info(f"{self._name}.back")
