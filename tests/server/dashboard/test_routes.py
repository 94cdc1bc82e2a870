"""The served dashboard: which clients get a page, what the browser may load, and what it may cache."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from server.dashboard.files import PLACE, Site
from server.dashboard.operations import documents, hash_of
from server.dashboard.routes import PAGES
from server.edge import Edge
from server.http.etag import etag_of
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests.asgi import Reply, call
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
LIBRARIES = ("preact.js", "uplot.js", "uplot.css", "react.js", "react-dom.js", "graphiql.js", "graphiql.css")


def app_with(place: Path, **settings: Any) -> Edge:
    """An application whose dashboard is in this folder."""
    plain = Settings.model_construct(**{**Settings().model_dump(), **settings})
    site = Site(plain.root_path, place=place)
    reads = FakeReads([network(20)])
    return assemble(plain, reads, FakeUpdates(), Lifecycle(), clock=lambda: AT + 10.0, site=site)


@pytest.fixture
def app(vendor: Path) -> Edge:
    return app_with(vendor)


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """The dashboard's folder with libraries, even if this checkout has none."""
    place = tmp_path / "dashboard"
    (place / "vendor").mkdir(parents=True)
    (place / "static").symlink_to(PLACE / "static")
    for name in LIBRARIES:
        (place / "vendor" / name).write_text("/* a library */" * 100, encoding="utf-8")
    (place / "vendor" / ".ready").write_text("1", encoding="utf-8")
    return place


async def page(app: Edge, path: str, accept: str | None = BROWSER) -> Reply:
    return await call(app, "GET", path, headers={} if accept is None else {"accept": accept})


def links(reply: Reply) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', reply.body.decode())


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "TEXT/HTML", "application/json;q=0.5, text/html;q=0.6"])
async def test_a_client_that_prefers_html_gets_the_dashboard_at_the_root(app: Edge, accept: str) -> None:
    reply = await page(app, "/", accept)
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.body == (await page(app, "/dashboard")).body


@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "application/json", "application/json, text/html", "text/html;q=0", "text/html;q=x", "text/*"],
)
async def test_everybody_else_gets_the_same_json(app: Edge, accept: str | None) -> None:
    await page(app, "/")
    reply = await page(app, "/", accept)
    assert reply.headers["content-type"] == "application/json"
    assert reply.body == (await call(app, "GET", "/")).body
    assert "accept" in reply.headers["vary"].lower().split(", ")


@pytest.mark.parametrize("kept", [0, 1_000_000])
async def test_the_root_varies_by_accept_whether_answers_are_kept_or_not(vendor: Path, kept: int) -> None:
    app = app_with(vendor, response_cache_bytes=kept)
    for accept in (BROWSER, "application/json"):
        assert "Accept" in (await page(app, "/", accept)).headers["vary"].split(", ")


async def test_a_root_path_that_is_called_as_the_dashboard_does_not_go_round(vendor: Path) -> None:
    app = app_with(vendor, root_path="/dashboard")
    assert (await page(app, "/dashboard/")).headers["content-type"] == "text/html; charset=utf-8"


async def test_a_browser_that_asks_nothing_of_graphql_is_sent_to_the_explorer(vendor: Path) -> None:
    for root, path in (("", "/graphql"), ("/api", "/api/graphql")):
        reply = await page(app_with(vendor, root_path=root), path)
        assert (reply.status, reply.headers["location"]) == (307, f"{root}/graphiql")
        assert "Accept" in reply.headers["vary"]


async def test_a_browser_that_asks_by_a_link_gets_the_answer(app: Edge) -> None:
    reply = await page(app, "/graphql?query=%7B__typename%7D")
    assert reply.json["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("path", ["/dashboard", "/graphiql", *(f"/dashboard/{name}" for name in PAGES)])
async def test_each_page_loads_from_here_alone(app: Edge, path: str) -> None:
    reply = await page(app, path)
    assert reply.status == 200
    assert reply.headers["content-security-policy"].startswith("default-src 'self'; ")
    script_policy = reply.headers["content-security-policy"].partition("style-src")[0]
    assert "unsafe" not in script_policy
    found = links(reply)
    assert all(link.startswith(("/dashboard", "/favicon.ico", "#", "/graphql", "/docs")) for link in found)
    for link in found:
        if link.startswith("/dashboard/assets/"):
            assert (await call(app, "GET", link)).status == 200, link


@pytest.mark.parametrize("path", ["/dashboard", "/"])
async def test_the_dashboard_allows_nothing_inline(app: Edge, path: str) -> None:
    assert "unsafe" not in (await page(app, path)).headers["content-security-policy"]
    assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", (await page(app, path)).body.decode())


async def test_pages_are_asked_for_anew_and_assets_kept_for_good(app: Edge) -> None:
    shown = await page(app, "/dashboard")
    assert shown.headers["cache-control"] == "public, no-cache"
    asset = next(link for link in links(shown) if link.endswith("main.js"))
    reply = await call(app, "GET", asset)
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["etag"] == etag_of(reply.body)
    again = await call(app, "GET", asset, headers={"if-none-match": reply.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_assets_are_compressed(app: Edge) -> None:
    asset = next(link for link in links(await page(app, "/dashboard")) if link.endswith("base.css"))
    assert (await call(app, "GET", asset, headers={"accept-encoding": "br"})).headers["content-encoding"] == "br"


@pytest.mark.parametrize(
    "name",
    [
        "../files.py",
        "..%2Ffiles.py",
        "js/../../files.py",
        "index.html/..",
        "js",
        "",
        "vendor/.ready",
        "js/operations.d.ts",
    ],
)
async def test_nothing_else_of_the_folder_is_served(app: Edge, name: str) -> None:
    version = next(link for link in links(await page(app, "/dashboard")) if "/assets/" in link).split("/")[3]
    assert (await call(app, "GET", f"/dashboard/assets/{version}/{name}")).status == 404


async def test_an_asset_of_another_version_is_not_there(app: Edge) -> None:
    reply = await call(app, "GET", "/dashboard/assets/0123456789abcdef/js/main.js")
    assert (reply.status, reply.headers["cache-control"]) == (404, "no-store")


async def test_without_the_libraries_a_page_says_which_command_brings_them(tmp_path: Path) -> None:
    (tmp_path / "static").symlink_to(PLACE / "static")
    app = app_with(tmp_path)
    reply = await page(app, "/")
    assert (reply.status, reply.headers["cache-control"]) == (503, "no-store")
    assert "make assets" in reply.body.decode()
    assert (await page(app, "/", "application/json")).status == 200
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / ".ready").write_text("1", encoding="utf-8")
    assert (await page(app, "/")).status == 200


async def test_links_stand_behind_the_root_path(vendor: Path) -> None:
    found = links(await page(app_with(vendor, root_path="/pnodes"), "/pnodes/dashboard"))
    assert all(link.startswith(("/pnodes/", "#")) for link in found)


@pytest.mark.parametrize("name", ["Overview", "Live"])
async def test_the_operations_are_known_by_their_hash_from_the_start(app: Edge, name: str) -> None:
    extensions = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": hash_of(documents()[name])}})
    reply = await call(app, "POST", "/graphql", json={"extensions": json.loads(extensions)})
    assert "PERSISTED_QUERY_NOT_FOUND" not in reply.body.decode()


async def test_asking_again_by_hash_is_answered_from_memory(app: Edge) -> None:
    extensions = json.dumps({"persistedQuery": {"version": 1, "sha256Hash": hash_of(documents()["Pulse"])}})
    target = f"/graphql?extensions={extensions}"
    first = await call(app, "GET", target)
    assert first.json["data"]["now"]["network"] == "devnet"
    await call(app, "GET", target)
    before = app.served["GET", "graphql", 200]
    assert (await call(app, "GET", target)).body == first.body
    assert app.served["GET", "graphql", 200] == before + 1
