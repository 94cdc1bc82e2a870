"""All surfaces in one application: what each layer adds, and that no internals leak."""

import hashlib
import io
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from schema.domain.snapshot.record import Snapshot
from server import logs
from server.edge import Edge
from server.http import etag
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from server.transport.connections import Connections
from tests.asgi import Reply, call
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

VISITOR = {"origin": "https://dashboard.example"}


class Broken(FakeReads):
    """A store whose registry fails in an unexpected way."""

    async def registry(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("mongodb://me:hunter2@db.example is gone")


@pytest.fixture
def lifecycle() -> Lifecycle:
    return Lifecycle()


def _app(reads: FakeReads, lifecycle: Lifecycle, **settings: Any) -> Edge:
    plain = Settings.model_construct(**{**Settings().model_dump(), **settings})
    return assemble(plain, reads, FakeUpdates(), lifecycle, clock=lambda: AT + 10.0)


@pytest.fixture
def snapshot() -> Snapshot:
    return network(20)


@pytest.fixture
def app(snapshot: Snapshot, lifecycle: Lifecycle) -> Edge:
    return _app(FakeReads([snapshot]), lifecycle)


async def _graphql(app: Edge, query: str) -> Reply:
    return await call(app, "POST", "/graphql", json={"query": query})


async def test_rest_and_graphql_speak_of_the_same_snapshot(app: Edge) -> None:
    rest = (await call(app, "GET", "/pnodes?limit=1")).json["summary"]["total_pnodes"]
    graphql = (await _graphql(app, "{ pnodes(first: 1) { totalCount } }")).json["data"]["pnodes"]["totalCount"]
    assert rest == graphql == 20


async def test_an_answer_is_hashed_once(app: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = list[bytes]()
    counting = SimpleNamespace(sha256=lambda body: hashed.append(body) or hashlib.sha256(body))
    monkeypatch.setattr(etag, "hashlib", counting)
    for accepted in ("identity", "gzip", "br"):
        await call(app, "GET", "/pnodes?limit=1", headers={"accept-encoding": accepted, "if-none-match": '"other"'})

    # The first response is not cached, because single requests are not.
    assert len(hashed) == 2


async def test_the_schema_is_served_as_text(app: Edge) -> None:
    reply = await call(app, "GET", "/schema.graphql")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    assert "type Query" in reply.body.decode()


async def test_metrics_tell_of_requests_and_of_the_network(app: Edge) -> None:
    await call(app, "GET", "/health/live")
    text = (await call(app, "GET", "/metrics")).body.decode()
    assert 'pnodes_http_requests_total{method="GET",route="/health/live",status="200"} 1.0' in text
    assert "pnodes_snapshot_slot_seconds 1.8e+09" in text
    assert re.search(r"^pnodes_snapshot_age_seconds [0-9]\.0$", text, re.MULTILINE)
    assert 'pnodes_seed_up{seed="198.18.1.1"} 1.0' in text
    assert 'pnodes_job_age_seconds{job="rollup"} 10.0' in text
    assert 'pnodes_job_age_seconds{job="retention"} 10.0' in text


async def test_metrics_count_what_the_edge_answers(app: Edge) -> None:
    for _ in range(3):
        await call(app, "GET", "/pnodes?limit=1")
    text = (await call(app, "GET", "/metrics")).body.decode()
    assert 'pnodes_http_cached_answers_total{kind="rest",method="GET",status="200"}' in text


async def test_metrics_work_before_the_first_snapshot(lifecycle: Lifecycle) -> None:
    reply = await call(_app(FakeReads(down=True), lifecycle), "GET", "/metrics")
    assert reply.status == 200
    assert b"pnodes_snapshot_slot_seconds" not in reply.body


async def test_a_clients_path_is_no_label(app: Edge) -> None:
    await call(app, "GET", "/no/such/path-of-a-stranger")
    text = (await call(app, "GET", "/metrics")).body.decode()
    assert "stranger" not in text
    assert 'route="unmatched",status="404"' in text


async def test_a_plain_route_is_a_label_of_its_own(app: Edge) -> None:
    await call(app, "POST", "/graphql", json={"query": "{ __typename }"})
    text = (await call(app, "GET", "/metrics")).body.decode()
    assert 'pnodes_http_requests_total{method="POST",route="/graphql",status="200"}' in text


async def test_any_origin_may_read_and_none_with_credentials(app: Edge) -> None:
    for path in ("/pnodes?limit=1", "/health", "/nowhere"):
        reply = await call(app, "GET", path, headers=VISITOR)
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in reply.headers


async def test_a_preflight_is_answered(app: Edge) -> None:
    headers = {
        **VISITOR,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    reply = await call(app, "OPTIONS", "/graphql", headers=headers)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert "content-type" in reply.headers["access-control-allow-headers"]


@pytest.mark.parametrize(("sent", "kept"), [("abcd-1234", True), ("a", False), ("a b\nc" * 9, False)])
async def test_an_answer_has_a_request_id(app: Edge, sent: str, kept: bool) -> None:
    reply = await call(app, "GET", "/health/live", headers={"x-request-id": sent})
    assert (reply.headers["x-request-id"] == sent) is kept
    assert len(reply.headers["x-request-id"]) >= 8


async def test_our_failure_is_500_without_its_cause(lifecycle: Lifecycle, snapshot: Snapshot) -> None:
    out = io.StringIO()
    logs.configure(stream=out)
    app = _app(Broken([snapshot]), lifecycle)
    reply = await call(app, "GET", "/registry", headers={"x-request-id": "support-4711"})
    assert reply.status == 500
    assert reply.json["detail"] == "Internal Server Error"
    assert b"hunter2" not in reply.body
    failed, request = map(json.loads, out.getvalue().splitlines())
    assert (failed["event"], request["event"]) == ("http.failed", "http.request")
    assert failed["request_id"] == request["request_id"] == reply.json["request_id"] == "support-4711"
    assert "is gone" in failed["exception"]
    assert "hunter2" not in out.getvalue()
    text = (await call(app, "GET", "/metrics")).body.decode()
    assert 'route="/registry",status="500"' in text


async def test_ready_follows_the_life_of_the_process(app: Edge, lifecycle: Lifecycle) -> None:
    async def ready() -> int:
        return (await call(app, "GET", "/health/ready")).status

    assert await ready() == 503
    lifecycle.start()
    assert await ready() == 200
    lifecycle.drain()
    assert await ready() == 503
    assert (await call(app, "GET", "/health/live")).status == 200


async def test_a_start_without_stores_is_live_and_not_ready(lifecycle: Lifecycle) -> None:
    app = _app(FakeReads(down=True), lifecycle)
    lifecycle.start()
    assert (await call(app, "GET", "/health/live")).status == 200
    unready = await call(app, "GET", "/health/ready")
    assert (unready.status, "retry-after" in unready.headers) == (503, True)
    assert (await call(app, "GET", "/pnodes")).status == 503


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_a_wrong_method_is_told_the_right_ones(app: Edge, method: str) -> None:
    reply = await call(app, method, "/pnodes")
    assert reply.status == 405
    assert "GET" in reply.headers["allow"]


async def test_no_redirect_is_built_from_the_host(app: Edge) -> None:
    reply = await call(app, "GET", "/pnodes/", headers={"host": "evil.example"})
    assert "location" not in reply.headers


def test_closing_ends_what_has_no_end_of_its_own() -> None:
    lifecycle, ended = Lifecycle(), list[str]()
    lifecycle.on_close(lambda: ended.append("subscriptions"))
    lifecycle.start()
    lifecycle.drain()
    assert ended == []
    lifecycle.close()
    lifecycle.close()
    assert ended == ["subscriptions"]
    assert not lifecycle.accepting


async def test_the_limits_and_rules_of_the_settings_are_published(lifecycle: Lifecycle, snapshot: Snapshot) -> None:
    settings = {
        "max_connections": 900,
        "max_connections_per_address": 0,
        "max_sockets": 70,
        "max_sockets_per_address": 7,
        "min_witnesses": 4,
        "max_newcomers": 50,
        "trusted_seeds": ("198.51.100.9", "198.51.100.10"),
        "probe_nodes": True,
    }
    app = _app(FakeReads([snapshot]), lifecycle, **settings)
    reply = await _graphql(
        app,
        """{ serviceConfig {
          connectionLimits { connections connectionsPerAddress sockets socketsPerAddress messages messagesPerSecond operations
            documentBytes }
          collection { minWitnesses maxNewcomers trustedSeeds probeNodes seedDiscovery } } }""",
    )

    assert reply.json["data"]["serviceConfig"] == {
        "connectionLimits": {
            "connections": 900,
            "connectionsPerAddress": None,
            "sockets": 70,
            "socketsPerAddress": 7,
            "messages": 250,
            "messagesPerSecond": 50,
            "operations": 50,
            "documentBytes": 65_536,
        },
        "collection": {
            "minWitnesses": 4,
            "maxNewcomers": 50,
            "trustedSeeds": 2,
            "probeNodes": True,
            "seedDiscovery": False,
        },
    }
    assert b"198.51.100" not in reply.body


async def test_the_limit_of_connections_that_is_in_force_is_published_before_the_first_one(
    lifecycle: Lifecycle, snapshot: Snapshot
) -> None:
    reads = FakeReads([snapshot])
    app = assemble(Settings(), reads, FakeUpdates(), lifecycle, clock=lambda: AT, connections=Connections(None, 345))
    reply = await _graphql(app, "{ serviceConfig { connectionLimits { connections } } }")
    assert reply.json["data"]["serviceConfig"]["connectionLimits"]["connections"] == 345
