"""The earlier API's worked examples over HTTP: the same rows as in the tests of the formulas."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from schema.domain.base import DAY, GIB
from schema.domain.network.health import network_health, network_totals
from schema.domain.node.pnode import Consistency, PNode, PNodeStatus
from schema.domain.scoring.scores import composite, score_node
from tests import factories
from tests.factories import AT, pnode, seed_report
from tests.fakes import FakeReads
from tests.schema.domain.worked_examples import (
    CAPACITY,
    COMPOSITE,
    HEALTH,
    NODE_ALERTS,
    TIER_COLOURS,
    TRUST,
    Example,
    points,
    shown,
)
from tests.server.rest.world import make_client

LATEST = "0.8.0"
MANY_SEEDS = tuple(f"198.18.2.{number}" for number in range(9))
TAKEN_AT = AT + 2
NAME = "45.0.0.1:9001"


def scored(node: PNode) -> PNode:
    return node.model_copy(update={"score": score_node(node, latest_version=LATEST)})


@cache
def served() -> tuple[FakeReads, Any]:
    """The data of an application, and a client of it, for all examples, because creating it takes long."""
    reads = FakeReads()
    return reads, make_client(reads, now=lambda: TAKEN_AT)


def serve(nodes: Sequence[PNode], **header: Any) -> Any:
    """A client of a network with these nodes, listed by nine seeds."""
    seeds = tuple(seed_report(seed) for seed in MANY_SEEDS)
    reads, client = served()
    reads.snapshots = [factories.snapshot(nodes, seeds=seeds, **header)]
    return client


def node_over_http(node: PNode) -> dict[str, Any]:
    """The node as three routes show it. They must agree."""
    client = serve([node])
    listed = client.get("/pnodes?status=all").json()["pnodes"][0]
    entry = client.get(f"/registry/{node.address}").json()["entry"]
    assert entry["scores"] == listed["scores"]
    assert (entry["score"], entry["tier"]) == (listed["score"], listed["tier"])
    return listed


def trusted(
    witnesses: int = 3, consistency: float | None = 1.0, uptime: int | None = None, version: str | None = None
) -> PNode:
    steady = Consistency(score=consistency or 0, all_time=1, appearances=1, disappearances=0, window_days=7)
    return scored(
        pnode(
            address=NAME,
            witnesses=MANY_SEEDS[:witnesses],
            uptime=uptime,
            version=version,
            consistency=None if consistency is None else steady,
        )
    )


def roomy(growth_trend: float | None = None, **fields: Any) -> PNode:
    unknown: dict[str, Any] = {"storage_committed": None, "storage_usage_percent": None}
    growth = None if growth_trend is None else 2 * growth_trend - 1
    return scored(pnode(address=NAME, storage_growth=growth, **unknown | fields))


@pytest.mark.parametrize("row", TRUST, ids=lambda row: shown(row.given))
def test_trust(row: Example) -> None:
    found = node_over_http(trusted(**row.given))["scores"]["trust"]
    assert points(found["score"], *found["breakdown"].values()) == row.expected


@pytest.mark.parametrize("row", CAPACITY, ids=lambda row: shown(row.given))
def test_capacity(row: Example) -> None:
    found = node_over_http(roomy(**row.given))["scores"]["capacity"]
    score, *parts = found["score"], *found["breakdown"].values()
    assert points(score, *parts) == row.expected


@pytest.mark.parametrize("row", COMPOSITE, ids=lambda row: shown(row.given))
def test_stake_confidence(row: Example) -> None:
    earned = composite(**row.given)
    node = pnode(address=NAME, score=factories.score(earned.value, tier=earned.tier, color=earned.color))
    found = node_over_http(node)
    stake = found["scores"]["stake_confidence"]
    told = f"{stake['composite_score']:g} {stake['rating'].upper()} {stake['color']} {stake['emoji']}"
    assert told == row.expected
    assert (found["score"], found["tier"]) == (stake["composite_score"], stake["rating"])


def perfect(number: int, witnesses: int = 3, **changes: Any) -> PNode:
    fields = {"uptime": 30 * DAY, "storage_committed": 100 * GIB, "witnesses": MANY_SEEDS[:witnesses], **changes}
    return scored(pnode(number, **fields))


@pytest.mark.parametrize("row", HEALTH, ids=lambda row: shown(row.given))
def test_network_health(row: Example) -> None:
    groups = [fields for count, fields in row.given["nodes"] for _ in range(count)]
    nodes = [perfect(number, **fields) for number, fields in enumerate(groups, start=1)]
    totals = network_totals(nodes, [seed_report(seed) for seed in MANY_SEEDS])
    client = serve(nodes, health=network_health(nodes), totals=totals)
    found = client.get("/network/health").json()["health"]
    if not nodes:
        assert (found["status"], found["health_score"]) == ("unknown", 0)
        assert set(found["factors"].values()) == {0}
    else:
        assert f"{found['status'].upper()} {points(found['health_score'], *found['factors'].values())}" == row.expected


def watched(witnesses: int = 3, away: int | None = None, changes: Sequence[int] = (), **fields: Any) -> PNode:
    gone: dict[str, Any] = {} if away is None else {"status": PNodeStatus.OFFLINE, "alive_at": TAKEN_AT - away}
    flips = sum(a != b for a, b in pairwise(changes))
    base: dict[str, Any] = {
        "uptime": 5 * DAY,
        "witnesses": MANY_SEEDS[:witnesses],
        "state_changes": flips,
        "address": NAME,
    }
    return pnode(**base | gone | fields)


@pytest.mark.parametrize("row", NODE_ALERTS, ids=lambda row: shown(row.given))
def test_node_alerts(row: Example) -> None:
    client = serve([watched(**row.given)])
    body = client.get(f"/pnodes/{NAME}/alerts").json()
    told = [
        f"{alert['severity'].upper()} {alert['type'].upper()} {_bare(alert['value'])}/{_bare(alert['threshold'])}"
        for alert in body["alerts"]
    ]
    assert ("; ".join(told) or "none") == row.expected
    everywhere = client.get("/alerts").json()
    assert everywhere["summary"] == body["summary"]
    assert len(everywhere["critical_nodes"]) == (body["summary"]["critical"] > 0)


def _bare(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


@pytest.mark.parametrize("row", TIER_COLOURS, ids=lambda row: shown(row.given))
def test_tier_colours_are_published(row: Example) -> None:
    tiers = serve([]).get("/").json()["scoring_system"]["policy"]["tiers"]
    colours = {band["tier"].lower(): band["color"] for band in tiers}
    assert colours[row.given["tier"].lower()] == row.expected
