"""The network as a whole: health, analytics, growth, history, versions over time, topology."""

from typing import Any

import pytest

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import HistoryPoint, Stat
from schema.domain.node.pnode import PNodeStatus
from schema.graphql.lists.figures import subnet_of
from tests.factories import AT, SEEDS, network, pnode, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client


async def test_health_comes_with_factors_totals_and_alerts() -> None:
    found = (
        await Client().ask(
            "{ networkHealth { score status factors { availability versionConsistency nodeQuality connectivity } "
            "totals { total online ghost offline unknown seedsOk storageCommitted versions { version count } } "
            "alerts { level type value threshold } snapshot { slot network } } }"
        )
    )["networkHealth"]

    assert (found["score"], found["status"]) == (90.0, "HEALTHY")
    assert found["factors"]["connectivity"] == 20.0
    assert found["totals"]["total"] == 30
    assert found["totals"]["versions"] == [{"version": "0.8.0", "count": 18}, {"version": "0.7.3", "count": 6}]
    assert [alert["type"] for alert in found["alerts"]] == ["low_node_count"]
    assert found["snapshot"] == {"slot": AT, "network": "devnet"}


async def test_analytics_has_distributions_and_advice() -> None:
    found = (
        await Client().ask(
            "{ networkAnalytics { population { total online } versions { latestVersion compliancePercent grade "
            "distribution { version count } } storage { distribution { empty optimal unknown } grade } "
            "connectivity { distribution { good } answeringSeeds grade } advice { category level action } } }"
        )
    )["networkAnalytics"]

    assert found["population"] == {"total": 30, "online": 24}
    assert found["versions"]["compliancePercent"] == 75.0
    assert found["connectivity"] == {"distribution": {"good": 24}, "answeringSeeds": 3, "grade": "GOOD"}
    assert sum(found["storage"]["distribution"].values()) <= 24
    assert found["advice"]


def bucket(start: int, online: int, versions: tuple[tuple[str | None, int], ...] = ()) -> HistoryPoint:
    stats = {
        "online": Stat(2, 2 * online, online, online, online),
        "storage_committed": Stat(2, 2**61, 2**60, 2**60, 2**60),
        "avg_score": Stat(2, 2 * 8_525, 8_525, 8_525, 8_525),
    }
    return HistoryPoint(start=start, end=start + HOUR, samples=2, expected=4, stats=stats, versions=versions)


def with_points(*points: HistoryPoint) -> Client:
    return Client(reads=FakeReads([network(3)], network_points=points))


async def test_history_has_buckets_and_a_summary() -> None:
    client = with_points(bucket(AT - 2 * HOUR, 10), bucket(AT - HOUR, 20))

    found = (
        await client.ask(
            """{ history(from: "2027-01-15T00:00:00Z", resolution: H1) { resolution start end coverage points {
            start samples expected online { avg last } storageCommitted { last } avgScore { avg } ghost { avg } }
            summary { online { start end delta percent trend } storageCommitted { trend } versions { end } } } }"""
        )
    )["history"]

    assert (found["resolution"], found["coverage"]) == ("H1", 0.5)
    assert (found["start"], found["end"]) == ("2027-01-15T00:00:00Z", "2027-01-15T08:01:00Z")
    assert found["points"][0] == {
        "start": "2027-01-15T06:00:00Z",
        "samples": 2,
        "expected": 4,
        "online": {"avg": 10.0, "last": 10},
        "storageCommitted": {"last": str(2**60)},
        "avgScore": {"avg": 85.25},
        "ghost": None,
    }
    assert found["summary"]["online"] == {"start": 10, "end": 20, "delta": 10, "percent": 100.0, "trend": "UP"}


async def test_history_without_points_has_no_summary() -> None:
    found = await Client().ask('{ history(from: "2027-01-15T00:00:00Z") { points { start } summary { start } } }')

    assert found["history"] == {"points": [], "summary": None}


@pytest.mark.parametrize(
    "query",
    [
        '{ history(from: "2027-01-15T00:00:00Z", to: null, resolution: null, includeCurrent: null) { coverage } }',
        '{ versionAdoption(from: "2027-01-15T00:00:00Z", to: null, resolution: null, top: null) { version } }',
        "{ growth(hours: null) { hours } }",
        "{ pnodes(first: null, last: null, after: null, before: null, where: null, orderBy: null) { totalCount } }",
        "{ pnodes { aggregate { groupBy(key: STATUS, top: null) { size } } } }",
        "{ pnodes { nodes { previousAddresses(first: null) { until } alerts(severity: null) { id } } } }",
        "{ events(direction: null, where: null) { totalCount } scorePolicy(version: null) { version } }",
    ],
)
async def test_an_argument_that_is_null_is_as_if_left_out(query: str) -> None:
    client = Client([network(3, AT - 24 * HOUR), network(3, AT)])

    assert "errors" not in await client.execute(query)


async def test_versions_over_time_are_ranked_and_the_rest_is_other() -> None:
    client = with_points(
        bucket(AT - 2 * HOUR, 10, (("0.8.0", 12), ("0.7.3", 6), (None, 2))),
        bucket(AT - HOUR, 10, (("0.8.0", 16), ("0.7.3", 2), ("0.6.0", 2))),
    )

    found = (
        await client.ask(
            """{ versionAdoption(from: "2027-01-15T00:00:00Z", top: 2) { version other points { start nodes share } } }"""
        )
    )["versionAdoption"]

    assert [(s["version"], s["other"]) for s in found] == [("0.8.0", False), ("0.7.3", False), ("OTHER", True)]
    assert [p["share"] for p in found[0]["points"]] == [0.6, 0.8]
    assert [p["nodes"] for p in found[0]["points"]] == [6.0, 8.0]
    assert [p["share"] for p in found[2]["points"]] == [0.1, 0.1]


@pytest.mark.parametrize("top", [0, 51])
async def test_the_number_of_series_is_bounded(top: int) -> None:
    query = f'{{ versionAdoption(from: "2027-01-15T00:00:00Z", top: {top}) {{ version }} }}'

    assert await Client().code(query) == "BAD_USER_INPUT"


async def test_growth_compares_with_the_snapshot_of_then() -> None:
    client = Client([network(10, AT - 24 * HOUR), network(30, AT)])

    found = (await client.ask("{ growth { hours seconds start end total { start end delta trend } } }"))["growth"]

    assert found == {
        "hours": 24.0,
        "seconds": 86_400,
        "start": "2027-01-14T08:00:02Z",
        "end": "2027-01-15T08:00:02Z",
        "total": {"start": 10, "end": 30, "delta": 20, "trend": "UP"},
    }


async def test_growth_in_a_young_store_is_since_its_first_snapshot() -> None:
    client = Client([network(10, AT - 2 * HOUR), network(30, AT)])

    found = (await client.ask("{ growth(hours: 48) { hours seconds total { start end } } }"))["growth"]

    assert found == {"hours": 48.0, "seconds": 7_200, "total": {"start": 10, "end": 30}}


async def test_growth_after_the_first_snapshot_is_not_known() -> None:
    found = (await Client().ask("{ growth { hours seconds start total { delta } health { delta } } }"))["growth"]

    assert found == {"hours": 24.0, "seconds": None, "start": None, "total": None, "health": None}


async def test_growth_across_a_gap_is_not_known() -> None:
    client = Client([network(10, AT - 40 * DAY), network(20, AT - HOUR), network(30, AT)])

    assert (await client.ask("{ growth { seconds } }"))["growth"] == {"seconds": None}
    assert (await client.ask("{ growth(hours: 1) { seconds } }"))["growth"] == {"seconds": HOUR}


@pytest.mark.parametrize("hours", [0, -1, 2_000_000])
async def test_growth_is_over_a_sensible_time(hours: int) -> None:
    assert await Client().code(f"{{ growth(hours: {hours}) {{ hours }} }}") == "BAD_USER_INPUT"


TOPOLOGY = """query t($first: Int, $after: String) { topology(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { id kind label group seed answers pnode { address } }
  edges { source target address } seeds { id } stats { nodes seeds pnodes connections } islands { number seeds nodes }
} }"""


async def test_a_walk_through_the_topology_gives_each_point_and_each_edge_once() -> None:
    client = Client([network(20)])
    nodes: list[Any] = []
    edges: list[Any] = []
    after = None
    while True:
        page = (await client.ask(TOPOLOGY, {"first": 7, "after": after}))["topology"]
        nodes += page["nodes"]
        edges += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert len(nodes) == len({n["id"] for n in nodes}) == page["totalCount"] == page["stats"]["nodes"]
    assert len(edges) == len({(e["source"], e["target"]) for e in edges}) == page["stats"]["connections"]
    assert [n["kind"] for n in nodes[:3]] == ["SEED"] * 3
    assert {e["source"] for e in edges} == set(SEEDS) == {s["id"] for s in page["seeds"]}
    assert {e["target"] for e in edges} <= {n["id"] for n in nodes}
    assert nodes[0]["answers"] is True
    assert nodes[0]["pnode"] is None
    assert nodes[5]["seed"] is None
    assert nodes[5]["pnode"]["address"]


async def test_edges_lead_to_nodes_of_the_page() -> None:
    page = (await Client([network(20)]).ask(TOPOLOGY, {"first": 10}))["topology"]

    assert {e["target"] for e in page["edges"]} == {n["id"] for n in page["nodes"] if n["kind"] == "PNODE"}


GROUPS = """query g($key: GroupKey!, $top: Int) { pnodes { aggregate { groupBy(key: $key, top: $top) {
  key other size share aggregate { count uptime { sum } } } } } }"""


async def groups(client: Client, key: str, top: int | None = None) -> Any:
    return (await client.ask(GROUPS, {"key": key, "top": top}))["pnodes"]["aggregate"]["groupBy"]


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("STATUS", ("ONLINE", 24)),
        ("TIER", ("OFFLINE", 6)),
        ("VERSION", ("0.8.0", 23)),
        ("IS_PUBLIC", ("true", 10)),
        ("WITNESS_COUNT", ("3", 27)),
        ("LIVENESS_BASIS", ("UPTIME", 30)),
        ("SUBNET", ("45.0.1.0/24", 1)),
    ],
)
async def test_nodes_are_grouped_by_each_key(key: str, first: tuple[str, int]) -> None:
    found = await groups(Client(), key)

    assert first in [(g["key"], g["size"]) for g in found]
    assert sum(g["size"] for g in found) == 30
    assert [g["size"] for g in found] == sorted((g["size"] for g in found), reverse=True)


async def test_groups_beyond_the_top_are_one_more_group() -> None:
    found = await groups(Client(), "SUBNET", 3)

    assert [(g["other"], g["size"]) for g in found] == [(False, 1), (False, 1), (False, 1), (True, 27)]
    assert found[-1]["share"] == 0.9


def test_a_node_belongs_to_the_network_around_its_address() -> None:
    asked = ("45.0.1.7:9001", "[2001:db8:1:2::7]:9001", "example:9001", "")

    assert [subnet_of(a) for a in asked] == ["45.0.1.0/24", "2001:db8:1::/48", None, None]


async def test_what_is_not_known_is_a_group_without_a_key() -> None:
    found = await groups(Client([snapshot([pnode(1, version=None), pnode(2)])]), "VERSION")

    assert {(g["key"], g["other"]) for g in found} == {("0.8.0", False), (None, False)}


@pytest.mark.parametrize("top", [0, 501])
async def test_the_number_of_groups_is_bounded(top: int) -> None:
    assert await Client().code(GROUPS, {"key": "STATUS", "top": top}) == "BAD_USER_INPUT"


async def test_aggregates_are_over_all_that_match_whatever_the_page() -> None:
    nodes = [pnode(i, uptime=i * 100, storage_committed=2**62) for i in range(1, 6)]
    nodes += [pnode(6, uptime=None, status=PNodeStatus.OFFLINE)]

    found = (
        await Client([snapshot(nodes)]).ask(
            "{ pnodes(first: 1) { aggregate { count uptime { count sum avg min max p50 p95 } "
            "storageCommitted { sum max } score { count avg } } } }"
        )
    )["pnodes"]["aggregate"]

    assert found["count"] == 6
    assert found["uptime"] == {
        "count": 5,
        "sum": 1_500,
        "avg": 300.0,
        "min": 100,
        "max": 500,
        "p50": 300.0,
        "p95": 480.0,
    }
    assert found["storageCommitted"]["max"] == str(2**62)
    assert int(found["storageCommitted"]["sum"]) > 5 * 2**62
    assert found["score"] == {"count": 5, "avg": 85.0}


async def test_aggregates_of_nothing_are_null_but_for_the_count() -> None:
    found = await Client([snapshot([])]).ask(
        "{ pnodes { aggregate { count uptime { count sum avg min max p50 p95 } groupBy(key: STATUS) { size } } } }"
    )

    assert found["pnodes"]["aggregate"] == {
        "count": 0,
        "uptime": {"count": 0, "sum": None, "avg": None, "min": None, "max": None, "p50": None, "p95": None},
        "groupBy": [],
    }
