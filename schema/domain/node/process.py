"""The process that an uptime is of: one that goes on, a new one, or an old record of it.

Records are relayed, and lag: a smaller uptime than before is mostly an old record, and not a restart. A process that
was seen alive a minute ago cannot have been started anew three minutes ago. So a change is weighed against the time
since the process before was last proven alive.
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
"""Starts that lie no further apart are one process: in a recorded day, relayed records of one lagged by up to 359 s."""
RESTART_SLACK_SECONDS = 60
"""How much older than the time since the last proof of life a new process may seem: clocks differ, and records lag."""
_FRESH_SECONDS = 120
# A pod forgets a peer after an hour without contact.
_MAX_LAG_SECONDS = HOUR


class Verdict(Enum):
    """What an uptime says of the process that an earlier one was of."""

    SAME = "it stands still"
    GROWN = "it goes on"
    NEW = "it is a new process"
    OLD = "this is an old record"


class Process(NamedTuple):
    """The process behind an address: its uptime as reported (seconds), when it started, and when it was proven last.

    `earliest` is when it may have started, where its uptime may be as old as its contact.
    """

    uptime: int
    started: int
    proven: int
    earliest: int


def compare(mark: int, uptime: int, *, since: int, step: int, last: int | None) -> Verdict:
    """What `uptime` says where the same seed gave `mark` before; all in seconds.

    `since` is the time since `mark` was seen to move. A new process is not older than that. A process that goes on is
    older by about that: where it is younger by more than `ONE_PROCESS_SECONDS`, it was started in between.

    `last` is a smaller value that the seed gave since, `step` the time between the two. What grows below `mark` while
    `mark` itself stands still is a new process too, whose start was missed.
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
    """Whether `after` is a new process, whoever speaks: it started after the one before was last proven alive.

    Its start must be another one, too: by more than the slack where the uptime fell, and by more than old records lag
    where it grew.
    """
    shift = after.started - before.started
    least = ONE_PROCESS_SECONDS if after.uptime >= before.uptime else RESTART_SLACK_SECONDS
    return shift > least and after.started >= before.proven - RESTART_SLACK_SECONDS


def is_old_record(before: Process, after: Process) -> bool:
    """Whether a smaller uptime is an old record of the same process."""
    same = abs(after.started - before.started) <= ONE_PROCESS_SECONDS
    return after.uptime < before.uptime and same and not is_restart(before, after)


def process_of_node(node: PNode) -> Process | None:
    """The process of a published node, from its uptime and its last proof of life; None where those are not known."""
    if node.uptime is None or node.alive_at is None:
        return None
    started = node.alive_at - node.uptime
    return Process(node.uptime, started, node.alive_at, started)


def process_of(
    memory: AddressMemory, listings: Sequence[Listing], at: int, grace: int, quorum: int = 1
) -> tuple[Process | None, frozenset[str]]:
    """The process at an address after this cycle, and the seeds whose word on it moves (empty where it stands still).

    Of the seeds whose uptime moved now (or, where those are too few, within the grace), the one in the middle speaks,
    by the start of the process: that corrects each uptime for its age. A seed whose last word is older than the start
    that enough others give speaks of a process before. Where nothing moves, the uptime in the middle counts.
    """
    # Plain tuples: there is one for each row of each list.
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
    """The process at an address that is not listed now, from what is remembered; None where no uptime is known."""
    words = sorted(
        (proven - mark, seed, mark, proven)
        for seed, mark in memory.uptimes.items()
        for proven in [memory.moved_at(seed)]
    )
    return _process(words[(len(words) - 1) // 2]) if words else None


# What one seed says of the process at an address: its start, the seed, its uptime, and the seed's last contact with it.
# The start is as much before the last proof of life as the uptime is long.
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
