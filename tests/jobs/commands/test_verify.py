"""The checks of a deployment: each passes for a correct response, and fails for any other, with the response."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import Any

import pytest

from jobs import cli
from jobs.commands.verify import CHECKS, MAX_PARENTS, Check, NotThere, fetcher, find, local_url, verify
from server.settings import Settings
from tests.processes import free_port

SOUND: dict[str, Any] = {
    "/health": {"status": "healthy", "snapshot_age_seconds": 3, "last_updated": 1_800_000_000},
    "/": {"api_name": "Xandeum PNode Analytics API", "system_status": {"nodes_tracked": 5}},
    "/pnodes?status=all&limit=1": {"pnodes": [{"address": "45.1.2.3:9001"}]},
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


def test_a_young_network_of_which_nobody_can_be_recommended_yet_passes() -> None:
    young = {**SOUND, "/recommendations?limit=1": {"recommendations": []}}
    assert [outcome.check.name for outcome in verify(_answers(young)) if not outcome.passed] == []


@pytest.mark.parametrize("rows", [[{}], [{"score": None}], [{"score": 5}, {"score": "x"}], [7], {"score": 5}])
def test_recommendations_without_scores_fail(rows: Any) -> None:
    odd = {**SOUND, "/recommendations?limit=1": {"recommendations": rows}}
    assert [outcome.check.name for outcome in verify(_answers(odd)) if not outcome.passed] == ["recommendations"]


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
    """Responds as SOUND says below `prefix`, and with 404 and a body elsewhere."""

    prefix = "/"
    note: Callable[[str], object] = str

    def do_GET(self) -> None:
        type(self).note(self.path)
        below = self.path.startswith(self.prefix)
        path = f"/{self.path.removeprefix(self.prefix)}" if below else ""
        body = json.dumps(SOUND.get(path, {"reason": "none"})).encode()
        self.send_response(200 if path in SOUND else 404)
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
    assert fetcher(server)("/nowhere", None) == (404, {"reason": "none"})


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000",
        "ftp://host",
        "http://",
        "file:///etc/passwd",
        "",
        "http://host:99999",
        "http://host:port",
        "http://host/?limit=1",
        "http://host/#graphql",
        "http://my host",
        "http://host/\n",
    ],
)
def test_what_is_no_servers_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not a server's address"):
        find(url)


@pytest.mark.parametrize("url", ["localhost:8000", "127.0.0.1:8000", "pnodes.example.org/api"])
def test_an_address_without_its_scheme_is_understood_and_said(url: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean http://{url}\\?"):
        find(url)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status, and the whole output."""
    status = cli.main(["verify", *arguments])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def test_of_a_server_that_is_away_one_line_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    line = f"no answer at {url}: Connection refused; is the server running, and is this its address?\n"
    assert told(capsys, url) == (1, line)


@pytest.mark.parametrize("page", ["/graphql", "/graphql/", "/pnodes", "/node/45.1.2.3:9001/history", "/docs"])
def test_of_a_page_of_the_server_its_address_is_told(
    server: str, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"{server}{page} is a page of the server, not its address: give {server}\n"
    assert told(capsys, server + page) == (1, line)


def test_a_server_below_a_prefix_is_found_from_its_pages(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answering, "prefix", "/stats/")
    with pytest.raises(NotThere, match=f"give {server}/stats$"):
        find(f"{server}/stats/graphql")
    assert all(outcome.passed for outcome in verify(find(f"{server}/stats")))


def test_a_url_is_not_climbed_without_end(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Answering, "note", asked.append)
    with pytest.raises(NotThere, match="is not this API"):
        find(server + "/a" * (10 * MAX_PARENTS))
    assert len(asked) == 2 + MAX_PARENTS


def test_another_server_is_told_in_one_line(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Answering, "prefix", "/nowhere/")
    line = f"what answers at {server} is not this API: GET {server}/health has status 404\n"
    assert told(capsys, server) == (1, line)


def test_what_does_not_speak_http_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Pong(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1_000)
            self.request.sendall(b"+PONG\r\n")

    with TCPServer(("127.0.0.1", 0), Pong) as listening:
        thread = threading.Thread(target=listening.handle_request)
        thread.start()
        status, line = told(capsys, f"http://127.0.0.1:{listening.server_address[1]}")
        thread.join()
    assert (status, line.count("\n")) == (1, 1)
    assert "the answer is not HTTP (BadStatusLine)" in line


def test_without_a_url_the_server_of_the_settings_is_asked(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PORT", server.rpartition(":")[2])
    assert told(capsys)[0] == 0


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),  # noqa: S104  (not bound here)
        ("::", "http://[::1]:9000"),
        ("2001:db8::1", "http://[2001:db8::1]:9000"),
    ],
)
def test_a_server_is_reached_where_it_listens(host: str, url: str) -> None:
    assert local_url(host, 9000) == url
