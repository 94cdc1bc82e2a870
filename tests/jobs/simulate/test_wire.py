"""Each row of the pods' response table, as pure functions."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.simulate import wire
from jobs.simulate.source import INTERNAL_ERROR, METHOD_NOT_FOUND, Result
from jobs.simulate.wire import Request, SimulatedReply, envelope, refusal, reply

JSON = (("content-type", "application/json"),)
TEXT = (("content-type", "text/plain; charset=utf-8"),)
DESERIALIZE = "Failed to deserialize the JSON body into the target type: "
PARSE = "Failed to parse the request body as JSON: "


def ask(method: str) -> Result:
    return b'{"version":"0.8.0"}' if method == "get-version" else METHOD_NOT_FOUND


def post(content_type: str | None = "application/json", path: str = "/rpc", method: str = "POST") -> Request:
    return Request(method, path, {} if content_type is None else {"content-type": content_type})


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/x+json"])
def test_a_call_with_a_json_type_is_let_in(content_type: str) -> None:
    assert refusal(post(content_type)) is None


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/jsonp", "text/x+json", ""])
def test_any_other_type_is_415(content_type: str | None) -> None:
    expected = SimulatedReply(415, TEXT, b"Expected request with `Content-Type: application/json`")
    assert refusal(post(content_type)) == expected


@pytest.mark.parametrize("path", ["/", "/prpc", "/rpc/", "/RPC", ""])
def test_any_other_path_is_404_with_an_empty_body(path: str) -> None:
    assert refusal(post(path=path)) == SimulatedReply(404)
    assert refusal(post(path=path, method="GET")) == SimulatedReply(404)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "HEAD", "PUT", "DELETE"])
def test_any_other_method_is_405_and_post_is_allowed(method: str) -> None:
    assert refusal(post(method=method)) == SimulatedReply(405, (("allow", "POST"),))


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (
            {"jsonrpc": "2.0", "method": "get-version", "id": 1},
            b'{"error":null,"id":1,"jsonrpc":"2.0","result":{"version":"0.8.0"}}',
        ),
        (
            {"jsonrpc": "2.0", "method": "nope", "id": 1},
            b'{"error":{"code":-32601,"message":"Method not found"},"id":1,"jsonrpc":"2.0"}',
        ),
        (
            {"jsonrpc": "1.0", "method": "get-version", "id": "abc", "params": [1]},
            b'{"error":null,"id":"abc","jsonrpc":"2.0","result":{"version":"0.8.0"}}',
        ),
        (
            {"jsonrpc": "2.0", "method": "get-version", "params": {"a": 1}},
            b'{"error":null,"id":null,"jsonrpc":"2.0","result":{"version":"0.8.0"}}',
        ),
    ],
)
def test_whatever_parses_as_a_call_is_answered_with_200(call: dict[str, Any], body: bytes) -> None:
    assert reply(orjson.dumps(call), ask) == SimulatedReply(200, JSON, body)


@given(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.dictionaries(st.text(), st.text()))
def test_the_id_comes_back_as_it_was(call_id: object) -> None:
    answer = reply(orjson.dumps({"jsonrpc": "2.0", "method": "get-version", "id": call_id}), ask)
    assert orjson.loads(answer.body)["id"] == call_id


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b'{"method": "get-version", "id": 1}', 422, f"{DESERIALIZE}missing field `jsonrpc` at line 1 column 34"),
        (b'{"jsonrpc": "2.0", "id": 1}', 422, f"{DESERIALIZE}missing field `method` at line 1 column 27"),
        (b'{"jsonrpc":\n"2.0"}\n', 422, f"{DESERIALIZE}missing field `method` at line 2 column 6"),
        (b'[{"a":1}]', 422, f"{DESERIALIZE}[0]: invalid type: map, expected a string at line 1 column 1"),
        (b"", 400, f"{PARSE}EOF while parsing a value at line 1 column 0"),
        (b'{"jsonrpc":', 400, f"{PARSE}jsonrpc: EOF while parsing a value at line 1 column 11"),
    ],
)
def test_what_is_no_call_is_refused_in_the_words_of_a_pod(body: bytes, status: int, text: str) -> None:
    assert reply(body, ask) == SimulatedReply(status, TEXT, text.encode())


@pytest.mark.parametrize(
    "value", [b"[]", b"[1.5]", b"null", b"true", b"5", b'"x"', b"[[]]", b'{"jsonrpc":2,"method":"a"}',
              b'{"jsonrpc":"2.0","method":null}', b'{"jsonrpc":"2.0","method":["get-version"]}']
)  # fmt: skip
def test_json_of_another_shape_is_422(value: bytes) -> None:
    answer = reply(value, ask)
    assert (answer.status, answer.headers) == (422, TEXT)
    assert answer.body.startswith(DESERIALIZE.encode())


@pytest.mark.parametrize("value", [b"{", b"nul", b"\xff", b'{"jsonrpc":"2.0"', b"[" * 100_000, b"1 2"])
def test_broken_json_is_400(value: bytes) -> None:
    answer = reply(value, ask)
    assert (answer.status, answer.headers) == (400, TEXT)
    assert answer.body.startswith(PARSE.encode())


@given(st.binary(max_size=60))
def test_every_body_gets_an_answer(body: bytes) -> None:
    assert reply(body, ask).status in (200, 400, 422)


def test_a_body_too_large_has_its_own_answer() -> None:
    assert wire.too_large() == SimulatedReply(413, TEXT, b"Failed to buffer the request body: length limit exceeded")


def test_a_failure_has_no_result() -> None:
    expected = b'{"error":{"code":-32603,"message":"Internal error"},"id":7,"jsonrpc":"2.0"}'
    assert envelope(7, INTERNAL_ERROR) == expected


def test_get_pods_has_four_keys_where_get_pods_with_stats_has_ten() -> None:
    pod = {"address": "a", "is_public": None, "last_seen_timestamp": 1, "pubkey": None, "version": "unknown"}
    short = {key: value for key, value in pod.items() if key != "is_public"}
    assert orjson.loads(wire.pod_list([pod], with_stats=True)) == {"pods": [pod], "total_count": 1}
    assert orjson.loads(wire.pod_list([pod], with_stats=False)) == {"pods": [short], "total_count": 1}
