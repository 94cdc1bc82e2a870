"""The results of one evaluation: the records for JSON and the report."""

from typing import NamedTuple

from jobs.evaluate.measures import Bin
from schema.domain.base import DAY, Record, UnixSeconds

HISTOGRAM_BINS = 20


class Ordering(Record):
    """How well a rater ordered nodes by their availability in the horizon after.

    `spearman`, `concordance` and `survival` are means over the `cohorts` in which they are defined. None if there are
    none. `all_survival` is the share of all rated nodes that survived.
    """

    rater: str
    horizon: int
    cohorts: int
    spearman: float | None
    survival: float | None
    all_survival: float | None
    concordance: float | None = None


class Spread(Record):
    """How much the ratings of live nodes differ: the inter-quartile range, and the share of each tier (0..1).

    `histogram` counts ratings by points, in `HISTOGRAM_BINS` equal ranges of 0..100.
    """

    rater: str
    median: float | None
    quartile_range: float | None
    tiers: dict[str, float]
    histogram: tuple[int, ...]


class Steadiness(Record):
    """By how many points ratings move from one cohort to the next: mean, 95th percentile, and mean of sound nodes."""

    rater: str
    mean: float | None
    p95: float | None
    sound_mean: float | None


class Condemning(Record):
    """The condemnations of a rater. Of `sound` verdicts about sound nodes that were up, `wrong` were condemnations.

    `hours` are between the death of a node and its condemnation, 0 if it was condemned before. `foreseen` counts the
    latter, `missed` the dead nodes that were never condemned. `by_character` has the share of verdicts that condemn,
    0..1.
    """

    rater: str
    sound: int
    wrong: int
    dead: int
    foreseen: int
    missed: int
    median_hours: float | None
    max_hours: float | None
    by_character: dict[str, float]


class Calibration(Record):
    """Whether later scores are within the published bounds, by confidence; see `measures.calibration`."""

    rater: str
    horizon: int
    bins: tuple[Bin, ...]


class Course(Record):
    """The mean points of a rater for nodes of each character, per cohort. None without such a node."""

    rater: str
    at: tuple[UnixSeconds, ...]
    points: dict[str, tuple[float | None, ...]]


class Part(Record):
    """The results of one part of the time: `train` before the split, `test` after it."""

    name: str
    start: UnixSeconds
    end: UnixSeconds
    cohorts: int
    orderings: tuple[Ordering, ...]
    spreads: tuple[Spread, ...]
    steadiness: tuple[Steadiness, ...]
    condemning: tuple[Condemning, ...]
    calibrations: tuple[Calibration, ...]


class Outcome(Record):
    """An evaluation of one past. `truth` is whether the character of nodes was known; `cadence` is in seconds."""

    name: str
    truth: bool
    start: UnixSeconds
    end: UnixSeconds
    split: UnixSeconds
    snapshots: int
    nodes: int
    cadence: int
    horizons: tuple[int, ...]
    parts: tuple[Part, ...]
    courses: tuple[Course, ...] = ()


class Question(NamedTuple):
    """What to measure: from which time to which, the split between, and the horizons in seconds, ascending."""

    start: UnixSeconds
    end: UnixSeconds
    split: UnixSeconds
    horizons: tuple[int, ...]

    @property
    def cadence(self) -> int:
        """Seconds between two cohorts: the shortest horizon, or a day."""
        return min(DAY, self.horizons[0])
