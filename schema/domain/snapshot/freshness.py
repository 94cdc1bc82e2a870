"""The age of a snapshot, the health state it implies, and the time at which answers are valid."""

from enum import StrEnum

from schema.domain.base import UnixSeconds

DEGRADED_AFTER_INTERVALS = 2
UNHEALTHY_AFTER_INTERVALS = 5


class Freshness(StrEnum):
    """The state of a service whose data has a certain age."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


def age_seconds(taken_at: UnixSeconds, now: float) -> int:
    """Whole seconds since `taken_at`; 0 if the collector's clock is ahead of ours."""
    return max(0, int(now - taken_at))


def freshness(age: int, interval: int) -> Freshness:
    """HEALTHY under 2 polling intervals, DEGRADED from 2 to 5, UNHEALTHY beyond. `age` and `interval` are in seconds.

    Two intervals allow for one missed cycle. After five, the figures no longer describe the present.
    """
    if age < DEGRADED_AFTER_INTERVALS * interval:
        return Freshness.HEALTHY
    return Freshness.DEGRADED if age <= UNHEALTHY_AFTER_INTERVALS * interval else Freshness.UNHEALTHY


def answer_time(taken_at: UnixSeconds, interval: int, now: float) -> UnixSeconds:
    """The time to which answers from a snapshot refer: its time, advanced by whole intervals while it ages.

    Durations in answers ("offline for", "age") are measured up to this time instead of the current time. Equal
    questions then get byte-identical answers until there is a new snapshot, and an outdated snapshot still ages.
    """
    return taken_at + age_seconds(taken_at, now) // interval * interval


def seconds_valid(taken_at: UnixSeconds, interval: int, now: float) -> int:
    """How long an answer given now stays valid: seconds to the next `answer_time`, 1..interval."""
    return max(1, interval - age_seconds(taken_at, now) % interval)
