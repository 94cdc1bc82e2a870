"""How old a snapshot is, and what that means: the words for health, and the moment at which answers are valid."""

from enum import StrEnum

from schema.domain.base import UnixSeconds

DEGRADED_AFTER_INTERVALS = 2
UNHEALTHY_AFTER_INTERVALS = 5


class Freshness(StrEnum):
    """The state of a service whose data have a certain age."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


def age_seconds(taken_at: UnixSeconds, now: float) -> int:
    """Whole seconds since `taken_at`; 0 where the clock of the collector is ahead of ours."""
    return max(0, int(now - taken_at))


def freshness(age: int, interval: int) -> Freshness:
    """HEALTHY under 2 polling intervals, DEGRADED from 2 to 5, UNHEALTHY beyond. `age` and `interval` in seconds.

    Two intervals leave room for one missed cycle; after five, nobody should take the figures for the present.
    """
    if age < DEGRADED_AFTER_INTERVALS * interval:
        return Freshness.HEALTHY
    return Freshness.DEGRADED if age <= UNHEALTHY_AFTER_INTERVALS * interval else Freshness.UNHEALTHY


def answer_time(taken_at: UnixSeconds, interval: int, now: float) -> UnixSeconds:
    """The moment that answers from a snapshot speak of: when it was taken, moved on by whole intervals while it ages.

    Durations in answers ("offline for", "age") are measured to this moment and not to the clock's, so that equal
    questions get equal bytes until there is news, and a snapshot that is not renewed still grows old in them.
    """
    return taken_at + age_seconds(taken_at, now) // interval * interval


def seconds_valid(taken_at: UnixSeconds, interval: int, now: float) -> int:
    """How long an answer given now stays as it is: seconds to the next `answer_time`, 1..interval."""
    return max(1, interval - age_seconds(taken_at, now) % interval)
