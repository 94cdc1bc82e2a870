"""Hostile requests to the running stack: each row is an id, a request, and the expected response.

`suites/websocket.test.mjs` has those of WebSocket clients. Run by `make threats`.
"""

import gzip
import itertools
import json
import os
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote, urlencode

import pytest

from tests.conformance import bombs
from tests.conformance.wire import GRAPHQL_JSON, JSON, Reply, Request, get, post, query, send

URL = os.environ["CONFORMANCE_URL"]
STRICT_URL = os.environ["CONFORMANCE_STRICT_URL"]
URQL_ACCEPT = (
    "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"
)
TYPENAME = "{__typename}"
BODY_LIMIT = 65_536
EVIL = "evil.example"

Expected = Callable[[Reply], None]
Row = tuple[str, Request | bytes, Expected]


def refused(*statuses: int, code: str | None = None, says: str = "") -> Expected:
    """A JSON response with one of these statuses and only errors, with this code and with these words in a message."""

    def check(reply: Reply) -> None:
        assert reply.status in statuses
        assert reply.media in (JSON, GRAPHQL_JSON)
        assert code is None or reply.codes == {code}
        assert any(says in error["message"] for error in reply.errors)

    return check


def one_error(code: str, says: str) -> Expected:
    def check(reply: Reply) -> None:
        refused(400, code=code, says=says)(reply)
        assert len(reply.errors) == 1

    return check


def status(*statuses: int) -> Expected:
    """Any response with one of these statuses. If our server wrote it, it is JSON."""

    def check(reply: Reply) -> None:
        assert reply.status in statuses

    return check


def answered(media: str) -> Expected:
    def check(reply: Reply) -> None:
        assert (reply.status, reply.media) == (200, media)
        assert b'{"__typename":"Query"}' in reply.body

    return check


def few_errors(reply: Reply) -> None:
    refused(400, code="GRAPHQL_VALIDATION_FAILED")(reply)
    assert len(reply.errors) <= 5


def no_suggestion(reply: Reply) -> None:
    refused(400, code="GRAPHQL_VALIDATION_FAILED", says="pnode1")(reply)
    assert b"Did you mean" not in reply.body


def no_trace(reply: Reply) -> None:
    answered(GRAPHQL_JSON)(reply)
    assert set(reply.json.get("extensions", {})) <= {"cost"}


def no_foreign_page(reply: Reply) -> None:
    """Not a page, or a page of this server that loads nothing from other hosts."""
    if reply.status == HTTPStatus.TEMPORARY_REDIRECT:
        assert reply.headers["location"] == "/graphiql"
        reply = send(URL, Request("GET", "/graphiql", {"Accept": "text/html"}))
    # A page with 503 names the command that installs its libraries.
    assert reply.status in (200, 400, 404, 406, 503)
    assert b"//unpkg.com" not in reply.body
    if reply.media == "text/html":
        assert b"https://" not in reply.body
        assert "default-src 'self'" in reply.headers["content-security-policy"]


def no_redirect(reply: Reply) -> None:
    assert reply.status in (400, 404)
    assert "location" not in reply.headers
    assert EVIL.encode() not in reply.body


def healthy(reply: Reply) -> None:
    assert reply.status == 200
    assert EVIL.encode() not in reply.body


def methods(*allowed: str) -> Expected:
    def check(reply: Reply) -> None:
        assert reply.status == 405
        assert {method.strip() for method in reply.headers["allow"].split(",")} == set(allowed)

    return check


def head_only(reply: Reply) -> None:
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 0


GRAPHQL_METHODS = methods("GET", "HEAD", "POST", "OPTIONS")
REST_METHODS = methods("GET", "HEAD")


SHAPES: list[Row] = [
    ("COP-alias", query(bombs.aliases(101)), one_error("GRAPHQL_VALIDATION_FAILED", "aliases come to 101")),
    ("COP-batch", post([{"query": TYPENAME}] * 10), refused(400, says="batches")),
    ("COP-directive-unknown", query("query {__typename " + "@aa" * 10 + "}"), few_errors),
    (
        "COP-directive-many",
        query("{__typename" + " @skip(if: false)" * 100 + "}"),
        refused(400, code="GRAPHQL_VALIDATION_FAILED", says="directives come to 100"),
    ),
    (
        "COP-circular",
        query("{__schema {types {fields {type {fields {type {fields {type {fields {type {name}}}}}}}}}}}"),
        refused(400, code="GRAPHQL_VALIDATION_FAILED", says="introspection depth"),
    ),
    ("COP-dup", query("{" + "__typename " * 1_001 + "}"), one_error("GRAPHQL_VALIDATION_FAILED", "fields come to 1001")),
    ("COP-suggest", query("{pnode1}"), no_suggestion),
    ("COP-getmut", get("mutation {prune}"), methods("POST")),
    *(
        (f"COP-csrf {kind}", Request("POST", "/graphql", {"Content-Type": kind}, body), status(415))
        for kind, body in (
            ("application/x-www-form-urlencoded", urlencode({"query": TYPENAME}).encode()),
            ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="query"\r\n\r\n{a}\r\n--b--'),
            ("text/plain", b'{"query":"{__typename}"}'),
            ("text/plain;application/json", b'{"query":"{__typename}"}'),
            ("application/json-patch+json", b'{"query":"{__typename}"}'),
        )
    ),
    ("COP-csrf no type", Request("POST", "/graphql", {}, b'{"query":"{__typename}"}'), status(415)),
    ("COP-trace", query(TYPENAME, x_apollo_tracing="1"), no_trace),
    ("COP-ide", Request("GET", "/graphql", {"Accept": "text/html"}), no_foreign_page),
    *(
        (f"HTTP-shape {body.decode()}", post(body), refused(400))
        for body in (
            *(b"null", b'"x"', b"5", b"true", b"[]", b"{}", b"", b'{"query":5}', b'{"query":null}', b'{"query":["a"]}'),
            b'{"query":"{__typename}","operationName":["a"]}',
            b'{"query":"{__typename}","variables":[]}',
            b'{"query":"{__typename}","variables":"{}"}',
            b'{"query":"{__typename}","extensions":[]}',
            b'{"query":"{__typename}","extensions":{"persistedQuery":{"version":2}}}',
        )
    ),
    ("HTTP-deep brackets", post(b"[" * 60_000), refused(400)),
    (
        "HTTP-deep variables",
        post(b'{"query":"{__typename}","variables":{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}}"),
        refused(400),
    ),
    ("HTTP-enc bad UTF-8", post(b'{"query":"{__typename}\xff"}'), refused(400)),
    ("HTTP-enc UTF-16", post('{"query":"{__typename}"}'.encode("utf-16")), refused(400)),
    ("HTTP-enc UTF-16 told", post(b'{"query":"{__typename}"}', content_type=f"{JSON}; charset=utf-16"), status(415)),
    ("HTTP-enc utf8", post(b'{"query":"{__typename}"}', content_type=f"{JSON}; charset=utf8; x=y"), answered(GRAPHQL_JSON)),
    ("HTTP-enc gzip", post(gzip.compress(b'{"query":"{__typename}"}'), content_encoding="gzip"), status(415)),
    ("HTTP-enc NaN", post(b'{"query":"{__typename}","variables":{"a":NaN}}'), refused(400)),
    ("HTTP-enc lone surrogate", post(b'{"query":"{__typename}","variables":{"a":"\\ud800"}}'), refused(400)),
    ("HTTP-enc lone surrogate in the document", post(b'{"query":"{a(b:\\"\\ud800\\")}"}'), refused(400)),
    ("HTTP-size 10 MB", post({"query": TYPENAME + "#" + "x" * 10_000_000}), status(413)),
    ("HTTP-size 64 KiB + 1", post(b'{"query":"{__typename}"}'.ljust(BODY_LIMIT + 1)), status(413)),
    ("HTTP-size 64 KiB", post(b'{"query":"{__typename}"}'.ljust(BODY_LIMIT)), answered(GRAPHQL_JSON)),
    ("HTTP-size URL of 66 kB", get(TYPENAME + "#" + "x" * 66_000), status(414, 400)),
    ("HTTP-dup", Request("GET", f"/graphql?query={quote(TYPENAME)}&query={quote(TYPENAME)}"), refused(400)),
    ("HTTP-ops two, no name", query("query a {__typename} query b {__typename}"), refused(400)),
    ("HTTP-ops two, wrong name", post({"query": "query a {__typename} query b {__typename}", "operationName": "c"}), refused(400)),
    ("HTTP-ops none", query("fragment f on Query {__typename}"), refused(400)),
    ("HTTP-accept text/plain", query(TYPENAME, accept="text/plain"), status(406)),
    ("HTTP-accept q=0", query(TYPENAME, accept="application/json;q=0"), status(406)),
    ("HTTP-accept as urql", query(TYPENAME, accept=URQL_ACCEPT), answered(GRAPHQL_JSON)),
    ("HTTP-accept stream", query(TYPENAME, accept="text/event-stream"), answered("text/event-stream")),
    ("HTTP-accept none", Request("POST", "/graphql", {"Content-Type": JSON}, b'{"query":"{__typename}"}'), answered(JSON)),
    ("HTTP-accept any", query(TYPENAME, accept="*/*"), answered(JSON)),
    (
        "HTTP-accept in two lines",
        b"POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Accept: application/json\r\nAccept: text/html\r\nContent-Length: 24\r\n\r\n" + b'{"query":"{__typename}"}',
        answered(JSON),
    ),
    ("HTTP-host slash", Request("GET", "/graphql/", host=EVIL), no_redirect),
    ("HTTP-host doubled slash", Request("GET", f"//{EVIL}/%2f..", host=EVIL), no_redirect),
    ("HTTP-host prober", Request("GET", "/health", host="healthcheck.railway.app"), healthy),
    ("HTTP-host evil", Request("GET", "/", host=EVIL), healthy),
    *((f"HTTP-methods {method} /graphql", Request(method, "/graphql"), GRAPHQL_METHODS) for method in ("PUT", "DELETE", "PATCH")),
    *((f"HTTP-methods {method} /pnodes", Request(method, "/pnodes"), REST_METHODS) for method in ("POST", "PUT", "DELETE")),
    ("HTTP-methods TRACE", Request("TRACE", "/graphql"), status(405, 400)),
    ("HTTP-methods DELETE /prune", Request("DELETE", "/prune"), status(405)),
    *(
        (f"HTTP-methods HEAD {path}", Request("HEAD", path), head_only)
        for path in ("/health", "/health/live", "/health/ready", "/", "/pnodes", "/network/health", f"/graphql?query={quote(TYPENAME)}")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_the_shape_of_requests(request_: Request, expected: Expected) -> None:
    expected(send(URL, request_))


# Each is sent many times, with differences so that no cache helps. The CPU time of the server is measured, which other
# programs on a busy machine do not change.
DEAR: list[tuple[str, int, Callable[[str], str]]] = [
    ("FRAG-bomb of 1.5 kB", 20, lambda salt: bombs.doubling(40, salt)),
    ("FRAG-bomb of 2 kB", 20, lambda salt: bombs.doubling(58, salt)),
    ("FRAG-cycle", 50, lambda salt: bombs.cycle(60, salt)),
    ("string of 60 kB", 50, lambda salt: bombs.asking(salt, '"' + "x" * 60_000 + '"')),
    ("block string of 60 kB", 50, lambda salt: bombs.asking(salt, '"""' + "x " * 30_000 + '"""')),
    ("integer of 5000 digits", 50, lambda salt: bombs.asking(salt, "9" * 5_000)),
    ("number beyond all floats", 50, lambda salt: bombs.asking(salt, "1e400")),
    ("list of depth 3000", 50, lambda salt: bombs.asking(salt, "[" * 3_000 + "]" * 3_000)),
    ("object of depth 3000", 50, lambda salt: bombs.asking(salt, "{a:" * 3_000 + "1" + "}" * 3_000)),
    ("selection of depth 3000", 50, lambda salt: bombs.nested_selections(3_000, salt)),
    ("2000 unknown fields", 50, lambda salt: bombs.unknown_fields(2_000, salt)),
    ("5000 operations", 50, lambda salt: bombs.operations(5_000, salt)),
    ("29 times all nodes", 50, lambda salt: bombs.wide(29, salt)),
    ("500 arguments of one name", 50, lambda salt: bombs.repeated_arguments(500, salt)),
    ("15 pairs of fields in conflict", 50, lambda salt: bombs.conflicts(15, salt)),
    ("60 kB of comments", 50, lambda salt: bombs.asking(salt, "1") + "#\n" * 30_000),
    ("60 kB of commas", 50, lambda salt: bombs.asking(salt, "1" + "," * 60_000)),
]  # fmt: skip
TRIES = 20
_salts = itertools.count()


@pytest.mark.parametrize(("most_ms", "document"), [row[1:] for row in DEAR], ids=[row[0] for row in DEAR])
def test_small_documents_that_would_be_dear_are_refused_at_once(most_ms: int, document: Callable[[str], str]) -> None:
    before = processor_ms()
    for _ in range(TRIES):
        refused(400, 413)(send(URL, query(document(f"x{next(_salts)}"))))
    spent = (processor_ms() - before) / TRIES
    assert spent < most_ms, f"{spent:.1f} ms of processor time for one"


def processor_ms() -> float:
    """The CPU time of the API since its start."""
    lines = send(URL, Request("GET", "/metrics")).body.decode().splitlines()
    return 1_000 * next(float(line.split()[1]) for line in lines if line.startswith("process_cpu_seconds_total "))


SMUGGLED = "POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
TINY = '{"query":"{__typename}"}'
MALFORMED: list[tuple[str, str]] = [
    ("both lengths", f"{SMUGGLED}Content-Length: 24\r\nTransfer-Encoding: chunked\r\n\r\n{TINY}"),
    ("two lengths", f"{SMUGGLED}Content-Length: 24\r\nContent-Length: 5\r\n\r\n{TINY}"),
    ("bare line feeds", f"{SMUGGLED}Content-Length: 24\r\n\r\n{TINY}".replace("\r\n", "\n")),
    ("a folded header", f"{SMUGGLED}X-A: b\r\n c\r\nContent-Length: 24\r\n\r\n{TINY}"),
    ("a blank before the colon", f"{SMUGGLED}Content-Length : 24\r\n\r\n{TINY}"),
    ("an unknown coding", f"{SMUGGLED}Transfer-Encoding: xchunked\r\n\r\n{TINY}"),
    ("a NUL in a header", f"{SMUGGLED}X-A: b\0c\r\nContent-Length: 24\r\n\r\n{TINY}"),
    ("a negative length", f"{SMUGGLED}Content-Length: -1\r\n\r\n{TINY}"),
]


@pytest.mark.parametrize("raw", [row[1] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_requests_that_two_servers_could_read_differently_are_refused(raw: str) -> None:
    assert send(URL, raw.encode("latin-1")).status == 400


PAGES = ("-1", "0", "1000000000", "2147483648", "x", "1.5", "NaN", "", "%00")


@pytest.mark.parametrize("limit", PAGES)
def test_a_page_that_cannot_be_is_refused_by_rest(limit: str) -> None:
    reply = send(URL, Request("GET", f"/pnodes?limit={limit}"))
    assert (reply.status, reply.media) == (422, JSON)


@pytest.mark.parametrize("first", ["-1", "501", "1000000000", "2147483648", '"x"', "1.5", "null"])
def test_a_page_that_cannot_be_is_refused_by_graphql(first: str) -> None:
    reply = send(URL, query(f"{{pnodes(first: {first}) {{nodes {{id}}}}}}"))
    if first == "null":
        assert len(reply.json["data"]["pnodes"]["nodes"]) == 50
        return
    assert reply.codes <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "COST_LIMIT_EXCEEDED"}


OPERATORS = ["(a+)+$", ".*", "^", '{"$gt":""}', "$where", "[", "\\", "a" * 5_000, "\u202e", "%", "'; --"]


@pytest.mark.parametrize("text", OPERATORS)
def test_text_to_look_for_is_only_text(text: str) -> None:
    document = (
        "query ($text: String) {pnodes(where: {or: [{version: {contains: $text}}, {id: {eq: $text}}]}) {totalCount}}"
    )
    answer = send(URL, post({"query": document, "variables": {"text": text}})).json
    if "errors" in answer:
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    else:
        assert answer["data"]["pnodes"]["totalCount"] == 0
    assert send(URL, Request("GET", f"/registry/{quote(text[:500], safe='')}")).status in (404, 422)


@pytest.mark.parametrize("path", ["/graphql", "/pnodes", "/health"])
@pytest.mark.parametrize("origin", [f"https://{EVIL}", "null"])
def test_any_page_may_read_and_none_with_credentials(path: str, origin: str) -> None:
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    preflight = send(URL, Request("OPTIONS", path, asks))
    plain = send(URL, Request("GET", path, {"Origin": origin, "Cookie": "a=b"}))
    assert preflight.status == 200
    for reply in (preflight, plain):
        assert reply.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in reply.headers


def test_what_a_log_line_could_be_forged_with_changes_nothing() -> None:
    forged = "a\r\n2026-01-01 level=critical event=forged"
    reply = send(URL, post({"query": "query a {__typename}", "operationName": forged}))
    refused(400)(reply)
    reply = send(URL, query(TYPENAME, x_request_id='"}{"level":"critical'))
    assert reply.status == 200
    assert "critical" not in reply.headers["x-request-id"]


def test_answers_say_what_they_are_and_not_what_made_them() -> None:
    for request in (query(TYPENAME), Request("GET", "/pnodes"), Request("GET", "/nowhere"), post(b"5")):
        reply = send(URL, request)
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.media in (JSON, GRAPHQL_JSON)
        assert not {"server", "x-powered-by"} & set(reply.headers)


def test_introspection_is_on_because_the_data_and_their_schema_are_public() -> None:
    answer = send(URL, query("{__schema {queryType {name}}}")).json
    assert answer["data"]["__schema"]["queryType"]["name"] == "Query"


def test_a_message_for_the_client_keeps_its_words() -> None:
    refused(400, code="GRAPHQL_PARSE_FAILED", says="Syntax Error")(send(URL, query("{")))
    refused(400, code="GRAPHQL_VALIDATION_FAILED", says="nope")(send(URL, query("{nope}")))


def test_cost_is_told_and_bounds_what_is_returned() -> None:
    reply = send(URL, query("{pnodes(first: 100) {nodes {id address status} totalCount}}"))
    answer = reply.json
    leaves = json.dumps(answer["data"]).count(":")
    assert leaves / 2 <= answer["extensions"]["cost"]["value"] <= answer["extensions"]["cost"]["budget"]
    refused(200, 400, code="COST_LIMIT_EXCEEDED")(send(URL, query(bombs.wide(29))))


def test_an_allowance_is_not_renewed_by_a_made_up_address() -> None:
    dear = "{pnodes(first: 500) {nodes {id address status version uptime storageUsed storageCommitted lastSeen tier}}}"
    replies = [
        send(STRICT_URL, query(f"query q{number} {dear}", x_forwarded_for=f"203.0.113.{number}")) for number in range(2)
    ]
    refused(429, code="RATE_LIMITED")(replies[-1])
    assert int(replies[-1].headers["retry-after"]) > 0
