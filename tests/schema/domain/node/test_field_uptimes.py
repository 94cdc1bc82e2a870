"""Uptimes from the field: the size of a change counts, not only its sign."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import HOUR
from schema.domain.cycle.events import EventType
from schema.domain.node.pnode import PNodeStatus
from tests.schema.domain.field import Field, row

A, B = "203.0.113.201", "203.0.113.202"
HOME, CARRIER = "203.0.113.10:10323", "100.64.7.7:1047"
MOVES = (EventType.RESTARTED, EventType.KEY_CONFLICT, EventType.ADDRESS_CHANGED)


def test_one_process_through_two_routes_is_one_node() -> None:
    field, lags = Field(), [200, 200, 260, 205, 250, 280, 210, 290]
    for s in range(30):
        t, at = field.t, field.at
        relayed = row(at, CARRIER, 96_791 + t - lags[s % 8], 600 + 130 * s % 2_900)
        field.poll({A: [row(at, HOME, 96_791 + t, 3), relayed]})
    assert {node.address for node in field.nodes()} == {HOME}
    assert field.told(*MOVES) == []
    assert {node.key_conflict for node in field.nodes()} == {False}


@pytest.mark.parametrize("s", range(8))
def test_the_relayed_route_alone_is_a_steady_node_too(s: int) -> None:
    field, lags = Field(), [200, 200, 260, 205, 250, 280, 210, 290]
    for n in range(30):
        field.poll({A: [row(field.at, CARRIER, 96_791 + field.t - lags[(n + s) % 8], 900)]})
    assert field.told(*MOVES) == []
    uptimes = [node.uptime or 0 for node in field.nodes()]
    assert uptimes == sorted(uptimes)


def test_relayed_values_that_lag_are_no_restart() -> None:
    field, lags = Field(), [0, 0, -7, 0, -12, 0, 0, -9]
    for s in range(40):
        field.poll({A: [row(field.at, HOME, 1_281_592 + field.t + lags[s % 8])]})
    assert field.told() == []
    assert field.node().status is PNodeStatus.ONLINE


def test_a_process_that_was_seen_a_minute_ago_cannot_be_older_than_that() -> None:
    field = Field(60)
    for uptime in (580, 640, 403, 760):
        field.poll({A: [row(field.at, HOME, uptime)]})
    assert field.told(EventType.RESTARTED) == []
    assert [node.uptime for node in field.nodes()] == [580, 640, 640, 760]


def test_an_uptime_that_flips_between_an_old_and_the_true_value_is_no_restart() -> None:
    field = Field(60)
    for uptime in (20, 20, 80, 80, 80, 80, 20, 20, 80, 80, 600):
        field.poll({A: [row(field.at, HOME, uptime)]})
    assert field.told(EventType.RESTARTED) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_a_restart_is_told_once_whatever_a_frozen_seed_says(*, swapped: bool) -> None:
    frozen, moving = (B, A) if swapped else (A, B)
    field = Field(60)
    for n, uptime in enumerate((222, 20, 79, 141, 199, 261, 319)):
        field.poll(
            {frozen: [row(field.at, HOME, 222, 1 + n % 4)], moving: [row(field.at, HOME, uptime, 1 + 2 * (n % 2))]}
        )
    assert field.told(EventType.RESTARTED) == [EventType.RESTARTED]
    assert [node.uptime for node in field.nodes()] == [222, 20, 79, 141, 199, 261, 319]


def test_two_processes_with_one_key_are_a_conflict() -> None:
    field = Field(60)
    for _ in range(4):
        one, other = row(field.at, HOME, 64_000 + field.t), row(field.at, "203.0.113.11:9001", 539_000 + field.t)
        field.poll({A: [one, other]})
    assert field.told(EventType.KEY_CONFLICT) == [EventType.KEY_CONFLICT]
    assert len({node.address for node in field.nodes()[1:]}) == 1


def test_what_rises_to_less_than_the_time_that_passed_is_a_new_process() -> None:
    field = Field(60)
    for uptime in (50_000, 50_060):
        field.poll({A: [row(field.at, HOME, uptime)]})
    field.at += 30 * HOUR
    for uptime in (60_000, 60_060):
        field.poll({A: [row(field.at, HOME, uptime)]})
    assert field.told(EventType.RESTARTED) == [EventType.RESTARTED]


def test_what_moved_between_two_lists_hours_apart_proves_nothing_about_now() -> None:
    field = Field(60)
    for uptime in (50_000, 50_060):
        field.poll({A: [row(field.at, HOME, uptime)]})
    field.at += 5 * HOUR
    field.poll({A: [row(field.at, HOME, 50_060 + 2 * HOUR, age=3 * HOUR)]})
    assert field.node().status is not PNodeStatus.ONLINE
    assert (field.node().alive_at or 0) <= field.at - 60 - 3 * HOUR


lags = st.lists(st.lists(st.integers(0, 400), min_size=3, max_size=3), min_size=3, max_size=14)


@given(lags, st.integers(0, 50_000), st.sampled_from([5, 30, 60]), st.permutations([A, B, "203.0.113.203"]))
def test_one_process_through_any_number_of_lagging_routes_is_one_steady_node(
    polls: list[list[int]], uptime: int, step: int, seeds: list[str]
) -> None:
    addresses = (HOME, CARRIER, "203.0.113.10:10324")
    field = Field(step)
    for of_poll in polls:
        at, true = field.at, 1_000 + uptime + field.t
        field.poll(
            {
                seed: [row(at, address, true - lag, 3 + lag) for address, lag in zip(addresses, of_poll, strict=True)]
                for seed in seeds
            },
            alone=True,
        )
    assert field.told(EventType.RESTARTED, EventType.KEY_CONFLICT) == []
    uptimes = [node.uptime or 0 for node in field.nodes() if node.is_online]
    assert uptimes == sorted(uptimes)


@given(st.integers(3, 200_000), st.integers(0, 55), st.integers(0, 10), st.integers(1, 4), st.integers(0, 20))
def test_a_real_restart_is_told_exactly_once(uptime: int, age: int, down: int, before: int, jitter: int) -> None:
    """A pod restarts after some polls and is away for some. Every seed sees this with its own delay."""
    field, seeds = Field(60), (A, B, "203.0.113.203")
    for _ in range(before):
        field.poll({seed: [row(field.at, HOME, uptime + 1_000 + field.t)] for seed in seeds}, alone=True)
    field.at += 60 * down
    started = field.at - age
    for n in range(5):
        seen = {seed: (jitter * number + n) % 21 for number, seed in enumerate(seeds)}
        rows = {seed: [row(field.at, HOME, max(0, field.at - started - lag), lag)] for seed, lag in seen.items()}
        field.poll(rows, alone=True)
    assert field.told(EventType.RESTARTED) == [EventType.RESTARTED]
