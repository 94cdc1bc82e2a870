"""How steadily nodes stay in gossip."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from math import fsum

from schema.domain.base import DAY, HOUR, MINUTE, Record, UnixSeconds, rounded
from schema.domain.network.advice import Advice, AdviceLevel
from schema.domain.node.memory import NodeMemory
from schema.domain.node.pnode import Consistency, PNode
from schema.domain.policy import POLICY_1_0, ConsistencyPolicy, Policy
from schema.domain.words import counted

# The rating uses the score with the decimals that REST shows, so it never contradicts the displayed figure.
SHOWN_DECIMALS = 4


class ConsistencyStatus(StrEnum):
    """STABLE, UNSTABLE (score under 0.9) or FLAPPING (under 0.8), by the score to four decimals."""

    STABLE = "STABLE"
    UNSTABLE = "UNSTABLE"
    FLAPPING = "FLAPPING"


class ConsistencyHealth(StrEnum):
    """The rating of the network's mean: EXCELLENT ≥ 0.9, GOOD ≥ 0.8, FAIR ≥ 0.7, else POOR; UNKNOWN without nodes."""

    EXCELLENT = "EXCELLENT"
    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"
    UNKNOWN = "UNKNOWN"


class ConsistencySummary(Record):
    """Consistency over all nodes that have one. `average` is the mean score 0..1, None without nodes. `appearances` and
    `disappearances` are sums since first sight."""

    total: int
    flapping: int
    unstable: int
    stable: int
    average: float | None
    appearances: int
    disappearances: int
    health: ConsistencyHealth


def consistency_of(
    memory: NodeMemory, at: UnixSeconds, window_days: int = POLICY_1_0.consistency.window_days
) -> Consistency:
    """The node's consistency at `at`.

    all_time = appearances/(appearances + disappearances). score = (A + p)/(A + p + D) over the last `window_days` UTC
    days, including today. p is 1 if the node was present when they began, so that staying counts like appearing. A node
    that never appeared has 1; one that was absent for the whole window has 0.
    """
    first = at // DAY * DAY - (window_days - 1) * DAY
    before = sum(day.appearances - day.disappearances for day in memory.presence if day.day < first)
    present_at_start = int(int(memory.present_since_window) + before > 0)
    recent = [day for day in memory.presence if day.day >= first]
    came = present_at_start + sum(day.appearances for day in recent)
    return Consistency(
        score=_share(came, sum(day.disappearances for day in recent), 0.0 if memory.appearances else 1.0),
        all_time=_share(memory.appearances, memory.disappearances, 1.0),
        appearances=memory.appearances,
        disappearances=memory.disappearances,
        window_days=window_days,
        last_appearance=memory.last_appearance,
        last_drop=memory.last_drop,
    )


def _share(came: int, went: int, otherwise: float) -> float:
    """came / (came + went), or `otherwise` if both are 0."""
    return came / (came + went) if came + went else otherwise


def status_of(score: float, policy: Policy = POLICY_1_0) -> ConsistencyStatus:
    """The rating of a consistency score 0..1, which is rounded to `SHOWN_DECIMALS` first."""
    rules, shown = policy.consistency, rounded(score, SHOWN_DECIMALS)
    if shown < rules.flapping_below:
        return ConsistencyStatus.FLAPPING
    return ConsistencyStatus.UNSTABLE if shown < rules.unstable_below else ConsistencyStatus.STABLE


def network_consistency(nodes: Iterable[PNode], policy: Policy = POLICY_1_0) -> ConsistencySummary:
    """The network's consistency, from the windowed scores of all nodes that have one and that enough seeds list."""
    known = [node.consistency for node in nodes if node.consistency is not None and node.supported]
    statuses = Counter(status_of(consistency.score, policy) for consistency in known)
    average = fsum(consistency.score for consistency in known) / len(known) if known else None
    return ConsistencySummary(
        total=len(known),
        flapping=statuses[ConsistencyStatus.FLAPPING],
        unstable=statuses[ConsistencyStatus.UNSTABLE],
        stable=statuses[ConsistencyStatus.STABLE],
        average=average,
        appearances=sum(consistency.appearances for consistency in known),
        disappearances=sum(consistency.disappearances for consistency in known),
        health=_health(None if average is None else rounded(average, SHOWN_DECIMALS), policy.consistency),
    )


def _health(average: float | None, rules: ConsistencyPolicy) -> ConsistencyHealth:
    if average is None:
        return ConsistencyHealth.UNKNOWN
    if average >= rules.network_excellent:
        return ConsistencyHealth.EXCELLENT
    if average >= rules.network_good:
        return ConsistencyHealth.GOOD
    return ConsistencyHealth.FAIR if average >= rules.network_fair else ConsistencyHealth.POOR


def consistency_advice(consistency: Consistency, at: UnixSeconds, policy: Policy = POLICY_1_0) -> tuple[Advice, ...]:
    """Advice for one node: HIGH if it flaps, MEDIUM if it dropped more than 10 times in total, WARNING if it dropped
    within the last hour; otherwise one INFO. Categories: flapping, frequent_drops, recent_drop, stable."""
    rules = policy.consistency
    advice: list[Advice] = []
    if status_of(consistency.score, policy) is ConsistencyStatus.FLAPPING:
        advice.append(
            Advice(
                category="flapping",
                level=AdviceLevel.HIGH,
                message=f"consistency {rounded(consistency.score, SHOWN_DECIMALS):g} over at most {counted(consistency.window_days, 'day')}; "
                f"under {rules.flapping_below:g} a node flaps",
                recommendation="Keep the node in gossip without interruption.",
                action="Look for restarts of the pod, packet loss, and a firewall or NAT that forgets UDP mappings.",
            )
        )
    if consistency.disappearances > rules.many_drops:
        advice.append(
            Advice(
                category="frequent_drops",
                level=AdviceLevel.MEDIUM,
                message=f"{counted(consistency.disappearances, 'drop')} from gossip since first sight; "
                f"more than {rules.many_drops} is a pattern",
                recommendation="Find what the drops have in common.",
                action="Compare the times of the drops with the pod's log and the host's load.",
            )
        )
    if consistency.last_drop is not None and 0 <= at - consistency.last_drop < rules.recent_drop_seconds:
        advice.append(
            Advice(
                category="recent_drop",
                level=AdviceLevel.WARNING,
                message=f"dropped from gossip {counted((at - consistency.last_drop) // MINUTE, 'minute')} ago; "
                f"under {rules.recent_drop_seconds // HOUR} h is recent",
                recommendation="Watch whether it stays.",
                action="Check that the pod runs and that its gossip port answers.",
            )
        )
    if not advice:
        advice.append(
            Advice(
                category="stable",
                level=AdviceLevel.INFO,
                message=f"consistency {rounded(consistency.score, SHOWN_DECIMALS):g} over at most {counted(consistency.window_days, 'day')}: steady",
                recommendation="Keep it so.",
                action="Nothing to do.",
            )
        )
    return tuple(advice)
