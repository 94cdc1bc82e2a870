"""How long a node could be observed and how much of that time it was gone, in counters of constant size.

Observed time is the same for all nodes and is counted once (`Coverage`): by hour for a day and by UTC day for 30 days.
Each node counts only its exceptions (`Watch`): seconds in which it could not be judged, seconds in which it was gone,
and disturbances. A steady node therefore costs nothing in a cycle, and outages on our side are not counted at all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, Record, UnixSeconds
from schema.domain.estimate_policy import EstimatePolicy, StabilityPolicy
from schema.domain.node.coverage import DAYS, HOURS, Counts, Coverage, Expected

MAX_CLAIMED = 30 * DAY
_RULES = EstimatePolicy().stability
UPGRADE_GRACE_SECONDS = _RULES.upgrade_grace_seconds


class Exceptions(NamedTuple):
    """A bucket of a `Watch`: its start, seconds not judged, seconds gone, and disturbances."""

    start: UnixSeconds
    unknown: int = 0
    gone: int = 0
    disturbed: int = 0


class Watch(Record):
    """The counters of one node, first seen at `since` (unix seconds).

    `claimed` is its uptime at that time, at most 30 days. Buckets without exceptions are omitted; there are at most 24
    `hours` and 30 `days`, oldest first. `gone` is the length (seconds) of the last absence, which ended at `back_at`,
    or continues if that is None. `disturbed_at` is the last disturbance that counted. `upgraded_at` is the last restart
    that did not count, because it came with a newer version.
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
        """Record a cycle in which no answering seed could tell whether the node is alive."""
        return self.model_copy(update=_change(self, at, unknown=seconds)) if seconds else self

    def absent(self, at: UnixSeconds, seconds: int) -> "Watch":
        """Record a cycle in which the node was gone."""
        before = self.gone if self.back_at is None else 0
        update = {**_change(self, at, gone=seconds), "gone": before + seconds, "back_at": None}
        return self.model_copy(update=update)

    def present(self, at: UnixSeconds) -> "Watch":
        """Record a cycle in which the node was online. An absence that ends is a disturbance, whatever the uptime."""
        if not self.gone or self.back_at is not None:
            return self
        return self.disturbed(at).model_copy(update={"back_at": at})

    def disturbed(self, at: UnixSeconds, rules: StabilityPolicy = _RULES) -> "Watch":
        """Record a restart, a change of host, a drop, or an absence.

        One that follows another too soon belongs to the same disturbance, and so does everything within one absence.
        """
        last = self.disturbed_at
        away = self.gone if self.back_at is None else 0
        if last is not None and 0 <= at - last < rules.quiet_seconds + away:
            return self
        return self.model_copy(update={**_change(self, at, disturbed=1), "disturbed_at": at})

    def upgraded(self, at: UnixSeconds, rules: StabilityPolicy = _RULES) -> "Watch | None":
        """Record a restart with a newer version. A short absence just before it is forgiven, and so is a recent
        disturbance.

        None if the node had an upgrade recently, so that reporting a new version with each restart does not hide
        restarts.
        """
        grace, last = rules.upgrade_grace_seconds, self.upgraded_at
        if last is not None and grace < at - last < rules.upgrade_every_seconds:
            return None
        forgiven, disturbed_at = self, self.disturbed_at
        if self.gone and (self.back_at is None or at - self.back_at <= grace):
            back = min(self.gone, grace)
            hours, days = _forgiven(self.hours, back), _forgiven(self.days, back)
            left = self.gone - back
            update = {"hours": hours, "days": days, "gone": left, "back_at": self.back_at if left else None}
            forgiven = self.model_copy(update=update)
            if left:
                disturbed_at = None  # An absence that outlasts the grace is a disturbance beside the upgrade.
        if disturbed_at is not None and 0 <= at - disturbed_at <= grace + min(self.gone, grace):
            undone = _change(forgiven, disturbed_at, disturbed=-1)
            forgiven = forgiven.model_copy(update={**undone, "disturbed_at": None})
        is_later = last is not None and at - last <= grace
        return forgiven.model_copy(update={"upgraded_at": last if is_later else at})

    def counts(self, expected: Expected) -> Counts:
        """The counters in the windows that end now: the open bucket, and those before it."""
        if not self.days:
            return Counts(self.since, self.claimed)
        day = _window(self.hours, expected.first_hour)
        week = _window(self.days, expected.first_day_of_week)
        month = _window(self.days, expected.first_day)
        return Counts(self.since, self.claimed, *day[:2], *week[:2], *month[:2], day[2], month[2])


def _change(watch: Watch, at: UnixSeconds, *, unknown: int = 0, gone: int = 0, disturbed: int = 0) -> dict[str, object]:
    """Add amounts to the buckets that are open at `at`."""
    change = (unknown, gone, disturbed)
    return {
        "hours": _added(watch.hours, at // HOUR * HOUR, change, HOUR * (HOURS - 1)),
        "days": _added(watch.days, at // DAY * DAY, change, DAY * (DAYS - 1)),
    }


def begun(at: UnixSeconds, coverage: Coverage, seconds: int, uptime: int | None) -> Watch:
    """The watch of a node that is first seen in a cycle of `seconds`, with the coverage after that cycle."""
    watch = Watch(since=at, claimed=min(max(uptime or 0, 0), MAX_CLAIMED))
    hour = sum(span.observed for span in coverage.hours if span.start == at // HOUR * HOUR) - seconds
    day = sum(span.observed for span in coverage.days if span.start == at // DAY * DAY) - seconds
    update = {
        "hours": (Exceptions(at // HOUR * HOUR, hour),) if hour > 0 else (),
        "days": (Exceptions(at // DAY * DAY, day),) if day > 0 else (),
    }
    return watch.model_copy(update=update) if hour > 0 or day > 0 else watch


def _window(spans: Sequence[Exceptions], first: UnixSeconds) -> tuple[int, int, int]:
    """The seconds not judged, the seconds gone and the disturbances since that time."""
    unknown = gone = disturbed = 0
    for start, not_judged, away, disturbances in spans:
        if start >= first:
            unknown += not_judged
            gone += away
            disturbed += disturbances
    return unknown, gone, disturbed


def _added(
    spans: Sequence[Exceptions], start: UnixSeconds, change: tuple[int, int, int], length: int
) -> tuple[Exceptions, ...]:
    """Apply this change to the bucket that begins at `start`, and drop buckets that are outside the window by then."""
    if spans and spans[-1].start > start:
        return tuple([_sum(span, change) if span.start == start else span for span in spans])
    kept = [span for span in spans if start - length <= span.start < start]
    open_ = spans[-1] if spans and spans[-1].start == start else Exceptions(start)
    return (*kept, _sum(open_, change))


def _sum(span: Exceptions, change: tuple[int, int, int]) -> Exceptions:
    start, unknown, gone, disturbed = span
    return Exceptions(start, unknown + change[0], gone + change[1], max(disturbed + change[2], 0))


def _forgiven(spans: tuple[Exceptions, ...], seconds: int) -> tuple[Exceptions, ...]:
    """Remove the last seconds in which the node was gone from the buckets."""
    left, kept = seconds, list(spans)
    for place in range(len(kept) - 1, -1, -1):
        back = min(left, kept[place].gone)
        kept[place] = kept[place]._replace(gone=kept[place].gone - back)
        left -= back
        if not left:
            break
    return tuple(kept)
