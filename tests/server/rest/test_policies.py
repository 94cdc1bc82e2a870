"""`?policy=`: policy 1.0 by default."""

from functools import cache
from typing import Any

import pytest
from starlette.testclient import TestClient

from schema.domain.base import GIB
from schema.domain.node.observation import Observation
from schema.domain.snapshot.record import Snapshot
from server.rest.models.node import NodeEstimate
from tests.factories import AT
from tests.fakes import FakeReads
from tests.schema.domain.scoring.test_estimated import SEEDS, pod, watched
from tests.server.rest.world import make_client, shared_client

CROWDED = range(30, 36)


def _rows(at: int) -> list[Observation]:
    crowd = [pod(n, at, address=f"198.51.100.{n}:9001", storage_committed=500 * GIB) for n in CROWDED]
    return [*[pod(number, at) for number in range(1, 20)], *crowd]


@cache
def collected() -> Snapshot:
    taken = watched(_rows, 12, seeds=SEEDS[:1]).cycles[-1].snapshot
    return taken.model_copy(update={"header": taken.header.model_copy(update={"taken_at": AT, "slot": AT})})


@cache
def client() -> TestClient:
    return make_client(FakeReads([collected()]))


def get(path: str) -> Any:
    answer = client().get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("path", ["/pnodes", "/recommendations", "/registry/{address}", "/pnodes/{address}"])
def test_policy_1_0_is_the_default_and_adds_nothing(path: str) -> None:
    address = collected().nodes[0].place
    plain = client().get(path.format(address=address))
    asked = client().get(path.format(address=address) + "?policy=1.0")
    assert plain.content == asked.content
    assert b'"estimate"' not in plain.content


def test_policy_2_0_has_its_score_its_bounds_and_its_parts() -> None:
    node = get("/pnodes?policy=2.0&limit=1")["pnodes"][0]
    estimate = node["estimate"]
    NodeEstimate.model_validate(estimate)
    assert node["score"] == node["scores"]["stake_confidence"]["composite_score"] == estimate["composite"]
    assert estimate["low"] < estimate["composite"] < estimate["high"]
    assert [part["name"] for part in estimate["parts"]] == [
        "AVAILABILITY",
        "STABILITY",
        "VERSION",
        "STORAGE",
        "AGREEMENT",
    ]


def test_orders_go_by_the_policy() -> None:
    scores = [node["score"] for node in get("/pnodes?policy=2.0&sort_by=score&limit=100")["pnodes"]]
    assert scores == sorted(scores, reverse=True)
    assert scores != [node["score"] for node in get("/pnodes?sort_by=score&limit=100")["pnodes"]]


def test_a_comparison_goes_by_the_policy() -> None:
    named = ",".join(node.place for node in collected().nodes[:2])
    plain, newest = get(f"/pnodes/compare?addresses={named}"), get(f"/pnodes/compare?addresses={named}&policy=2.0")
    assert plain == get(f"/pnodes/compare?addresses={named}&policy=1.0")
    assert plain["comparison"][0].get("estimate") is None
    for found in (plain, newest):
        scores = [node["score"] for node in found["comparison"]]
        assert found["winners"]["overall_score"]["score"] == max(scores)
        assert found["summary"]["avg_score"] == pytest.approx(sum(scores) / 2, abs=0.01)
    assert newest["winners"]["overall_score"] != plain["winners"]["overall_score"]
    best = min(newest["comparison"], key=lambda node: (node["estimate"]["rank"], -node["estimate"]["low"]))
    assert newest["recommendation"]["recommended_node"] == best["address"]


def test_recommendations_by_policy_2_0_come_by_rank_a_few_of_a_neighbourhood() -> None:
    found = get("/recommendations?policy=2.0&limit=50")["recommendations"]
    ranks = [node["estimate"]["rank"] for node in found]
    assert ranks == sorted(ranks)
    assert sum(node["address"].startswith("198.51.100.") for node in found) == 3
    plain = get("/recommendations?limit=50")["recommendations"]
    assert sum(node["address"].startswith("198.51.100.") for node in plain) == len(CROWDED)


def test_a_snapshot_from_before_has_no_estimates() -> None:
    body = shared_client().get("/pnodes?policy=2.0&status=all").json()
    assert {node["estimate"] for node in body["pnodes"]} == {None}
    assert {node["score"] for node in body["pnodes"]} == {0}
    assert shared_client().get("/recommendations?policy=2.0").json()["recommendations"] == []


def test_a_policy_that_is_not_known_is_refused() -> None:
    assert client().get("/pnodes?policy=3.0").status_code == 422
