"""HTTP rules of every route: entity tags, 304, HEAD, 405, lifetimes, no redirects, equal bytes for equal requests."""

from functools import cache

import pytest
from starlette.testclient import TestClient

from server.http.etag import coded, etag_of, matching
from tests.factories import AT
from tests.server.rest.routes_table import NODE, PATHS, PROBES
from tests.server.rest.world import make_client, shared_client, world

ALL = [*PATHS, *PROBES]
WITHOUT_QUERY = [path for path in ALL if "?" not in path]


@cache
def early_and_late() -> tuple[TestClient, TestClient]:
    """Clients of two applications over equal networks, at the two ends of the time in which a snapshot is fresh."""
    return make_client(world(), now=lambda: AT + 3), make_client(world(), now=lambda: AT + 61)


@pytest.mark.parametrize("path", PATHS)
def test_equal_questions_get_equal_bytes_until_there_is_news(path: str) -> None:
    first, later = (client.get(path) for client in early_and_late())
    assert first.content == later.content
    assert first.headers["etag"] == later.headers["etag"]


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_may_be_kept_until_the_next_snapshot_is_due(path: str) -> None:
    response = shared_client().get(path)
    assert response.headers["cache-control"] == "public, max-age=52"


@pytest.mark.parametrize("path", ALL)
def test_the_tag_stands_for_the_bytes(path: str) -> None:
    response = shared_client().get(path)
    assert response.headers["etag"] == etag_of(response.content)


@pytest.mark.parametrize("path", PATHS)
def test_a_client_that_has_it_gets_304_without_a_body(path: str) -> None:
    tag = shared_client().get(path).headers["etag"]
    response = shared_client().get(path, headers={"if-none-match": f'"other", W/{tag}'})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == tag
    assert "cache-control" in response.headers


@pytest.mark.parametrize("path", PROBES)
def test_a_probe_gets_status_and_body_whatever_it_says_that_it_has(path: str) -> None:
    plain = shared_client().get(path)
    for known in ("*", plain.headers["etag"]):
        response = shared_client().get(path, headers={"if-none-match": known})
        assert (response.status_code, response.content) == (200, plain.content)


def test_another_tag_gets_the_answer() -> None:
    response = shared_client().get("/pnodes", headers={"if-none-match": '"other"'})
    assert response.status_code == 200


@pytest.mark.parametrize("path", ALL)
def test_head_gives_the_headers_of_get(path: str) -> None:
    get, head = shared_client().get(path), shared_client().head(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert dict(head.headers) == dict(get.headers)


def test_head_of_an_unknown_node_is_404() -> None:
    assert shared_client().head("/registry/nobody").status_code == 404


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused_with_what_is_allowed(path: str, method: str) -> None:
    response = shared_client().request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.json() == {"detail": "Method Not Allowed"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/prune", "/prune/", "/prune?days=-1"])
def test_nothing_is_deleted_over_http(method: str, path: str) -> None:
    response = shared_client().request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == ""


def test_an_unknown_path_is_a_json_404() -> None:
    response = shared_client().get("/nothing-here")
    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize(
    "path",
    [path for path in WITHOUT_QUERY if path not in {"/", f"/pnodes/{NODE}"} and not path.startswith("/registry/")],
)
def test_a_trailing_slash_is_answered_and_never_redirected(path: str) -> None:
    response = shared_client().get(f"{path}/", headers={"host": "evil.example"})
    assert response.status_code == shared_client().get(path).status_code
    assert response.headers["etag"] == shared_client().get(path).headers["etag"]


@pytest.mark.parametrize("path", ["/", "/pnodes", "/all-nodes", "/network/history", "/health"])
def test_the_host_never_shows_in_an_answer(path: str) -> None:
    response = shared_client().get(path, headers={"host": "evil.example"})
    assert b"evil" not in response.content
    assert "evil" not in str(response.headers)


def test_a_percent_encoded_address_works() -> None:
    encoded = NODE.replace(":", "%3A")
    assert shared_client().get(f"/registry/{encoded}").content == shared_client().get(f"/registry/{NODE}").content


@pytest.mark.parametrize("key", ["a%0A", "a%0Ab", "a/b/c", "%00", "%F0%9F%92%A9", "..%2F..", "x" * 256])
def test_any_name_of_a_node_gets_the_routes_own_answer(key: str) -> None:
    assert "jsonrpc" in shared_client().get(f"/registry/{key}").json()
    assert "suggestion" in shared_client().get(f"/node/{key}/consistency").json()
    assert shared_client().get(f"/node/{key}/history").json()["available"] is False


def test_a_name_that_is_too_long_is_refused() -> None:
    assert shared_client().get(f"/registry/{'x' * 257}").status_code == 422


def test_a_compressed_answer_has_a_tag_of_its_own_that_still_gives_304() -> None:
    client = make_client(world())
    response = client.get("/pnodes", headers={"accept-encoding": "gzip"})
    assert response.headers["etag"] == coded(etag_of(response.content), "gzip")
    again = client.get("/pnodes", headers={"accept-encoding": "gzip", "if-none-match": response.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, response.headers["etag"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/pnodes?limit=0", 422),
        (f"/registry/{'x' * 257}", 422),
        ("/nothing-here", 404),
        ("/registry/nobody", 404),
        ("/node/nobody/consistency", 404),
        ("/pnodes/compare?addresses=one", 400),
        ("/prune", 405),
    ],
)
def test_an_error_may_not_be_kept(path: str, status: int) -> None:
    response = shared_client().get(path)
    assert (response.status_code, response.headers["cache-control"]) == (status, "no-store")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ('"abc"', '"abc"'),
        ('W/"abc"', '"abc"'),
        ('"x", "abc-br"', '"abc-br"'),
        ("*", '"abc"'),
        ('"abcd"', None),
        ('"abc-xz"', None),
        ("abc", None),
        ("", None),
    ],
)
def test_which_tags_stand_for_an_answer(header: str, found: str | None) -> None:
    assert matching(header, '"abc"') == found
