"""Compression: what the client asks for, of what is worth it, and nothing held back."""

import gzip
from collections.abc import AsyncIterator, Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from server.http.compress import COMPRESSORS, MIN_BYTES, Compress, chosen_coding

BODY = b'{"address": "45.0.1.7:9001"}' * 100
DECOMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    "br": brotli.decompress,
    "gzip": gzip.decompress,
}


def serve(response: Callable[[], Response]) -> TestClient:
    async def endpoint(_: Request) -> Response:
        return response()

    return TestClient(Compress(Starlette(routes=[Route("/", endpoint)])))


def ask(response: Callable[[], Response], accept: str | None, method: str = "GET") -> tuple[dict[str, str], bytes]:
    """The headers of the answer, and its body as it came over the wire."""
    client = serve(response)
    client.headers.pop("accept-encoding")
    request = client.build_request(method, "/", headers={"accept-encoding": accept} if accept is not None else {})
    if accept is None:
        request.headers.pop("accept-encoding", None)
    answer = client.send(request, stream=True)
    return dict(answer.headers), b"".join(answer.iter_raw())


def json(body: bytes = BODY, **headers: str) -> Callable[[], Response]:
    return lambda: Response(body, media_type="application/json", headers=headers)


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


@pytest.mark.parametrize("coding", COMPRESSORS)
def test_a_large_body_comes_compressed(coding: str) -> None:
    headers, body = ask(json(), coding)
    assert headers["content-encoding"] == coding
    assert int(headers["content-length"]) == len(body) < len(BODY)
    assert headers["vary"] == "Accept-Encoding"
    assert DECOMPRESSORS[coding](body) == BODY


@pytest.mark.parametrize("coding", COMPRESSORS)
def test_equal_bodies_compress_to_equal_bytes(coding: str) -> None:
    assert COMPRESSORS[coding](BODY) == COMPRESSORS[coding](BODY)


def test_without_a_wish_the_body_stays_and_caches_are_told_that_it_could_differ() -> None:
    headers, body = ask(json(), None)
    assert body == BODY
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"


def test_the_entity_tag_tells_the_coding() -> None:
    headers, _ = ask(json(etag='"abc"'), "br")
    assert headers["etag"] == '"abc-br"'


def test_a_weak_entity_tag_stays() -> None:
    headers, _ = ask(json(etag='W/"abc"'), "br")
    assert headers["etag"] == 'W/"abc"'


@pytest.mark.parametrize(
    "response",
    [
        json(b"x" * (MIN_BYTES - 1)),
        json(**{"content-encoding": "br"}),
        json(**{"cache-control": "no-transform"}),
        lambda: Response(BODY, media_type="image/png"),
        lambda: Response(BODY, media_type="text/event-stream"),
    ],
    ids=["small", "compressed already", "no-transform", "image", "event stream"],
)
def test_what_is_not_worth_it_stays_as_it_is(response: Callable[[], Response]) -> None:
    headers, body = ask(response, "gzip")
    assert body == bytes(response().body)
    assert headers.get("content-encoding") in {None, "br"}


def test_a_stream_is_not_held_back() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield BODY
        yield BODY

    headers, body = ask(lambda: StreamingResponse(parts(), media_type="application/json"), "gzip")
    assert body == BODY * 2
    assert "content-encoding" not in headers


def test_head_has_the_headers_of_get_without_a_length_that_would_need_the_body() -> None:
    def response() -> Response:
        answer = Response(BODY, media_type="application/json", headers={"etag": '"abc"'})
        answer.body = b""
        return answer

    headers, body = ask(response, "gzip", "HEAD")
    assert body == b""
    assert headers["content-encoding"] == "gzip"
    assert headers["etag"] == '"abc-gzip"'
    assert "content-length" not in headers
