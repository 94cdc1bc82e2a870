"""Says that a store is away, once for each reason, and once that it is back."""

from structlog.stdlib import BoundLogger

from server.reasons import detail_of, reason_of


class Outage:
    """What is known of one store. Events are `NAME.unreachable`, with the reason, and `NAME.back`."""

    def __init__(self, name: str, log: BoundLogger) -> None:
        self._name = name
        self._log = log
        self._said: set[str] = set()

    def failed(self, error: BaseException) -> str:
        """The store could not be used: the reason, which is logged unless it has been since the store was there."""
        reason = reason_of(error)
        if reason not in self._said:
            self._said.add(reason)
            self._log.warning(f"{self._name}.unreachable", reason=reason, error=detail_of(error))
        return reason

    def recovered(self) -> None:
        """The store was used."""
        if self._said:
            self._said.clear()
            self._log.info(f"{self._name}.back")
