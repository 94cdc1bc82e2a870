"""Whether a node is in gossip, and how often that changed.

An outage of seeds is not a disappearance of nodes: absence counts only where a seed that listed the node before
answered without it. One list proves no absence: it counts once the grace is over, as for liveness. A seed that knows
nobody, or that has just started, proves none at all.
"""

from collections.abc import Sequence

from schema.domain.base import DAY
from schema.domain.node.memory import NodeMemory, PresenceDay
from schema.domain.node.observation import SeedReply, says_nothing
from schema.domain.policy import POLICY_1_0

# A seed that has failed for a day holds no node in gossip: it may never answer again.
WITNESS_HOLD_SECONDS = DAY


def proves_absence(reply: SeedReply, grace: int) -> bool:
    """Whether a seed's list says something of those that are not in it."""
    started = reply.stats.uptime if reply.stats is not None else None
    if started is not None and started < grace:
        return False
    return any(not says_nothing(row) for row in reply.observations or ())


def judge_presence(
    memory: NodeMemory, answered: frozenset[str], asked: frozenset[str] | None = None, *, is_seed: bool
) -> bool | None:
    """For a node that nobody listed: False (absent), or None where none of those who listed it before answered.

    `answered` are the seeds whose lists prove an absence (`proves_absence`), `asked` all that are asked at all (None: not
    known). Witnesses that are asked no more, as the operator has removed them, hold the node no longer, nor do those that
    have not answered for `WITNESS_HOLD_SECONDS`. A seed that only its own answers made known is absent once any other seed
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
    """The memory of a node that nobody lists, after `seconds` more in which none of its witnesses may have answered.

    Time counts only while other seeds answer, so that our own outage is not taken for one of the witnesses.
    """
    if not answered or not memory.present or answered.intersection(memory.witnesses):
        return memory
    waited = min(memory.unheard + seconds, WITNESS_HOLD_SECONDS)
    return memory if waited == memory.unheard else memory.model_copy(update={"unheard": waited})


def record_presence(
    memory: NodeMemory, at: int, *, present: bool | None, window_days: int = POLICY_1_0.consistency.window_days
) -> NodeMemory:
    """The memory with this cycle's presence counted at time `at` (unix seconds); unchanged where it was not judged."""
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
    """Without the days before the window; whether the node was present when the window began is carried along."""
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
