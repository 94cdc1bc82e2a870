"""Computes the length of histories and the cost of reading them, before they are read."""

from collections.abc import Sequence
from typing import NamedTuple

from graphql import GraphQLError

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.availability import WINDOW_SECONDS, Window
from schema.domain.history.points import BUCKET_SECONDS, MAX_POINTS, Resolution
from schema.domain.history.ranges import POINT_LIMIT
from schema.graphql.types.fields import Arguments, Terms
from schema.graphql.types.prices import (
    BUCKET_COST,
    BUCKETS,
    D1_DAY_COST,
    H1_DAY_COST,
    M5_DAY_COST,
    RAW_DAY_COST,
    RAW_POINT_COST,
    VERSIONS_COST,
)
from schema.graphql.types.scalars import read_datetime

# The default retention: RAW for 48 hours, which can touch three days, M5 for 14 days, and H1 for 90.
KEPT_DAYS = {Resolution.RAW: 3, Resolution.M5: 15, Resolution.H1: 91}
KEPT_HOURS = 90 * DAY // HOUR
# AUTO uses days if the hours are too many. Their points are fewer than the 1,000 that are counted, and the difference
# covers the cost of reading the days.
FREE_DAYS = 365

_DAY_COST = {
    Resolution.RAW: RAW_DAY_COST,
    Resolution.M5: M5_DAY_COST,
    Resolution.H1: H1_DAY_COST,
    Resolution.D1: D1_DAY_COST,
}


class Read(NamedTuple):
    """The reads of a query at one resolution: the number of unpacked days, and of points taken from them."""

    resolution: Resolution
    days: int
    points: int


def points_expected(arguments: Arguments, terms: Terms) -> int:
    """The maximum number of points of a history, from its arguments. 1,000 for AUTO, which is its documented limit.

    A range that is too large for its resolution counts as nothing: it is refused for its size, not for its cost.
    """
    start, end = _range(arguments, terms)
    resolution = arguments.get("resolution")
    seconds = next((s for r, s in BUCKET_SECONDS.items() if r.value == resolution), terms.interval)
    points = max(1, -(-(end - start) // seconds))
    if resolution in {None, Resolution.AUTO.value}:
        return min(points, MAX_POINTS)
    return points if points <= POINT_LIMIT else 1


def _range(arguments: Arguments, terms: Terms) -> tuple[UnixSeconds, UnixSeconds]:
    return _seconds(arguments.get("from"), terms.now), _seconds(arguments.get("to"), terms.now)


def _seconds(value: object, otherwise: UnixSeconds) -> UnixSeconds:
    try:
        return read_datetime(value)
    except GraphQLError:
        return otherwise


def reads_of(arguments: Arguments, terms: Terms) -> list[Read]:
    """The reads of a history."""
    start, end = _range(arguments, terms)
    resolution = arguments.get("resolution")
    if resolution in {None, Resolution.AUTO.value}:
        return read_by_auto(start, end, terms)
    known = next((each for each in Resolution if each.value == resolution), None)
    if known is None or end - start > POINT_LIMIT * BUCKET_SECONDS.get(known, terms.interval):
        return []
    return [_read(known, start, end, points_expected(arguments, terms))]


def read_by_auto(start: UnixSeconds, end: UnixSeconds, terms: Terms) -> list[Read]:
    """The reads of AUTO: the hours of a range with too many slots, then the finer or coarser resolution that fits."""
    seconds = max(0, end - start)
    if seconds <= MAX_POINTS * terms.interval:
        return [_read(Resolution.RAW, start, end, seconds // terms.interval)]
    hours, windows = (seconds // BUCKET_SECONDS[each] for each in (Resolution.H1, Resolution.M5))
    found = [_read(Resolution.H1, start, end, min(hours, KEPT_HOURS))]
    if windows <= MAX_POINTS:
        found.append(_read(Resolution.M5, start, end, windows))
    elif seconds > FREE_DAYS * DAY:
        found.append(_read(Resolution.D1, start, end - FREE_DAYS * DAY, min(seconds // DAY, MAX_POINTS) - FREE_DAYS))
    return found


def _read(resolution: Resolution, start: UnixSeconds, end: UnixSeconds, points: int) -> Read:
    days = max(0, -(-end // DAY) - start // DAY)
    return Read(resolution, min(days, KEPT_DAYS.get(resolution, MAX_POINTS)), points)


def history_reading(arguments: Arguments, terms: Terms) -> int:
    """The cost of reading a history."""
    return _cost(reads_of(arguments, terms))


def adoption_reading(arguments: Arguments, terms: Terms) -> int:
    """The cost of reading a history and counting the versions of each point."""
    return history_reading(arguments, terms) + VERSIONS_COST * points_expected(arguments, terms)


def availability_reading(arguments: Arguments, terms: Terms) -> int:
    """The cost of reading the history behind a node's availability."""
    window = next((each for each in Window if each.value == arguments.get("window")), Window.D30)
    return _cost(read_by_auto(terms.now - WINDOW_SECONDS[window], terms.now, terms))


def _cost(reads: Sequence[Read]) -> int:
    return sum(_DAY_COST[each.resolution] * each.days + _points_cost(each) for each in reads)


def _points_cost(read: Read) -> int:
    return read.points * RAW_POINT_COST if read.resolution is Resolution.RAW else read.points * BUCKET_COST // BUCKETS
