from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, HOUR
from schema.domain.network.advice import AdviceLevel
from schema.domain.node.memory import NodeMemory, PresenceDay
from schema.domain.node.pnode import Consistency, PNode
from schema.domain.scoring.consistency import (
    ConsistencyHealth,
    ConsistencyStatus,
    consistency_advice,
    consistency_of,
    network_consistency,
    status_of,
)
from tests.factories import AT, pnode
from tests.schema.domain.strategies import network_settings, networks

TODAY = AT // DAY * DAY


def day(ago: int, appearances: int = 0, disappearances: int = 0) -> PresenceDay:
    return PresenceDay(day=TODAY - ago * DAY, appearances=appearances, disappearances=disappearances)


def memory(*presence: PresenceDay, was_present: bool = False, **changes: Any) -> NodeMemory:
    """A memory of these days, oldest first. All-time counts are those of the days by default."""
    counts: dict[str, Any] = {
        "appearances": sum(d.appearances for d in presence) + was_present,
        "disappearances": sum(d.disappearances for d in presence),
    }
    return NodeMemory(id="node", first_seen=AT, presence=presence, present_since_window=was_present, **counts | changes)


def consistency(score: float = 1.0, **changes: Any) -> Consistency:
    fields: dict[str, Any] = {"all_time": score, "appearances": 1, "disappearances": 0, "window_days": 7} | changes
    return Consistency(score=score, **fields)


@pytest.mark.parametrize(
    ("memory", "score", "all_time"),
    [
        pytest.param(memory(day(0, 1)), 1.0, 1.0, id="seen for the first time"),
        pytest.param(memory(was_present=True), 1.0, 1.0, id="present all along"),
        pytest.param(memory(day(0, 0, 1), was_present=True), 0.5, 0.5, id="its first drop"),
        pytest.param(memory(day(3, 1, 1), day(0, 1, 0)), 2 / 3, 2 / 3, id="came, went and came back"),
        pytest.param(memory(day(1, 9, 10), was_present=True), 0.5, 0.5, id="ten drops in one day"),
        pytest.param(memory(day(9, 1, 1), appearances=1), 0.0, 0.5, id="away for the whole window"),
        pytest.param(memory(day(9, 5, 4)), 1.0, 5 / 9, id="steady since its troubles left the window"),
        pytest.param(memory(day(9, 0, 1), day(0, 1, 0), was_present=True), 1.0, 2 / 3, id="away when the window began"),
        pytest.param(memory(), 1.0, 1.0, id="never in gossip"),
    ],
)
def test_consistency_counts_a_window_and_all_time(memory: NodeMemory, score: float, all_time: float):
    found = consistency_of(memory, AT)
    assert (found.score, found.all_time) == (pytest.approx(score), pytest.approx(all_time))


@pytest.mark.parametrize(("ago", "score"), [(6, 0.5), (7, 0.0)])
def test_the_window_is_seven_days_with_today(ago: int, score: float):
    assert consistency_of(memory(day(ago, 0, 1), was_present=True), AT).score == score


def test_another_window_can_be_asked_for():
    found = consistency_of(memory(day(9, 0, 1), was_present=True), AT, window_days=10)
    assert (found.score, found.window_days) == (0.5, 10)


def test_counts_and_times_are_carried_over():
    found = consistency_of(memory(appearances=4, disappearances=3, last_appearance=AT - 5, last_drop=AT - 9), AT)
    assert (found.appearances, found.disappearances, found.last_appearance, found.last_drop) == (4, 3, AT - 5, AT - 9)


@st.composite
def lives(draw: st.DrawFn) -> NodeMemory:
    """A node that alternately leaves and returns over the last twenty days."""
    present = start = draw(st.booleans())
    days: list[PresenceDay] = []
    for ago in range(20, -1, -1):
        came = went = 0
        for _ in range(draw(st.integers(0, 3))):
            present = not present
            came, went = came + present, went + (not present)
        if came or went:
            days.append(day(ago, came, went))
    return memory(*days, was_present=start)


@given(lives(), st.integers(1, 30))
def test_consistency_stays_between_0_and_1_and_is_whole_only_without_drops(node: NodeMemory, window: int):
    found = consistency_of(node, AT, window)
    assert 0 <= found.score <= 1
    assert 0 <= found.all_time <= 1
    recent = sum(d.disappearances for d in node.presence if d.day > TODAY - window * DAY)
    if recent:
        assert found.score < 1


@given(lives())
def test_a_window_over_all_days_is_all_time(node: NodeMemory):
    found = consistency_of(node, AT, 30)
    if node.appearances:
        assert found.score == found.all_time


@pytest.mark.parametrize(
    ("score", "status"),
    [
        (0.0, ConsistencyStatus.FLAPPING),
        (0.799, ConsistencyStatus.FLAPPING),
        (0.8, ConsistencyStatus.UNSTABLE),
        (0.899, ConsistencyStatus.UNSTABLE),
        (0.9, ConsistencyStatus.STABLE),
        (1.0, ConsistencyStatus.STABLE),
    ],
)
def test_a_score_has_a_word(score: float, status: ConsistencyStatus):
    assert status_of(score) is status


@pytest.mark.parametrize(
    ("scores", "health"),
    [
        ([1.0, 0.8], ConsistencyHealth.EXCELLENT),
        ([0.8], ConsistencyHealth.GOOD),
        ([0.7], ConsistencyHealth.FAIR),
        ([0.69], ConsistencyHealth.POOR),
        ([], ConsistencyHealth.UNKNOWN),
    ],
)
def test_the_network_has_a_word_for_its_mean(scores: list[float], health: ConsistencyHealth):
    nodes = [pnode(n, consistency=consistency(score)) for n, score in enumerate(scores)]
    assert network_consistency(nodes).health is health


@network_settings
@given(networks(), st.randoms())
def test_the_summary_agrees_with_a_plain_count(network: list[PNode], random: Random):
    summary = network_consistency(network)
    known = [node.consistency for node in network if node.consistency]
    assert summary.total == len(known) == summary.flapping + summary.unstable + summary.stable
    assert summary.flapping == len([c for c in known if c.score < 0.8])
    assert (summary.appearances, summary.disappearances) == (
        sum(c.appearances for c in known),
        sum(c.disappearances for c in known),
    )
    assert summary.average == (pytest.approx(sum(c.score for c in known) / len(known)) if known else None)
    assert network_consistency(random.sample(network, len(network))) == summary


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (consistency(), [("stable", AdviceLevel.INFO)]),
        (consistency(0.79), [("flapping", AdviceLevel.HIGH)]),
        (consistency(disappearances=10), [("stable", AdviceLevel.INFO)]),
        (consistency(disappearances=11), [("frequent_drops", AdviceLevel.MEDIUM)]),
        (consistency(last_drop=AT), [("recent_drop", AdviceLevel.WARNING)]),
        (consistency(last_drop=AT - HOUR), [("stable", AdviceLevel.INFO)]),
        (consistency(last_drop=AT + 5), [("stable", AdviceLevel.INFO)]),
        (
            consistency(0.5, disappearances=20, last_drop=AT - 60),
            [
                ("flapping", AdviceLevel.HIGH),
                ("frequent_drops", AdviceLevel.MEDIUM),
                ("recent_drop", AdviceLevel.WARNING),
            ],
        ),
    ],
)
def test_advice_follows_what_happened(node: Consistency, expected: list[tuple[str, AdviceLevel]]):
    advice = consistency_advice(node, AT)
    assert [(entry.category, entry.level) for entry in advice] == expected
    assert all(entry.message and entry.recommendation and entry.action for entry in advice)


@pytest.mark.parametrize("score", [0.5, 1.0])
def test_advice_claims_no_more_days_than_may_be_known(score: float) -> None:
    steady = pnode().consistency
    assert steady is not None
    (first, *_) = consistency_advice(steady.model_copy(update={"score": score, "window_days": 7}), AT)
    assert first.message.startswith(f"consistency {score:g} over at most 7 days")
