"""One list entry of a simulated network, independent of time."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from jobs.simulate.roles import Mesh


class Kind(StrEnum):
    """LIVE has an uptime that advances, GHOST is a dead pod's record, UNHEARD an entry point that never answered."""

    LIVE = "live"
    GHOST = "ghost"
    UNHEARD = "unheard"


class Usage(NamedTuple):
    """How storage_used grows: from `low` by `span` bytes in `steps` equal steps over `period` seconds, repeatedly."""

    low: int
    span: int = 0
    period: float = 1.0
    phase: float = 0.0
    steps: int = 1

    def at(self, second: float) -> int:
        """Bytes in use at a unix second."""
        if not self.span:
            return self.low
        return self.low + self.span * int((second / self.period + self.phase) % 1.0 * self.steps) // self.steps

    def changed_at(self, second: float) -> int:
        """The unix second of the last change before `second`; 0 = nothing was ever written."""
        if not self.span:
            return 0
        step = self.period / self.steps
        return int(second - (second + self.phase * self.period) % step)


@dataclass(frozen=True, slots=True)
class Row:
    """One list entry.

    `salt` (64 bits) makes different seeds see different rows differently. A live one restarts every `life` seconds, at
    `phase` (unix seconds, modulo `life`); a ghost keeps its `uptime`. `older_version` is what a seed with an outdated
    record shows. With a `nat_period` (seconds) its port changes that often. Rows with the same `turns` (64 bits, 0 =
    none) share a host and alternate in the lists, as `turn` 0 and 1.
    """

    salt: int
    mesh: Mesh
    kind: Kind
    host: str
    port: int
    pubkey: str | None
    version: str
    older_version: str
    is_public: bool
    committed: int
    usage: Usage
    life: int = 1
    phase: int = 0
    uptime: int = 0
    nat_period: float = 0.0
    turns: int = 0
    turn: int = 0

    def uptime_at(self, second: float) -> int:
        """Seconds since its last start, as of a unix second."""
        return int(second - self.phase) % self.life if self.kind is Kind.LIVE else self.uptime
