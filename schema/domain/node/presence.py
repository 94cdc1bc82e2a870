"""Whether a node is in gossip, and how often that changed.

An outage of seeds is not a disappearance of nodes. Absence counts only if a seed that listed the node before answers
without it. A single list does not prove an absence: it counts once the grace is over, as for liveness. A seed that
lists no nodes, or that has just started, proves no absence.
"""

from collections.abc import Sequence

from schema.domain.base import DAY
from schema.domain.node.memory import NodeMemory, PresenceDay
from schema.domain.node.observation import SeedReply, says_nothing
from schema.domain.policy import POLICY_1_0

# A seed that has failed for a day no longer keeps nodes in gossip, because it may never answer again.
WITNESS_HOLD_SECONDS = DAY


def proves_absence(reply: SeedReply, grace: int) -> bool:
    """Whether a seed's list proves the absence of nodes that are not in it."""
    started = reply.stats.uptime if reply.stats is not None else None
    if started is not None and started < grace:
        return False
    return any(not says_nothing(row) for row in reply.observations or ())


def judge_presence(
    memory: NodeMemory, answered: frozenset[str], asked: frozenset[str] | None = None, *, is_seed: bool
) -> bool | None:
    """Judge a node that no seed lists: False (absent), or None if none of the seeds that listed it before answered.

    `answered` are the seeds whose lists prove an absence (`proves_absence`), `asked` all seeds that were asked (None:
    not known). A witness that the operator has removed no longer keeps the node in gossip, nor does one that has not
    answered for `WITNESS_HOLD_SECONDS`. A seed that is known only from its own answers is absent once any other seed
    answers.
    """
    if not answered:
        return None
    if not memory.witnesses:
        return False if is_seed or not memory.present else None
    if memory.unheard >= WITNESS_HOLD_SECONDS or (asked is not None and asked.isdisjoint(memory.witnesses)):
        return False
    return False if answered.intersection(memory.witnesses) else None


def wait_for_witnesses(memory: NodeMemory, answered: frozenset[str], seconds: int) -> NodeMemory:
    """Update the memory of a node that no seed lists, after `seconds` in which possibly none of its witnesses answered.

    Time counts only while other seeds answer, so that an outage on our side does not count as one of the witnesses.
    """
    if not answered or not memory.present or answered.intersection(memory.witnesses):
        return memory
    waited = min(memory.unheard + seconds, WITNESS_HOLD_SECONDS)
    return memory if waited == memory.unheard else memory.model_copy(update={"unheard": waited})


def record_presence(
    memory: NodeMemory, at: int, *, present: bool | None, window_days: int = POLICY_1_0.consistency.window_days
) -> NodeMemory:
    """The memory with this cycle's presence at time `at` (unix seconds). Unchanged if it was not judged."""
    memory = _forget_old_days(memory, at, window_days)
    if present is None or present == memory.present:
        return memory
    appeared = int(present)
    return memory.model_copy(
        update={
            "present": present,
            "appearances": memory.appearances + appeared,
            "disappearances": memory.disappearances + 1 - appeared,
            "last_appearance": at if present else memory.last_appearance,
            "last_drop": memory.last_drop if present else at,
            "presence": _count(memory.presence, at // DAY * DAY, appeared),
        }
    )


def recent_changes(memory: NodeMemory, at: int) -> int:
    """Appearances and disappearances of yesterday and today (UTC), without the very first appearance."""
    since = at // DAY * DAY - DAY
    changes = sum(day.appearances + day.disappearances for day in memory.presence if day.day >= since)
    all_appearances = sum(day.appearances for day in memory.presence if day.day >= since) == memory.appearances
    return changes - 1 if changes and all_appearances else changes


def _count(days: Sequence[PresenceDay], today: int, appeared: int) -> tuple[PresenceDay, ...]:
    old = days[-1] if days and days[-1].day == today else PresenceDay(day=today)
    new = PresenceDay(
        day=today,
        appearances=old.appearances + appeared,
        disappearances=old.disappearances + 1 - appeared,
    )
    return (*(day for day in days if day.day != today), new)


def _forget_old_days(memory: NodeMemory, at: int, window_days: int) -> NodeMemory:
    """The days within the window. Whether the node was present when the window began is carried over."""
    first = at // DAY * DAY - (window_days - 1) * DAY
    if not memory.presence or memory.presence[0].day >= first:
        return memory
    gone = [day for day in memory.presence if day.day < first]
    balance = sum(day.appearances - day.disappearances for day in gone)
    return memory.model_copy(
        update={
            "presence": memory.presence[len(gone) :],
            "present_since_window": int(memory.present_since_window) + balance > 0,
        }
    )
