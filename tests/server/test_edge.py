import asyncio
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

from server.edge import MAX_QUERY_FIELDS, MAX_QUESTION_BYTES, REQUEST_COST, Edge
from server.http.cache import LONG_BYTES, StoredResponse
from server.http.ratelimit import RateLimit
from server.http.reply import Kept, public_headers
from server.process.turns import Turns
from tests.asgi import call, http_scope
from tests.factories import AT, network
from tests.server.graphql_http.conftest import Api
from tests.wire import DirectFirst

MakeInner = Callable[..., "Inner"]
COUNT = "{ pnodes(first: 1) { totalCount } }"


def kept(body: bytes) -> Response:
    return Kept(StoredResponse(body, public_headers(b"application/json")), b"public, max-age=60")


class Inner:
    """Routes that count how often they are reached, and the edge around them, which may be called for bytes first."""

    def __init__(self, limit: RateLimit | None = None, turns: Turns | None = None, *, direct: bool = False) -> None:
        self.api = api = Api([network(20)])
        self.reached: list[str] = []
        routes = [
            Route("/pnodes", self.public),
            Route("/large", self.large),
            Route("/huge", self.huge),
            Route("/private", self.private),
            Route("/health", self.private),
            Route("/graphql", api.http),
        ]
        app = Starlette(routes=routes, exception_handlers={404: self.missing})
        edge = Edge(
            app,
            api.http,
            api.cache,
            api.view,
            limit=limit,
            plain_query=lambda _, asked: b"&".join(part for part in asked.split(b"&") if not part.startswith(b"zz")),
            turn=turns.take if turns is not None else None,
        )
        self.edge = DirectFirst(edge) if direct else edge

    async def public(self, request: Request) -> Response:
        self.reached.append(request.method)
        return kept(orjson.dumps({"q": str(request.url.query)}))

    async def large(self, request: Request) -> Response:
        return kept(b"[%b]" % b",".join([b'"%b"' % (b"x" * 50)] * 100))

    async def huge(self, request: Request) -> Response:
        self.reached.append(request.method)
        return kept(b"x" * 2 * LONG_BYTES)

    async def private(self, request: Request) -> Response:
        self.reached.append(request.method)
        return JSONResponse({"n": len(self.reached)}, headers={"cache-control": "no-store"})

    async def missing(self, request: Request, error: Exception) -> Response:
        self.reached.append(request.method)
        return JSONResponse({"detail": "Not Found"}, 404, headers={"cache-control": "no-store"})


@pytest.fixture(params=[False, True], ids=["by ASGI", "direct"])
def make(request: pytest.FixtureRequest) -> MakeInner:
    """Builds routes whose edge is called in either way."""
    return partial(Inner, direct=request.param)


@pytest.fixture
def inner(make: MakeInner) -> Inner:
    return make()


async def test_a_known_get_does_not_reach_the_routes(inner: Inner) -> None:
    for _ in range(5):
        reply = await call(inner.edge, "GET", "/pnodes?limit=1")
        assert reply.json == {"q": "limit=1"}
    assert inner.reached == ["GET", "GET"]
    assert inner.edge.served["GET", "rest", 200] == 5


async def test_a_kept_answer_is_a_hit_and_any_other_a_miss(inner: Inner) -> None:
    for _ in range(5):
        await call(inner.edge, "GET", "/pnodes?limit=1")
    assert (inner.api.cache.hits, inner.api.cache.misses) == (3, 2)


async def test_questions_differ_by_their_query_string(inner: Inner) -> None:
    one, two = await call(inner.edge, "GET", "/pnodes?limit=1"), await call(inner.edge, "GET", "/pnodes?limit=2")
    assert one.json != two.json
    assert one.headers["etag"] != two.headers["etag"]


async def test_what_no_route_reads_makes_no_new_question(inner: Inner) -> None:
    asked = [f"/pnodes?limit=1&zz={number}" for number in range(20)]
    replies = await asyncio.gather(*(call(inner.edge, "GET", path) for path in asked))

    assert {reply.json["q"] for reply in replies} == {"limit=1"}
    assert inner.reached == ["GET"]


async def test_a_long_answer_that_is_being_sent_is_sent_to_others_too(inner: Inner) -> None:
    """It is not in the cache yet, and might be too long for it. Slow readers must not keep a copy each."""
    read, waits = asyncio.Event(), asyncio.Event()

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def slow(message: Message) -> None:
        if message["type"] == "http.response.body":
            waits.set()
            await read.wait()

    first = asyncio.create_task(inner.edge(http_scope("GET", "/huge", {}), nothing, slow))
    await waits.wait()
    reply = await call(inner.edge, "GET", "/huge?zz=1")
    read.set()
    await first

    assert len(reply.body) == 2 * LONG_BYTES
    assert inner.reached == ["GET"]


async def test_routes_are_asked_one_after_the_other(make: MakeInner) -> None:
    turns = Turns()
    inner = make(turns=turns)
    await turns.take()
    waiting = [asyncio.create_task(call(inner.edge, "GET", f"/pnodes?limit={number}")) for number in range(3)]
    reached: list[int] = []
    while not all(task.done() for task in waiting):
        await asyncio.sleep(0)
        reached.append(len(inner.reached))

    assert max(later - earlier for earlier, later in pairwise([0, *reached])) == 1


async def test_head_has_the_headers_of_get(inner: Inner) -> None:
    got, head = await call(inner.edge, "GET", "/pnodes"), await call(inner.edge, "HEAD", "/pnodes")
    assert (head.status, head.body, head.headers) == (200, b"", got.headers)


async def test_who_waits_for_one_answer_gets_it_by_its_own_headers(inner: Inner) -> None:
    tag = (await call(inner.edge, "GET", "/large")).headers["etag"]
    asked = [("GET", {"if-none-match": tag}), ("HEAD", {}), ("GET", {"accept-encoding": "gzip"}), ("GET", {})]
    replies = await asyncio.gather(*(call(inner.edge, method, "/large?z", headers=sent) for method, sent in asked))

    assert [reply.status for reply in replies] == [304, 200, 200, 200]
    assert [len(reply.body) > 0 for reply in replies] == [False, False, True, True]
    assert [reply.headers.get("content-encoding") for reply in replies] == [None, None, "gzip", None]


async def test_a_client_that_has_the_answer_gets_304_in_any_coding(inner: Inner) -> None:
    first = await call(inner.edge, "GET", "/large", headers={"accept-encoding": "br"})
    again = await call(inner.edge, "GET", "/large", headers={"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert inner.edge.served["GET", "rest", 304] == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("coding", ["identity", "br"])
async def test_a_known_answer_that_the_client_has_is_told_by_its_headers_alone(
    inner: Inner, method: str, coding: str
) -> None:
    kept = [await call(inner.edge, "GET", "/large", headers={"accept-encoding": coding}) for _ in range(3)][-1]
    again = await call(inner.edge, method, "/large", headers={"if-none-match": kept.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    told = ("etag", "vary", "cache-control", "access-control-allow-origin")
    assert again.headers == {name: kept.headers[name] for name in told}
    assert inner.edge.served[method, "rest", 304] == 1


async def test_what_must_not_be_stored_reaches_the_routes_every_time(inner: Inner) -> None:
    for number in range(1, 4):
        assert (await call(inner.edge, "GET", "/private")).json == {"n": number}
    assert len(inner.api.cache) == 0


async def test_probes_are_passed_on_untouched(inner: Inner) -> None:
    await call(inner.edge, "HEAD", "/health")
    assert inner.reached == ["HEAD"]


async def test_errors_are_passed_on_and_never_kept(inner: Inner) -> None:
    for _ in range(3):
        reply = await call(inner.edge, "GET", "/nowhere")
        assert (reply.status, reply.json) == (404, {"detail": "Not Found"})
    assert len(inner.reached) == 3


async def test_a_question_that_is_too_long_is_not_kept(inner: Inner) -> None:
    for _ in range(3):
        await call(inner.edge, "GET", "/pnodes?x=" + "a" * 3_000)
    assert len(inner.reached) == 3


@pytest.mark.parametrize("path", ["/pnodes", "/health", "/pnodes/"])
async def test_a_query_string_of_too_many_fields_reaches_no_route(inner: Inner, path: str) -> None:
    reply = await call(inner.edge, "GET", f"{path}?{'a&' * MAX_QUERY_FIELDS}")

    assert reply.status == 400
    assert f"more than {MAX_QUERY_FIELDS} fields" in reply.json["detail"]
    assert inner.reached == []
    assert (await call(inner.edge, "GET", f"{path}?{'a&' * (MAX_QUERY_FIELDS - 1)}")).status == 200


async def test_a_question_that_is_too_long_to_be_kept_is_charged(make: MakeInner) -> None:
    inner = make(RateLimit(REQUEST_COST, lambda: 0.0))
    paths = [f"/pnodes?q={'x' * MAX_QUESTION_BYTES}{number}" for number in range(2)]

    assert [(await call(inner.edge, "GET", path)).status for path in paths] == [200, 429]


async def test_a_known_graphql_request_is_answered_by_its_bytes(inner: Inner) -> None:
    for _ in range(5):
        reply = await call(inner.edge, "POST", "/graphql", json={"query": COUNT})
        assert reply.json["data"] == {"pnodes": {"totalCount": 20}}
    assert inner.edge.served["POST", "graphql", 200] == 3  # a repeated request is known from the third time on


async def test_a_graphql_request_in_pieces_is_answered_too(inner: Inner) -> None:
    body = orjson.dumps({"query": COUNT})
    headers = {"content-type": "application/json"}
    assert (await call(inner.edge, "POST", "/graphql", headers=headers, body=body, chunks=5)).json["data"]


async def test_a_kept_answer_ends_with_its_view(inner: Inner) -> None:
    for _ in range(6):
        await call(inner.edge, "POST", "/graphql", json={"query": COUNT})
    inner.api.reads.add(network(30, AT + 60))
    reply = await call(inner.edge, "POST", "/graphql", json={"query": COUNT})
    assert reply.json["data"] == {"pnodes": {"totalCount": 30}}


async def test_an_answer_of_a_route_is_charged_and_a_kept_one_is_free(make: MakeInner) -> None:
    edge = make(RateLimit(3 * REQUEST_COST, lambda: 0.0)).edge
    kept = [(await call(edge, "GET", "/pnodes")).status for _ in range(10)]
    asked = [(await call(edge, "GET", f"/pnodes?q={n}")).status for n in range(5)]

    assert kept == [200] * 10
    assert asked[-1] == 429
    assert (await call(edge, "GET", "/pnodes")).status == 200


async def test_a_large_answer_costs_more_than_a_small_one(make: MakeInner) -> None:
    edge = make(RateLimit(3 * REQUEST_COST, lambda: 0.0)).edge
    assert (await call(edge, "GET", "/large")).status == 200

    refused = await call(edge, "GET", "/large?again")

    assert (refused.status, refused.json) == (429, {"detail": "the allowance is used up, try again in 13 s"})
    assert refused.headers["retry-after"] == "13"


async def test_probes_are_never_charged(make: MakeInner) -> None:
    edge = make(RateLimit(1, lambda: 0.0)).edge

    assert {(await call(edge, "GET", "/health")).status for _ in range(20)} == {200}
