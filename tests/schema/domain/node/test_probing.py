"""Which nodes are probed, how often, and which may be additional seeds."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, HOUR
from schema.domain.node.failure import FailureCategory
from schema.domain.node.observation import host_of
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.node.probe import Answered, Probe
from schema.domain.node.probing import (
    MAX_BACKOFF_SECONDS,
    MAX_PROBES_PER_SLOT,
    MAX_PROBES_PER_SUBNET,
    MAX_PROMOTED,
    PROBE_INTERVAL_SECONDS,
    due,
    probed,
    promoted,
    subnet_of,
)
from tests.factories import AT, key, pnode

ANSWERED = Probe(at=AT, latency_ms=70.0, version="0.8.0", uptime=20 * DAY)


def ids(nodes: list[PNode], at: int = AT, opted_out: tuple[str, ...] = ()) -> list[str]:
    return [target.node_id for target in due(nodes, at, opted_out)]


def test_a_public_node_that_was_never_asked_is_due() -> None:
    (target,) = due([pnode(1)], AT)
    assert target == (key(1), host_of(pnode(1).address), 6000)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_public": False},
        {"is_public": None},
        {"status": PNodeStatus.GHOST},
        {"status": PNodeStatus.OFFLINE},
        {"is_seed": True},
        {"rpc_port": None},
        {"rpc_port": 22},
        {"rpc_port": 65_536},
        {"address": "pod.example:9001"},
    ],
)
def test_other_nodes_are_left_alone(changes: dict[str, object]) -> None:
    assert due([pnode(1, **changes)], AT) == ()


def test_a_key_can_opt_out() -> None:
    assert ids([pnode(1), pnode(2)], opted_out=(key(1),)) == [key(2)]


@given(failures=st.integers(0, 10_000), waited=st.integers(0, 2 * DAY))
def test_each_failure_doubles_the_wait_up_to_a_bound(failures: int, waited: int) -> None:
    node = pnode(1, probe=ANSWERED.model_copy(update={"failures": failures}))
    expected = min(PROBE_INTERVAL_SECONDS * 2 ** min(failures, 20), MAX_BACKOFF_SECONDS)
    assert bool(due([node], AT + waited)) == (waited >= expected)


@given(subnets=st.lists(st.integers(0, 40), max_size=200))
def test_a_slot_and_a_subnet_have_their_caps(subnets: list[int]) -> None:
    nodes = [pnode(number, address=f"45.9.{net}.{number % 250}:9001") for number, net in enumerate(subnets)]
    targets = due(nodes, AT)
    assert len(targets) <= MAX_PROBES_PER_SLOT
    per_subnet = Counter(subnet_of(target.host) for target in targets)
    assert all(count <= MAX_PROBES_PER_SUBNET for count in per_subnet.values())
    possible = sum(min(count, MAX_PROBES_PER_SUBNET) for count in Counter(subnets).values())
    assert len(targets) == min(possible, MAX_PROBES_PER_SLOT)


def test_those_who_waited_longest_come_first() -> None:
    early = pnode(1, probe=ANSWERED.model_copy(update={"at": AT - DAY}))
    late = pnode(2, probe=ANSWERED.model_copy(update={"at": AT - 2 * HOUR}))
    assert ids([late, early, pnode(3)]) == [key(3), key(1), key(2)]


def test_an_answer_ends_a_row_of_failures() -> None:
    refused = Answered(at=AT, failure=FailureCategory.REFUSED)
    node = pnode(1)
    for expected in (1, 2):
        node = node.model_copy(update={"probe": probed(node, refused)})
        assert node.probe is not None
        assert (node.probe.failures, node.probe.reachable) == (expected, False)
    again = probed(node, Answered(at=AT, latency_ms=5.0, version="0.8.0"))
    assert (again.failures, again.reachable, again.contradicts) == (0, True, ())


@pytest.mark.parametrize(
    ("own", "contradicts"),
    [
        ({"version": "0.8.0", "uptime": 20 * DAY}, ()),
        ({"version": "0.8.0", "uptime": 20 * DAY - 90}, ()),
        ({"version": "0.7.3", "uptime": 20 * DAY}, ("version",)),
        ({"version": "0.8.0", "uptime": 3 * HOUR}, ("uptime",)),
        ({"version": None, "uptime": None}, ()),
    ],
)
def test_the_own_word_is_compared_with_gossip(own: dict[str, Any], contradicts: tuple[str, ...]) -> None:
    assert probed(pnode(1), Answered(at=AT, **own)).contradicts == contradicts


def test_an_older_gossip_contact_is_no_contradiction() -> None:
    node = pnode(1, last_seen=AT - HOUR, uptime=20 * DAY - HOUR)
    assert probed(node, Answered(at=AT, uptime=20 * DAY)).contradicts == ()


def promotable(number: int, **changes: object) -> PNode:
    return pnode(number, **{"probe": ANSWERED, **changes})


def test_a_node_that_answers_and_that_several_seeds_list_is_promoted() -> None:
    assert [target.node_id for target in promoted([promotable(1)], (), AT)] == [key(1)]


@pytest.mark.parametrize(
    "changes",
    [
        {"probe": None},
        {"probe": ANSWERED.model_copy(update={"failure": FailureCategory.TIMEOUT})},
        {"probe": ANSWERED.model_copy(update={"contradicts": ("version",)})},
        {"witnesses": ("198.18.1.1",)},
        {"first_seen": AT - HOUR},
        {"status": PNodeStatus.UNKNOWN},
        {"is_public": False},
    ],
)
def test_nothing_is_promoted_on_its_own_word_alone(changes: dict[str, object]) -> None:
    assert promoted([promotable(1, **changes)], (), AT) == ()


def test_promotion_takes_one_of_each_subnet_and_none_beside_a_seed() -> None:
    nodes = [promotable(n, address=f"45.9.{n // 3}.{n}:9001") for n in range(60)]
    chosen = promoted(nodes, ("45.9.0.200",), AT)
    subnets = [subnet_of(target.host) for target in chosen]
    assert len(chosen) == MAX_PROMOTED
    assert len(set(subnets)) == MAX_PROMOTED
    assert "45.9.0.0/24" not in subnets


def test_promotion_does_not_depend_on_the_order_of_nodes_and_prefers_the_longest_known() -> None:
    nodes = [promotable(n, first_seen=AT - n * DAY) for n in range(1, 30)]
    chosen = promoted(nodes, (), AT)
    assert chosen == promoted(nodes[::-1], (), AT)
    assert [target.node_id for target in chosen] == [key(n) for n in range(29, 29 - MAX_PROMOTED, -1)]
