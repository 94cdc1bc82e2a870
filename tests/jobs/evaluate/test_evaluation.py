"""The results of an evaluation for given pasts."""

import pytest

from jobs.evaluate.evaluation import DEAD_SECONDS, MAX_COHORTS, Evaluation
from jobs.evaluate.outcome import Outcome, Question
from jobs.evaluate.raters import RATERS, Look, Rater, Rating, raters
from jobs.evaluate.truth import Truth
from schema.domain.base import HOUR
from schema.domain.node.pnode import Tier
from tests.factories import AT, key, score
from tests.jobs.evaluate.past import hours

HOURS = 40
END = AT + HOURS * HOUR


def presence(good: int = 10, bad: int = 10) -> dict[int, str]:
    """Good nodes are always online. The bad ones are away in every second or third hour."""
    steady = dict.fromkeys(range(1, good + 1), "#" * HOURS)
    flaky = {
        number: "".join("." if hour % (2 + number % 2) == 1 else "#" for hour in range(HOURS))
        for number in range(good + 1, good + bad + 1)
    }
    return steady | flaky


def evaluation(
    past: dict[int, str],
    composites: dict[int, float] | None = None,
    *,
    names: tuple[str, ...] = ("1.0", "uptime"),
    horizons: tuple[int, ...] = (4 * HOUR,),
    split: int = AT + 20 * HOUR,
    oracle: object = None,
) -> Outcome:
    question = Question(AT, END, split, horizons)
    running = Evaluation("a past", question, raters(names), oracle)  # type: ignore[arg-type]  # a fake oracle
    for each in hours(past, composites):
        running.add(each)
    return running.outcome()


def spearman(found: Outcome, rater: str) -> float | None:
    return next(each.spearman for each in found.parts[-1].orderings if each.rater == rater)


def test_a_score_that_knows_the_order_correlates_and_its_reverse_does_the_opposite() -> None:
    past = presence()
    truth = {number: 100 * marks.count("#") / HOURS for number, marks in past.items()}
    right = spearman(evaluation(past, truth), "1.0")
    wrong = spearman(evaluation(past, {number: 100 - value for number, value in truth.items()}), "1.0")
    assert right is not None
    assert wrong is not None
    assert right > 0.8
    assert wrong == pytest.approx(-right)


def test_the_best_tenth_survives_under_a_good_score_and_not_under_its_reverse() -> None:
    past = presence()
    good_first = {number: 90.0 - number for number in past}
    bad_first = {number: 10.0 + number for number in past}
    survival = [evaluation(past, each).parts[-1].orderings[0].survival for each in (good_first, bad_first)]
    assert survival == [1.0, 0.0]


def test_a_rating_never_sees_what_comes_later() -> None:
    """Two pasts that differ only after an hour have the same ratings up to it."""
    seen: list[list[tuple[str, int, int]]] = []
    for last in "#.":
        looks: list[tuple[str, int, int]] = []

        def rate(look: Look, looks: list[tuple[str, int, int]] = looks) -> Rating:
            looks.append((look.node.id, look.seen.online, look.seen.expected))
            return Rating(50.0)

        past = {number: marks[:20] + last * 20 for number, marks in presence().items()}
        running = Evaluation("a past", Question(AT, END, AT + 30 * HOUR, (4 * HOUR,)), [Rater("spy", "spies", rate)])
        for each in list(hours(past))[:20]:
            running.add(each)
        seen.append(looks)
    assert seen[0]
    assert seen[0] == seen[1]


def test_cohorts_whose_horizon_crosses_the_split_are_in_neither_part() -> None:
    found = evaluation(presence())
    train, test = found.parts
    # A cohort starts every four hours: five before the split at 20 h, and five after. The last of each has no outcome.
    assert (train.cohorts, test.cohorts) == (5, 5)
    assert {each.cohorts for each in train.orderings} == {4}
    assert {each.cohorts for each in test.orderings} == {4}
    assert train.end < found.split <= test.start


def test_snapshots_outside_of_the_time_asked_for_are_left_out() -> None:
    question = Question(AT + 5 * HOUR, AT + 30 * HOUR, AT + 15 * HOUR, (4 * HOUR,))
    running = Evaluation("a past", question, raters(["uptime"]))
    for each in hours(presence()):
        running.add(each)
    found = running.outcome()
    assert (found.snapshots, found.start, found.end) == (26, AT + 5 * HOUR, AT + 30 * HOUR)


def test_sound_nodes_that_are_condemned_are_counted_where_nobody_knows_the_truth() -> None:
    found = evaluation(presence(), {1: 30.0} | dict.fromkeys(range(2, 21), 90.0))
    policy = found.parts[-1].condemning[0]
    assert policy.rater == "1.0"
    assert policy.sound == 4 * 10
    assert policy.wrong == 4


def test_a_node_that_is_gone_for_long_is_dead_and_condemned_when_it_is_missed() -> None:
    length = 20 + DEAD_SECONDS // HOUR + 10
    past = dict.fromkeys(range(1, 12), "#" * length) | {12: "#" * 21 + "." * (length - 21)}
    end = AT + length * HOUR
    running = Evaluation("a past", Question(AT, end, AT + 5 * HOUR, (4 * HOUR,)), raters(["1.0"]))
    for each in hours(past):
        running.add(each)
    verdict = running.outcome().parts[-1].condemning[0]
    assert (verdict.dead, verdict.foreseen, verdict.missed) == (1, 0, 0)
    assert verdict.median_hours == 1


class Oracle:
    """Has the facts that node 1 is sound, and that node 2 died after 30 hours."""

    def truth(self, node_id: str) -> Truth | None:
        died_at = AT + 30 * HOUR if node_id == key(2) else None
        return Truth("dead" if died_at else "good", sound=died_at is None, died_at=died_at)

    def availability(self, node_id: str, start: int, end: int) -> float:
        return 0.5 if node_id == key(2) and end > AT + 30 * HOUR else 1.0


def test_the_truth_counts_where_it_is_known() -> None:
    """Node 2 looks best in every snapshot, but its true availability is half."""
    found = evaluation(dict.fromkeys(range(1, 21), "#" * HOURS), {2: 10.0}, oracle=Oracle())
    assert found.truth
    assert spearman(found, "1.0") == pytest.approx(1.0)
    assert spearman(found, "uptime") is None
    assert found.parts[-1].condemning[0].by_character == {"dead": 1.0, "good": 0.0}
    assert set(found.courses[0].points) == {"dead", "good"}


def test_bounds_that_hold_and_bounds_that_do_not_are_told_apart() -> None:
    def bounded(low: float, high: float) -> Rater:
        return Rater(f"{low}", "has bounds", lambda _: Rating(50.0, Tier.LOW_RISK, low, high, 0.9))

    question = Question(AT, END, AT + 20 * HOUR, (4 * HOUR,))
    running = Evaluation("a past", question, [bounded(40, 60), bounded(55, 60), RATERS["uptime"]])
    for each in hours(presence()):
        running.add(each)
    found = running.outcome().parts[-1].calibrations
    assert [(each.rater, [group.kept for group in each.bins]) for each in found] == [("40", [1.0]), ("55", [0.0])]


def test_a_rater_that_rates_nobody_does_not_take_the_nodes_from_the_others() -> None:
    silent = Rater("silent", "says nothing", lambda _: None)
    question = Question(AT, END, AT + 20 * HOUR, (4 * HOUR,))
    running = Evaluation("a past", question, [silent, RATERS["uptime"]])
    for each in hours(presence()):
        running.add(each)
    first, second = running.outcome().parts[-1].orderings
    assert first.spearman is None
    assert second.spearman is not None


def test_volatility_is_the_mean_move_of_points() -> None:
    past = dict.fromkeys(range(1, 12), "#" * HOURS)
    question = Question(AT, END, AT + 20 * HOUR, (4 * HOUR,))
    running = Evaluation("a past", question, raters(["1.0"]))
    for place, each in enumerate(hours(past)):
        value = 50.0 if place // 4 % 2 else 60.0
        nodes = tuple(node.model_copy(update={"score": score(value)}) for node in each.nodes)
        running.add(each.model_copy(update={"nodes": nodes}))
    moves = running.outcome().parts[-1].steadiness[0]
    assert (moves.mean, moves.p95) == (10.0, 10.0)


def test_each_node_is_rated_once_for_each_snapshot_and_once_for_each_cohort() -> None:
    calls: list[str] = []

    def rate(look: Look) -> Rating:
        calls.append(look.node.id)
        return Rating(50.0)

    question = Question(AT, END, AT + 20 * HOUR, (4 * HOUR,))
    running = Evaluation("a past", question, [Rater("counted", "counts", rate)])
    for each in hours(dict.fromkeys(range(1, 21), "#" * HOURS)):
        running.add(each)
    assert len(calls) == 20 * (HOURS + HOURS // 4)


def test_horizons_that_hold_too_many_cohorts_are_refused() -> None:
    question = Question(AT, END, AT + HOUR, (HOUR, (MAX_COHORTS + 1) * HOUR))
    with pytest.raises(ValueError, match=f"expected at most {MAX_COHORTS} times"):
        Evaluation("a past", question, raters([]))
