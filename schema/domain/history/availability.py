"""How often a node was online, from observations rather than from the uptime that it claims."""

from collections.abc import Mapping
from enum import StrEnum

from schema.domain.base import DAY, UnixSeconds
from schema.domain.history.points import Availability, History


class Window(StrEnum):
    """A time span that ends when the question is asked."""

    H24 = "H24"
    D7 = "D7"
    D30 = "D30"


WINDOW_SECONDS: Mapping[Window, int] = {Window.H24: DAY, Window.D7: 7 * DAY, Window.D30: 30 * DAY}

# With fewer observations, a percentage depends more on when they were made than on the node.
MIN_SAMPLES = 10


def window_range(window: Window, at: UnixSeconds) -> tuple[UnixSeconds, UnixSeconds]:
    """Start and end of the window that ends at `at`, in unix seconds."""
    return at - WINDOW_SECONDS[window], at


def availability_of(history: History) -> Availability | None:
    """100·(samples online)/(samples) over a node's history, in percent with two decimals. None with fewer than 10
    samples.

    Time without observations does not count against the node. `expected` is the number of samples that the range could
    hold, derived from its coverage.
    """
    stats = [stat for point in history.points if (stat := point.stats.get("online")) is not None]
    samples = sum(stat.n for stat in stats)
    if samples < MIN_SAMPLES:
        return None
    online = sum(stat.sum for stat in stats)
    expected = round(samples / history.coverage) if history.coverage else samples
    return Availability(percent=round(100 * online / samples, 2), samples=samples, expected=expected)
