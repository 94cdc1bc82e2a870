"""Known responses are the same bytes whether they are written at once or through ASGI."""

import re
from functools import cache

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from server.edge import Edge
from server.http.cache import LONG_BYTES
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests.asgi import call
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates
from tests.wire import Wire

COUNT = orjson.dumps({"query": "{ pnodes(first: 1) { totalCount } }"})
WIDE = orjson.dumps({"query": "{ pnodes(first: 20) { nodes { id address version } } }"})
BY_GET = "/graphql?query=%7B__typename%7D"
GONE = re.compile(rb"x-request-id: [0-9a-f]{16}\r\n")


def edge() -> Edge:
    """The server over a network in memory, at a fixed time."""
    return assemble(Settings(), FakeReads([network(20)]), FakeUpdates(), Lifecycle(), clock=lambda: AT + 5.0)


class Pair:
    """Two equal servers, one of which writes known responses at once."""

    def __init__(self) -> None:
        self.by_asgi, self.direct = edge(), edge()
        self.tags: list[str] = []

    async def warm(self) -> None:
        """Send the requests of the tests to both until they are cached."""
        if self.tags:
            return
        for app in (self.by_asgi, self.direct):
            for _ in range(3):
                for target in ("/pnodes?limit=10", "/pnodes?limit=2", "/", BY_GET):
                    reply = await call(app, "GET", target)
                    self.tags.append(reply.headers["etag"])
                for body in (COUNT, WIDE):
                    await call(app, "POST", "/graphql", body=body, headers={"content-type": "application/json"})
        self.tags = sorted({*self.tags})

    async def both(self, pieces: list[bytes]) -> tuple[bytes, bytes]:
        """The responses of both to the same bytes on one connection, without the parts that differ in each response."""
        found: list[bytes] = []
        for wire in (Wire(self.by_asgi), Wire(self.direct, self.direct.known)):
            for piece in pieces:
                await wire.send(piece, whole=False)
            found.append(GONE.sub(b"", wire.taken()) + (b"closed" if wire.transport.closed else b"open"))
            wire.end()
        return found[0], found[1]


@cache
def pair() -> Pair:
    """One pair for all examples, because no example changes the servers."""
    return Pair()


TARGETS = (
    "/pnodes?limit=10",
    "/pnodes?limit=2",
    "/pnodes/?limit=2",
    "/pnodes?limit=%32",
    "/%70nodes?limit=2",
    "//pnodes?limit=2",
    "/./pnodes?limit=2",
    "/pnodes?limit=2#end",
    "http://a/pnodes?limit=2",
    "/pnodes?limit=0",
    "/",
    "*",
    BY_GET,
    "/graphql",
    "/health/live",
    "/nowhere",
    "/pnodes?limit=2&zz=1",
)
USUAL = st.sampled_from(["/pnodes?limit=10", "/pnodes?limit=2", "/", BY_GET])
LINES = (
    "accept: */*",
    "accept: text/html",
    "Accept: application/json",
    "accept: application/graphql-response+json",
    "accept: ",
    "accept-encoding: gzip, br",
    "Accept-Encoding: gzip;q=0.1, zstd",
    "accept-encoding: identity",
    "accept-encoding:",
    "if-none-match: *",
    'if-none-match: "other"',
    "origin: https://any.example",
    "range: bytes=0-10",
    "x-forwarded-for: 203.0.113.9",
    "x-request-id: 12345678-abc",
    "cookie: a=b",
    "connection: keep-alive",
)
# Lines that end a connection, change how it continues, or cannot be parsed.
ODD_LINES = (
    *LINES,
    "connection: close",
    "connection: Upgrade",
    "connection: keep-alive, te",
    "upgrade: h2c",
    "upgrade: websocket",
    "expect: 100-continue",
    "transfer-encoding: chunked",
    "content-length: 0",
    "content-length: +3",
    "content-length: 3",
    "bad header: x",
    "x: \x01",
    " folded",
)


def request(method: str, target: str, lines: list[str], version: str, body: bytes) -> bytes:
    if method == "POST":
        lines = [*lines, "content-type: application/json", f"content-length: {len(body)}"]
    head = "\r\n".join([f"{method} {target} {version}", "host: a", *lines, "", ""]).encode("latin-1")
    return head + (body if method == "POST" else b"")


TAGS = st.integers(0, 9).map(lambda number: f"if-none-match: TAG{number}")


@st.composite
def requests(draw: st.DrawFn, lines: tuple[str, ...]) -> bytes:
    """One request with some of these lines. Most requests are known."""
    method = draw(st.sampled_from(["GET", "GET", "HEAD", "POST", "POST", "OPTIONS"]))
    target = "/graphql" if method == "POST" else draw(st.one_of(USUAL, USUAL, st.sampled_from(TARGETS)))
    chosen = draw(st.lists(st.one_of(st.sampled_from(lines), TAGS), max_size=3))
    version = draw(st.sampled_from(["HTTP/1.1"] * 9 + ["HTTP/1.0"])) if lines is ODD_LINES else "HTTP/1.1"
    body = draw(st.sampled_from([COUNT, COUNT, WIDE, b"", b"{", b"{}"]))
    return request(method, target, chosen, version, body)


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Consecutive requests, split anywhere."""
    found = b"".join(draw(st.lists(requests(LINES), min_size=1, max_size=4)))
    at = sorted(draw(st.lists(st.integers(0, len(found)), max_size=2)))
    return [found[start:end] for start, end in zip([0, *at], [*at, len(found)], strict=True)]


def tagged(pieces: list[bytes], tags: list[str]) -> list[bytes]:
    """With real tags, some of them of a coding, instead of their numbers."""
    forms = [tag for each in tags for tag in (each, f"W/{each}", f'{each[:-1]}-br"', f'"x", {each}')]

    def tag(found: re.Match[bytes]) -> bytes:
        return forms[int(found[1]) % len(forms)].encode()

    return [re.sub(rb"TAG(\d)", tag, piece) for piece in pieces]


@given(pieces=st.one_of(streams(), st.lists(requests(ODD_LINES), min_size=1, max_size=4)))
async def test_answers_are_the_same_bytes_either_way(pieces: list[bytes]) -> None:
    servers = pair()
    await servers.warm()
    by_asgi, direct = await servers.both(tagged(pieces, servers.tags))
    assert direct == by_asgi
    assert servers.direct.served == servers.by_asgi.served


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("GET", "/pnodes?limit=2", [], "HTTP/1.1", b""), 200),
        (
            request("GET", "/pnodes?limit=2", ["accept-encoding: br", "x-forwarded-for: 203.0.113.9"], "HTTP/1.1", b""),
            200,
        ),
        (request("GET", "/pnodes?limit=2", ["if-none-match: *"], "HTTP/1.1", b""), 304),
        (request("HEAD", "/pnodes?limit=2", [], "HTTP/1.1", b""), 200),
        (request("GET", "/", [], "HTTP/1.1", b""), 200),
        (request("GET", BY_GET, [], "HTTP/1.1", b""), 200),
        (request("POST", "/graphql", [], "HTTP/1.1", COUNT), 200),
    ],
)
async def test_what_is_kept_is_given_without_asgi(data: bytes, status: int) -> None:
    app = edge()
    warm = Wire(app)
    for _ in range(3):
        await warm.send(data)
    warm.end()
    before = sum(app.served.values())

    async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the application was asked")

    wire = Wire(nobody, app.known)
    await wire.send(data * 3)
    assert wire.taken().count(b"HTTP/1.1 %d" % status) == 3
    assert sum(app.served.values()) == before + 3
    assert wire.state.total_requests == 3
    wire.end()


async def test_a_browser_gets_the_page_where_an_answer_is_kept_too() -> None:
    app = edge()
    wire = Wire(app, app.known)
    for _ in range(3):
        await wire.send(request("GET", "/", ["accept: application/json"], "HTTP/1.1", b""))
    assert wire.taken().count(b"content-type: application/json") == 3
    await wire.send(request("GET", "/", ["accept: text/html"], "HTTP/1.1", b""))
    assert b"content-type: text/html" in wire.taken()
    wire.end()


async def test_an_answer_that_a_thread_has_to_compress_is_left_to_asgi() -> None:
    app = assemble(Settings(), FakeReads([network(400)]), FakeUpdates(), Lifecycle(), clock=lambda: AT + 5.0)
    wire = Wire(app, app.known)
    for _ in range(3):
        await wire.send(request("GET", "/pnodes?limit=400", [], "HTTP/1.1", b""))
    assert len(wire.taken()) > 3 * LONG_BYTES
    hits = app.served["GET", "rest", 200]
    await wire.send(request("GET", "/pnodes?limit=400", ["accept-encoding: br"], "HTTP/1.1", b""))
    assert b"content-encoding: br" in wire.taken()
    assert app.served["GET", "rest", 200] == hits + 1
    wire.end()


async def test_a_new_snapshot_is_answered_from_at_once() -> None:
    reads = FakeReads([network(20)])
    app = assemble(Settings(), reads, FakeUpdates(), Lifecycle(), clock=lambda: AT + 5.0)
    wire = Wire(app, app.known)
    for _ in range(4):
        await wire.send(request("POST", "/graphql", [], "HTTP/1.1", COUNT))
    assert wire.taken().count(b'"totalCount":20') == 4
    reads.add(network(30, AT + 60))
    await wire.send(request("POST", "/graphql", [], "HTTP/1.1", COUNT))
    assert b'"totalCount":30' in wire.taken()
    wire.end()
