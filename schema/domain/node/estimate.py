"""The shapes of policy 2.0: what is known of a node (`Evidence`), and its score with bounds (`Estimate`)."""

from enum import StrEnum
from typing import NamedTuple

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.coverage import Counts, Observed
from schema.domain.policy import POLICIES, POLICY_2_0, Policy, Tier


class PartName(StrEnum):
    """What an estimate is made of, in the order of its parts."""

    AVAILABILITY = "AVAILABILITY"
    STABILITY = "STABILITY"
    VERSION = "VERSION"
    STORAGE = "STORAGE"
    AGREEMENT = "AGREEMENT"


class Evidence(NamedTuple):
    """What is known of one online node. None means not known.

    `day`, `week` and `month` are the windows that end now. `watched` and `claimed` are seconds: since it is watched,
    and its uptime when that began; `disturbances` counts those of the last 30 days. `committed` is in bytes.
    `could_list` counts the seeds that answered and could list it, `witnesses` those that do, `disputed` the fields on
    which they have no majority. `confirmed` tells whether the node itself answered, `supported` whether enough seeds
    list it. `group` is its neighbourhood (`schema.domain.scoring.standing`), `known_day` the UTC day on which it was
    first seen.
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
    supported: bool = True


class Standing(NamedTuple):
    """A past estimate of the same node, to detect a fall: its time, composite, and the shares of its parts."""

    at: UnixSeconds
    composite: float
    shares: tuple[float | None, ...]


class Estimate(Record):
    """A score by policy 2.0: the best guess (`composite`), with the bounds `low` and `high`, all 0..100 points.

    `confidence` is 1 − (high − low)/100. `expected_loss` is the share of its time that the node is expected to lose,
    0..1 (None in an estimate that was stored without it). `rank` goes by it, and is 1 for the best, which all sound
    nodes share; `percentile` (0..100) is the share of nodes whose `low` is not higher, both None for a node that too
    few seeds list. `shares` are what the parts earn of their points, 0..1, `raw` what was measured for them
    (`PartName`); None where it is not known. `counts` is what it was computed from, beside the node itself; `before` is
    the first estimate of the UTC day before.
    """

    composite: float
    low: float
    high: float
    shares: tuple[float | None, ...]
    raw: tuple[float | None, ...]
    policy_version: str
    counts: Counts | None = None
    expected_loss: float | None = None
    rank: int | None = None
    percentile: float | None = None
    before: Standing | None = None

    @property
    def confidence(self) -> float:
        """How narrow the bounds are, 0..1."""
        return round(1 - (self.high - self.low) / 100, 4)

    @property
    def best_first(self) -> tuple[float, float, float]:
        """The order of nodes of equal rank, ascending: expected loss, minus the score, minus the lower bound."""
        return 1.0 if self.expected_loss is None else self.expected_loss, -self.composite, -self.low

    @property
    def policy(self) -> Policy:
        """The policy that made it; the newest one that this release knows, where it does not know that."""
        return POLICIES.get(self.policy_version, POLICY_2_0)

    @property
    def tier(self) -> Tier:
        """The tier of the composite; the worst one only where the upper bound lies in it too.

        A node that is hardly known may be a good one: it is not condemned.
        """
        policy = self.policy
        band = policy.band_for(self.composite)
        if band.tier is not Tier.HIGH_RISK or policy.band_for(self.high).tier is Tier.HIGH_RISK:
            return band.tier
        return Tier.MEDIUM_RISK

    @property
    def color(self) -> str:
        """The colour of the tier, as `#rrggbb`."""
        return self.policy.band(self.tier).color

    @property
    def inputs_missing(self) -> tuple[str, ...]:
        """The names of the parts that are not known."""
        return tuple(name.lower() for name, share in zip(PartName, self.shares, strict=False) if share is None)
