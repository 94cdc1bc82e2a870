"""The process that an uptime belongs to: a continuing one, a new one, or an old record of it.

Records are relayed and delayed, so a smaller uptime is usually an old record and not a restart. A process that was seen
alive a minute ago cannot have been restarted three minutes ago. Each change is therefore compared with the time since
the previous process was last proven alive.
"""

from collections.abc import Sequence
from enum import Enum
from operator import itemgetter
from typing import NamedTuple

from schema.domain.base import HOUR
from schema.domain.node.memory import AddressMemory
from schema.domain.node.observation import Listing
from schema.domain.node.pnode import PNode

ONE_PROCESS_SECONDS = 600
"""Starts that differ by no more than this are one process. In a recorded day, relayed records of one process lagged by
up to 359 s."""
RESTART_SLACK_SECONDS = 60
"""How much older than the time since the last proof of life a new process may seem, because clocks differ and records
are delayed."""
_FRESH_SECONDS = 120
# A pod forgets a peer after an hour without contact.
_MAX_LAG_SECONDS = HOUR


class Verdict(Enum):
    """How an uptime relates to the process of an earlier uptime."""

    SAME = "it stands still"
    GROWN = "it goes on"
    NEW = "it is a new process"
    OLD = "this is an old record"


class Process(NamedTuple):
    """The process at an address: its reported uptime (seconds), its start, and its last proof of life.

    `earliest` is the earliest possible start, if the uptime may be as old as its contact.
    """

    uptime: int
    started: int
    proven: int
    earliest: int


def compare(mark: int, uptime: int, *, since: int, step: int, last: int | None) -> Verdict:
    """Compare `uptime` with `mark`, which the same seed gave before. All values are in seconds.

    `since` is the time since `mark` was seen to advance. A new process is not older than that. A continuing process is
    older by about that time; if it is younger by more than `ONE_PROCESS_SECONDS`, it was restarted in between.

    `last` is a smaller value that the seed gave since, `step` the time between that and now. A value that grows below
    `mark`, while `mark` itself does not advance, is also a new process, whose start was missed.
    """
    if uptime == mark:
        return Verdict.SAME
    fits = uptime <= since + RESTART_SLACK_SECONDS
    if uptime > mark:
        return Verdict.NEW if fits and since - (uptime - mark) > ONE_PROCESS_SECONDS else Verdict.GROWN
    if fits:
        return Verdict.NEW
    grows = last is not None and 0 < uptime - last <= step + RESTART_SLACK_SECONDS
    return Verdict.NEW if grows else Verdict.OLD


def is_restart(before: Process, after: Process) -> bool:
    """Whether `after` is a new process, whichever seed reports it: it started after the previous one was last proven
    alive.

    Its start must also differ: by more than the slack if the uptime fell, and by more than the delay of old records if
    it grew.
    """
    shift = after.started - before.started
    least = ONE_PROCESS_SECONDS if after.uptime >= before.uptime else RESTART_SLACK_SECONDS
    return shift > least and after.started >= before.proven - RESTART_SLACK_SECONDS


def is_old_record(before: Process, after: Process) -> bool:
    """Whether a smaller uptime is an old record of the same process."""
    same = abs(after.started - before.started) <= ONE_PROCESS_SECONDS
    return after.uptime < before.uptime and same and not is_restart(before, after)


def process_of_node(node: PNode) -> Process | None:
    """The process of a published node, from its uptime and its last proof of life. None if either is unknown."""
    if node.uptime is None or node.alive_at is None:
        return None
    started = node.alive_at - node.uptime
    return Process(node.uptime, started, node.alive_at, started)


def process_of(
    memory: AddressMemory, listings: Sequence[Listing], at: int, grace: int, quorum: int = 1
) -> tuple[Process | None, frozenset[str]]:
    """The process at an address after this cycle, and the seeds whose uptime of it advances (empty if none does).

    The candidates are the seeds whose uptime advanced now, or within the grace if those are too few. The median start
    is chosen, which corrects each uptime for its age. A seed whose last value is older than the start that enough
    others report refers to an earlier process. If no uptime advances, the median uptime is used.
    """
    # Plain tuples, because there is one for each row of each list.
    words: list[_Word] = []
    uptimes, quiet, last_listed = memory.uptimes, memory.quiet, memory.last_listed
    for listing in listings:
        seed, seen = listing.seed, listing.last_seen
        mark = uptimes.get(seed)
        if mark is None or listing.observation.uptime is None:
            continue
        proven = quiet.get(seed, last_listed) if quiet else last_listed
        if proven == at and seen is not None and at - seen <= _FRESH_SECONDS:
            proven = seen
        words.append((proven - mark, seed, mark, proven if seen is None else seen))
    if not words:
        return None, frozenset()
    moving = [word for word in words if word[1] not in quiet] if quiet else words
    needed = min(quorum, len(words))
    if len(moving) < needed or not moving:
        moving = [word for word in words if at - _proven(word) <= grace] if memory.moved else []
    if not moving:
        words.sort(key=_uptime)
        return _process(words[(len(words) - 1) // 2]), frozenset()
    moving.sort()
    newest_start = moving[-min(needed, len(moving))][0]
    moving = [word for word in moving if word[0] + word[2] >= newest_start]
    return _process(moving[(len(moving) - 1) // 2]), frozenset([word[1] for word in moving])


def remembered_process(memory: AddressMemory) -> Process | None:
    """The process at an address that is not listed now, from memory. None if no uptime is known."""
    words = sorted(
        (proven - mark, seed, mark, proven)
        for seed, mark in memory.uptimes.items()
        for proven in [memory.moved_at(seed)]
    )
    return _process(words[(len(words) - 1) // 2]) if words else None


# One seed's report on the process at an address: its start, the seed, its uptime, and the seed's last contact with it.
# The start precedes the last proof of life by the uptime.
_Word = tuple[int, str, int, int]
_uptime = itemgetter(2)


def _proven(word: _Word) -> int:
    started, _, uptime, _ = word
    return started + uptime


def _process(word: _Word) -> Process:
    started, _, uptime, seen = word
    proven = started + uptime
    earliest = max(min(seen, proven), proven - _MAX_LAG_SECONDS) - uptime
    return Process(uptime, started, proven, earliest)
