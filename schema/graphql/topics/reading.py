"""How long histories are, and what reading them from the store costs, found before they are read."""

from typing import NamedTuple

from graphql import GraphQLError

from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.history.availability import WINDOW_SECONDS, Window
from schema.domain.history.points import BUCKET_SECONDS, MAX_POINTS, Resolution
from schema.domain.history.ranges import POINT_LIMIT
from schema.graphql.types.fields import Arguments, Terms
from schema.graphql.types.prices import BUCKET_COST, BUCKETS, RAW_POINT_COST
from schema.graphql.types.scalars import read_datetime

# Hourly buckets that are kept by default.
KEPT_HOURS = 90 * DAY // HOUR


class Read(NamedTuple):
    """How many points a question reads: raw ones, and buckets."""

    raw: int
    buckets: int


def points_expected(arguments: Arguments, terms: Terms) -> int:
    """How many points a history may have, from its arguments; 1,000 for AUTO, as that is what it promises.

    A range that is too large for its resolution counts as nothing: it is refused as such, not for its cost.
    """
    start, end = _seconds(arguments.get("from"), terms.now), _seconds(arguments.get("to"), terms.now)
    resolution = arguments.get("resolution")
    seconds = next((s for r, s in BUCKET_SECONDS.items() if r.value == resolution), terms.interval)
    points = max(1, -(-(end - start) // seconds))
    if resolution in {None, Resolution.AUTO.value}:
        return min(points, MAX_POINTS)
    return points if points <= POINT_LIMIT else 1


def _seconds(value: object, otherwise: UnixSeconds) -> UnixSeconds:
    try:
        return read_datetime(value)
    except GraphQLError:
        return otherwise


def points_read(arguments: Arguments, terms: Terms) -> Read:
    """How many points a history reads. AUTO looks at two resolutions where there are too many slots."""
    resolution = arguments.get("resolution")
    if resolution in {None, Resolution.AUTO.value}:
        start, end = _seconds(arguments.get("from"), terms.now), _seconds(arguments.get("to"), terms.now)
        return read_by_auto(end - start, terms)
    points = points_expected(arguments, terms)
    return Read(points, 0) if resolution == Resolution.RAW.value else Read(0, points)


def read_by_auto(seconds: int, terms: Terms) -> Read:
    """How many points AUTO reads for a range of so many seconds."""
    if seconds <= MAX_POINTS * terms.interval:
        return Read(max(0, seconds // terms.interval), 0)
    hours, windows = (seconds // BUCKET_SECONDS[each] for each in (Resolution.H1, Resolution.M5))
    return Read(0, min(hours, KEPT_HOURS) + (windows if windows <= MAX_POINTS else 0))


def history_reading(arguments: Arguments, terms: Terms) -> int:
    """What reading a history costs."""
    return _cost(points_read(arguments, terms))


def availability_reading(arguments: Arguments, terms: Terms) -> int:
    """What reading the history behind a node's availability costs."""
    window = next((each for each in Window if each.value == arguments.get("window")), Window.D30)
    return _cost(read_by_auto(WINDOW_SECONDS[window], terms))


def _cost(read: Read) -> int:
    return read.raw * RAW_POINT_COST + read.buckets * BUCKET_COST // BUCKETS
