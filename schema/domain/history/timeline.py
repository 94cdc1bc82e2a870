"""A node's past, derived from what is stored of it: the version that it ran, and how often it was online."""

from collections.abc import Sequence
from typing import NamedTuple

from schema.domain.base import UnixSeconds
from schema.domain.history.points import HistoryPoint
from schema.domain.node.pnode import PNode


class OnlineSamples(NamedTuple):
    """How many observations of a node there are, and in how many of them it was online."""

    samples: int
    online: int

    @property
    def percent(self) -> float:
        """The percentage online, with two decimals; 0 without observations."""
        return round(100 * self.online / self.samples, 2) if self.samples else 0.0


def version_at(node: PNode, at: UnixSeconds) -> str | None:
    """The version that the node was last known to run at `at`: the first one abandoned later, otherwise its current
    one."""
    later = [change for change in node.previous_versions if change.until >= at]
    return min(later, key=lambda change: change.until).version if later else node.version


def online_samples(points: Sequence[HistoryPoint]) -> OnlineSamples:
    """The observations in a node's history."""
    stats = [stat for point in points if (stat := point.stats.get("online")) is not None]
    return OnlineSamples(samples=sum(stat.n for stat in stats), online=sum(stat.sum for stat in stats))
