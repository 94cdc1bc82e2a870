"""What a direct question to a node brought, beside all that gossip says of it."""

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.observation import FailureCategory


class Answered(Record):
    """What one probe brought. `failure` None means that the node answered; its own figures are None where unreadable.

    `at` is in unix seconds, `latency_ms` the time of the first answer, `uptime` in seconds.
    """

    at: UnixSeconds
    failure: FailureCategory | None = None
    latency_ms: float | None = None
    version: str | None = None
    uptime: int | None = None


class Probe(Answered):
    """The last probe of a node. `failures` counts the unanswered ones in a row.

    `contradicts` names the fields in which the node's own word differs from what gossip says of it.
    """

    failures: int = 0
    contradicts: tuple[str, ...] = ()

    @property
    def reachable(self) -> bool:
        return self.failure is None
