"""A REST application over fakes: one snapshot, history, a registry, and failing states."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.testclient import TestClient

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import METRIC_SCALE, HistoryPoint, Stat
from schema.domain.node.pnode import Consistency, PNode
from schema.domain.node.registry import RegistryEntry
from server.rest.errors import install_error_handlers
from server.rest.openapi import DocumentedApi
from server.rest.router import rest_router
from server.rest.service import ServiceInfo
from tests import factories
from tests.factories import AT
from tests.fakes import FakeReads

NOW = AT + 10
STALE = AT + 10**6
RoutesOver = Callable[[FakeReads, ServiceInfo], APIRouter]
_SHARED: dict[str, TestClient] = {}


def make_client(
    reads: FakeReads, *, now: Callable[[], float] = lambda: NOW, routes: RoutesOver = rest_router, **changes: Any
) -> TestClient:
    """A client of an application with only the REST routes, or only those of one topic, which are built much faster.

    Server errors are returned as responses, as over a socket.
    """
    fields: dict[str, Any] = {
        "version": "0.1.0",
        "network": "devnet",
        "cache_ttl": 60,
        "clock": now,
        "started_at": AT - HOUR,
    }
    app = DocumentedApi("0.1.0")
    app.include_router(routes(reads, ServiceInfo(**fields | changes)))
    install_error_handlers(app)
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.headers["accept-encoding"] = "identity"
    return client


def shared_client(state: str = "fresh") -> TestClient:
    """A client that tests share, because none changes anything: `no snapshot`, `fresh`, `stale` or `store down`."""
    if state not in _SHARED:
        reads = FakeReads() if state == "no snapshot" else world()
        reads.down = state == "store down"
        _SHARED[state] = make_client(reads, now=lambda: STALE if state == "stale" else NOW)
    return _SHARED[state]


def network_point(
    start: int,
    *,
    seconds: int = 60,
    partial: bool = False,
    versions: tuple[tuple[str | None, int], ...] = (("0.8.0", 18), (None, 6)),
    **values: float,
) -> HistoryPoint:
    """A point of the network's history in published units. Other values are those of a network of 30 nodes."""
    known: dict[str, float] = {
        "total": 30,
        "offline": 2,
        "online": 24,
        "public": 8,
        "private": 10,
        "seeds_configured": 3,
        "seeds_ok": 3,
        "avg_cpu_percent": 2.5,
        "avg_ram_used_percent": 25.0,
        "active_streams": 6,
        "bytes_processed": 12_288,
        "storage_committed": 4_000,
        "storage_used": 1_000,
        "storage_usage_percent": 25.0,
        "avg_witnesses": 3.0,
        "avg_score": 75.0,
        "health_score": 90.0,
    }
    return point(start, seconds, known | values, partial=partial, versions=versions)


def node_point(start: int, *, seconds: int = 60, partial: bool = False, **values: float) -> HistoryPoint:
    """A point of one node's history in published units. Other values are those of `factories.pnode`."""
    known: dict[str, float] = {
        "online": 1,
        "uptime": 20 * DAY,
        "storage_committed": 4_000,
        "storage_used": 1_000,
        "storage_usage_percent": 25.0,
        "witnesses": 3,
        "score": 85.0,
        "trust": 90.0,
        "capacity": 70.0,
    }
    return point(start, seconds, known | values, partial=partial)


def point(
    start: int,
    seconds: int,
    values: dict[str, float],
    *,
    partial: bool = False,
    versions: tuple[tuple[str | None, int], ...] = (),
) -> HistoryPoint:
    """One raw sample of each value."""
    stored = {name: round(value * METRIC_SCALE[name]) for name, value in values.items()}
    return HistoryPoint(
        start=start,
        end=start + seconds,
        partial=partial,
        samples=1,
        expected=1,
        stats={name: Stat(n=1, sum=v, min=v, max=v, last=v) for name, v in stored.items()},
        versions=versions,
    )


def registry_entry(number: int, **changes: Any) -> RegistryEntry:
    """An entry of a node that left the snapshots 100 days ago."""
    home = factories.address(number)
    fields: dict[str, Any] = {
        "id": factories.key(number),
        "address": home,
        "pubkey": factories.key(number),
        "addresses": (home, factories.address(number, 4711)),
        "first_seen": AT - 200 * DAY,
        "last_seen": AT - 100 * DAY,
        "appearances": 3,
        "disappearances": 3,
        "last_appearance": AT - 120 * DAY,
        "last_drop": AT - 100 * DAY,
        "source_ips": factories.SEEDS[:1],
        "version": "0.6.0",
        "is_public": True,
        "rpc_port": 6000,
        "uptime": 5 * DAY,
        "storage_committed": 10_000,
        "storage_used": 500,
        "storage_usage_percent": 5.0,
        "updated_slot": AT - 100 * DAY,
    }
    return RegistryEntry(**fields | changes)


def world(count: int = 40) -> FakeReads:
    """A network of `count` varied nodes, snapshots from a day and a week before, some history, and a departed node.

    Of the last two nodes, one is nearly full and has just restarted, and one comes and goes.
    """
    healthy = factories.network(count - 2).nodes
    newest = factories.snapshot([*healthy, *troubled(count)])
    last_week, yesterday = factories.network(count - 12, AT - 7 * DAY), factories.network(count - 10, AT - DAY)
    points = (
        node_point(AT - 2 * HOUR, score=80.0, uptime=19 * DAY, storage_used=500),
        node_point(AT - HOUR, online=0, score=0.0, witnesses=0),
        node_point(AT, partial=True),
    )
    return FakeReads(
        [last_week, yesterday, newest],
        registry=[registry_entry(900), registry_entry(1, last_seen=AT - 5)],
        network_points=[
            network_point(AT - 2 * HOUR, total=28, online=20, storage_committed=2_000, avg_witnesses=2.5),
            network_point(AT - HOUR),
            network_point(AT, partial=True, total=31, online=25),
        ],
        node_points=dict.fromkeys((factories.key(number) for number in (1, *range(8, 12))), points),
    )


def troubled(count: int) -> tuple[PNode, PNode]:
    """Nodes `count - 1` and `count` of a network: the first with critical alerts, the second flapping."""
    filling = factories.pnode(
        count - 1,
        uptime=1_800,
        storage_usage_percent=97.5,
        version="0.6.0",
        versions_behind=2,
        score=factories.score(45.0),
    )
    flapping = factories.pnode(
        count,
        state_changes=5,
        score=factories.score(65.0),
        consistency=Consistency(
            score=0.4,
            all_time=0.55,
            appearances=12,
            disappearances=11,
            window_days=7,
            last_appearance=AT - 600,
            last_drop=AT - 1_200,
        ),
    )
    return filling, flapping
