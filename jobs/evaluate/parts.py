"""The results of one part of the time, collected per cohort."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from jobs.evaluate import measures
from jobs.evaluate.cohort import Cohort
from jobs.evaluate.measures import Kept
from jobs.evaluate.outcome import HISTOGRAM_BINS, Calibration, Condemning, Ordering, Part, Spread, Steadiness
from jobs.evaluate.raters import Rater
from jobs.evaluate.truth import Oracle
from schema.domain.base import DAY, UnixSeconds

MAX_PROMISES = 200_000
"""The maximum number of compared bounds and moves, for each rater and horizon. Later ones are ignored."""
JUDGED_SECONDS = 7 * DAY
SOUND_FROM = 0.99
"""If the character is not known, a node is sound if it was seen for this share of 30 days before and up to 7 days
after."""


class PartFindings:
    """The measurements of one part. Only numbers are kept, not nodes, so memory grows by a few numbers per cohort."""

    def __init__(self, name: str, raters: Sequence[Rater], horizons: Sequence[int], oracle: Oracle) -> None:
        self.name = name
        self._raters = tuple(raters)
        self._horizons = tuple(horizons)
        self._oracle = oracle
        self._first: UnixSeconds | None = None
        self._last: UnixSeconds = 0
        self._cohorts = 0
        self._judged = max((horizon for horizon in horizons if horizon <= JUDGED_SECONDS), default=horizons[0])
        self._spearman: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
        self._concordance: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
        self._survival: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
        self._all_survival: defaultdict[int, list[float]] = defaultdict(list)
        self._pairs: Counter[int] = Counter()
        self._medians: defaultdict[int, list[float]] = defaultdict(list)
        self._ranges: defaultdict[int, list[float]] = defaultdict(list)
        self._tiers: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._histograms = [[0] * HISTOGRAM_BINS for _ in raters]
        self._moves: defaultdict[int, list[float]] = defaultdict(list)
        self._sound_moves: defaultdict[int, list[float]] = defaultdict(list)
        self._promises: defaultdict[tuple[int, int], list[Kept]] = defaultdict(list)
        self._sound = 0
        self._wrong: Counter[int] = Counter()
        self._verdicts: Counter[str] = Counter()
        self._condemned: Counter[tuple[int, str]] = Counter()

    def add_cohort(self, cohort: Cohort, before: Cohort | None) -> None:
        """Add a cohort, and the one before it."""
        self._first = cohort.at if self._first is None else self._first
        self._last = cohort.at
        self._cohorts += 1
        for place in range(len(self._raters)):
            ratings = [rating for each in cohort.ratings.values() if (rating := each[place]) is not None]
            points = [rating.points for rating in ratings]
            if points:
                self._medians[place].append(measures.median(points) or 0.0)
                self._ranges[place].append(measures.quartile_range(points) or 0.0)
            for each in points:
                self._histograms[place][min(int(each * HISTOGRAM_BINS / 100), HISTOGRAM_BINS - 1)] += 1
            self._tiers[place].update(rating.tier.value for rating in ratings if rating.tier is not None)
        self._judge(cohort)
        if before is not None:
            self._compare(before, cohort)

    def add_outcome(self, then: Cohort, now: Cohort, horizon: int, available: Mapping[str, float]) -> None:
        """Add the outcome of an earlier cohort: the availability of its nodes since then, and the current cohort.

        All raters with any ratings are compared on the same nodes: those that each of them rates.
        """
        rated = {node: [each[place] for place in then.present] for node, each in then.ratings.items()}
        ids = [node for node, each in rated.items() if node in available and None not in each]
        outcomes = [available[node] for node in ids]
        survived = [outcome >= measures.SURVIVES_FROM for outcome in outcomes]
        self._pairs[horizon] += 1
        if survived:
            self._all_survival[horizon].append(sum(survived) / len(survived))
        for place in then.present:
            order = [rating.order for node in ids if (rating := then.ratings[node][place]) is not None]
            correlation = measures.spearman(order, outcomes)
            if correlation is not None:
                self._spearman[place, horizon].append(correlation)
            right = measures.concordance(order, outcomes)
            if right is not None:
                self._concordance[place, horizon].append(right)
            choice = [rating.choice for node in ids if (rating := then.ratings[node][place]) is not None]
            best = measures.top_survival(choice, survived)
            if best is not None:
                self._survival[place, horizon].append(best)
            self._keep_promises(place, horizon, then, now)
        if horizon == self._judged:
            self._judge_by_outcome(then, available)

    def part(self, deaths: Sequence[Sequence[float | None]]) -> Part:
        """The results. `deaths` has, for each rater, the hours to the condemnation of each dead node (None: never)."""
        places = range(len(self._raters))
        return Part(
            name=self.name,
            start=self._first or 0,
            end=self._last,
            cohorts=self._cohorts,
            orderings=tuple(self._ordering(place, horizon) for horizon in self._horizons for place in places),
            spreads=tuple(self._spread(place) for place in places),
            steadiness=tuple(self._steadiness(place) for place in places),
            condemning=tuple(self._condemning(place, deaths[place]) for place in places),
            calibrations=tuple(
                Calibration(rater=self._raters[place].name, horizon=horizon, bins=measures.calibration(promises))
                for (place, horizon), promises in sorted(self._promises.items())
            ),
        )

    def _judge(self, cohort: Cohort) -> None:
        """Count verdicts by character. A verdict on a sound node that was up all day is wrong if it condemns."""
        for node, ratings in cohort.ratings.items():
            truth = self._oracle.truth(node)
            if truth is None:
                continue
            self._verdicts[truth.character] += 1
            condemned = [place for place, each in enumerate(ratings) if each is not None and each.condemned]
            self._condemned.update((place, truth.character) for place in condemned)
            if truth.sound and self._oracle.availability(node, cohort.at - DAY, cohort.at) == 1:
                self._sound += 1
                self._wrong.update(condemned)

    def _judge_by_outcome(self, then: Cohort, available: Mapping[str, float]) -> None:
        """If the character is not known, a node was sound if it was available both before and after."""
        for node, ratings in then.ratings.items():
            if self._oracle.truth(node) is None and min(then.share[node], available.get(node, 0)) >= SOUND_FROM:
                self._sound += 1
                self._wrong.update(place for place, each in enumerate(ratings) if each is not None and each.condemned)

    def _compare(self, before: Cohort, cohort: Cohort) -> None:
        for node in before.ratings.keys() & cohort.ratings.keys():
            truth = self._oracle.truth(node)
            for place in range(len(self._raters)):
                old, new = before.ratings[node][place], cohort.ratings[node][place]
                if old is None or new is None:
                    continue
                moved = abs(new.points - old.points)
                if len(self._moves[place]) < MAX_PROMISES:
                    self._moves[place].append(moved)
                if truth is not None and truth.sound and len(self._sound_moves[place]) < MAX_PROMISES:
                    self._sound_moves[place].append(moved)

    def _keep_promises(self, place: int, horizon: int, then: Cohort, now: Cohort) -> None:
        promises = self._promises[place, horizon] if self._has_bounds(place, then) else []
        for node in sorted(then.ratings.keys() & now.ratings.keys()):
            old, new = then.ratings[node][place], now.ratings[node][place]
            if old is None or new is None or old.low is None or old.high is None or old.confidence is None:
                continue
            if len(promises) < MAX_PROMISES:
                within = old.low <= new.points <= old.high
                promises.append(Kept(old.confidence, within, abs(new.points - old.points)))

    @staticmethod
    def _has_bounds(place: int, cohort: Cohort) -> bool:
        return any((rating := each[place]) is not None and rating.low is not None for each in cohort.ratings.values())

    def _ordering(self, place: int, horizon: int) -> Ordering:
        return Ordering(
            rater=self._raters[place].name,
            horizon=horizon,
            cohorts=self._pairs[horizon],
            spearman=measures.mean(self._spearman[place, horizon]),
            survival=measures.mean(self._survival[place, horizon]),
            concordance=measures.mean(self._concordance[place, horizon]),
            all_survival=measures.mean(self._all_survival[horizon]),
        )

    def _spread(self, place: int) -> Spread:
        tiers = self._tiers[place]
        return Spread(
            rater=self._raters[place].name,
            median=measures.mean(self._medians[place]),
            quartile_range=measures.mean(self._ranges[place]),
            tiers={tier: count / tiers.total() for tier, count in sorted(tiers.items())},
            histogram=tuple(self._histograms[place]),
        )

    def _steadiness(self, place: int) -> Steadiness:
        return Steadiness(
            rater=self._raters[place].name,
            mean=measures.mean(self._moves[place]),
            p95=measures.quantile(self._moves[place], 0.95),
            sound_mean=measures.mean(self._sound_moves[place]),
        )

    def _condemning(self, place: int, deaths: Sequence[float | None]) -> Condemning:
        hours = [each for each in deaths if each is not None]
        return Condemning(
            rater=self._raters[place].name,
            sound=self._sound,
            wrong=self._wrong[place],
            dead=len(deaths),
            foreseen=sum(each == 0 for each in hours),
            missed=len(deaths) - len(hours),
            median_hours=measures.median(hours),
            max_hours=max(hours, default=None),
            by_character={
                character: self._condemned[place, character] / count
                for character, count in sorted(self._verdicts.items())
            },
        )
