import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient

from schema.domain.history.points import AvailableRange
from schema.domain.node.failure import FailureCategory
from schema.reads import HISTORY_JOBS, CollectorState, JobReport
from server.rest.health import health_routes
from tests import factories
from tests.factories import AT, SEEDS
from tests.fakes import FakeReads
from tests.server.rest import world as rest
from tests.server.rest.world import shared_client, world

TAKEN_AT = AT + 2


def make_client(reads: FakeReads, **changes: Any) -> TestClient:
    """A client of the health routes alone."""
    return rest.make_client(reads, routes=lambda reads, service: health_routes(reads, service).router, **changes)


@pytest.mark.parametrize(
    ("age", "status", "state"),
    [
        (0, 200, "healthy"),
        (119, 200, "healthy"),
        (120, 200, "degraded"),
        (300, 200, "degraded"),
        (301, 503, "unhealthy"),
        (86_400, 503, "unhealthy"),
    ],
)
def test_health_follows_the_age_of_the_snapshot(age: int, status: int, state: str) -> None:
    with make_client(world(), now=lambda: TAKEN_AT + age) as client:
        response = client.get("/health")
    body = response.json()
    assert (response.status_code, body["status"], body["snapshot_age_seconds"]) == (status, state, age)


def test_health_gives_a_reason_only_when_it_is_unhealthy() -> None:
    with make_client(world(), now=lambda: TAKEN_AT + 400) as client:
        assert client.get("/health").json()["reason"] == "Snapshot too old: 400 s, at most 300 s are expected"
    with make_client(world(), now=lambda: TAKEN_AT) as client:
        assert "reason" not in client.get("/health").json()


def test_health_reports_the_service_and_the_network() -> None:
    with make_client(world(40), now=lambda: AT + 10) as client:
        body = client.get("/health").json()
    assert body["total_pnodes"] == 37
    assert body["total_ip_nodes"] == 3
    assert body["cache_ttl"] == 60
    assert body["uptime"] == 3_610
    assert body["last_updated"] == TAKEN_AT
    assert body["last_gossip_fetch"] == AT
    assert body["timestamp"] == AT + 10


def test_health_without_a_snapshot_is_unhealthy() -> None:
    with make_client(FakeReads()) as client:
        response = client.get("/health")
    assert response.status_code == 503
    assert response.json()["reason"] == "No snapshot available"
    assert response.json()["checks"]["snapshot"]["status"] == "fail"


def test_a_silent_store_is_a_warning_while_a_snapshot_is_in_memory() -> None:
    reads = world()
    reads.down = True
    with make_client(reads) as client:
        response = client.get("/health")
    assert response.status_code == 200
    assert response.json()["checks"]["store"]["status"] == "warn"


def test_a_store_that_hangs_delays_health_by_half_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(FakeReads):
        async def available(self) -> AvailableRange:
            await asyncio.Event().wait()
            raise AssertionError("unreachable")

    monkeypatch.setattr("server.rest.health.STORE_TIMEOUT_SECONDS", 0.01)
    with make_client(Hanging([factories.network(5)])) as client:
        assert client.get("/health").json()["checks"]["store"]["status"] == "warn"


def test_a_collector_that_is_known_from_the_snapshot_alone_is_a_silent_store() -> None:
    """Requests that are answered from memory for a while must not hide an unavailable store."""

    class FromMemory(FakeReads):
        async def collector(self) -> CollectorState:
            return (await super().collector()).model_copy(update={"from_store": False})

    with make_client(FromMemory([factories.network(5)])) as client:
        checks = client.get("/health").json()["checks"]
    assert {name: check["status"] for name, check in checks.items()} == {
        "snapshot": "pass",
        "store": "warn",
        "seeds": "pass",
        "rollup": "warn",
        "retention": "warn",
    }


@pytest.mark.parametrize(
    ("age", "check", "status"),
    [(0, "pass", "healthy"), (900, "pass", "healthy"), (901, "warn", "healthy"), (3_601, "fail", "degraded")],
)
@pytest.mark.parametrize("job", ["rollup", "retention"])
def test_health_follows_the_age_of_the_jobs_that_look_after_history(
    job: str, age: int, check: str, status: str
) -> None:
    reads = world()
    reads.jobs = tuple(
        JobReport(name=name, began_at=AT, succeeded_at=TAKEN_AT - (age if name == job else 0)) for name in HISTORY_JOBS
    )
    with make_client(reads, now=lambda: TAKEN_AT) as client:
        response = client.get("/health")
    body = response.json()
    assert (response.status_code, body["status"]) == (200, status)
    assert body["checks"][job] == {
        "status": check,
        "message": f"It last succeeded {age} s ago",
        "observed": age,
        "limit": 3_600,
    }


def test_health_says_whose_fault_it_is_that_data_are_old() -> None:
    class Full(FakeReads):
        async def collector(self) -> CollectorState:
            return (await super().collector()).model_copy(update={"store_fault": "its storage is used up"})

    with make_client(Full([factories.network(5)]), now=lambda: TAKEN_AT + 300) as client:
        body = client.get("/health").json()
        ready = client.get("/health/ready")
    assert (body["status"], body["cause"]) == ("degraded", "STORE")
    assert body["cause_message"] == "The store accepts no writes: its storage is used up"
    assert body["checks"]["store"] == {"status": "fail", "message": body["cause_message"]}
    assert ready.status_code == 200


def test_health_names_no_cause_while_data_are_fresh() -> None:
    with make_client(world(), now=lambda: TAKEN_AT) as client:
        assert "cause" not in client.get("/health").json()


def test_a_job_that_has_never_succeeded_is_a_warning() -> None:
    reads = world()
    reads.jobs = (JobReport(name="rollup", began_at=AT),)
    with make_client(reads, now=lambda: TAKEN_AT) as client:
        body = client.get("/health").json()
    assert body["status"] == "healthy"
    assert body["checks"]["rollup"] == {"status": "warn", "message": "It has not succeeded yet"}
    assert body["checks"]["retention"]["status"] == "warn"


def test_probes_look_at_the_store_once_a_second() -> None:
    class Counting(FakeReads):
        looks = 0

        async def available(self) -> AvailableRange:
            self.looks += 1
            return await super().available()

    reads, now = Counting([factories.network(5)]), [float(AT + 10)]
    with make_client(reads, now=lambda: now[0]) as client:
        for _ in range(5):
            client.get("/health")
        assert reads.looks == 1
        now[0] += 1
        client.get("/health")
        assert reads.looks == 2


def test_seeds_that_fail_show_in_the_checks() -> None:
    seeds = (factories.seed_report(SEEDS[0]), factories.seed_report(SEEDS[1], failure=FailureCategory.TIMEOUT))
    snapshot = factories.network(5)
    totals = snapshot.header.totals.model_copy(update={"seeds_configured": 2, "seeds_ok": 1})
    reads = FakeReads([factories.network(5, seeds=seeds, totals=totals)])
    with make_client(reads) as client:
        check = client.get("/health").json()["checks"]["seeds"]
    assert check == {
        "status": "warn",
        "message": "1 of 2 seeds answered in the last cycle",
        "observed": 1,
        "limit": 2,
    }


def test_live_answers_whatever_else_is_down() -> None:
    with make_client(FakeReads(down=True), accepting=lambda: False) as client:
        response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})


def test_ready_needs_a_snapshot_of_any_age() -> None:
    reads = world()
    reads.down = True
    with make_client(reads, now=lambda: AT + 10**6) as client:
        assert client.get("/health/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("reads", [FakeReads(), world()], ids=["no snapshot", "draining"])
def test_not_ready_says_when_to_come_back(reads: FakeReads) -> None:
    with make_client(reads, accepting=lambda: not reads.snapshots) as client:
        response = client.get("/health/ready")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["status"] == "unready"


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("host", ["healthcheck.railway.app", "evil.example", "203.0.113.9:8080", ""])
def test_any_prober_gets_an_answer_that_nobody_keeps(path: str, method: str, host: str) -> None:
    response = shared_client().request(method, path, headers={"host": host})
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert "location" not in response.headers
