"""The result of a direct request to a node, published beside what gossip reports about it."""

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.failure import FailureCategory


class Answered(Record):
    """The result of one probe. `failure` None means that the node answered; its own figures are None if unreadable.

    `at` is in unix seconds, `latency_ms` the time to the first answer, `uptime` in seconds.
    """

    at: UnixSeconds
    failure: FailureCategory | None = None
    latency_ms: float | None = None
    version: str | None = None
    uptime: int | None = None


class Probe(Answered):
    """The last probe of a node. `failures` counts consecutive unanswered probes.

    `contradicts` names the fields in which the node's own answer differs from gossip.
    """

    failures: int = 0
    contradicts: tuple[str, ...] = ()

    @property
    def reachable(self) -> bool:
        return self.failure is None
