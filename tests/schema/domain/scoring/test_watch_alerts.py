"""Alerts by policy 2.0, and parts of a score."""

from typing import Any

import pytest

from schema.domain.base import DAY, HOUR
from schema.domain.network.health import underutilized
from schema.domain.node.coverage import Counts
from schema.domain.node.estimate import Estimate, Standing
from schema.domain.node.observation import Observation
from schema.domain.node.pnode import PNode
from schema.domain.scoring.alert import Alert, AlertType, Severity
from schema.domain.scoring.parts import next_step, parts_of
from schema.domain.scoring.watch_alerts import watch_alerts
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT, key, pnode
from tests.schema.domain.scoring.test_estimated import SEEDS, network, pod, watched

NINE = tuple(f"203.0.113.{number}" for number in range(201, 210))


def taken() -> Snapshot:
    return watched(network, 7).cycles[-1].snapshot


def with_estimate(number: int = 5, *, node: dict[str, Any] | None = None, **changes: Any) -> tuple[Alert, ...]:
    """The alerts of a sound network with another estimate for one node."""
    snapshot = taken()
    nodes = tuple(_changed(each, node or {}, changes) if each.id == key(number) else each for each in snapshot.nodes)
    alerts = watch_alerts(Snapshot.model_construct(header=snapshot.header, nodes=nodes))
    return tuple(alert for alert in alerts if alert.node_id == key(number))


def _changed(node: PNode, fields: dict[str, Any], changes: dict[str, Any]) -> PNode:
    assert node.estimate is not None
    return node.model_copy(update={**fields, "estimate": node.estimate.model_copy(update=changes)})


def test_a_sound_network_has_no_alerts() -> None:
    assert watch_alerts(taken()) == ()


@pytest.mark.parametrize(("count", "severity"), [(3, Severity.WARNING), (6, Severity.CRITICAL)])
def test_a_storm_of_restarts(count: int, severity: Severity) -> None:
    (alert,) = with_estimate(counts=Counts(AT, 0, day_disturbed=count, disturbed=count))
    assert (alert.type, alert.severity, alert.value) == (AlertType.RESTART_STORM, severity, count)


def test_availability_that_falls() -> None:
    counts = Counts(AT, 0, day_gone=1_800, week_gone=0, month_gone=1_800)
    (alert,) = with_estimate(counts=counts)
    assert (alert.type, alert.severity) == (AlertType.FALLING_AVAILABILITY, Severity.WARNING)
    assert {fact.name: fact.value for fact in alert.evidence}["time gone within 24 hours"] == 1_800


def test_two_processes_with_one_key() -> None:
    (alert,) = with_estimate(node={"key_conflict": True})
    assert (alert.type, alert.severity) == (AlertType.KEY_CONFLICT, Severity.CRITICAL)
    assert alert.evidence


def standing(composite: float, shares: tuple[float, ...]) -> Standing:
    return Standing(AT + HOUR - DAY, composite, shares)


def test_a_tier_at_risk_is_told_before_it_is_lost() -> None:
    """Four points in a day, and two above the bound of the tier.

    The alert names the part that lost most, and the time.
    """
    (alert,) = with_estimate(
        composite=82.0, shares=(0.3, 0.5, 1.0, 0.5, 1.0), before=standing(86.0, (0.4, 0.5, 1.0, 0.52, 1.0))
    )
    facts = {fact.name: fact.value for fact in alert.evidence}
    assert alert.type is AlertType.TIER_AT_RISK
    assert facts["part that lost most"] == "AVAILABILITY"
    assert facts["points lost by it"] == 4.0
    assert str(facts["since"]).endswith("Z")


@pytest.mark.parametrize(
    ("composite", "before"),
    [(82.0, 82.5), (82.0, 80.0), (95.0, 97.0), (40.0, 50.0)],
    ids=["falls by little", "rises", "is far from the bound", "has no tier to lose"],
)
def test_no_tier_is_at_risk(composite: float, before: float) -> None:
    assert with_estimate(composite=composite, high=composite, before=standing(before, (0.5,) * 5)) == ()


@pytest.mark.parametrize(("composite", "high", "warned"), [(50.0, 63.0, True), (61.0, 64.0, True), (61.0, 90.0, False)])
def test_the_middle_tier_is_at_risk_when_the_upper_bound_is(composite: float, high: float, *, warned: bool) -> None:
    """A node whose upper bound is in the middle tier has that tier, whatever its score is."""
    found = with_estimate(composite=composite, high=high, before=standing(composite + 6, (0.5,) * 5))
    assert [alert.type for alert in found] == [AlertType.TIER_AT_RISK] * warned
    for alert in found:
        assert (alert.metric, alert.value, alert.threshold) == ("score.high", high, 60)
        assert "leaves MEDIUM_RISK" in alert.message


def test_few_witnesses_mean_something_where_enough_seeds_could_list_the_node() -> None:
    def without(at: int) -> list[Observation]:
        return [row for row in network(at) if row.pubkey != key(5)]

    few = watched(network, 4, seeds=NINE, lies=dict.fromkeys(NINE[2:], without)).cycles[-1].snapshot
    found = [alert.type for alert in watch_alerts(few) if alert.node_id == key(5)]
    assert found == [AlertType.WEAK_CONNECTIVITY]
    two = watched(network, 4, seeds=SEEDS[:2], lies={SEEDS[1]: without}).cycles[-1].snapshot
    assert watch_alerts(two) == ()


def test_a_version_lags_once_most_of_the_network_has_moved_on() -> None:
    def upgraded(at: int) -> list[Observation]:
        return [pod(n, at, version="0.7.3" if n == 5 or at < AT + HOUR else "0.8.0") for n in range(1, 41)]

    field = watched(upgraded, 8, seeds=SEEDS[:1])
    (alert,) = watch_alerts(field.cycles[-1].snapshot)
    assert (alert.type, alert.severity, alert.node_id) == (AlertType.VERSION_LAG, Severity.INFO, key(5))
    assert {fact.name: fact.value for fact in alert.evidence}["deadline"] is not None
    assert field.node(key(5)).estimate is not None


def test_little_use_is_told_once_of_the_network() -> None:
    hardly = [pnode(n, storage_usage_percent=0.001) for n in range(1, 5)]
    found = underutilized([*hardly, pnode(9)])
    assert found is not None
    assert (found.type, found.value) == ("underutilized", 0.001)
    assert underutilized([pnode(1), pnode(2)]) is None
    assert underutilized([]) is None


def test_the_next_step_is_that_of_the_part_that_lost_most() -> None:
    found: Estimate | None = taken().nodes[0].estimate
    assert found is not None
    lost = max((part for part in parts_of(found) if part.points_lost), key=lambda part: part.points_lost or 0)
    assert next_step(found) == lost.next_step
    perfect = found.model_copy(update={"shares": (1.0,) * 5})
    assert next_step(perfect) is None


@pytest.mark.parametrize(("seen", "reason"), [(1.0, "missed nothing"), (0.97, "leaves the windows"), (None, "leaves")])
def test_the_next_step_says_whether_availability_lacks_time_or_was_missed(seen: float | None, reason: str) -> None:
    found: Estimate | None = taken().nodes[0].estimate
    assert found is not None
    young = found.model_copy(update={"shares": (0.4, 1.0, 1.0, 1.0, 1.0), "raw": (seen, *found.raw[1:])})
    step = next_step(young)
    assert step is not None
    assert reason in step
