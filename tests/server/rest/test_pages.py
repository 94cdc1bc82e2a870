"""The API's own description, and the pages that show it."""

import re
import struct

import pytest

from server.http.etag import etag_of
from tests.server.rest.world import shared_client

PAGES = ("/docs", "/redoc")
ASSETS = ("/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/redoc/redoc.standalone.js", "/redoc/logo-mini.svg")
ALL = ("/openapi.json", "/favicon.ico", *PAGES, *ASSETS)


@pytest.mark.parametrize("path", ALL)
def test_it_may_be_kept_and_is_not_sent_twice(path: str) -> None:
    response = shared_client().get(path, headers={"accept-encoding": "identity"})
    assert response.status_code == 200
    assert response.headers["etag"] == etag_of(response.content)
    assert re.fullmatch(r"public, max-age=(300|86400)", response.headers["cache-control"])
    again = shared_client().get(path, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == response.headers["cache-control"]


@pytest.mark.parametrize("path", ALL)
def test_head_gives_the_headers_of_get(path: str) -> None:
    get, head = shared_client().get(path), shared_client().head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
def test_the_description_is_compressed_under_a_tag_of_its_own(coding: str) -> None:
    response = shared_client().head("/openapi.json", headers={"accept-encoding": coding})
    assert response.headers["content-encoding"] == coding
    assert response.headers["etag"].endswith(f'-{coding}"')
    assert "Accept-Encoding" in response.headers["vary"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_from_elsewhere(page: str) -> None:
    response = shared_client().get(page)
    loaded = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", response.text)
    assert set(loaded) <= {"/openapi.json", "/favicon.ico", *ASSETS}
    assert "/favicon.ico" in loaded
    assert "/openapi.json" in response.text
    assert "//" not in response.text.replace("<!--", "").replace("-->", "")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy


def test_no_validator_of_others_is_told_of_the_description() -> None:
    assert '"validatorUrl": null' in shared_client().get("/docs").text


def test_the_icon_is_small_and_an_icon() -> None:
    response = shared_client().get("/favicon.ico", headers={"accept-encoding": "identity"})
    assert response.headers["content-type"] == "image/x-icon"
    assert response.headers["cache-control"] == "public, max-age=86400"
    reserved, kind, images = struct.unpack_from("<HHH", response.content)
    assert (reserved, kind, images) == (0, 1, 2)
    assert len(response.content) < 2_048


@pytest.mark.parametrize("path", ["/docs/oauth2-redirect", "/docs/nothing", "/redoc/..%2Fswagger%2Fswagger-ui.css"])
def test_nothing_else_is_there(path: str) -> None:
    assert shared_client().get(path).status_code == 404


@pytest.mark.parametrize("path", ALL)
def test_other_methods_are_refused(path: str) -> None:
    response = shared_client().post(path)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
