"""The shapes of policy 2.0: what is known of a node (`Evidence`), and its score with bounds (`Estimate`)."""

from enum import StrEnum
from typing import NamedTuple

from schema.domain.base import Record, UnixSeconds


class PartName(StrEnum):
    """What an estimate is made of, in the order of its parts."""

    AVAILABILITY = "AVAILABILITY"
    STABILITY = "STABILITY"
    VERSION = "VERSION"
    STORAGE = "STORAGE"
    AGREEMENT = "AGREEMENT"


class Observed(NamedTuple):
    """For how long a node could be observed in a window, and for how much of that it was online; both in seconds."""

    expected: int
    online: int

    @property
    def share(self) -> float | None:
        """The observed availability, 0..1; None where nothing could be observed."""
        return self.online / self.expected if self.expected else None


class Evidence(NamedTuple):
    """What is known of one online node. None means not known.

    `day`, `week` and `month` are the windows that end now. `watched` and `claimed` are seconds: since it is watched, and
    its uptime when that began; `disturbances` counts those of the last 30 days. `network` names the network that its
    version is built for, `release` is the version's numbers. `committed` is in bytes. `could_list` counts the seeds that
    answered and could list it, `witnesses` those that do, `disputed` the fields on which they have no majority.
    `confirmed` tells whether the node itself answered. `group` is its neighbourhood (`standing.group_of`), `known_day`
    the day on which it was first seen.
    """

    id: str
    group: str
    known_day: int
    day: Observed
    week: Observed
    month: Observed
    watched: int
    claimed: int
    disturbances: int
    version: str | None
    committed: int | None
    witnesses: int
    could_list: int
    disputed: int = 0
    confirmed: bool = False


class Standing(NamedTuple):
    """A past estimate of the same node, by which a fall is seen: its time, its composite and the shares of its parts."""

    at: UnixSeconds
    composite: float
    shares: tuple[float | None, ...]


class Estimate(Record):
    """A score by policy 2.0: the best guess (`composite`), with the bounds `low` and `high`, all 0..100 points.

    `confidence` is 1 − (high − low)/100. `rank` goes by `low`, and is 1 for the best; `percentile` (0..100) is the share
    of nodes whose `low` is not higher, both None for a node that too few seeds list. `shares` are what the parts earn of
    their points, 0..1, `raw` what was measured for them (`PartName`); None where it is not known. `before` is the first
    estimate of the UTC day before.
    """

    composite: float
    low: float
    high: float
    shares: tuple[float | None, ...]
    raw: tuple[float | None, ...]
    policy_version: str
    rank: int | None = None
    percentile: float | None = None
    before: Standing | None = None

    @property
    def confidence(self) -> float:
        """How narrow the bounds are, 0..1."""
        return round(1 - (self.high - self.low) / 100, 4)
