"""Responses made before ASGI are the same bytes as those that ASGI sends, and wait for nothing."""

import re
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from server.edge import Edge
from server.lifecycle import Lifecycle
from server.settings import Settings
from server.surfaces import assemble
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates
from tests.patience import settle
from tests.wire import Wire

UNCACHED = Settings(response_cache_bytes=0)
GONE = re.compile(rb"x-request-id: [0-9a-f]{16}\r\n")
NODES = (
    "query Q($n: Int, $v: String, $when: DateTime, $policy: String, $more: Boolean = false) { pnodes(first: $n, asOf: $when,"
    " where: {version: {eq: $v}}) { totalCount nodes { id score(policy: $policy) { composite } version @include(if: $more) } } }"
)
HISTORY = '{ pnodes(first: 2) { nodes { id history(from: "2027-01-15T07:00:00Z") { start } } } }'
QUERIES = (
    "{ pnodes(first: 20) { nodes { id address score { composite tier } } } }",
    "{ pnodes(first: 20, orderBy: [{field: UPTIME}]) { nodes { id uptime } pageInfo { endCursor } } }",
    NODES,
    HISTORY,
    "{ networkHealth { score } pnodes { totalCount } }",
    "{ ...on Query { networkHealth { score } } }",
    "{ __typename }",
    "{ __schema { queryType { name } } }",
    "{ serviceConfig { network } }",
    "subscription { snapshots { slot } }",
    "mutation { x }",
    "{ nothing }",
    "{",
    "query A { __typename } query B { networkHealth { score } }",
)
LONG = "{ pnodes(first: 500) { nodes { id address pubkey version status uptime storageUsed witnessCount firstSeen } } }"
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "n": st.sampled_from([0, 3, 500, 501, -1, "x", None]),
        "v": st.sampled_from(["0.8.0", "", None, 5]),
        "when": st.sampled_from([None, "2027-01-15T08:00:00Z", "2020-01-01T00:00:00Z", "x"]),
        "policy": st.sampled_from([None, "1.0", "2.0", "9"]),
        "more": st.sampled_from([True, False, None]),
    },
)


def edge(settings: Settings = UNCACHED, reads: FakeReads | None = None) -> Edge:
    reads = reads or FakeReads([network(20)])
    return assemble(settings, reads, FakeUpdates(), Lifecycle(), clock=lambda: AT + 5.0)


def post(query: str, variables: object = None, lines: tuple[str, ...] = (), **more: object) -> bytes:
    body = orjson.dumps({"query": query, **({} if variables is None else {"variables": variables}), **more})
    head = [*lines, "content-type: application/json", f"content-length: {len(body)}", "", ""]
    return "\r\n".join(["POST /graphql HTTP/1.1", "host: a", *head]).encode() + body


@cache
def servers() -> tuple[Edge, Edge]:
    """Two equal servers for all examples. Documents stay in memory, so that the second one answers them at once."""
    return edge(), edge()


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    lines = draw(
        st.lists(
            st.sampled_from(
                [
                    "accept: application/graphql-response+json",
                    "accept: text/event-stream",
                    "accept: text/html",
                    "accept-encoding: br",
                    "if-none-match: *",
                    "x-request-id: 12345678-abc",
                    "content-encoding: gzip",
                    "origin: https://any.example",
                    "x-forwarded-for: 203.0.113.9",
                ]
            ),
            max_size=2,
            unique_by=lambda line: line.partition(":")[0],
        )
    )
    query = draw(st.sampled_from(QUERIES))
    if query.startswith("subscription"):  # a stream has no end
        lines = [line for line in lines if "event-stream" not in line]
    name = draw(st.sampled_from([{}, {}, {}, {"operationName": "B"}, {"extensions": {}}, {"extensions": {"x": 1}}]))
    return post(query, draw(st.one_of(st.none(), VARIABLES)), tuple(lines), **name)


@given(data=requests())
async def test_responses_are_the_same_bytes_either_way(data: bytes) -> None:
    by_asgi, direct = servers()
    found: list[bytes] = []
    for app, known in ((by_asgi, None), (direct, direct.known)):
        wire = Wire(app, known)
        for _ in range(3):
            await wire.send(data)
        found.append(GONE.sub(b"", wire.taken()))
        wire.end()
    assert found[1] == found[0]


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("the application was asked")


async def warmed(app: Edge, *data: bytes) -> None:
    """Send requests through ASGI, which parses and compiles their documents."""
    wire = Wire(app)
    for each in data * 2:
        await wire.send(each)
    assert wire.taken()
    wire.end()


@pytest.mark.parametrize("settings", [UNCACHED, Settings()])
async def test_a_known_document_with_new_variables_is_answered_without_asgi(settings: Settings) -> None:
    app = edge(settings)
    await warmed(app, post(NODES, {"n": 1}))
    wire = Wire(nobody, app.known)
    for n in range(2, 12):
        await wire.send(post(NODES, {"n": n}))
        assert orjson.loads(wire.taken().partition(b"\r\n\r\n")[2])["data"]["pnodes"]["totalCount"] == 20
        await settle()
    assert wire.state.total_requests == 10
    wire.end()


async def test_a_response_made_at_once_is_cached_as_others_are() -> None:
    app = edge(Settings())
    await warmed(app, post(NODES, {"n": 1}))
    wire = Wire(nobody, app.known)
    for _ in range(4):
        await wire.send(post(NODES, {"n": 2}))
        await settle()
    assert wire.taken().count(b"x-request-id") == 2  # a response is cached when it is made for the second time
    assert app.served["POST", "graphql", 200] == 2
    wire.end()


class Counting(FakeReads):
    """Counts questions about history, which have to be awaited."""

    def __init__(self) -> None:
        super().__init__([network(20)])
        self.asked = 0

    async def node_history(self, *args: Any, **options: Any) -> Any:
        self.asked += 1
        await settle()
        return await super().node_history(*args, **options)


async def test_what_awaits_several_things_is_executed_once_for_each_request() -> None:
    reads = Counting()
    app = edge(reads=reads)
    await warmed(app, post(HISTORY))
    before = reads.asked
    wire = Wire(app, app.known)
    for _ in range(5):
        await wire.send(post(HISTORY))
    assert reads.asked - before == 5 * before // 2
    wire.end()


@pytest.mark.parametrize(
    ("settings", "query", "variables"),
    [
        (Settings(response_cache_bytes=0, rate_limit=1_000_000), NODES, {"n": 1}),
        (UNCACHED, LONG, {}),  # too much work for a callback
        (UNCACHED, NODES, {"n": -1}),  # an error
        (UNCACHED, "{ __schema { queryType { name } } }", {}),
    ],
)
async def test_what_is_not_short_and_free_is_left_to_asgi(
    settings: Settings, query: str, variables: dict[str, Any]
) -> None:
    app = edge(settings, FakeReads([network(500)]))
    await warmed(app, post(query, variables))
    asked = 0

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1
        await app(scope, receive, send)

    wire = Wire(counting, app.known)
    for _ in range(3):
        await wire.send(post(query, variables))
    assert asked == 3
    wire.end()


class Yielding(FakeReads):
    """Counts the snapshots that are read, and has to wait for each of the past."""

    def __init__(self) -> None:
        super().__init__([network(20, AT - 60), network(20)])
        self.past = 0

    async def snapshot(self, as_of: Any = None) -> Any:
        if as_of is not None:
            self.past += 1
            await settle()
        return await super().snapshot(as_of)


async def test_what_needs_more_than_the_current_snapshot_is_read_by_asgi_alone() -> None:
    reads = Yielding()
    app = edge(reads=reads)
    old = post(NODES, {"n": 1, "when": "2027-01-15T07:59:00Z"})
    await warmed(app, post(NODES, {"n": 1}))
    wire = Wire(app, app.known)
    for _ in range(5):
        await wire.send(old)
    assert wire.taken().count(b"HTTP/1.1 200 OK") == 5
    assert reads.past == 5
    wire.end()


class Recording(FakeReads):
    """Counts what is asked of it besides the current snapshot."""

    def __init__(self) -> None:
        super().__init__([network(20)])
        self.asked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if name in {"collector", "events", "node_history", "network_history", "snapshot", "enrichment", "header"}:
            super().__getattribute__("asked").append(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize(
    "query",
    [
        "{ collector { outcome } }",
        "{ events(first: 2) { nodes { type } } }",
        "{ enrichment { sources { name } } }",
    ],
)
async def test_an_operation_at_once_starts_nothing_that_waits(query: str) -> None:
    reads = Recording()
    app = edge(reads=reads)
    await warmed(app, post(query))
    before = len(reads.asked)
    assert before
    wire = Wire(app, app.known)
    for _ in range(4):
        await wire.send(post(query))
    assert len(reads.asked) - before == 2 * before
    wire.end()
