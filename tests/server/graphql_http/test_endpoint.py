import hashlib
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from schema.domain.errors import SnapshotUnavailable
from schema.graphql.execution.errors import ErrorCode
from tests.asgi import Reply, Stream, call
from tests.factories import AT, network, pnode, snapshot
from tests.server.graphql_http.conftest import Api

JSON = {"content-type": "application/json"}
GRAPHQL = {"accept": "application/graphql-response+json"}
COUNT = "{ pnodes(first: 1) { totalCount } }"


async def post(api: Any, query: object, headers: dict[str, str] | None = None, **more: object) -> Reply:
    return await call(api, "POST", "/graphql", json={"query": query, **more}, headers=headers)


def codes(reply: Reply) -> list[str]:
    return [error["extensions"]["code"] for error in reply.json["errors"]]


async def test_a_query_by_post(api: Any) -> None:
    reply = await post(api, COUNT)
    assert (reply.status, reply.json["data"]) == (200, {"pnodes": {"totalCount": 20}})
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.json["extensions"]["cost"]["value"] > 0


async def test_a_negative_zero_leaves_as_zero() -> None:
    nodes = [pnode(number, storage_growth=-0.0, storage_usage_percent=-0.0) for number in range(1, 4)]
    reply = await post(Api([snapshot(nodes)]), "{ pnodes(first: 3) { nodes { storageGrowth storageUsagePercent } } }")
    assert reply.json["data"]["pnodes"]["nodes"] == [{"storageGrowth": 0.0, "storageUsagePercent": 0.0}] * 3
    assert b"-0" not in reply.body


async def test_a_query_by_get_and_head(api: Any) -> None:
    target = f"/graphql?query={quote(COUNT)}"
    got, head = await call(api, "GET", target), await call(api, "HEAD", target)
    assert got.json["data"] == {"pnodes": {"totalCount": 20}}
    assert (head.status, head.body, head.headers) == (200, b"", got.headers)


async def test_the_media_type_is_the_one_that_the_client_prefers(api: Any) -> None:
    assert (await post(api, COUNT, GRAPHQL)).headers["content-type"].startswith("application/graphql-response+json")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", ErrorCode.GRAPHQL_PARSE_FAILED),
        ("{ nonsense }", ErrorCode.GRAPHQL_VALIDATION_FAILED),
        ("query a {__typename} query b {__typename}", ErrorCode.BAD_USER_INPUT),
        ("query q($n: Int!) { pnodes(first: $n) { totalCount } }", ErrorCode.BAD_USER_INPUT),
        (
            "{ pnodes(first: 500) { nodes { " + " ".join(f"a{n}: score {{ composite }}" for n in range(29)) + "} } }",
            ErrorCode.COST_LIMIT_EXCEEDED,
        ),
    ],
)
async def test_a_request_error_has_no_data_and_tells_by_its_status_where_that_is_expected(
    api: Any, query: str, code: ErrorCode
) -> None:
    plain, strict = await post(api, query), await post(api, query, GRAPHQL)
    assert (plain.status, strict.status) == (200, 400)
    assert codes(plain) == codes(strict) == [code.value]
    assert "data" not in plain.json
    assert plain.headers["cache-control"] == "no-store"


async def test_a_field_error_is_no_request_error(make_api: Any) -> None:
    reply = await post(make_api([]), COUNT, GRAPHQL)
    assert (reply.status, codes(reply)) == (200, ["SNAPSHOT_UNAVAILABLE"])
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("POST", {"content-type": "text/plain"}, b"{}", 415),
        ("POST", {"content-type": "application/json-patch+json"}, b"{}", 415),
        ("POST", {"content-type": "text/plain;application/json"}, b"{}", 415),
        ("POST", {"content-type": "application/x-www-form-urlencoded"}, b"query={a}", 415),
        ("POST", {"content-type": "application/json; charset=utf-16"}, b"{}", 415),
        ("POST", {}, b"{}", 415),
        ("POST", JSON | {"content-encoding": "gzip"}, b"{}", 415),
        ("POST", JSON, b"null", 400),
        ("POST", JSON, b" " * 65_537, 413),
        ("POST", JSON | {"accept": "text/plain"}, b'{"query":"{__typename}"}', 406),
        ("GET", {}, b"", 400),
        ("PUT", JSON, b"{}", 405),
        ("DELETE", {}, b"", 405),
    ],
)
async def test_what_is_no_graphql_request_is_refused_in_json(
    api: Any, method: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    reply = await call(api, method, "/graphql", headers=headers, body=body)
    assert (reply.status, codes(reply)) == (status, ["BAD_USER_INPUT"])
    assert ("allow" in reply.headers) == (status == 405)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_mutation_by_get_is_refused_by_its_method(api: Any, method: str) -> None:
    reply = await call(api, method, f"/graphql?query={quote('mutation { prune }')}")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    posted = await post(api, "mutation { prune }", GRAPHQL)
    assert (posted.status, codes(posted)) == (400, ["GRAPHQL_VALIDATION_FAILED"])


async def test_a_body_may_come_in_pieces(api: Any) -> None:
    body = orjson.dumps({"query": COUNT})
    assert (await call(api, "POST", "/graphql", headers=JSON, body=body, chunks=7)).json["data"]


async def test_equal_questions_are_executed_once(api: Any) -> None:
    for spaces in range(4):
        reply = await call(
            api, "POST", "/graphql", headers=JSON, body=b" " * spaces + orjson.dumps({"query": COUNT, "variables": {}})
        )
        assert reply.status == 200
    assert (api.cache.hits, len(api.cache)) == (2, 1)  # the first request is not cached, the second is


async def test_an_answer_is_forgotten_when_there_is_news(api: Any) -> None:
    for _ in range(3):
        await post(api, COUNT)
    api.reads.add(network(30, AT + 60))
    assert (await post(api, COUNT)).json["data"]["pnodes"]["totalCount"] == 30


async def test_answers_with_errors_are_never_kept(api: Any) -> None:
    for _ in range(4):
        await post(api, '{ pnodes(after: "nonsense") { totalCount } }')
    assert len(api.cache) == 0


async def test_a_client_that_has_the_answer_gets_304(api: Any) -> None:
    target = f"/graphql?query={quote(COUNT)}"
    first = await call(api, "GET", target)
    again = await call(api, "GET", target, headers={"if-none-match": first.headers["etag"]})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["vary"] == again.headers["vary"] == "Accept, Accept-Encoding"


async def test_cache_control_counts_down_to_the_next_slot(api: Any) -> None:
    api.now = AT + 12.0
    control = (await post(api, COUNT)).headers["cache-control"]
    assert control == "public, max-age=50, stale-while-revalidate=60"  # taken at +2, renewed at +62


async def test_a_closed_past_is_immutable(make_api: Any) -> None:
    api = make_api([network(5, AT - 120), network(6, AT)], now=AT + 5)
    reply = await post(api, '{ pnodes(asOf: "2027-01-15T07:58:30Z") { totalCount } }')
    assert (reply.json["data"]["pnodes"]["totalCount"], reply.headers["cache-control"]) == (
        5,
        "public, max-age=31536000, immutable",
    )


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip"])
async def test_large_answers_are_compressed_under_a_tag_of_their_own(api: Any, coding: str) -> None:
    query = "{ pnodes(first: 20) { nodes { id address version status uptime score { composite } } } }"
    plain = await post(api, query)
    packed = await post(api, query, {"accept-encoding": coding})
    assert packed.headers["content-encoding"] == coding
    assert len(packed.body) < len(plain.body)
    assert packed.headers["etag"] == plain.headers["etag"][:-1] + f'-{coding}"'


async def test_a_persisted_query_is_kept_once_it_is_valid_and_then_found_by_its_hash(api: Any) -> None:
    digest = hashlib.sha256(COUNT.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    by_hash = {"extensions": extensions}
    unknown = await call(api, "POST", "/graphql", json=by_hash)
    assert (unknown.status, codes(unknown)) == (200, ["PERSISTED_QUERY_NOT_FOUND"])
    await post(api, COUNT, extensions=extensions)
    assert (await call(api, "POST", "/graphql", json=by_hash)).json["data"] == {"pnodes": {"totalCount": 20}}
    target = "/graphql?extensions=" + quote(orjson.dumps(extensions).decode())
    assert (await call(api, "GET", target)).json["data"] == {"pnodes": {"totalCount": 20}}


async def test_a_persisted_query_that_does_not_match_its_hash_is_refused(api: Any) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "a" * 64}}
    assert (await post(api, COUNT, extensions=extensions)).status == 400


async def test_a_client_that_used_up_its_allowance_is_told_when_to_come_back(make_api: Any) -> None:
    api = make_api([network(3)], rate_limit=10)
    assert (await post(api, "{ a: pnodes(first: 3) { nodes { id } } }")).status == 200
    refused = await post(api, "{ b: pnodes(first: 3) { nodes { id address } } }")
    assert (refused.status, codes(refused), refused.headers["retry-after"]) == (429, ["RATE_LIMITED"], "60")


async def test_kept_answers_are_free(make_api: Any) -> None:
    api = make_api([network(3)], rate_limit=250)
    query = "{ pnodes(first: 3) { nodes { id } } }"
    assert {(await post(api, query)).status for _ in range(20)} == {200}


async def test_what_goes_wrong_inside_is_masked(make_api: Any) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("mongodb://user:secret@host")

    api = make_api([network(3)])
    api.operations.reads = Broken()
    reply = await post(api, "{ pnodes { totalCount } }")
    assert b"secret" not in reply.body
    assert codes(reply) == ["INTERNAL_SERVER_ERROR"]


async def test_a_subscription_is_streamed_to_who_accepts_a_stream(api: Any) -> None:
    body = orjson.dumps({"query": "subscription { snapshots { slot } }"})
    async with Stream(api, "POST", "/graphql", headers=JSON | {"accept": "text/event-stream"}, body=body) as stream:
        assert dict(stream.start["headers"])[b"content-type"].startswith(b"text/event-stream")
        await api.updates.listening()
        api.updates.push(network(20, AT + 60))
        event = await stream.chunk()
        assert event.startswith("event: next\ndata: ")
        assert orjson.loads(event.removeprefix("event: next\ndata: "))["data"] == {"snapshots": {"slot": AT + 60}}
    assert len(api.feeds) == 0


async def test_event_streams_count_as_sockets_do(make_api: Any) -> None:
    api = make_api([network(1)], in_all=2, per_address=1)
    body = orjson.dumps({"query": "subscription { snapshots { slot } }"})
    headers = JSON | {"accept": "text/event-stream"}
    async with Stream(api.http, "POST", "/graphql", headers=headers, body=body):
        assert (api.doors.open, api.doors.streams, api.doors.sockets) == (1, 1, 0)
        by_address = await call(api.http, "POST", "/graphql", headers=headers, body=body)
        api.doors.enter("192.0.2.2")
        in_all = await call(api.http, "POST", "/graphql", headers=headers, body=body)
        api.doors.leave("192.0.2.2")
    assert (by_address.status, in_all.status) == (429, 503)
    assert codes(by_address) == codes(in_all) == ["RATE_LIMITED"]
    assert (api.doors.open, api.doors.streams) == (0, 0)


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf8",
        "application/json;charset=UTF8",
        'application/json; charset="utf-8"',
        "application/json; charset=us-ascii",
        "application/json; profile=x; charset=utf-8; q",
        "application/json;",
        "Application/JSON ; odata=verbose",
    ],
)
async def test_parameters_of_the_content_type_that_change_nothing_are_passed_over(api: Any, kind: str) -> None:
    body = orjson.dumps({"query": COUNT})
    assert (await call(api.http, "POST", "/graphql", headers={"content-type": kind}, body=body)).status == 200


@pytest.mark.parametrize("kind", ["application/json; charset=latin-1", "application/json; x; charset=utf-16"])
async def test_another_charset_is_refused(api: Any, kind: str) -> None:
    body = orjson.dumps({"query": COUNT})
    assert (await call(api.http, "POST", "/graphql", headers={"content-type": kind}, body=body)).status == 415


async def test_ipv6_clients_are_charged_by_their_network(make_api: Any) -> None:
    api = make_api([network(20)], rate_limit=10)
    statuses: list[int] = []
    for number, address in enumerate(("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")):

        async def at(scope: Any, receive: Any, send: Any, address: str = address) -> None:
            await api.http({**scope, "client": (address, 1)}, receive, send)

        body = orjson.dumps({"query": f"query q{number} {{ pnodes(first: 5) {{ nodes {{ id address }} }} }}"})
        statuses.append((await call(at, "POST", "/graphql", headers=JSON, body=body)).status)
    assert statuses == [200, 429, 200]


async def test_a_subscription_without_a_stream_is_refused(api: Any) -> None:
    assert (await post(api, "subscription { snapshots { slot } }")).status == 406


async def test_a_query_can_be_streamed_to_who_wants_nothing_else(api: Any) -> None:
    reply = await post(api, COUNT, {"accept": "text/event-stream"})
    assert reply.body.startswith(b"event: next\ndata: {")
    assert reply.body.endswith(b"event: complete\ndata:\n\n")


async def test_a_store_that_is_down_leaves_current_questions_alone(make_api: Any) -> None:
    api = make_api([network(3)], down=True)
    assert (await post(api, COUNT)).json["data"]
    past = await post(api, '{ pnodes(asOf: "2027-01-15T07:58:30Z") { totalCount } }')
    assert codes(past) == [SnapshotUnavailable.code]


async def test_refused_documents_are_charged_too(make_api: Any) -> None:
    api = make_api([network(3)], rate_limit=1_000)
    replies = [
        await post(api, f"{{ nonsense{n} }}", {"accept": "application/graphql-response+json"}) for n in range(20)
    ]

    assert (replies[0].status, codes(replies[0])) == (400, ["GRAPHQL_VALIDATION_FAILED"])
    assert (replies[-1].status, codes(replies[-1])) == (429, ["RATE_LIMITED"])
