"""Every field of the earlier API, on every route, for invented, minimal, simulated and recorded networks."""

import re
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from schema.domain.base import DAY
from schema.domain.node.pnode import LivenessBasis, PNodeStatus, Provenance
from tests import factories
from tests.factories import AT
from tests.fakes import FakeReads
from tests.server.rest.checklist import ABSENT, FRONT_ENDS, ROUTES, found_at, violations
from tests.server.rest.collected import SERIES, recorded_world, simulated_world
from tests.server.rest.routes_table import DATA_OPERATIONS, NODE, OPERATIONS
from tests.server.rest.world import make_client, network_point, node_point, registry_entry, world

UNKNOWN = {
    "pubkey": None,
    "liveness_basis": LivenessBasis.NONE,
    "is_public": None,
    "rpc_port": None,
    "version": None,
    "versions_behind": None,
    "last_seen": None,
    "alive_at": None,
    "uptime": None,
    "storage_committed": None,
    "storage_used": None,
    "storage_usage_percent": None,
    "source_ips": (),
    "sightings": (),
    "consistency": None,
    "provenance": Provenance(seed=None, observed_at=AT),
    "score": None,
}


def bare_world() -> FakeReads:
    """Nodes, history and a registry entry in which everything that can be unknown is unknown."""
    nodes = [factories.pnode(n, **UNKNOWN | {"status": status}) for n, status in enumerate(PNodeStatus, start=1)]
    entry = registry_entry(
        900,
        pubkey=None,
        **dict.fromkeys(("version", "is_public", "rpc_port", "uptime", "last_seen", "last_appearance", "last_drop")),
        **dict.fromkeys(("storage_committed", "storage_used", "storage_usage_percent")),
        source_ips=(),
    )
    seeds = tuple(factories.seed_report(seed, stats=None, version=None, latency_ms={}) for seed in factories.SEEDS)
    empty = network_point(AT)._replace(stats={}, versions=())
    silent = node_point(AT)._replace(stats={})
    return FakeReads(
        [factories.snapshot(nodes, at, seeds=seeds) for at in (AT - 7 * DAY, AT - DAY, AT - 600, AT)],
        registry=[entry],
        network_points=[empty],
        node_points={nodes[0].id: (silent,)},
    )


def young_world() -> FakeReads:
    """The first cycle of a store: one snapshot, one point of every history, and some keyless nodes."""
    reads = simulated_world()
    network, nodes = reads.network_points[:1], {name: points[:1] for name, points in reads.node_points.items()}
    return FakeReads(reads.snapshots[-1:], registry=reads.entries, network_points=network, node_points=nodes)


WORLDS = {
    "young": young_world,
    "invented": world,
    "bare": bare_world,
    "simulated": simulated_world,
    "recorded": recorded_world,
}
CASES = [
    pytest.param(
        name,
        marks=[
            pytest.mark.captures,
            pytest.mark.skipif(not SERIES.is_dir(), reason="no recordings beside the checkout"),
        ]
        if name == "recorded"
        else [],
    )
    for name in WORLDS
]


@cache
def client_of(name: str) -> tuple[TestClient, FakeReads]:
    reads = WORLDS[name]()
    newest = reads.current()
    assert newest is not None
    return make_client(reads, now=lambda: newest.header.taken_at + 5), reads


@cache
def answers(name: str, operation: str) -> list[Any]:
    """The responses to an operation. For one about a node, those about nodes of every status."""
    client, reads = client_of(name)
    newest = reads.current()
    assert newest is not None
    question = OPERATIONS[operation]
    if operation == "comparePnodes" and name != "invented":
        question = "/pnodes/compare?addresses=" + ",".join(quote(node.id) for node in newest.nodes[:2])
    elif operation == "listPnodes":
        question = "/pnodes?status=all&limit=1000"
    elif operation == "listRecommendations":
        question = "/recommendations?min_uptime_days=1&limit=50"
    one_of_each = {node.status: node for node in newest.nodes}.values()
    keys = [quote(node.id) for node in one_of_each] if f"/{NODE}" in question else [NODE]
    if operation in {"getRegistryEntry", "getPnode", "getNodeConsistency", "getPnodeAlerts"}:
        keys += [quote(entry.id) for entry in reads.entries[:3]]
    responses = [client.get(question.replace(NODE, key)) for key in keys]
    assert {response.status_code for response in responses} == {200}
    bodies = [response.json() for response in responses]
    if operation == "getNodeHistory":
        return [body for body in bodies if body["available"]]
    if operation == "getNodeMetricsSummary":
        return [body for body in bodies if body["metrics"]["available"]]
    return bodies


# A store in its first hour has no growth, as in the earlier API.
_GROWTH = re.compile(r"growth(_metrics)?\.(?!.*available$)")


def test_the_checklist_covers_every_documented_route() -> None:
    assert set(ROUTES) == set(OPERATIONS) - {"getLiveness", "getReadiness"}


@pytest.mark.parametrize("operation", ROUTES)
@pytest.mark.parametrize("name", CASES)
def test_every_field_is_there_with_its_type(name: str, operation: str) -> None:
    bodies = answers(name, operation)
    fields = {path: kind for path, kind in ROUTES[operation].items() if name != "young" or not _GROWTH.match(path)}
    assert bodies
    assert [each for body in bodies for each in violations(body, fields)] == []


@pytest.mark.parametrize("operation", FRONT_ENDS)
@pytest.mark.parametrize("name", CASES)
def test_front_ends_find_a_number_wherever_they_need_one(name: str, operation: str) -> None:
    assert [each for body in answers(name, operation) for each in violations(body, FRONT_ENDS[operation])] == []


# A node that is gone is in no list.
_ALWAYS_EMPTY = {"listGraveyard": {"items[].peer_sources[]"}}


@pytest.mark.parametrize("operation", sorted(set(ROUTES) - {"getHealth"}))
def test_the_checklist_looks_at_values_and_not_at_nothing(operation: str) -> None:
    """On the invented network, every listed path has a value, so no row passes because a value is missing."""
    bodies = answers("invented", operation)
    unused = [
        path
        for path, kind in ROUTES[operation].items()
        if not kind.endswith("!") and all(not any(v is not ABSENT for v in found_at(body, path)) for body in bodies)
    ]
    assert [path for path in unused if path not in _ALWAYS_EMPTY.get(operation, ())] == []


@pytest.mark.parametrize("name", CASES)
def test_offline_duration_is_there_exactly_while_a_node_is_not_online(name: str) -> None:
    nodes = answers(name, "listPnodes")[0]["pnodes"]
    assert nodes
    assert all(node["is_online"] != ("offline_duration" in node) for node in nodes)


@pytest.mark.parametrize("name", CASES)
def test_a_node_that_is_not_online_has_no_score(name: str) -> None:
    for node in answers(name, "listPnodes")[0]["pnodes"]:
        if not node["is_online"]:
            assert (node["score"], node["uptime"], node["tier"]) in {(0, 0, "offline"), (0, 0, "unknown")}
            assert {*found_at(node, "scores.trust.breakdown{}"), *found_at(node, "scores.capacity.breakdown{}")} == {0}


@pytest.mark.parametrize("name", CASES)
def test_one_rule_for_online_on_every_route(name: str) -> None:
    client, reads = client_of(name)
    newest = reads.current()
    assert newest is not None
    listed = {node["id"]: node["is_online"] for node in answers(name, "listPnodes")[0]["pnodes"]}
    assert listed == {node.id: node.is_online for node in newest.nodes}
    for node in newest.nodes[:20]:
        key = quote(node.id)
        found = (
            client.get(f"/registry/{key}").json()["entry"]["is_online"],
            client.get(f"/pnodes/{key}/alerts").json()["node_info"]["is_online"],
            client.get(f"/node/{key}/consistency").json()["node_info"]["is_online"],
        )
        assert set(found) == {node.is_online}


@pytest.mark.parametrize("operation", DATA_OPERATIONS)
@pytest.mark.parametrize("name", CASES)
def test_names_follow_one_style(name: str, operation: str) -> None:
    """Keys are snake_case, except in maps whose keys are versions, seeds or paths."""
    maps = {"version_distribution", "distribution", "by_type", "nodes", "ip_nodes", "endpoints", "quick_examples"}

    def keys(value: Any, parent: str = "") -> list[str]:
        if isinstance(value, dict):
            own = [] if parent in maps else list(value)
            return own + [key for name, inner in value.items() for key in keys(inner, name)]
        return [key for inner in value for key in keys(inner, "")] if isinstance(value, list) else []

    named = {key for body in answers(name, operation) for key in keys(body)}
    assert [key for key in named if not re.fullmatch(r"_?[a-z0-9]+(_[a-z0-9]+)*", key)] == []
