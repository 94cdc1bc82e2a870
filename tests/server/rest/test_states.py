"""Every route in every state of the service: the documented status, a JSON body, and never a 500."""

import json

import pytest

from tests.factories import address
from tests.fakes import FakeReads
from tests.server.rest.routes_table import NEEDS_STORE, PATHS, PROBES
from tests.server.rest.world import make_client, shared_client

ALWAYS = {"/", "/health/live"}


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
    response = shared_client(name).get(path)
    assert response.status_code == expected(path, name)
    assert response.headers["content-type"] == "application/json"
    assert isinstance(json.loads(response.content), dict)


@pytest.mark.parametrize("path", [path for path in PATHS if path not in ALWAYS])
def test_an_unavailable_answer_is_in_json_rpc_style_and_says_when_to_come_back(path: str) -> None:
    response = shared_client("no snapshot").get(path)
    assert int(response.headers["retry-after"]) > 0
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert (body["jsonrpc"], body["id"], body["error"]["code"]) == ("2.0", 1, -32603)
    assert "snapshot" in body["error"]["message"].lower()


def test_a_known_node_is_answered_without_the_store() -> None:
    client = shared_client("store down")
    assert client.get(f"/registry/{address(1)}").status_code == 200
    assert client.get(f"/registry/{address(900)}").status_code == 503


def test_a_failure_of_ours_is_a_json_body_without_its_text() -> None:
    class Broken(FakeReads):
        def current(self) -> None:
            raise RuntimeError("secret")

    response = make_client(Broken()).get("/pnodes")
    assert response.status_code == 500
    assert response.json() == {"detail": "Internal Server Error"}
