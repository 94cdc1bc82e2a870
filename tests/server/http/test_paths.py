"""The forms in which clients and proxies send requests: slashes, prefixes, repeated header lines."""

from functools import cache
from typing import Any

import pytest

from server.edge import Edge
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests.asgi import Closed, WebSocket, call
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

NODE = network(3).nodes[0]
PATHS = [
    *("/", "/pnodes", "/health", "/health/live", "/network/health", "/openapi.json", "/docs", "/redoc", "/favicon.ico"),
    *("/docs/swagger-ui.css", "/schema.graphql", "/metrics", "/nothing", f"/node/{NODE.address}/consistency"),
    *(f"/registry/{NODE.address}", f"/pnodes/{NODE.address}/alerts", "/graphql?query=%7B__typename%7D", "/graphql"),
]
ORIGIN = "https://dash.example"


@cache
def app_with(**settings: Any) -> Edge:
    """An application with these settings; the tests share it."""
    plain = Settings.model_construct(**{**Settings().model_dump(), **settings})
    return assemble(plain, FakeReads([network(3)]), FakeUpdates(), Lifecycle(), clock=lambda: AT + 10.0)


@pytest.fixture
def app() -> Edge:
    return app_with()


def slashed(target: str) -> str:
    path, mark, query = target.partition("?")
    return f"{path}/{mark}{query}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("target", PATHS)
async def test_a_slash_at_the_end_changes_nothing(app: Edge, method: str, target: str) -> None:
    plain = await call(app, method, target)
    if target != "/":
        with_slash = await call(app, method, slashed(target))
        assert with_slash.status == plain.status
        assert with_slash.headers.get("etag") == plain.headers.get("etag")
        assert with_slash.headers.get("allow") == plain.headers.get("allow")
        assert "location" not in with_slash.headers


async def test_both_forms_are_one_question_to_the_cache(app: Edge) -> None:
    for target in ("/pnodes/", "/pnodes"):
        await call(app, "GET", target)
    before = app.served["GET", "rest", 200]
    known = await call(app, "GET", "/pnodes/", headers={"x-request-id": "abcdefgh"})
    assert "x-request-id" not in known.headers  # it did not reach the routes
    assert app.served["GET", "rest", 200] == before + 1


async def test_a_socket_is_opened_with_a_slash_too(app: Edge) -> None:
    async with WebSocket(app, "/graphql/") as socket:
        await socket.init()


async def test_several_slashes_change_nothing_either(app: Edge) -> None:
    assert (await call(app, "GET", "/pnodes//")).status == 200


PREFIX = "/tools/pnodes"


@pytest.mark.parametrize("asked", ["", PREFIX], ids=["the proxy strips the prefix", "the proxy leaves it"])
@pytest.mark.parametrize("target", PATHS)
async def test_under_a_root_path_everything_is_where_it_was(app: Edge, asked: str, target: str) -> None:
    prefixed = app_with(root_path=PREFIX)
    assert (await call(prefixed, "GET", asked + target)).status == (await call(app, "GET", target)).status


async def test_a_root_path_is_a_whole_part_of_a_path() -> None:
    assert (await call(app_with(root_path="/pno"), "GET", "/pnodes")).status == 200
    assert (await call(app_with(root_path=PREFIX), "GET", PREFIX)).json["api_name"]


async def test_links_stand_under_the_root_path() -> None:
    prefixed = app_with(root_path=PREFIX)
    for page in ("/docs", "/redoc"):
        text = (await call(prefixed, "GET", page)).body.decode()
        assert f"{PREFIX}/openapi.json" in text
        assert f'"{page}' not in text
    document = (await call(prefixed, "GET", "/openapi.json")).json
    assert document["servers"][0]["url"] == PREFIX
    catalogue = (await call(prefixed, "GET", "/")).json
    assert catalogue["documentation"]["openapi"] == f"{PREFIX}/openapi.json"
    assert catalogue["core_endpoints"]["pnodes"]["example"].startswith(f"{PREFIX}/pnodes?")
    assert all(path.startswith(f"{PREFIX}/") for path in catalogue["endpoints"])


async def test_a_socket_is_opened_under_the_root_path() -> None:
    async with WebSocket(app_with(root_path=PREFIX), f"{PREFIX}/graphql") as socket:
        await socket.init()


JSON = ("content-type", "application/json")
BODY = b'{"query":"{__typename}"}'


async def test_lines_of_accept_are_one_list(app: Edge) -> None:
    for lines in (
        [("accept", "application/json"), ("accept", "text/html")],
        [("accept", "text/html"), ("accept", "application/json")],
    ):
        assert (await call(app, "POST", "/graphql", body=BODY, lines=[JSON, *lines])).status == 200
        assert (await call(app, "GET", "/graphql?query=%7B__typename%7D", lines=lines)).status == 200


@pytest.mark.parametrize("target", ["/all-nodes", "/openapi.json", "/schema.graphql"])
async def test_lines_of_accept_encoding_are_one_list(app: Edge, target: str) -> None:
    for order in (("br", "identity;q=0.5"), ("identity;q=0.5", "br")):
        lines = [("accept-encoding", coding) for coding in order]
        for _ in range(3):  # computed, cached, and known
            assert (await call(app, "GET", target, lines=lines)).headers.get("content-encoding") == "br"


@pytest.mark.parametrize("target", ["/pnodes", "/openapi.json", "/graphql?query=%7B__typename%7D", "/network/health"])
async def test_lines_of_if_none_match_are_one_list(app: Edge, target: str) -> None:
    for _ in range(3):
        tag = (await call(app, "GET", target)).headers["etag"]
        for order in (('"other"', tag), (tag, '"other"')):
            lines = [("if-none-match", one) for one in order]
            assert (await call(app, "GET", target, lines=lines)).status == 304


@pytest.mark.parametrize("allowed", [(), ("*",), (ORIGIN,), (ORIGIN, "*")])
async def test_an_allowed_origin_opens_a_socket(allowed: tuple[str, ...]) -> None:
    async with WebSocket(app_with(allowed_origins=allowed), origin="https://Dash.example") as socket:
        await socket.init()


async def test_another_origin_is_refused_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Closed) as refused:
        await WebSocket(app_with(allowed_origins=(ORIGIN,)), origin="https://evil.example").__aenter__()
    assert refused.value.status == 403
    assert capsys.readouterr().out.count("socket.refused") == 1
