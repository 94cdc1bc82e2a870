"""GraphQL and REST use one object: the same alerts, operators and analytics, for any age of the snapshot."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, HOUR, MINUTE, written
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.record import ScorePolicy, Snapshot
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests.asgi import call
from tests.factories import AT, SEEDS, pnode, snapshot
from tests.fakes import FakeReads, FakeUpdates

ALERTS = """{ alerts(first: 500) {
  nodes { severity type metric address message recommendation value { number text } threshold { number text } }
  summary { total critical warning info byType { type count } } } }"""
OPERATORS = """{ operators(first: 500) {
  nodes { key pubkey addressCount onlineAddressCount storageCommitted storageUsed addresses versions firstSeen }
  concentration { operators addresses byAddresses { largestPercent decentralization nakamoto hhi } } } }"""
ANALYTICS = """{ networkAnalytics {
  population { inGossip online public private publicUnknown }
  versions { latestVersion latestCount outdatedCount unknownCount compliancePercent fragmentationIndex grade }
  storage { distribution { empty low optimal high critical unknown } optimalPercent grade }
  connectivity { distribution { isolated weak good excellent } wellConnected wellConnectedPercent grade }
  advice { category level message action } } }"""
# REST's alerts are those of policy 1.0. Policy 2.0 keeps these.
KEPT_BY_POLICY_2_0 = {"OFFLINE", "STORAGE_CRITICAL", "STORAGE_WARNING", "GOSSIP_FLAPPING"}

_ages = st.one_of(st.integers(0, 59), st.integers(60, 10 * MINUTE), st.integers(0, 40 * DAY))


@st.composite
def nodes(draw: st.DrawFn, number: int) -> PNode:
    usage = draw(st.none() | st.sampled_from((0.0, 5.0, 50.0, 85.0, 99.5)))
    return pnode(
        number,
        status=draw(st.sampled_from(PNodeStatus)),
        version=draw(st.sampled_from((None, "0.8.0", "0.7.3", "0.5.0"))),
        uptime=draw(st.none() | st.integers(0, 60 * DAY)),
        alive_at=draw(st.none() | st.integers(AT - 20 * DAY, AT)),
        is_public=draw(st.none() | st.booleans()),
        storage_usage_percent=usage,
        storage_used=None if usage is None else int(usage * 10**9),
        witnesses=SEEDS[: draw(st.integers(0, 3))],
        state_changes=draw(st.integers(0, 5)),
        supported=draw(st.booleans()),
    )


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    count = draw(st.integers(0, 8))
    estimated = draw(st.sampled_from((None, "2.0")))
    policy = ScorePolicy(
        version="1.0", latest_version="0.8.0", latest_version_source="network", estimate_version=estimated
    )
    return snapshot([draw(nodes(number)) for number in range(1, count + 1)], policy=policy)


class Surfaces:
    """One application, which gets the snapshot and the time of each example."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._reads = FakeReads()
        self._now = 0.0
        self._app = assemble(Settings(), self._reads, FakeUpdates(), Lifecycle(), clock=lambda: self._now)

    def show(self, found: Snapshot, age: int) -> None:
        """Serve this snapshot, `age` seconds after it was taken."""
        self._reads.snapshots[:] = [found]
        self._now = found.header.taken_at + age + 0.5

    def rest(self, target: str) -> Any:
        reply = self._runner.run(call(self._app, "GET", target))
        assert reply.status == 200
        return reply.json

    def graphql(self, query: str) -> Any:
        reply = self._runner.run(call(self._app, "POST", "/graphql", json={"query": query}))
        return next(iter(reply.json["data"].values()))


@pytest.fixture(scope="module")
def surfaces() -> Iterator[Surfaces]:
    with asyncio.Runner() as runner:
        yield Surfaces(runner)


def _figure(value: dict[str, Any] | None) -> Any:
    return None if value is None else value["text"] if value["number"] is None else value["number"]


def _name(alert: dict[str, Any]) -> tuple[str, str]:
    """The identity of an alert.

    Among those of one node, GraphQL orders by the name of the type, REST by its position.
    """
    return alert["address"], alert["type"]


@given(found=snapshots(), age=_ages)
def test_alerts_are_the_same(surfaces: Surfaces, found: Snapshot, age: int) -> None:
    surfaces.show(found, age)
    rest, graphql = surfaces.rest("/alerts?limit=500"), surfaces.graphql(ALERTS)
    shown = [alert | {"severity": alert["severity"].upper(), "type": alert["type"].upper()} for alert in rest["alerts"]]
    names = ("severity", "type", "metric", "address", "message", "recommendation", "value", "threshold")
    expected = [{name: alert[name] for name in names} for alert in shown]
    if found.header.policy.estimate_version is not None:
        expected = [alert for alert in expected if alert["type"] in KEPT_BY_POLICY_2_0]
    else:
        by_type = {kind.upper(): count for kind, count in rest["summary"].pop("by_type").items()}
        summary = graphql["summary"]
        assert {each["type"]: each["count"] for each in summary.pop("byType")} == by_type
        assert summary == rest["summary"]

    found_there = [
        alert | {"value": _figure(alert["value"]), "threshold": _figure(alert["threshold"])}
        for alert in graphql["nodes"]
    ]
    assert sorted(found_there, key=_name) == sorted(expected, key=_name)


@given(found=snapshots(), age=_ages)
def test_operators_are_the_same(surfaces: Surfaces, found: Snapshot, age: int) -> None:
    surfaces.show(found, age)
    rest, graphql = surfaces.rest("/operators?limit=500"), surfaces.graphql(OPERATORS)

    assert [
        (
            each["pubkey"] or each["key"].removeprefix("addr:"),
            each["addressCount"],
            each["onlineAddressCount"],
            int(each["storageCommitted"]),
            int(each["storageUsed"]),
            each["addresses"],
            each["versions"],
        )
        for each in graphql["nodes"]
    ] == [(*tuple(each.values())[:5], each["addresses"], each["versions"]) for each in rest["operators"]]
    shares = graphql["concentration"]["byAddresses"]
    summary = rest["summary"]
    assert shares == {
        "largestPercent": summary["largest_operator_share_percent"],
        "decentralization": summary["decentralization_score"],
        "nakamoto": summary["nakamoto_coefficient"],
        "hhi": summary["herfindahl_index"],
    }


@given(found=snapshots(), age=_ages)
def test_analytics_are_the_same(surfaces: Surfaces, found: Snapshot, age: int) -> None:
    surfaces.show(found, age)
    rest, graphql = surfaces.rest("/network/analytics"), surfaces.graphql(ANALYTICS)
    population, versions = rest["current_state"], rest["version_analysis"]
    storage, connectivity = rest["storage_analysis"], rest["connectivity_analysis"]

    assert list(graphql["population"].values()) == [
        population[name] for name in ("total_pnodes", "online_pnodes", "public_nodes", "private_nodes", "unknown_nodes")
    ]
    assert list(graphql["versions"].values()) == [
        versions["latest_version"],
        versions["latest_version_count"],
        versions["outdated_count"],
        versions["unknown_count"],
        versions["compliance_percent"],
        versions["fragmentation_index"],
        versions["health"].upper(),
    ]
    assert list(graphql["storage"].values()) == [
        storage["distribution"],
        storage["optimal_percent"],
        storage["health"].upper(),
    ]
    assert list(graphql["connectivity"].values()) == [
        connectivity["distribution"],
        connectivity["well_connected"],
        connectivity["well_connected_percent"],
        connectivity["health"].upper(),
    ]
    assert [
        (each["category"], each["level"].lower(), each["message"], each["action"]) for each in graphql["advice"]
    ] == [(each["category"], each["severity"], each["message"], each["action"]) for each in rest["recommendations"]]


@given(found=snapshots(), age=st.integers(60, HOUR))
def test_a_past_moment_keeps_its_alerts_while_the_snapshot_grows_old(
    surfaces: Surfaces, found: Snapshot, age: int
) -> None:
    """`asOf` names a time, so its result is about that time, not about now."""
    as_of = ALERTS.replace("first: 500", f'first: 500, asOf: "{written(found.header.taken_at)}"')
    surfaces.show(found, 0)
    fresh = surfaces.graphql(as_of)
    surfaces.show(found, age)

    assert surfaces.graphql(as_of) == fresh
