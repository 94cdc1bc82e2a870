"""Compression: the requested coding, only for suitable bodies, and without delay."""

import gzip
from collections.abc import Callable

import brotli  # pyright: ignore[reportMissingTypeStubs]  (the package ships none)
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from server.http.cache import StoredResponse
from server.http.compress import COMPRESSORS, MIN_BYTES, chosen_coding
from server.http.etag import etag_of
from server.http.reply import Kept, Unkept, public_headers

BODY = b'{"address": "45.0.1.7:9001"}' * 100
DECOMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


def serve(response: Callable[[], Response]) -> TestClient:
    async def endpoint(_: Request) -> Response:
        return response()

    return TestClient(Starlette(routes=[Route("/", endpoint)]))


def ask(response: Callable[[], Response], accept: str | None, method: str = "GET") -> tuple[dict[str, str], bytes]:
    """The headers of the response, and its body as sent."""
    client = serve(response)
    client.headers.pop("accept-encoding")
    request = client.build_request(method, "/", headers={"accept-encoding": accept} if accept is not None else {})
    if accept is None:
        request.headers.pop("accept-encoding", None)
    answer = client.send(request, stream=True)
    return dict(answer.headers), b"".join(answer.iter_raw())


def kept(body: bytes = BODY) -> Response:
    return Kept(StoredResponse(body, public_headers(b"application/json")), b"public, max-age=60")


def unkept(body: bytes = BODY, status: int = 200) -> Response:
    return Unkept(body, status, media_type="application/json")


both = pytest.mark.parametrize("response", [kept, unkept])


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("zstd;q=0, *", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("gzip;q=0.5, zstd;q=0.5", "zstd"),
        ("gzip;q=0", None),
        ("gzip; q=0.0", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity, gzip", "gzip"),
        ("deflate", None),
        ("gzip;q=nan", None),
        ("gzip;q=high", None),
        ("gzip;q=7", None),
        ("gzip;level=9", "gzip"),
        (",,;", None),
        ("", None),
    ],
)
def test_the_coding_is_the_clients_wish_then_ours(accept: str, coding: str | None) -> None:
    assert chosen_coding(accept) == coding


@given(st.text(max_size=200))
def test_any_header_gives_a_known_coding_or_none(accept: str) -> None:
    assert chosen_coding(accept) in {None, *COMPRESSORS}


@both
@pytest.mark.parametrize("coding", COMPRESSORS)
def test_a_large_body_comes_compressed(response: Callable[[], Response], coding: str) -> None:
    headers, body = ask(response, coding)
    assert headers["content-encoding"] == coding
    assert int(headers["content-length"]) == len(body) < len(BODY)
    assert headers["vary"] == "Accept-Encoding"
    assert DECOMPRESSORS[coding](body) == BODY


@pytest.mark.parametrize("coding", COMPRESSORS)
def test_equal_bodies_compress_to_equal_bytes(coding: str) -> None:
    assert COMPRESSORS[coding](BODY) == COMPRESSORS[coding](BODY)


@both
def test_without_a_wish_the_body_stays_and_caches_learn_that_it_could_differ(response: Callable[[], Response]) -> None:
    headers, body = ask(response, None)
    assert body == BODY
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"


def test_the_entity_tag_has_the_coding_as_its_suffix() -> None:
    headers, _ = ask(kept, "br")
    assert headers["etag"] == etag_of(BODY).removesuffix('"') + '-br"'


@pytest.mark.parametrize(
    "response",
    [
        lambda: kept(b"x" * (MIN_BYTES - 1)),
        lambda: unkept(b"x" * (MIN_BYTES - 1)),
        lambda: unkept(status=404),
        lambda: unkept(status=503),
    ],
    ids=["small and kept", "small", "not found", "unavailable"],
)
def test_what_is_not_worth_it_stays_as_it_is(response: Callable[[], Response]) -> None:
    headers, body = ask(response, "gzip")
    assert len(body) == int(headers["content-length"])
    assert "content-encoding" not in headers


@both
def test_head_has_the_headers_of_get(response: Callable[[], Response]) -> None:
    got, _ = ask(response, "gzip")
    headers, body = ask(response, "gzip", "HEAD")
    assert (headers, body) == (got, b"")
