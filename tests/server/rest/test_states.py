"""Every route in every state of the service: the documented status, a JSON body, and never a 500."""

import json

import pytest

from tests.factories import AT, address
from tests.fakes import FakeReads
from tests.server.rest.routes_table import NEEDS_STORE, PATHS, PROBES
from tests.server.rest.world import make_client, world

STALE = AT + 10**6
ALWAYS = {"/", "/health/live"}


def state(name: str) -> tuple[FakeReads, float]:
    reads = FakeReads() if name == "no snapshot" else world()
    reads.down = name == "store down"
    return reads, STALE if name == "stale" else AT + 10


def expected(path: str, name: str) -> int:
    if path in ALWAYS:
        return 200
    if name == "no snapshot":
        return 503
    if path == "/health":
        return 503 if name == "stale" else 200
    return 503 if name == "store down" and path in NEEDS_STORE else 200


@pytest.mark.parametrize("path", [*PATHS, *PROBES])
@pytest.mark.parametrize("name", ["no snapshot", "fresh", "stale", "store down"])
def test_every_route_answers_in_every_state(path: str, name: str) -> None:
    reads, now = state(name)
    with make_client(reads, now=lambda: now) as client:
        response = client.get(path)
    assert response.status_code == expected(path, name)
    assert response.headers["content-type"] == "application/json"
    assert isinstance(json.loads(response.content), dict)


@pytest.mark.parametrize("path", PATHS)
def test_an_unavailable_answer_is_in_json_rpc_style_and_says_when_to_come_back(path: str) -> None:
    if path in ALWAYS:
        return
    with make_client(FakeReads()) as client:
        response = client.get(path)
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert (body["jsonrpc"], body["id"], body["error"]["code"]) == ("2.0", 1, -32603)
    assert "snapshot" in body["error"]["message"].lower()


def test_a_known_node_is_answered_without_the_store() -> None:
    reads = world()
    reads.down = True
    with make_client(reads) as client:
        assert client.get(f"/registry/{address(1)}").status_code == 200
        assert client.get(f"/registry/{address(900)}").status_code == 503


def test_a_failure_of_ours_is_a_json_body_without_its_text() -> None:
    class Broken(FakeReads):
        def current(self) -> None:
            raise RuntimeError("secret")

    with make_client(Broken()) as client:
        response = client.get("/pnodes")
    assert response.status_code == 500
    assert response.json() == {"detail": "Internal Server Error"}
