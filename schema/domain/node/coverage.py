"""How long nodes could be observed: shared counters for all nodes, combined with each node's exceptions."""

from collections.abc import Sequence
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, Record, UnixSeconds

HOURS = 24
DAYS = 30
WEEK_DAYS = 7


class Observed(NamedTuple):
    """How long a node could be observed in a window, and how much of that time it was online, both in seconds."""

    expected: int
    online: int

    @property
    def share(self) -> float | None:
        """The observed availability, 0..1. None if nothing could be observed."""
        return self.online / self.expected if self.expected else None


Windows = tuple[Observed, Observed, Observed]
"""The last 24 hours, 7 days and 30 days."""


class Span(NamedTuple):
    """A bucket of `Coverage`: its start, and the seconds observed within it."""

    start: UnixSeconds
    observed: int


class Coverage(Record):
    """The seconds in which nodes could be observed, in buckets, oldest first. Each snapshot carries the coverage up to
    it."""

    hours: tuple[Span, ...] = ()
    days: tuple[Span, ...] = ()

    def after(self, at: UnixSeconds, seconds: int) -> "Coverage":
        """Add seconds that end at `at`, and remove buckets outside the windows."""
        return Coverage(
            hours=_counted(self.hours, at // HOUR * HOUR, seconds, HOUR * (HOURS - 1)),
            days=_counted(self.days, at // DAY * DAY, seconds, DAY * (DAYS - 1)),
        )


def _counted(spans: Sequence[Span], start: UnixSeconds, seconds: int, length: int) -> tuple[Span, ...]:
    kept = [span for span in spans if start - length <= span.start < start]
    open_ = sum(span.observed for span in spans if span.start == start)
    return (*kept, Span(start, open_ + seconds))


class Expected:
    """The seconds observed in each window that ends at `at`: the last 24 hours, 7 days and 30 days."""

    def __init__(self, coverage: Coverage, at: UnixSeconds) -> None:
        hour, day = at // HOUR * HOUR, at // DAY * DAY
        self.at = at
        self.first_hour = hour - HOUR * (HOURS - 1)
        self.first_day_of_week = day - DAY * (WEEK_DAYS - 1)
        self.first_day = day - DAY * (DAYS - 1)
        self._coverage = coverage
        self._known: dict[tuple[UnixSeconds, UnixSeconds], Windows] = {}

    def since(self, at: UnixSeconds) -> Windows:
        """The windows of a node first seen at that time that was always online, as most nodes are."""
        key = max(at // HOUR * HOUR, self.first_hour), max(at // DAY * DAY, self.first_day)
        found = self._known.get(key)
        if found is None:
            hours, days = self._coverage.hours, self._coverage.days
            first_of_week = max(key[1], self.first_day_of_week)
            day = sum(span.observed for span in hours if span.start >= key[0])
            week = sum(span.observed for span in days if span.start >= first_of_week)
            month = sum(span.observed for span in days if span.start >= key[1])
            found = self._known[key] = (Observed(day, day), Observed(week, week), Observed(month, month))
        return found


class Counts(NamedTuple):
    """The windows that end now, for a node first seen at `since` (unix seconds).

    `claimed` is its uptime at that time, in seconds. The other arguments give, for each window, the seconds in which it
    could not be judged and the seconds in which it was gone; and the disturbances of the last 24 hours and 30 days.
    """

    since: UnixSeconds
    claimed: int
    day_unknown: int = 0
    day_gone: int = 0
    week_unknown: int = 0
    week_gone: int = 0
    month_unknown: int = 0
    month_gone: int = 0
    day_disturbed: int = 0
    disturbed: int = 0

    def windows(self, expected: Expected) -> Windows:
        """The observations in each window: the last 24 hours, 7 days and 30 days."""
        steady = expected.since(self.since)
        if not (self.month_unknown or self.month_gone):
            return steady
        day, week, month = steady
        return (
            _observed(day, self.day_unknown, self.day_gone),
            _observed(week, self.week_unknown, self.week_gone),
            _observed(month, self.month_unknown, self.month_gone),
        )


def _observed(steady: Observed, unknown: int, gone: int) -> Observed:
    judged = max(steady.expected - unknown, 0)
    return Observed(judged, max(judged - gone, 0))
