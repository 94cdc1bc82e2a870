"""Routes about one node: registry, graveyard, history, metrics."""

from collections.abc import Sequence
from typing import Any

import pytest

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import History, Resolution
from schema.domain.node.pnode import PNodeStatus
from tests import factories
from tests.factories import AT, address, key
from tests.fakes import FakeReads
from tests.server.rest.walking import bodies, objects
from tests.server.rest.world import make_client, node_point, registry_entry, shared_client


def get(path: str, **params: object) -> Any:
    response = shared_client().get(path, params={name: str(value) for name, value in params.items()})
    assert response.status_code == 200
    return response.json()


def test_a_departed_node_is_answered_from_the_registry() -> None:
    entry = get(f"/registry/{address(900)}")["entry"]
    assert (entry["is_online"], entry["tier"], entry["score"]) == (False, "offline", 0)
    assert (entry["uptime"], entry["uptime_days"]) == (0, 0.0)
    assert entry["offline_duration"] == 100 * DAY + 2
    assert (entry["gossip_appearances"], entry["gossip_disappearances"]) == (3, 3)


@pytest.mark.parametrize("status", [status for status in PNodeStatus if status is not PNodeStatus.ONLINE])
def test_the_last_uptime_of_a_node_that_is_not_online_is_nobodys(status: PNodeStatus) -> None:
    node = factories.pnode(1, status=status, uptime=5 * DAY, score=None)
    entry = make_client(FakeReads([factories.snapshot([node])])).get(f"/registry/{node.address}").json()["entry"]
    assert (entry["uptime"], entry["uptime_days"]) == (0, 0.0)


def test_a_departed_node_is_found_by_every_address_it_had() -> None:
    assert get(f"/registry/{address(900, 4711)}") == get(f"/registry/{key(900)}") == get(f"/registry/{address(900)}")


@pytest.mark.parametrize("name", [address(1), key(1), address(900), address(900, 4711)])
def test_a_node_is_found_under_the_list_of_nodes_as_in_the_registry(name: str) -> None:
    assert get(f"/pnodes/{name}") == get(f"/registry/{name}")


def test_an_unknown_node_is_the_same_error_under_both_paths() -> None:
    here, there = shared_client().get("/pnodes/nobody"), shared_client().get("/registry/nobody")
    assert (here.status_code, here.json()) == (there.status_code, there.json())
    assert here.status_code == 404


def test_a_node_without_a_usable_address_is_shown_under_its_key_on_every_route() -> None:
    nodes = [
        factories.pnode(1, address="", sightings=()),
        factories.pnode(2, address="", sightings=()),
        factories.pnode(3),
    ]
    reads = FakeReads([factories.snapshot(nodes)])
    texts = [each for _, body in bodies(make_client(reads), reads) for each in objects(body) if "address" in each]
    assert len(texts) > 20
    assert {key(1), key(2)} <= {each["address"] for each in texts}
    assert all(each["address"] for each in texts)
    assert make_client(reads).get(f"/registry/{key(1)}").json()["entry"]["address"] == key(1)


def test_the_registry_lists_all_nodes_by_the_contact_that_it_shows() -> None:
    body = get("/registry")
    assert (body["count"], body["total"]) == (41, 41)
    shown = [(-entry["last_seen"], entry["address"]) for entry in body["items"]]
    assert shown == sorted(shown)
    assert body["items"][-1]["address"] == address(900)
    assert get("/registry", skip=1)["items"] == body["items"][1:]


def test_the_registry_is_ordered_by_present_contacts_and_not_by_those_that_it_keeps() -> None:
    present = [factories.pnode(1, last_seen=AT - 50), factories.pnode(2, last_seen=AT)]
    kept = [
        registry_entry(1, last_seen=AT - 60),
        registry_entry(2, last_seen=AT - DAY),
        registry_entry(3, last_seen=AT - 90),
    ]
    client = make_client(FakeReads([factories.snapshot(present)], registry=kept))
    items = client.get("/registry").json()["items"]
    assert [(item["address"], item["last_seen"]) for item in items] == [
        (address(2), AT),
        (address(1), AT - 50),
        (address(3), AT - 90),
    ]


def test_where_no_seed_gives_a_contact_the_registry_goes_by_the_last_observation() -> None:
    present = [factories.pnode(1, last_seen=AT - 50), factories.pnode(2, last_seen=None)]
    kept = [registry_entry(3, last_seen=None, updated_slot=AT - 20)]
    client = make_client(FakeReads([factories.snapshot(present)], registry=kept))
    items = client.get("/registry").json()["items"]
    assert [item["address"] for item in items] == [address(2), address(3), address(1)]
    shown = [item["last_seen"] for item in items]
    assert shown == sorted(shown, reverse=True)


def test_a_registry_entry_of_a_present_node_has_its_present_figures() -> None:
    assert get("/registry")["items"][0] == get(f"/registry/{address(1)}")["entry"]


def test_the_graveyard_holds_those_gone_for_so_long() -> None:
    assert [entry["address"] for entry in get("/graveyard")["items"]] == [address(900)]
    assert get("/graveyard", days=101)["items"] == []
    with_present = get("/graveyard", days=0)
    assert with_present["total"] == with_present["count"] == 41


def test_a_node_in_contact_is_in_no_graveyard_whatever_the_registry_kept_of_it() -> None:
    reads = FakeReads(
        [factories.snapshot([factories.pnode(1, last_seen=AT)])], registry=[registry_entry(1, last_seen=AT - 3 * DAY)]
    )
    assert make_client(reads).get("/graveyard?days=2").json()["total"] == 0


def test_history_has_real_scores_offline_points_and_availability() -> None:
    body = get(f"/node/{address(1)}/history")
    assert [point["is_online"] for point in body["history"]] == [True, False, True]
    assert [point["score"] for point in body["history"]] == [80.0, 0, 85.0]
    assert [point["peer_count"] for point in body["history"]] == [3, 0, 3]
    assert body["availability"] == {
        "online_snapshots": 2,
        "offline_snapshots": 1,
        "total_snapshots": 3,
        "availability_percent": 66.67,
    }
    assert body["trends"] == {
        "uptime_change_seconds": DAY,
        "uptime_change_hours": 24.0,
        "storage_used_change_bytes": 500,
        "storage_used_change_gb": 0.0,
        "score_change": 5.0,
        "score_trend": "improving",
    }


def test_history_of_an_unknown_node_is_an_answer() -> None:
    body = get("/node/nobody/history")
    assert (body["address"], body["available"], body["error"]) == ("nobody", False, None)
    assert body["message"]
    assert body["note"]


def test_a_known_node_without_history_says_so() -> None:
    assert get(f"/node/{address(2)}/history")["available"] is False
    assert get(f"/node/{address(2)}/metrics-summary")["metrics"].keys() == {"available", "message"}


def test_metrics_are_averages_over_the_range() -> None:
    metrics = get(f"/node/{address(1)}/metrics-summary")["metrics"]
    assert metrics == {
        "available": True,
        "time_range_hours": 24,
        "covered_hours": 2.02,
        "snapshots_analyzed": 3,
        "availability_percent": 66.67,
        "avg_score": 55.0,
        "avg_storage_usage": 25.0,
        "avg_peer_count": 2.0,
        "min_score": 0.0,
        "max_score": 85.0,
    }


def test_history_is_joined_over_all_ids_of_a_node() -> None:
    class Asked(FakeReads):
        asked: tuple[Any, ...] = ()

        async def node_history(
            self,
            node_ids: Sequence[str],
            start: int,
            end: int,
            resolution: Resolution,
            *,
            include_current: bool = False,
        ) -> History:
            self.asked = (tuple(node_ids), start, end, resolution, include_current)
            return await super().node_history(node_ids, start, end, resolution, include_current=include_current)

    node = factories.pnode(1, former_ids=("addr:45.9.9.9:9001",))
    reads = Asked([factories.snapshot([node])], node_points={"addr:45.9.9.9:9001": (node_point(AT - HOUR),)})
    body = make_client(reads).get(f"/node/{node.address}/history?days=7").json()
    assert body["data_points"] == 1
    end = AT + 60
    assert reads.asked == ((node.id, "addr:45.9.9.9:9001"), end - 7 * DAY, end, Resolution.AUTO, True)


def test_history_status_counts_what_is_kept() -> None:
    body = get("/nodes/history-status")
    assert body["total_nodes_with_history"] == len(body["nodes"]) == 5
    assert body["global_stats"] == {"oldest_snapshot": AT - 7 * DAY, "newest_snapshot": AT, "total_snapshots": 15}
    assert {node["days_tracked"] for node in body["nodes"]} == {0.08}


def test_history_of_a_node_that_has_left_names_its_address_or_its_id() -> None:
    reads = FakeReads([factories.network(3)], node_points={"addr:45.9.9.9:9001": (node_point(AT),)})
    (row,) = make_client(reads).get("/nodes/history-status").json()["nodes"]
    assert row["address"] == "addr:45.9.9.9:9001"


def test_a_departed_nodes_history_is_still_asked_for() -> None:
    reads = FakeReads(
        [factories.network(3)], registry=[registry_entry(900)], node_points={key(900): (node_point(AT - HOUR),)}
    )
    assert make_client(reads).get(f"/node/{address(900)}/history").json()["data_points"] == 1
