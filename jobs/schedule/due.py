"""When the jobs of a worker are due. Pure: the current time is an argument.

A cycle belongs to a slot, any other job to a multiple of its period. The queue identifies a job by its name and slot,
so every worker may enqueue the same job any number of times.
"""

from collections.abc import Iterable
from typing import NamedTuple

from schema.domain.base import Slot, UnixSeconds, slot_of

CYCLE = "cycle"

# The rest of the slot stays free, so that this cycle is finished when the next one starts.
_CYCLE_SHARE = 0.9
_ROOM_SHARE = 0.65
_ROOM_SECONDS = 12.0
_SERVED_SHARE = 1 / 3
_SERVED_SHARE_OF_STARTS = 0.5
THIRDS = 3


class Job(NamedTuple):
    """One run of a job: its name, its slot or period, and its earliest start (unix seconds)."""

    name: str
    slot: Slot
    start: UnixSeconds


class Period(NamedTuple):
    """A job that runs once in each `seconds`, aligned to UTC."""

    name: str
    seconds: int


def cycle_seconds(interval: int) -> float:
    """How many seconds after the start of its slot a cycle must be over. It is shorter than the slot."""
    return _CYCLE_SHARE * interval


def latest_start(interval: int) -> float:
    """How many seconds into its slot a cycle may still start. Slow seeds need min(10 s, 0.6 slot)."""
    return cycle_seconds(interval) - min(_ROOM_SECONDS, _ROOM_SHARE * interval)


def served_by(interval: int) -> float:
    """How many seconds into its slot the queue must have started a cycle: a third of it, or half of the time to start
    in.

    If the queue has not started it by then, each worker starts the cycle itself.
    """
    return min(_SERVED_SHARE * interval, _SERVED_SHARE_OF_STARTS * latest_start(interval))


def due_cycles(now: float, interval: int) -> tuple[Job, ...]:
    """The cycles to enqueue at `now`: that of the current slot while it can still start, and the next.

    The result depends only on the arguments. A change of `interval` between two starts, a clock that jumps, or a
    flushed queue therefore needs no recovery, and never causes a burst.
    """
    slot = slot_of(now, interval)
    upcoming = Job(CYCLE, slot + interval, slot + interval)
    return (Job(CYCLE, slot, slot), upcoming) if now - slot <= latest_start(interval) else (upcoming,)


def due_periodic(now: float, periods: Iterable[Period]) -> tuple[Job, ...]:
    """The run of each periodic job to enqueue at `now`."""
    return tuple(Job(period.name, slot := slot_of(now, period.seconds), slot) for period in periods)


def third_of(now: float, period: Period) -> int:
    """The third of its current period that contains `now`: 0, 1 or 2. An unstarted job is due again in each third."""
    return min(THIRDS - 1, int((now - slot_of(now, period.seconds)) * THIRDS / period.seconds))
