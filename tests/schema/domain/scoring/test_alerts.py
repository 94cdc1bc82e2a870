from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0
from schema.domain.scoring.alerts import (
    Alert,
    AlertType,
    Severity,
    critical_nodes,
    node_alerts,
    offline_seconds,
    snapshot_alerts,
    summarize,
)
from tests.factories import AT, pnode, snapshot
from tests.schema.domain.strategies import LATEST, MANY_SEEDS, network_settings, networks, nodes
from tests.schema.domain.worked_examples import NODE_ALERTS, Example, shown


def raised(node: PNode, *, at: int = AT, answering_seeds: int = 9) -> tuple[Alert, ...]:
    return node_alerts(node, at=at, latest_version=LATEST, answering_seeds=answering_seeds)


def kinds(alerts: tuple[Alert, ...]) -> list[AlertType]:
    return [alert.type for alert in alerts]


def example_node(witnesses: int = 3, away: int | None = None, changes: list[int] | None = None, **fields: Any) -> PNode:
    presence: dict[str, Any] = {} if away is None else {"status": PNodeStatus.OFFLINE, "alive_at": AT - away}
    flips = sum(a != b for a, b in pairwise(changes or []))
    base: dict[str, Any] = {"uptime": 5 * DAY, "witnesses": MANY_SEEDS[:witnesses], "state_changes": flips}
    return pnode(**base | presence | fields)


@pytest.mark.parametrize("row", NODE_ALERTS, ids=lambda row: shown(row.given))
def test_worked_examples_of_node_alerts(row: Example):
    alerts = raised(example_node(**row.given))
    shown_alerts = [
        f"{a.severity} {a.type} {a.value}/{a.threshold:g}"
        if not isinstance(a.threshold, str)
        else f"{a.severity} {a.type} {a.value}/{a.threshold}"
        for a in alerts
    ]
    assert ("; ".join(shown_alerts) or "none").replace("95.0/", "95/") == row.expected


def test_alerts_say_what_was_measured_and_what_to_do():
    (alert,) = raised(pnode(uptime=59 * 60 + 59))
    assert (alert.metric, alert.value, alert.threshold) == ("uptime", 3599, 3600)
    assert alert.message == "up for 59 minutes only"
    assert alert.recommendation


@pytest.mark.parametrize(
    ("away", "words"),
    [(30, "less than a minute"), (60, "1 minute"), (7_200, "2 hours"), (90_000, "1 day"), (300_000, "3 days")],
)
def test_times_are_told_in_their_largest_whole_unit(away: int, words: str):
    (alert,) = raised(example_node(away=away))
    assert alert.message == f"no sign of life for {words}"


def test_an_alert_keeps_its_id_while_its_severity_changes():
    day, week = (raised(example_node(away=days * DAY))[0] for days in (1, 8))
    assert (day.severity, week.severity) == (Severity.INFO, Severity.CRITICAL)
    assert day.id == week.id == f"{day.node_id}/OFFLINE"


def test_only_the_offline_alert_tells_when_the_node_was_last_seen():
    gone = example_node(away=DAY, last_seen=AT - DAY)
    assert raised(gone)[0].last_seen == AT - DAY
    assert raised(pnode(uptime=0))[0].last_seen is None


def test_all_alerts_of_a_node_come_in_the_order_of_their_types():
    node = pnode(uptime=0, storage_usage_percent=1.0, version="0.1.0", witnesses=(), state_changes=9)
    assert kinds(raised(node)) == [
        AlertType.LOW_UPTIME,
        AlertType.VERSION_OUTDATED,
        AlertType.ISOLATED,
        AlertType.UNDERUTILIZED,
        AlertType.GOSSIP_FLAPPING,
    ]


def test_what_is_not_known_raises_nothing():
    node = pnode(uptime=None, storage_usage_percent=None, version=None)
    assert raised(node) == ()
    assert node_alerts(pnode(version="0.1.0"), at=AT, latest_version=None, answering_seeds=9) == ()


def test_an_unknown_node_has_no_alerts():
    assert raised(pnode(status=PNodeStatus.UNKNOWN, uptime=0, alive_at=0)) == ()


@pytest.mark.parametrize("status", [PNodeStatus.OFFLINE, PNodeStatus.GHOST])
def test_a_node_that_is_gone_has_no_other_alert(status: PNodeStatus):
    node = pnode(status=status, uptime=0, version="0.1.0", witnesses=(), state_changes=9, alive_at=AT - 1)
    assert kinds(raised(node)) == [AlertType.OFFLINE]


@pytest.mark.parametrize(("answering", "expected"), [(2, []), (3, [AlertType.ISOLATED])])
def test_few_witnesses_mean_something_only_where_three_seeds_answered(answering: int, expected: list[AlertType]):
    assert kinds(raised(pnode(witnesses=MANY_SEEDS[:1]), answering_seeds=answering)) == expected


def test_a_seed_cannot_be_its_own_witness():
    seed = pnode(is_seed=True, witnesses=MANY_SEEDS[:2])
    assert raised(seed, answering_seeds=3) == ()
    assert kinds(raised(seed, answering_seeds=4)) == [AlertType.WEAK_CONNECTIVITY]


@pytest.mark.parametrize(
    ("status", "fields", "expected"),
    [
        (PNodeStatus.OFFLINE, {"alive_at": AT - 10}, 10),
        (PNodeStatus.OFFLINE, {"alive_at": None, "last_seen": AT - 20}, 20),
        (PNodeStatus.OFFLINE, {"alive_at": None, "last_seen": None, "first_seen": AT - 30}, 30),
        (PNodeStatus.GHOST, {"alive_at": AT - 10}, 10),
        (PNodeStatus.GHOST, {"alive_at": None, "last_seen": AT, "first_seen": AT - 30}, 30),
        (PNodeStatus.GHOST, {"alive_at": AT + 10}, 0),
        (PNodeStatus.ONLINE, {}, None),
        (PNodeStatus.UNKNOWN, {}, None),
    ],
)
def test_a_node_is_gone_since_its_last_proof_of_life(status: PNodeStatus, fields: dict[str, Any], expected: int | None):
    assert offline_seconds(pnode(status=status, **fields), AT) == expected


def test_a_snapshot_gives_the_alerts_of_all_nodes_most_severe_first():
    taken = snapshot([pnode(1, uptime=7_200), pnode(2, uptime=60), pnode(3, storage_usage_percent=1.0), pnode(4)])
    assert [alert.severity for alert in snapshot_alerts(taken)] == [Severity.CRITICAL, Severity.WARNING, Severity.INFO]


def test_alerts_of_a_snapshot_can_be_asked_for_at_a_later_time():
    taken = snapshot([pnode(1, status=PNodeStatus.OFFLINE, alive_at=AT)])
    assert [alert.value for alert in snapshot_alerts(taken)] == [2]
    assert [alert.value for alert in snapshot_alerts(taken, at=AT + DAY)] == [DAY]


def test_a_policy_decides_the_bounds():
    rules = POLICY_1_0.alerts.model_copy(update={"underutilized_percent": 60})
    policy = POLICY_1_0.model_copy(update={"alerts": rules})
    assert kinds(snapshot_alerts(snapshot([pnode(1)]), policy)) == [AlertType.UNDERUTILIZED]


@network_settings
@given(networks(), st.randoms())
def test_the_alerts_of_a_network_are_those_of_its_nodes_in_one_order(network: list[PNode], random: Random):
    taken = snapshot(network)
    alerts = snapshot_alerts(taken)
    each = [alert for node in network for alert in raised(node, at=taken.header.taken_at, answering_seeds=3)]
    assert sorted(alerts, key=lambda a: a.id) == sorted(each, key=lambda a: a.id)
    assert len({alert.id for alert in alerts}) == len(alerts)
    shuffled = taken.model_copy(update={"nodes": tuple(random.sample(network, len(network)))})
    assert snapshot_alerts(shuffled) == alerts


@given(nodes())
def test_a_node_has_at_most_one_alert_of_a_type_and_a_level_of_storage(node: PNode):
    found = kinds(raised(node))
    assert len(found) == len(set(found))
    assert len({AlertType.STORAGE_CRITICAL, AlertType.STORAGE_WARNING, AlertType.UNDERUTILIZED} & set(found)) <= 1


@network_settings
@given(networks())
def test_the_summary_agrees_with_a_plain_count(network: list[PNode]):
    alerts = snapshot_alerts(snapshot(network))
    summary = summarize(alerts)
    assert summary.total == len(alerts) == summary.critical + summary.warning + summary.info
    assert summary.critical == len([a for a in alerts if a.severity is Severity.CRITICAL])
    assert {entry.type: entry.count for entry in summary.by_type} == {
        kind: kinds(alerts).count(kind) for kind in kinds(alerts)
    }
    assert summary.nodes == len({alert.node_id for alert in alerts})


def test_types_are_counted_in_their_order():
    alerts = raised(pnode(uptime=0, version="0.1.0", storage_usage_percent=1.0))
    counted = [entry.type for entry in summarize(alerts[::-1]).by_type]
    assert counted == [AlertType.LOW_UPTIME, AlertType.VERSION_OUTDATED, AlertType.UNDERUTILIZED]


def test_critical_nodes_come_with_most_alerts_first():
    quiet, loud, fine = pnode(1, uptime=60), pnode(2, uptime=60, storage_usage_percent=1.0), pnode(3, uptime=7_200)
    found = critical_nodes(snapshot_alerts(snapshot([quiet, loud, fine])))
    assert [(node.node_id, node.alert_count, kinds(node.critical_alerts)) for node in found] == [
        (loud.id, 2, [AlertType.LOW_UPTIME]),
        (quiet.id, 1, [AlertType.LOW_UPTIME]),
    ]
