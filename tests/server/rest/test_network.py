"""The network routes: health, analytics, history, growth, topology, consistency, operators, alerts."""

from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from schema.domain.base import DAY, HOUR
from schema.domain.errors import RangeTooLarge
from schema.domain.history.points import History, Resolution
from schema.domain.history.rollup import OTHER_VERSIONS
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import AddressSighting, LivenessBasis, PNodeStatus, Provenance
from schema.domain.snapshot.record import NetworkTotals
from server.rest.network import network_routes
from server.rest.service import ServiceInfo
from server.rest.view import Views
from tests import factories
from tests.factories import AT, SEEDS, address
from tests.fakes import FakeReads
from tests.server.rest.world import make_client, network_point, shared_client, world


def get(path: str, **params: object) -> Any:
    response = shared_client().get(path, params={name: str(value) for name, value in params.items()})
    assert response.status_code == 200
    return response.json()


def network_client(reads: FakeReads, **changes: Any) -> TestClient:
    """A client of the network routes alone."""

    def routes(reads: FakeReads, service: ServiceInfo) -> APIRouter:
        return network_routes(Views(reads, service)).router

    return make_client(reads, routes=routes, **changes)


def test_health_has_the_summary_and_the_stats_of_the_node_list() -> None:
    health, nodes = get("/network/health"), get("/pnodes")
    assert (health["summary"], health["network_stats"]) == (nodes["summary"], nodes["network_stats"])


def test_what_is_wrong_with_the_network_is_told() -> None:
    alerts = get("/network/health")["alerts"]
    assert ("low_node_count", "medium") in {(alert["type"], alert["severity"]) for alert in alerts}


def test_analytics_add_up() -> None:
    body = get("/network/analytics")
    state, online = body["current_state"], 33
    assert (state["total_pnodes"], state["online_pnodes"]) == (37, online)
    assert state["public_nodes"] + state["private_nodes"] + state["unknown_nodes"] == online
    versions = body["version_analysis"]
    assert versions["latest_version_count"] + versions["outdated_count"] + versions["unknown_count"] == online
    assert sum(body["storage_analysis"]["distribution"].values()) == online
    assert sum(body["connectivity_analysis"]["distribution"].values()) == online
    assert sum(body["version_analysis"]["distribution"].values()) == online
    assert body["version_analysis"]["latest_version"] == "0.8.0"


def test_what_nobody_says_is_a_class_of_its_own_wherever_classes_are_counted() -> None:
    """Lists of release 1.2 from other sources have no is_public at all."""
    unsaid = {"is_public": None, "version": None, "storage_usage_percent": None, "consistency": None}
    nodes = [
        factories.pnode(1, is_public=True),
        factories.pnode(2, is_public=False, version="0.7.3"),
        *(factories.pnode(number, **unsaid) for number in range(3, 8)),
    ]
    snapshot = factories.snapshot(nodes)
    point = network_point(AT, online=7, public=1, private=1, versions=(("0.8.0", 1), ("0.7.3", 1), (None, 5)))
    client = make_client(FakeReads([snapshot], network_points=[point]))
    body = client.get("/network/analytics").json()
    state, versions = body["current_state"], body["version_analysis"]
    assert (state["public_nodes"], state["private_nodes"], state["unknown_nodes"]) == (1, 1, 5)
    assert (versions["latest_version_count"], versions["outdated_count"], versions["unknown_count"]) == (1, 1, 5)
    assert versions["distribution"]["unknown"] == body["storage_analysis"]["distribution"]["unknown"] == 5
    (shown,) = client.get("/network/history").json()["history"]
    assert (shown["public_pnodes"], shown["private_pnodes"], shown["public_unknown_pnodes"]) == (1, 1, 5)
    assert shown["version_distribution"] == {"0.8.0": 1, "0.7.3": 1, "unknown": 5}
    groups = [node["group"] for node in client.get("/network/topology").json()["nodes"] if node["type"] == "pnode"]
    assert (groups.count("public"), groups.count("private"), groups.count("unknown")) == (1, 1, 5)
    steady = client.get("/network/consistency").json()["summary"]
    assert (steady["total_nodes"], steady["stable_nodes"], steady["unknown_nodes"]) == (7, 2, 5)
    reach = [client.get(f"/registry/{node.address}").json()["status"]["status"] for node in nodes[:3]]
    assert reach == ["public", "private", "unknown"]


def test_analytics_tell_what_a_cycle_costs() -> None:
    client = network_client(world(), cache_hit_ratio=lambda: 0.123456)
    assert client.get("/network/analytics").json()["performance"] == {
        "cycle_seconds": 0.8,
        "crawl_seconds": 0.5,
        "compute_seconds": 0.1,
        "seeds_ok": 3,
        "seeds_failed": 0,
        "rpc_latency_p50_ms": 12.5,
        "rpc_latency_p95_ms": 12.5,
        "snapshot_age_seconds": 0,
        "response_cache_hit_ratio": 0.1235,
    }


def test_the_cache_hit_ratio_is_read_once_a_view_so_that_bytes_stay_equal() -> None:
    ratios = iter((0.1, 0.2, 0.3))
    client = network_client(world(), cache_hit_ratio=lambda: next(ratios))
    assert client.get("/network/analytics").content == client.get("/network/analytics").content


def test_both_names_for_growth() -> None:
    body = get("/network/analytics")
    assert body["growth"] == body["growth_metrics"]


def test_growth_is_against_the_snapshot_of_that_time() -> None:
    growth = get("/network/growth", hours=24)["growth_metrics"]
    assert (growth["available"], growth["period_hours"], growth["covered_hours"]) == (True, 24, 24.0)
    assert growth["nodes"] == {"start_count": 27, "end_count": 37, "growth": 10, "growth_percent": 37.04}
    assert growth["comparison"]["start_time"] == AT - DAY + 2


@pytest.mark.parametrize("hours", [1, 24, 168, 720])
@pytest.mark.parametrize("known", [0.4, 1, 23, 24, 167, 168])
def test_growth_over_more_than_is_known_is_not_available(hours: int, known: float) -> None:
    store = [factories.network(10, AT - int(at * HOUR)) for at in (168, 167, 24, 23, 1, 0.4) if at <= known]
    client = network_client(FakeReads([*store, factories.network(20)]))
    growth = client.get("/network/growth", params={"hours": hours}).json()["growth_metrics"]
    assert growth["available"] is (known >= hours)
    if known < hours:
        assert growth.keys() == {"available", "message"}
        assert f"of {hours} hour{'' if hours == 1 else 's'} are known" in growth["message"]
    periods = client.get("/network/analytics").json()["growth"]
    assert {name: each["available"] for name, each in periods.items()} == {
        "24_hours": known >= 24,
        "7_days": known >= 168,
    }


def test_snapshots_that_were_taken_at_other_moments_of_their_slots_cover_the_time_between() -> None:
    late = factories.network(10, AT - DAY, taken_at=AT - DAY + 59)
    client = network_client(FakeReads([late, factories.network(20)]))
    assert client.get("/network/growth").json()["growth_metrics"]["available"] is True


def test_histories_say_how_much_of_the_asked_time_they_cover() -> None:
    assert get("/network/history", hours=24)["summary"]["covered_hours"] == 2.02
    assert get("/network/history", hours=1)["summary"]["covered_hours"] == 0.02
    assert get(f"/node/{address(1)}/history")["time_range"]["covered_hours"] == 2.02
    assert get(f"/node/{address(1)}/metrics-summary")["metrics"]["covered_hours"] == 2.02
    empty = network_client(FakeReads([factories.network(5)])).get("/network/history").json()["summary"]
    assert (empty["covered_hours"], empty["start_timestamp"], empty["end_timestamp"]) == (0.0, None, None)


def test_the_ends_of_a_history_are_the_times_of_its_first_and_last_point() -> None:
    network, node = get("/network/history"), get(f"/node/{address(1)}/history")
    assert network["summary"]["start_timestamp"] == network["history"][0]["timestamp"]
    assert network["summary"]["end_timestamp"] == network["history"][-1]["timestamp"]
    assert network["summary"]["end_time_readable"] == network["history"][-1]["timestamp_readable"]
    assert node["time_range"]["start"] == node["history"][0]["timestamp"]
    assert node["time_range"]["end"] == node["history"][-1]["timestamp"]
    assert node["time_range"]["end_readable"] == node["history"][-1]["timestamp_readable"]


def test_growth_counts_what_is_in_gossip_on_every_route_and_can_fall() -> None:
    """Ten nodes, three of which have left gossip. They stay known for a month."""
    before = factories.snapshot([factories.pnode(number) for number in range(1, 11)], AT - DAY)
    after = factories.snapshot(
        [
            factories.pnode(number, status=PNodeStatus.OFFLINE if number <= 3 else PNodeStatus.ONLINE)
            for number in range(1, 11)
        ]
    )
    points = [network_point(snapshot.slot, **_counted(snapshot.header.totals)) for snapshot in (before, after)]
    client = make_client(FakeReads([before, after], network_points=points))
    history = client.get("/network/history?hours=25").json()
    assert [point["total_pnodes"] for point in history["history"]] == [10, 7]
    fallen = {"start_count": 10, "end_count": 7, "growth": -3, "growth_percent": -30.0}
    assert history["summary"]["node_growth"] == fallen | {"trend": "declining"}
    assert client.get("/network/growth").json()["growth_metrics"]["nodes"] == fallen
    analytics = client.get("/network/analytics").json()
    assert (analytics["growth"]["24_hours"]["nodes"], analytics["current_state"]["total_pnodes"]) == (fallen, 7)
    assert client.get("/health").json()["total_pnodes"] == 7
    assert client.get("/").json()["system_status"]["nodes_tracked"] == 7
    assert client.get("/network/topology").json()["stats"]["pnodes"] == 7
    assert client.get("/all-nodes").json()["summary"]["total_pnodes"] == 7
    for path in ("/pnodes", "/network/health"):
        summary = client.get(path).json()["summary"]
        assert (summary["total_pnodes"], summary["in_gossip_pnodes"], summary["offline_pnodes"]) == (10, 7, 3)


def _counted(totals: NetworkTotals) -> dict[str, Any]:
    return {"total": totals.total, "online": totals.online, "offline": totals.offline}


def test_growth_across_a_gap_is_not_available() -> None:
    snapshots = [factories.network(10, AT - 40 * DAY), factories.network(20, AT - HOUR), factories.network(30, AT)]
    client = network_client(FakeReads(snapshots))
    growth = client.get("/network/growth").json()["growth_metrics"]
    assert growth == client.get("/network/analytics").json()["growth"]["24_hours"]
    assert growth.keys() == {"available", "message"}
    assert client.get("/network/growth?hours=1").json()["growth_metrics"]["nodes"]["growth"] == 9


def test_without_an_earlier_snapshot_growth_is_not_available() -> None:
    client = network_client(FakeReads([factories.network(10)]))
    growth = client.get("/network/growth").json()["growth_metrics"]
    assert growth.keys() == {"available", "message"}
    assert growth["available"] is False


def test_history_tells_first_against_last() -> None:
    body = get("/network/history")
    assert [point["total_pnodes"] for point in body["history"]] == [26, 28, 29]
    assert [point["online_pnodes"] for point in body["history"]] == [20, 24, 25]
    assert [point["partial"] for point in body["history"]] == [False, False, True]
    summary = body["summary"]
    assert (summary["data_points"], summary["start_timestamp"]) == (3, AT - 2 * HOUR)
    assert summary["node_growth"] == {
        "start_count": 26,
        "end_count": 29,
        "growth": 3,
        "growth_percent": 11.54,
        "trend": "growing",
    }
    assert summary["storage_growth"]["trend"] == "growing"
    assert summary["network_health"] == {
        "start_avg_peers": 2.5,
        "end_avg_peers": 3.0,
        "peer_change": 0.5,
        "connectivity_trend": "improving",
    }
    assert summary["version_stability"]["stability"] == "stable"


def test_history_reaches_back_from_the_end_of_the_newest_slot() -> None:
    assert len(get("/network/history", hours=1)["history"]) == 1
    assert len(get("/network/history", hours=2)["history"]) == 2
    assert len(get("/network/history", hours=3)["history"]) == 3


@pytest.mark.parametrize(
    ("name", "resolution"),
    [
        ("auto", Resolution.AUTO),
        ("raw", Resolution.RAW),
        ("5m", Resolution.M5),
        ("1h", Resolution.H1),
        ("1d", Resolution.D1),
    ],
)
def test_the_resolution_is_passed_on_and_the_one_used_is_told(name: str, resolution: Resolution) -> None:
    class Asked(FakeReads):
        resolution: Resolution | None = None

        async def network_history(
            self, start: int, end: int, resolution: Resolution, *, include_current: bool = False
        ) -> History:
            self.resolution = resolution
            assert include_current
            return await super().network_history(start, end, resolution, include_current=include_current)

    reads = Asked([factories.network(5)])
    body = network_client(reads).get("/network/history", params={"resolution": name}).json()
    assert reads.resolution is resolution
    assert body["summary"]["resolution"] == ("raw" if name == "auto" else name)


def test_a_resolution_that_is_too_fine_gives_the_finest_that_fits() -> None:
    class Long(FakeReads):
        async def network_history(
            self, start: int, end: int, resolution: Resolution, *, include_current: bool = False
        ) -> History:
            if resolution is not Resolution.AUTO:
                raise RangeTooLarge("43200 points at RAW: expected at most 5000", {"limit": 5_000})
            return await super().network_history(start, end, Resolution.H1, include_current=include_current)

    client = network_client(Long([factories.network(5)], network_points=[network_point(AT)]))
    body = client.get("/network/history", params={"hours": 720, "resolution": "raw"}).json()
    assert (body["summary"]["resolution"], body["summary"]["data_points"]) == ("1h", 1)


def test_an_empty_history_still_has_every_key_of_its_summary() -> None:
    full = get("/network/history")["summary"]
    empty = network_client(FakeReads([factories.network(5)])).get("/network/history").json()
    assert empty["history"] == []
    assert empty["summary"].keys() == full.keys() | {"message"}
    assert empty["summary"]["node_growth"]["growth"] == 0


def test_versions_that_share_a_name_are_added_up() -> None:
    point = network_point(AT, versions=((None, 3), ("unknown", 2), ("0.8.0", 5), (OTHER_VERSIONS, 4)))
    client = network_client(FakeReads([factories.network(5)], network_points=[point]))
    (shown,) = client.get("/network/history").json()["history"]
    assert shown["version_distribution"] == {"unknown": 5, "0.8.0": 5, "other": 4}
    assert shown["version_diversity_index"] == 2


def test_a_version_that_nobody_knows_makes_the_network_no_more_diverse() -> None:
    points = [network_point(AT - 60, versions=((None, 24),)), network_point(AT)]
    client = network_client(FakeReads([factories.network(5)], network_points=points))
    shown = [point["version_diversity_index"] for point in client.get("/network/history").json()["history"]]
    assert shown == [0, 1]


def test_topology_names_seeds_and_addresses() -> None:
    body = get("/network/topology")
    seeds = [node["id"] for node in body["nodes"] if node["type"] == "ip_node"]
    pods = [node["id"] for node in body["nodes"] if node["type"] == "pnode"]
    assert seeds == list(SEEDS)
    assert pods == sorted(pods)
    assert all(edge["source"] in seeds and edge["target"] in pods for edge in body["edges"])
    assert body["stats"]["total_connections"] == len(body["edges"]) == 3 * len(pods)


def test_a_silent_seed_is_in_the_topology_with_zeros() -> None:
    seeds = (factories.seed_report(SEEDS[0]), factories.seed_report(SEEDS[1], failure=FailureCategory.TIMEOUT))
    client = network_client(FakeReads([factories.network(5, seeds=seeds)]))
    nodes = {node["id"]: node for node in client.get("/network/topology").json()["nodes"]}
    assert set(nodes[SEEDS[1]]["properties"].values()) == {0}


def test_consistency_orders() -> None:
    by_score = get("/network/consistency")["nodes"]
    assert by_score == sorted(by_score, key=lambda n: (-n["consistency_score"], n["address"]))
    by_drops = get("/network/consistency", sort_by="gossip_disappearances")["nodes"]
    assert by_drops == sorted(by_drops, key=lambda n: (-n["gossip_disappearances"], n["address"]))
    by_address = get("/network/consistency", sort_by="address")["nodes"]
    assert by_address == sorted(by_address, key=lambda n: n["address"])


def test_flapping_nodes_are_those_of_the_network_and_not_of_the_page() -> None:
    body = get("/network/consistency", limit=1)
    assert [node["address"] for node in body["nodes"]] != [address(40)]
    assert [node["address"] for node in body["flapping_nodes"]] == [address(40)]
    assert (body["summary"]["flapping_nodes"], body["summary"]["total_nodes"]) == (1, 40)


def test_one_nodes_consistency() -> None:
    body = get(f"/node/{address(40)}/consistency")
    assert body["consistency"] == {
        "score": 0.4,
        "status": "flapping",
        "status_emoji": "🔴",
        "appearances": 12,
        "disappearances": 11,
        "ratio": "12:11",
        "total_events": 23,
    }
    activity = body["recent_activity"]
    assert (activity["time_since_drop_seconds"], activity["time_since_drop_hours"]) == (1_202, 0.33)
    assert [advice["severity"] for advice in body["recommendations"]] == ["high", "medium", "warning"]


def test_operators_count_all_nodes_whatever_the_list_leaves_out() -> None:
    body, few = get("/operators"), get("/operators", min_nodes=2, limit=1)
    assert body["summary"] == few["summary"]
    assert sum(operator["node_count"] for operator in body["operators"]) == body["summary"]["total_nodes"] == 40
    assert few["operators"] == []


def test_operators_count_the_addresses_of_a_key_as_the_earlier_api_did() -> None:
    sightings = tuple(
        AddressSighting(address=address(1, 9000 + i), status=PNodeStatus.ONLINE if i < 2 else PNodeStatus.GHOST)
        for i in range(14)
    )
    many = factories.pnode(1, address=address(1, 9000), sightings=sightings)
    away = factories.pnode(2, status=PNodeStatus.OFFLINE, sightings=())
    client = make_client(FakeReads([factories.snapshot([many, away])]))
    body = client.get("/operators").json()
    assert [(one["node_count"], one["online_nodes"]) for one in body["operators"]] == [(14, 2), (1, 0)]
    assert [one["pubkey"] for one in client.get("/operators?min_nodes=2").json()["operators"]] == [many.pubkey]
    assert (body["summary"]["total_operators"], body["summary"]["total_nodes"]) == (2, 15)
    assert body["summary"]["avg_nodes_per_operator"] == 7.5
    assert body["summary"]["largest_operator_share_percent"] == 93.33
    assert all(len(one["addresses"]) == one["node_count"] for one in body["operators"])


def test_alert_filters_apply_to_everything_that_is_listed() -> None:
    everything, critical = get("/alerts", limit=500), get("/alerts/critical")
    assert critical == get("/alerts", severity="critical", limit=500) | {"filters": critical["filters"]}
    assert critical["summary"]["total"] == critical["summary"]["critical"] == everything["summary"]["critical"]
    warnings = get("/alerts", severity="warning")
    assert warnings["critical_nodes"] == []
    assert {alert["severity"] for alert in warnings["alerts"]} == {"warning"}
    offline = get("/alerts", alert_type="offline")
    assert set(offline["summary"]["by_type"]) == {"offline"}
    assert offline["nodes_with_alerts"] == offline["summary"]["total"] == 7


def test_all_nodes_are_checked_for_alerts_whatever_the_limit() -> None:
    one = get("/alerts", limit=1)
    assert one["nodes_checked"] == 40
    assert (len(one["alerts"]), len(one["critical_nodes"])) == (1, 1)
    assert one["summary"] == get("/alerts")["summary"]


def test_a_critical_node_counts_all_its_alerts() -> None:
    (node,) = get("/alerts/critical")["critical_nodes"]
    mine = get(f"/pnodes/{address(39)}/alerts")
    assert node["address"] == address(39)
    assert node["alert_count"] == mine["summary"]["total"]
    assert node["critical_alerts"] == [alert for alert in mine["alerts"] if alert["severity"] == "critical"]


def test_the_root_tells_how_the_service_is_doing() -> None:
    assert get("/")["system_status"] == {
        "status": "operational",
        "nodes_tracked": 37,
        "snapshot_age_seconds": 0,
        "last_updated": AT + 2,
        "network": "devnet",
    }
    states = [shared_client(state).get("/").json()["system_status"]["status"] for state in ("no snapshot", "stale")]
    assert states == ["initializing", "unhealthy"]


def test_all_nodes_serves_both_older_shapes() -> None:
    body = get("/all-nodes")
    assert [pod["address"] for pod in body["merged_pnodes"]] == sorted(
        node["address"] for node in get("/pnodes", limit=1000)["pnodes"]
    )
    assert {pod["source_ip"] for pod in body["merged_pnodes"]} <= body["ip_nodes"].keys()
    assert body["summary"]["total_pnodes_raw"] == len(body["merged_pnodes_raw"])
    assert body["summary"]["unique_pnodes"] == len(body["merged_pnodes"])
    assert get("/all-nodes", version="raw") == {"version": "raw", "nodes": body["merged_pnodes_raw"]}
    assert get("/all-nodes", version="unique") == {"version": "unique", "nodes": body["merged_pnodes_unique"]}
    assert get("/all-nodes", version="all") == body


def test_a_seed_that_no_list_names_is_shown_under_itself() -> None:
    alone = factories.pnode(3, witnesses=(), listed=False, is_seed=True, liveness_basis=LivenessBasis.DIRECT)
    reports = (factories.seed_report(SEEDS[0]), factories.seed_report(SEEDS[1], node_id=alone.id))
    snapshot = factories.snapshot([factories.pnode(1, witnesses=SEEDS[:1]), alone], seeds=reports)
    body = make_client(FakeReads([snapshot])).get("/all-nodes").json()
    assert {pod["address"]: pod["source_ip"] for pod in body["merged_pnodes"]} == {
        address(1): SEEDS[0],
        address(3): SEEDS[1],
    }
    assert body["summary"]["unique_pnodes"] == body["summary"]["total_pnodes"] == 2
    assert {pod["address"]: pod["peer_count"] for pod in body["merged_pnodes_unique"]} == {address(1): 1, address(3): 0}
    assert [pod["address"] for pod in body["merged_pnodes_raw"]] == [address(1)]


def test_an_online_node_that_is_listed_by_none_at_the_moment_stays_under_a_seed_that_listed_it() -> None:
    fields = {"witnesses": (), "listed": False}
    nodes = [
        factories.pnode(1, **fields, source_ips=SEEDS[:2]),
        factories.pnode(2, **fields, source_ips=("192.0.2.1",), provenance=Provenance(seed=None, observed_at=AT)),
        factories.pnode(3, **fields, status=PNodeStatus.OFFLINE),
    ]
    body = make_client(FakeReads([factories.snapshot(nodes)])).get("/all-nodes").json()
    assert [(pod["address"], pod["source_ip"]) for pod in body["merged_pnodes"]] == [(address(1), SEEDS[0])]
    assert [pod["address"] for pod in body["merged_pnodes_unique"]] == [address(1)]


def test_ghosts_are_listed_by_seeds_and_not_shown_as_online() -> None:
    nodes = [factories.pnode(1), factories.pnode(2, status=PNodeStatus.GHOST)]
    body = make_client(FakeReads([factories.snapshot(nodes)])).get("/all-nodes").json()
    assert [pod["address"] for pod in body["merged_pnodes"]] == [address(1)]
    assert {pod["address"]: pod["status"] for pod in body["merged_pnodes_unique"]} == {
        address(1): "ONLINE",
        address(2): "GHOST",
    }
