"""How steadily nodes stay in gossip."""

from collections.abc import Iterable
from enum import StrEnum

from schema.domain.advice import Advice
from schema.domain.base import Record, UnixSeconds
from schema.domain.memory import NodeMemory
from schema.domain.pnode import Consistency, PNode
from schema.domain.policy import POLICY_1_0, Policy


class ConsistencyStatus(StrEnum):
    """STABLE, UNSTABLE (score under 0.9) or FLAPPING (under 0.8)."""

    STABLE = "STABLE"
    UNSTABLE = "UNSTABLE"
    FLAPPING = "FLAPPING"


class ConsistencyHealth(StrEnum):
    """The network's mean in a word: EXCELLENT ≥ 0.9, GOOD ≥ 0.8, FAIR ≥ 0.7, else POOR; UNKNOWN without nodes."""

    EXCELLENT = "EXCELLENT"
    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"
    UNKNOWN = "UNKNOWN"


class ConsistencySummary(Record):
    """Consistency over all nodes that have one. `average` is the mean score 0..1, None without nodes; `appearances`
    and `disappearances` are sums since first sight."""

    total: int
    flapping: int
    unstable: int
    stable: int
    average: float | None
    appearances: int
    disappearances: int
    health: ConsistencyHealth


def consistency_of(memory: NodeMemory, at: UnixSeconds, window_days: int = 7) -> Consistency:
    """The node's consistency at `at`.

    all_time = appearances/(appearances + disappearances). score = (A + p)/(A + p + D) over the last `window_days` UTC
    days, today included, where p is 1 if the node was present when they began: staying counts like appearing. A node
    that never appeared has 1 (nothing speaks against it), one that was away for the whole window 0.
    """
    raise NotImplementedError


def status_of(score: float, policy: Policy = POLICY_1_0) -> ConsistencyStatus:
    """The word for a consistency score 0..1."""
    raise NotImplementedError


def network_consistency(nodes: Iterable[PNode], policy: Policy = POLICY_1_0) -> ConsistencySummary:
    """The network's consistency, from the windowed scores of all nodes that have one."""
    raise NotImplementedError


def consistency_advice(consistency: Consistency, at: UnixSeconds, policy: Policy = POLICY_1_0) -> tuple[Advice, ...]:
    """Advice for one node: HIGH if it flaps, MEDIUM if it dropped more than 10 times in all, WARNING if it dropped
    within the last hour; where none of these holds, one INFO. Categories: flapping, frequent_drops, recent_drop, stable.
    """
    raise NotImplementedError
