"""`/pnodes`, `/recommendations` and `/pnodes/compare`: filters, orders, pages and winners."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.node.pnode import PNodeStatus
from tests import factories
from tests.factories import AT, address
from tests.fakes import FakeReads
from tests.server.rest.test_params import WORDS
from tests.server.rest.world import make_client, shared_client

SORT_KEYS = next(words for route, name, words in WORDS if (route, name) == ("/pnodes", "sort_by"))


def listed(**params: object) -> dict[str, Any]:
    response = shared_client().get("/pnodes", params={name: str(value) for name, value in params.items()})
    assert response.status_code == 200
    return response.json()


def test_counts_do_not_depend_on_the_filter() -> None:
    summaries = [listed(status=status)["summary"] for status in ("all", "online", "offline")]
    assert summaries[0] == summaries[1] == summaries[2]
    assert (summaries[0]["total_pnodes"], summaries[0]["online_pnodes"], summaries[0]["offline_pnodes"]) == (40, 33, 7)


def test_statuses_part_the_nodes() -> None:
    everyone, online, offline = (
        {node["id"] for node in listed(status=status)["pnodes"]} for status in ("all", "online", "offline")
    )
    assert online | offline == everyone
    assert not online & offline
    assert all(node["is_online"] for node in listed(status="online")["pnodes"])


@pytest.mark.parametrize("sort_by", SORT_KEYS)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_the_order_is_total_and_ties_end_with_the_address(sort_by: str, order: str) -> None:
    nodes = listed(status="all", sort_by=sort_by, sort_order=order)["pnodes"]
    sign = -1 if order == "desc" else 1
    assert nodes == sorted(nodes, key=lambda node: (sign * node[sort_by], node["address"]))


@given(skip=st.integers(0, 60), limit=st.integers(1, 60))
def test_a_page_is_a_window_of_the_whole(skip: int, limit: int) -> None:
    whole = listed(status="all", sort_by="score")["pnodes"]
    page = listed(status="all", sort_by="score", skip=skip, limit=limit)
    assert page["pnodes"] == whole[skip : skip + limit]
    assert page["pagination"] == {
        "total": len(whole),
        "limit": limit,
        "skip": skip,
        "returned": len(page["pnodes"]),
    }


def test_any_known_name_finds_a_node() -> None:
    node = factories.pnode(
        1,
        former_ids=("addr:45.9.9.9:9001",),
        previous_addresses=({"address": "45.9.9.9:9001", "until": AT - DAY},),
        sightings=({"address": "45.8.8.8:4711", "status": PNodeStatus.GHOST},),
    )
    client = make_client(FakeReads([factories.snapshot([node])]))
    for key in (node.id, node.address, "45.9.9.9:9001", "addr:45.9.9.9:9001", "45.8.8.8:4711"):
        assert client.get(f"/registry/{key}").json()["entry"]["id"] == node.id
    assert client.get("/pnodes").json()["pnodes"][0]["previous_addresses"] == [
        {"address": "45.9.9.9:9001", "until": AT - DAY}
    ]


def test_ages_grow_in_answers_while_no_newer_snapshot_comes() -> None:
    reads = FakeReads([factories.network(10)])
    ages = [
        make_client(reads, now=lambda now=now: AT + 2 + now).get("/pnodes").json()["summary"]["snapshot_age_seconds"]
        for now in (0, 59, 60, 130, 3_600)
    ]
    assert ages == [0, 0, 60, 120, 3_600]


def recommended(**params: object) -> dict[str, Any]:
    return shared_client().get("/recommendations", params={name: str(value) for name, value in params.items()}).json()


def test_recommendations_are_online_and_best_first() -> None:
    body = recommended(limit=50, min_uptime_days=1)
    nodes = {node["address"]: node for node in listed(status="all")["pnodes"]}
    found = body["recommendations"]
    assert found
    assert all(nodes[each["address"]]["is_online"] for each in found)
    assert found == sorted(found, key=lambda each: (-each["score"], each["address"]))
    assert all(each["score"] == nodes[each["address"]]["score"] for each in found)


def test_all_nodes_were_looked_at() -> None:
    assert recommended(limit=1)["total_evaluated"] == 40


@pytest.mark.parametrize(
    ("params", "holds"),
    [
        ({"min_score": 70}, lambda each: each["score"] >= 70),
        ({"require_public": "true"}, lambda each: each["is_public"]),
        ({"min_uptime_days": 20}, lambda each: each["uptime_days"] >= 20),
    ],
)
def test_each_criterion_leaves_out_those_that_fail_it(params: dict[str, object], holds: Any) -> None:
    base = {"limit": 50, "min_uptime_days": 1}
    everyone, passed = (recommended(**base | more)["recommendations"] for more in ({}, params))
    assert 0 < len(passed) < len(everyone)
    assert all(holds(each) for each in passed)


def compared(*keys: str) -> Any:
    return shared_client().get("/pnodes/compare", params={"addresses": ",".join(keys)})


def test_comparison_is_in_the_order_asked_for() -> None:
    body = compared(address(5), " ", address(2), f" {address(7)} ").json()
    assert [node["address"] for node in body["comparison"]] == [address(5), address(2), address(7)]
    assert body["summary"]["nodes_compared"] == 3


def test_winners_have_the_greatest_value() -> None:
    body = compared(address(1), address(2), address(3)).json()
    nodes = {node["address"]: node for node in body["comparison"]}
    winners = body["winners"]
    assert winners["overall_score"]["score"] == max(node["score"] for node in nodes.values())
    assert nodes[winners["best_uptime"]["address"]]["uptime"] == winners["best_uptime"]["uptime"]
    assert winners["most_storage"]["storage"] == max(node["storage_committed"] for node in nodes.values())
    assert body["recommendation"]["recommended_node"] == winners["overall_score"]["address"]


def test_nobody_wins_with_nothing() -> None:
    gone = [factories.pnode(n, status=PNodeStatus.OFFLINE, storage_committed=None, storage_used=None) for n in (1, 2)]
    client = make_client(FakeReads([factories.snapshot(gone)]))
    body = client.get("/pnodes/compare", params={"addresses": f"{address(1)},{address(2)}"}).json()
    assert {winner["address"] for winner in body["winners"].values()} == {None}
    assert body["recommendation"]["recommended_node"] is None
    assert body["summary"] == {"nodes_compared": 2, "all_online": False, "avg_score": 0}


@pytest.mark.parametrize(
    ("keys", "status", "named"),
    [
        ((), 400, "example"),
        ((address(1),), 400, "example"),
        (tuple(address(n) for n in range(1, 7)), 400, "provided"),
        ((address(1), address(1)), 400, "code"),
        ((address(1), "nobody"), 404, "missing"),
    ],
)
def test_refused_comparisons_say_what_helps(keys: tuple[str, ...], status: int, named: str) -> None:
    response = compared(*keys)
    assert response.status_code == status
    assert response.json()[named]
    assert response.json()["error"]


def test_unknown_nodes_are_named() -> None:
    assert compared(address(1), "nobody", "nowhere").json()["missing"] == ["nobody", "nowhere"]
