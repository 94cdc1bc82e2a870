"""The checks of a deployment: each passes on a sound answer and fails, with what came, on any other."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from jobs.verify import CHECKS, Check, fetcher, verify

SOUND: dict[str, Any] = {
    "/health": {"status": "healthy", "snapshot_age_seconds": 3, "last_updated": 1_800_000_000},
    "/": {"api_name": "Xandeum PNode Analytics API", "system_status": {"nodes_tracked": 5}},
    "/pnodes?limit=1": {"pnodes": [{"address": "45.1.2.3:9001"}]},
    "/recommendations?limit=1": {"recommendations": [{"score": 90.5}]},
    "/network/health": {"health": {"health_score": 81.2}},
    "/network/analytics": {"performance": {}},
    "/graphql": {"data": {"snapshot": {"slot": 1_800_000_000}}},
}


def _answers(bodies: dict[str, Any], status: int = 200) -> Callable[[str, bytes | None], tuple[int, Any]]:
    return lambda path, _body: (status, bodies[path])


def test_a_sound_deployment_passes_every_check() -> None:
    assert [outcome.check.name for outcome in verify(_answers(SOUND)) if not outcome.passed] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("wrong", [None, {}, [], "", {"error": "x"}], ids=repr)
def test_a_check_fails_on_any_other_answer(check: Check, wrong: Any) -> None:
    failed = {outcome.check.name: outcome for outcome in verify(_answers({**SOUND, check.path: wrong}))}
    assert not failed[check.name].passed
    assert check.place in failed[check.name].found


def test_a_status_other_than_200_fails_whatever_the_body() -> None:
    assert not any(outcome.passed for outcome in verify(_answers(SOUND, status=503)))


def test_nodes_must_be_tracked() -> None:
    none = {**SOUND, "/": {**SOUND["/"], "system_status": {"nodes_tracked": 0}}}
    assert [outcome.check.name for outcome in verify(_answers(none)) if not outcome.passed] == ["nodes"]


def test_a_server_that_is_away_fails_every_check() -> None:
    def away(_path: str, _body: bytes | None) -> tuple[int, Any]:
        raise ConnectionRefusedError("refused")

    outcomes = list(verify(away))
    assert len(outcomes) == len(CHECKS)
    assert all("refused" in outcome.found for outcome in outcomes)


class Answering(BaseHTTPRequestHandler):
    """Answers as SOUND says; 503 with a body elsewhere."""

    def do_GET(self) -> None:
        body = json.dumps(SOUND.get(self.path, {"reason": "none"})).encode()
        self.send_response(200 if self.path in SOUND else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name in the standard library
        """Tests are quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    listening = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_over_http(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert all(outcome.passed for outcome in verify(fetcher(server + "/")))
    assert fetcher(server)("/nowhere", None) == (503, {"reason": "none"})


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://", "file:///etc/passwd", ""])
def test_what_is_no_servers_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not a server's address"):
        fetcher(url)
