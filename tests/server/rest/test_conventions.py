"""Rules of every route: one name for keyless nodes, parts that add up, times that parse, words and figures."""

import math
import re
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import HOUR
from schema.domain.history.points import History, HistoryPoint, Resolution
from schema.domain.history.trends import growth_since, trend_of
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.scoring.scores import score_node
from server.rest.growth import growth_object
from server.rest.history import network_summary
from server.rest.node import node_object
from server.rest.node_history import history_body
from tests import factories
from tests.factories import AT, address
from tests.fakes import FakeReads
from tests.server.rest.test_checklist import CASES, client_of
from tests.server.rest.walking import bodies, objects
from tests.server.rest.world import make_client, network_point, node_point, registry_entry

KEYLESS = (address(1), address(2), address(3), address(900))


def keyless_world() -> FakeReads:
    """A node with a key, and nodes without: online, offline and departed. One of the online ones is a seed."""
    nodes = [
        factories.pnode(1, pubkey=None),
        factories.pnode(2, pubkey=None, status=PNodeStatus.OFFLINE),
        factories.pnode(3, pubkey=None, is_seed=True),
        factories.pnode(4),
    ]
    points = {node.id: (node_point(AT - HOUR), node_point(AT)) for node in nodes}
    departed = registry_entry(900, id=f"addr:{address(900)}", pubkey=None)
    return FakeReads([factories.snapshot(nodes)], registry=[departed], node_points=points)


def test_every_route_names_a_keyless_node_by_its_address() -> None:
    reads = keyless_world()
    named: dict[str, set[str]] = {}
    for question, body in bodies(make_client(reads), reads):
        for found in objects(body):
            if "pubkey" in found and found["pubkey"] is not None:
                named.setdefault(question, set()).add(found["pubkey"])
                if "address" in found:
                    assert found["pubkey"] == (factories.key(4) if found["address"] == address(4) else found["address"])
    assert {name for names in named.values() for name in names} == {*KEYLESS, factories.key(4)}
    everywhere = {"/pnodes", "/recommendations", "/registry", "/network/topology", "/operators", "/all-nodes"}
    assert {question for question in everywhere if address(1) in named[question]} == everywhere


@pytest.mark.parametrize("name", CASES)
def test_the_parts_of_every_breakdown_add_up(name: str) -> None:
    seen = set[str]()
    for _, body in bodies(*client_of(name)):
        for found in objects(body):
            seen.update(check_sums(found))
    assert seen >= {"trust", "capacity", "health_score"}


@given(st.data())
def test_the_parts_of_any_score_add_up(data: st.DataObject) -> None:
    measured = {
        "uptime": st.integers(0, 10**8),
        "version": st.sampled_from(["0.8.0", "0.7.3", "0.6.0", "no version"]),
        "storage_committed": st.integers(0, 2**50),
        "storage_usage_percent": st.floats(0, 400),
        "storage_growth": st.floats(-1, 1),
        "consistency": st.just(factories.pnode(1).consistency),
    }
    node = factories.pnode(1, **{field: data.draw(st.none() | some, field) for field, some in measured.items()})
    latest = data.draw(st.none() | st.just("0.8.0"), "latest")
    scored = node.model_copy(update={"score": score_node(node, latest_version=latest)})
    assert len(list(check_sums(shown(scored)["scores"]))) == 2


def check_sums(found: dict[str, Any]) -> list[str]:
    """The breakdowns in an object, each compared with its total. Parts and total are rounded to two decimals."""
    sums: dict[str, tuple[float, dict[str, float]]] = {}
    for name in ("trust", "capacity"):
        part = found.get(name)
        if isinstance(part, dict) and "breakdown" in part:
            sums[name] = part["score"], part["breakdown"]
        elif isinstance(part, int | float) and "breakdown" in found:
            sums[name] = part, found["breakdown"][name]
    if "health_score" in found:
        sums["health_score"] = found["health_score"], found["factors"]
    for total, parts in sums.values():
        assert math.isclose(sum(parts.values()), total, abs_tol=0.005 * (len(parts) + 1) + 1e-9)
    return list(sums)


def shown(node: PNode) -> dict[str, Any]:
    return node_object(node, factories.snapshot([node]).header, AT)


READABLE = {
    "timestamp_readable": ("timestamp", "%Y-%m-%d %H:%M:%S"),
    "start_readable": ("start", "%Y-%m-%d %H:%M:%S"),
    "end_readable": ("end", "%Y-%m-%d %H:%M:%S"),
    "last_drop_readable": ("last_drop", "%Y-%m-%d %H:%M:%S UTC"),
    "last_appearance_readable": ("last_appearance", "%Y-%m-%d %H:%M:%S UTC"),
}


def test_times_in_words_parse_as_clients_of_the_earlier_api_parse_them() -> None:
    seen = set[str]()
    for _, body in bodies(*client_of("invented")):
        for found in objects(body):
            for name in found:
                if name.endswith("_readable") and found[name] is not None:
                    seen.add(name)
                    of, written = READABLE.get(name) or (of_range(name, found), "%Y-%m-%d %H:%M:%S")
                    assert datetime.strptime(found[name], written).replace(tzinfo=UTC).timestamp() == found[of]
    assert seen == {*READABLE, "start_time_readable", "end_time_readable"}


def of_range(name: str, found: dict[str, Any]) -> str:
    end = name.removesuffix("_time_readable")
    return f"{end}_time" if f"{end}_time" in found else f"{end}_timestamp"


SMALL = st.one_of(st.floats(-0.02, 0.02), st.sampled_from([-0.004, -0.005, -0.0, 0.0, 0.004, 0.005]))
GROWTH_WORDS = {1: "growing", -1: "declining", 0: "stable"}
QUALITY_WORDS = {1: "improving", -1: "declining", 0: "stable"}


@given(SMALL, st.integers(-2, 2))
def test_words_of_a_network_history_agree_with_the_figures_beside_them(small: float, whole: int) -> None:
    points = (
        network_point(AT - HOUR, avg_witnesses=2.5, total=1_000_000, storage_committed=10**12),
        network_point(AT, avg_witnesses=2.5 + small, total=1_000_000 + whole, storage_committed=10**12 + whole),
    )
    summary = network_summary(past(points), 24)
    nodes, storage, peers = summary["node_growth"], summary["storage_growth"], summary["network_health"]
    assert nodes["trend"] == GROWTH_WORDS[sign(nodes["growth"])]
    assert storage["trend"] == GROWTH_WORDS[sign(storage["growth"])]
    assert peers["connectivity_trend"] == QUALITY_WORDS[sign(peers["peer_change"])]
    assert negative_zeros(summary) == []


@given(SMALL, st.integers(-2, 2), st.integers(-200, 200))
def test_words_of_a_node_history_agree_with_the_figures_beside_them(small: float, whole: int, seconds: int) -> None:
    points = (
        node_point(AT - HOUR, score=50.0, uptime=500, storage_used=10**9),
        node_point(AT, score=50.0 + small, uptime=500 + seconds, storage_used=10**9 + whole),
    )
    body = history_body(factories.pnode(1), past(points), 1)
    assert body["trends"]["score_trend"] == QUALITY_WORDS[sign(body["trends"]["score_change"])]
    assert negative_zeros(body) == []


@given(SMALL, SMALL)
def test_no_figure_of_growth_is_a_negative_zero(small: float, other: float) -> None:
    before, after = factories.network(3, AT - HOUR), factories.network(3)
    totals = after.header.totals.model_copy(update={"avg_witnesses": 2.5 + small})
    base = before.header.model_copy(update={"totals": totals.model_copy(update={"avg_witnesses": 2.5 + other})})
    growth = growth_since(base, after.header.model_copy(update={"totals": totals}), 1)
    assert negative_zeros(growth_object(growth, 1, 60)) == negative_zeros(growth.model_dump()) == []
    assert growth.witnesses is not None
    assert growth.witnesses.trend is trend_of(growth.witnesses.delta)


def past(points: tuple[HistoryPoint, ...]) -> History:
    end = points[-1].end
    return History(resolution=Resolution.RAW, start=AT - HOUR, end=end, coverage=1.0, points=points)


def negative_zeros(value: Any) -> list[dict[str, Any]]:
    return [
        found
        for found in objects(value)
        for figure in found.values()
        if isinstance(figure, float) and figure == 0.0 and math.copysign(1, figure) < 0
    ]


def test_a_negative_zero_that_a_pod_gossips_leaves_as_zero() -> None:
    node = factories.pnode(1, storage_usage_percent=-0.0, storage_growth=-0.0)
    seeds = [factories.seed_report(stats=factories.pod_stats(cpu_percent=-0.0))]
    reads = FakeReads([factories.snapshot([node], seeds=tuple(seeds))])
    client = make_client(reads)
    for question, _ in bodies(client, reads):
        assert not re.search(rb"[:,\[]-0(\.0)?[,}\]]", client.get(question).content), question


@pytest.mark.parametrize(
    "path",
    ["/recommendations?min_score=-0", "/recommendations?min_score=-0.0", "/network/consistency?min_consistency=-0.0"],
)
def test_a_parameter_of_minus_zero_is_zero(path: str) -> None:
    response = make_client(keyless_world()).get(path)
    assert response.status_code == 200
    assert b"-0" not in orjson.dumps(response.json()["filters"])


def test_a_consistency_word_agrees_with_the_score_that_is_shown() -> None:
    steady = factories.pnode(1).consistency
    assert steady is not None
    nodes = [
        factories.pnode(number, consistency=steady.model_copy(update={"score": score}))
        for number, score in enumerate((0.79994, 0.79996, 0.89994, 0.89996), start=1)
    ]
    client = make_client(FakeReads([factories.snapshot(nodes)]))
    found = [client.get(f"/node/{node.address}/consistency").json()["consistency"] for node in nodes]
    assert [(one["score"], one["status"]) for one in found] == [
        (0.7999, "flapping"),
        (0.8, "unstable"),
        (0.8999, "unstable"),
        (0.9, "stable"),
    ]
    network = client.get("/network/consistency").json()
    assert network["summary"]["flapping_nodes"] == len(network["flapping_nodes"]) == 1


def sign(value: float) -> int:
    return (value > 0) - (value < 0)
