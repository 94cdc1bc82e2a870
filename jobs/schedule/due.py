"""When the jobs of a worker are due. Pure: the wall clock's reading is an argument.

A cycle belongs to a slot, any other job to a multiple of its period. The queue knows a job by its name and slot, so
every worker may put the same job in it, as often as it likes.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schema.domain.base import Slot, UnixSeconds, slot_of

CYCLE = "cycle"

# The rest of the slot belongs to nobody: the next cycle must find this one finished.
_CYCLE_SHARE = 0.9
_ROOM_SHARE = 0.65
_ROOM_SECONDS = 12.0
_SERVED_SHARE = 1 / 3
_SERVED_SHARE_OF_STARTS = 0.5
THIRDS = 3


class Job(NamedTuple):
    """One run of a job: its name, the slot or period that it belongs to, and when it may start (unix seconds)."""

    name: str
    slot: Slot
    start: UnixSeconds


class Period(NamedTuple):
    """A job that runs once in each `seconds`, aligned to UTC."""

    name: str
    seconds: int


def cycle_seconds(interval: int) -> float:
    """How long after the start of its slot a cycle must be over, in seconds; shorter than the slot."""
    return _CYCLE_SHARE * interval


def latest_start(interval: int) -> float:
    """How many seconds into its slot a cycle may still start: slow seeds must have their time, min(10 s, 0.6 slot)."""
    return cycle_seconds(interval) - min(_ROOM_SECONDS, _ROOM_SHARE * interval)


def served_by(interval: int) -> float:
    """How many seconds into its slot the queue must have begun a cycle: a third of it, or half of the time to start in.

    Where it has not, each worker begins the cycle by itself.
    """
    return min(_SERVED_SHARE * interval, _SERVED_SHARE_OF_STARTS * latest_start(interval))


def due_cycles(now: float, interval: int) -> tuple[Job, ...]:
    """The cycles that belong in the queue at `now`: that of the running slot while it still fits, and the next.

    Depends on nothing else: a change of `interval` between two starts, a clock that jumps, or a flushed queue need no
    memory to recover from, and never cause a burst.
    """
    slot = slot_of(now, interval)
    upcoming = Job(CYCLE, slot + interval, slot + interval)
    return (Job(CYCLE, slot, slot), upcoming) if now - slot <= latest_start(interval) else (upcoming,)


def due_periodic(now: float, periods: Iterable[Period]) -> tuple[Job, ...]:
    """The run of each periodic job that belongs in the queue at `now`."""
    return tuple(Job(period.name, slot := slot_of(now, period.seconds), slot) for period in periods)


def third_of(now: float, period: Period) -> int:
    """The third of its running period that `now` lies in: 0, 1 or 2. A job that nobody began by then is due at each."""
    return min(THIRDS - 1, int((now - slot_of(now, period.seconds)) * THIRDS / period.seconds))
