"""How long a node could be observed, and for how much of that it was gone: counters of constant size.

What all nodes share is counted once (`Coverage`): the seconds that were observed, by hour for a day and by UTC day for
30 days. A node only counts its exceptions (`Watch`): seconds in which it could not be judged, seconds in which it was
gone, and disturbances. A steady node so costs nothing in a cycle, and our own outages are in no count at all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, Record, UnixSeconds
from schema.domain.estimate_policy import EstimatePolicy, StabilityRules
from schema.domain.node.estimate import Observed

HOURS = 24
DAYS = 30
WEEK_DAYS = 7
MAX_CLAIMED = 30 * DAY
_RULES = EstimatePolicy().stability


class Span(NamedTuple):
    """A bucket of `Coverage`: its start, and the seconds within it that were observed."""

    start: UnixSeconds
    observed: int


class Coverage(Record):
    """The seconds in which nodes could be observed, in buckets, oldest first. It belongs to the snapshot that it ends with."""

    hours: tuple[Span, ...] = ()
    days: tuple[Span, ...] = ()

    def after(self, at: UnixSeconds, seconds: int) -> "Coverage":
        """With so many seconds more, which end at `at`; without what has left the windows."""
        return Coverage(
            hours=_counted(self.hours, at // HOUR * HOUR, seconds, HOUR * (HOURS - 1)),
            days=_counted(self.days, at // DAY * DAY, seconds, DAY * (DAYS - 1)),
        )


def _counted(spans: Sequence[Span], start: UnixSeconds, seconds: int, length: int) -> tuple[Span, ...]:
    kept = [span for span in spans if start - length <= span.start < start]
    open_ = sum(span.observed for span in spans if span.start == start)
    return (*kept, Span(start, open_ + seconds))


class Expected:
    """The seconds that could be observed in each window that ends at `at`: the last 24 hours, 7 days and 30 days."""

    def __init__(self, coverage: Coverage, at: UnixSeconds) -> None:
        hour, day = at // HOUR * HOUR, at // DAY * DAY
        self.at = at
        self.first_hour = hour - HOUR * (HOURS - 1)
        self.first_day_of_week = day - DAY * (WEEK_DAYS - 1)
        self.first_day = day - DAY * (DAYS - 1)
        self._coverage = coverage
        self._known: dict[tuple[UnixSeconds, UnixSeconds], tuple[int, int, int]] = {}

    def since(self, at: UnixSeconds) -> tuple[int, int, int]:
        """Those of a node that is watched since then. Most nodes are watched for longer than the windows."""
        key = max(at // HOUR * HOUR, self.first_hour), max(at // DAY * DAY, self.first_day)
        found = self._known.get(key)
        if found is None:
            hours, days = self._coverage.hours, self._coverage.days
            week = max(key[1], self.first_day_of_week)
            found = self._known[key] = (
                sum(span.observed for span in hours if span.start >= key[0]),
                sum(span.observed for span in days if span.start >= week),
                sum(span.observed for span in days if span.start >= key[1]),
            )
        return found


class Exceptions(NamedTuple):
    """A bucket of a `Watch`: its start, seconds not judged, seconds gone, and disturbances."""

    start: UnixSeconds
    unknown: int = 0
    gone: int = 0
    disturbed: int = 0


class Watch(Record):
    """What is counted of one node, `since` when (unix seconds).

    `claimed` is its uptime at that time, 30 days at most. Buckets without exceptions are left out; there are at most 24
    `hours` and 30 `days`, oldest first. `gone` is how long (seconds) the last absence was that ended at `back_at`, or
    that goes on where that is None. `disturbed_at` is the last disturbance that counted, `upgraded_at` the last restart
    that did not, as it came with a newer version.
    """

    since: UnixSeconds
    claimed: int = 0
    hours: tuple[Exceptions, ...] = ()
    days: tuple[Exceptions, ...] = ()
    gone: int = 0
    back_at: UnixSeconds | None = None
    disturbed_at: UnixSeconds | None = None
    upgraded_at: UnixSeconds | None = None

    def unjudged(self, at: UnixSeconds, seconds: int) -> "Watch":
        """After a cycle in which nobody who answered could say whether the node lives."""
        return self.model_copy(update=_change(self, at, unknown=seconds)) if seconds else self

    def absent(self, at: UnixSeconds, seconds: int) -> "Watch":
        """After a cycle in which the node was gone."""
        before = self.gone if self.back_at is None else 0
        update = {**_change(self, at, gone=seconds), "gone": before + seconds, "back_at": None}
        return self.model_copy(update=update)

    def present(self, at: UnixSeconds) -> "Watch":
        """After a cycle in which the node was online."""
        return self.model_copy(update={"back_at": at}) if self.gone and self.back_at is None else self

    def disturbed(self, at: UnixSeconds, rules: StabilityRules = _RULES) -> "Watch":
        """After a restart, a change of host, or a drop; what follows one that counted too soon belongs to it."""
        last = self.disturbed_at
        if last is not None and 0 <= at - last < rules.quiet_seconds:
            return self
        return self.model_copy(update={**_change(self, at, disturbed=1), "disturbed_at": at})

    def upgraded(self, at: UnixSeconds, rules: StabilityRules = _RULES) -> "Watch | None":
        """After a restart with a newer version: a short absence before it is forgiven, and so is a disturbance just then.

        None where the node has had its upgrade lately: to name a new version with each restart does not hide restarts.
        """
        grace, last = rules.upgrade_grace_seconds, self.upgraded_at
        if last is not None and grace < at - last < rules.upgrade_every_seconds:
            return None
        forgiven = self
        if self.gone and (self.back_at is None or at - self.back_at <= grace):
            back = min(self.gone, grace)
            hours, days = _forgiven(self.hours, back), _forgiven(self.days, back)
            forgiven = self.model_copy(update={"hours": hours, "days": days, "gone": 0, "back_at": None})
        disturbed_at = self.disturbed_at
        if disturbed_at is not None and 0 <= at - disturbed_at <= grace + min(self.gone, grace):
            undone = _change(forgiven, disturbed_at, disturbed=-1)
            forgiven = forgiven.model_copy(update={**undone, "disturbed_at": None})
        is_later = last is not None and at - last <= grace
        return forgiven.model_copy(update={"upgraded_at": last if is_later else at})

    def disturbances(self, at: UnixSeconds, seconds: int = DAYS * DAY) -> int:
        """How many there were within the last days, or, up to a day, within the last hours; in whole buckets."""
        size, spans = (HOUR, self.hours) if seconds <= DAY else (DAY, self.days)
        first = at // size * size - (seconds - size)
        return sum([span[3] for span in spans if span[0] >= first]) if spans else 0

    def windows(self, expected: Expected) -> tuple[Observed, Observed, Observed]:
        """What was observed in each window: the bucket that is open now, and those before it."""
        day, week, month = expected.since(self.since)
        if not self.days:
            return Observed(day, day), Observed(week, week), Observed(month, month)
        return (
            _window(day, self.hours, expected.first_hour),
            _window(week, self.days, expected.first_day_of_week),
            _window(month, self.days, expected.first_day),
        )


def _change(watch: Watch, at: UnixSeconds, *, unknown: int = 0, gone: int = 0, disturbed: int = 0) -> dict[str, object]:
    """The buckets of a watch with so much more in those that are open at `at`."""
    change = (unknown, gone, disturbed)
    return {
        "hours": _added(watch.hours, at // HOUR * HOUR, change, HOUR * (HOURS - 1)),
        "days": _added(watch.days, at // DAY * DAY, change, DAY * (DAYS - 1)),
    }


def begun(at: UnixSeconds, coverage: Coverage, seconds: int, uptime: int | None) -> Watch:
    """The watch of a node that is seen for the first time in a cycle that adds `seconds`, with the coverage after it."""
    watch = Watch(since=at, claimed=min(max(uptime or 0, 0), MAX_CLAIMED))
    hour, day = coverage.hours[-1].observed - seconds, coverage.days[-1].observed - seconds
    update = {
        "hours": (Exceptions(at // HOUR * HOUR, hour),) if hour > 0 else (),
        "days": (Exceptions(at // DAY * DAY, day),) if day > 0 else (),
    }
    return watch.model_copy(update=update) if hour > 0 or day > 0 else watch


def _window(expected: int, spans: Sequence[Exceptions], first: UnixSeconds) -> Observed:
    unknown = gone = 0
    for start, not_judged, away, _ in spans:
        if start >= first:
            unknown += not_judged
            gone += away
    judged = max(expected - unknown, 0)
    return Observed(judged, max(judged - gone, 0))


def _added(
    spans: Sequence[Exceptions], start: UnixSeconds, change: tuple[int, int, int], length: int
) -> tuple[Exceptions, ...]:
    """The buckets with this change in the one that begins at `start`; without what has left the window by then."""
    if spans and spans[-1].start > start:
        return tuple([_sum(span, change) if span.start == start else span for span in spans])
    kept = [span for span in spans if start - length <= span.start < start]
    open_ = spans[-1] if spans and spans[-1].start == start else Exceptions(start)
    return (*kept, _sum(open_, change))


def _sum(span: Exceptions, change: tuple[int, int, int]) -> Exceptions:
    start, unknown, gone, disturbed = span
    return Exceptions(start, unknown + change[0], gone + change[1], max(disturbed + change[2], 0))


def _forgiven(spans: tuple[Exceptions, ...], seconds: int) -> tuple[Exceptions, ...]:
    """The buckets without the last seconds that the node was gone."""
    left, kept = seconds, list(spans)
    for place in range(len(kept) - 1, -1, -1):
        back = min(left, kept[place].gone)
        kept[place] = kept[place]._replace(gone=kept[place].gone - back)
        left -= back
        if not left:
            break
    return tuple(kept)
