"""One evaluation: takes snapshots, oldest first, and returns the results.

Cohorts are made at a fixed cadence. When a horizon of an earlier cohort has passed, its ratings are compared with the
later observations. A rating never uses later data. Cohorts before the split belong to `train`, those after it to
`test`; a cohort whose horizon crosses the split belongs to neither.
"""

from collections import deque
from collections.abc import Sequence

from jobs.evaluate import measures
from jobs.evaluate.cohort import Cohort, cohort_of, rate
from jobs.evaluate.outcome import Course, Outcome, Question
from jobs.evaluate.parts import PartFindings
from jobs.evaluate.raters import Rater
from jobs.evaluate.tally import Tally
from jobs.evaluate.truth import Nobody, Oracle
from schema.domain.base import DAY, HOUR, UnixSeconds
from schema.domain.snapshot.record import Snapshot

MAX_COHORTS = 400
"""The maximum number of cohorts of the longest horizon. All of them are kept in memory."""
LEAST_LOOKS = 3
"""The minimum number of snapshots in the horizon of an outcome."""
DEAD_SECONDS = 3 * DAY
"""If the time of death is not known, a node is dead if it is not seen online for so long, up to the end."""


class Evaluation:
    """Measures raters over snapshots. Raises ValueError for horizons with too many cohorts."""

    def __init__(self, name: str, question: Question, raters: Sequence[Rater], oracle: Oracle | None = None) -> None:
        longest = question.horizons[-1] // question.cadence
        if longest > MAX_COHORTS:
            raise ValueError(
                f"horizon={question.horizons[-1]} s: expected at most {MAX_COHORTS} times the shortest one or a day"
            )
        self._name, self._question, self._raters = name, question, tuple(raters)
        self._oracle = oracle or Nobody()
        self._knows = oracle is not None
        self._tally = Tally()
        self._cohorts: deque[Cohort] = deque(maxlen=longest + 2)
        self._parts = [PartFindings(part, raters, question.horizons, self._oracle) for part in ("train", "test")]
        self._due = question.start
        self._first: UnixSeconds | None = None
        self._last: UnixSeconds = 0
        self._seen_at: dict[str, UnixSeconds] = {}
        self._condemned_at: dict[tuple[int, str], UnixSeconds] = {}
        self._times: list[UnixSeconds] = []
        self._courses: list[dict[tuple[int, str], float]] = []

    def add(self, snapshot: Snapshot) -> None:
        """Process the next snapshot. Those outside of the question's time are ignored."""
        at = snapshot.header.taken_at
        if not self._question.start <= at <= self._question.end:
            return
        self._first = at if self._first is None else self._first
        self._last = at
        self._tally.add(snapshot)
        self._follow(snapshot)
        if at >= self._due:
            self._cohort(snapshot)
            cadence = self._question.cadence
            self._due += ((at - self._due) // cadence + 1) * cadence

    def outcome(self) -> Outcome:
        """The results up to now."""
        deaths = self._deaths()
        return Outcome(
            name=self._name,
            truth=self._knows,
            start=self._first or 0,
            end=self._last,
            split=self._question.split,
            snapshots=self._tally.snapshots,
            nodes=len(self._tally.nodes),
            cadence=self._question.cadence,
            horizons=self._question.horizons,
            parts=tuple(part.part(dead) for part, dead in zip(self._parts, deaths, strict=True)),
            courses=tuple(self._course(place) for place in range(len(self._raters))) if self._knows else (),
        )

    @property
    def _looks_per_day(self) -> float:
        """The number of snapshots per day so far, at least as many as a day has until there is more than a day."""
        spent = self._last - (self._first or 0)
        return self._tally.snapshots / max(spent / DAY, 1.0)

    def _cohort(self, snapshot: Snapshot) -> None:
        now = cohort_of(snapshot, self._tally, self._raters, self._looks_per_day)
        self._part_of(now.at).add_cohort(now, self._cohorts[-1] if self._cohorts else None)
        for horizon in self._question.horizons:
            then = self._before(now.at - horizon)
            if then is not None and (then.at < self._question.split) == (now.at < self._question.split):
                self._part_of(then.at).add_outcome(then, now, horizon, self._available(then, now))
        self._cohorts.append(now)
        if self._knows:
            self._note_course(now)

    def _before(self, at: UnixSeconds) -> Cohort | None:
        """The cohort of that time, give or take half a cadence."""
        slack = self._question.cadence / 2
        near = [cohort for cohort in self._cohorts if abs(cohort.at - at) < slack]
        return min(near, key=lambda cohort: abs(cohort.at - at), default=None)

    def _available(self, then: Cohort, now: Cohort) -> dict[str, float]:
        """The availability of a cohort's nodes since then: the true one if known, else the observed one."""
        looks = now.snapshots - then.snapshots
        found: dict[str, float] = {}
        for node, online in then.online.items():
            known = self._oracle.availability(node, then.at, now.at)
            if known is not None:
                found[node] = known
            elif looks >= LEAST_LOOKS:
                found[node] = (self._tally.online(node) - online) / looks
        return found

    def _follow(self, snapshot: Snapshot) -> None:
        """Record since when each rater condemns each node. All raters condemn a node that is not online."""
        at = snapshot.header.taken_at
        for node in snapshot.nodes:
            if not node.is_online:
                for place in range(len(self._raters)):
                    self._condemned_at.setdefault((place, node.id), at)
                continue
            self._seen_at[node.id] = at
            ratings = rate(node, self._tally, self._raters, at, self._looks_per_day)
            for place, rating in enumerate(ratings):
                if rating is not None and rating.condemned:
                    self._condemned_at.setdefault((place, node.id), at)
                else:
                    self._condemned_at.pop((place, node.id), None)

    def _deaths(self) -> list[list[list[float | None]]]:
        """For each part and rater, the hours from the death of each dead node to its condemnation; None: never.

        A node is dead by its true death, or by having been gone for long.
        """
        found: list[list[list[float | None]]] = [[[] for _ in self._raters] for _ in self._parts]
        for node, seen_at in self._seen_at.items():
            truth = self._oracle.truth(node)
            died_at = truth.died_at if truth is not None else seen_at
            if died_at is None or self._last - died_at < DEAD_SECONDS or died_at < (self._first or 0):
                continue
            for place in range(len(self._raters)):
                since = self._condemned_at.get((place, node))
                hours = None if since is None else max(0.0, (since - died_at) / HOUR)
                found[died_at >= self._question.split][place].append(hours)
        return found

    def _part_of(self, at: UnixSeconds) -> PartFindings:
        return self._parts[0] if at < self._question.split else self._parts[1]

    def _note_course(self, cohort: Cohort) -> None:
        self._times.append(cohort.at)
        points: dict[tuple[int, str], list[float]] = {}
        for node, ratings in cohort.ratings.items():
            truth = self._oracle.truth(node)
            for place, rating in enumerate(ratings):
                if truth is not None and rating is not None:
                    points.setdefault((place, truth.character), []).append(rating.points)
        self._courses.append({key: measures.mean(each) or 0.0 for key, each in points.items()})

    def _course(self, place: int) -> Course:
        characters = sorted({character for each in self._courses for at_place, character in each if at_place == place})
        return Course(
            rater=self._raters[place].name,
            at=tuple(self._times),
            points={name: tuple(each.get((place, name)) for each in self._courses) for name in characters},
        )
