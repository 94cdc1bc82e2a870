"""pRPC over HTTP, with the responses of the released pods.

Measured on the binaries 0.4.2 to 1.3.2, which agree: every request that parses as a call gets status 200, even for an
unknown method; one that does not parse gets a 4xx and a plain-text sentence; other paths and methods get an empty body.
The sentences are those of the pods, with their positions, for calls that lack a key, arrays, and truncated bodies. For
other invalid bodies the sentence has the same beginning, and our parser's position.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import orjson

from jobs.simulate.source import Result, RpcError

PATH = "/rpc"
MAX_BODY_BYTES = 2 * 2**20
LIST_KEYS = ("address", "last_seen_timestamp", "pubkey", "version")
_OPEN_KEY = re.compile(rb'"([^"\\]{1,64})"\s*:\s*$')


class Request(NamedTuple):
    """The head of an HTTP request: lower-case header names; the target without its query."""

    method: str
    path: str
    headers: dict[str, str]


class SimulatedReply(NamedTuple):
    """A response. `headers` excludes content-length and date."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


NOT_FOUND = SimulatedReply(404)
NOT_ALLOWED = SimulatedReply(405, (("allow", "POST"),))


def refusal(request: Request) -> SimulatedReply | None:
    """The response to a request that is refused because of its head. None if its body must be read."""
    if request.path != PATH:
        return NOT_FOUND
    if request.method != "POST":
        return NOT_ALLOWED
    if not _is_json(request.headers.get("content-type", "")):
        return _plain(415, "Expected request with `Content-Type: application/json`")
    return None


def too_large() -> SimulatedReply:
    """The response to a body over `MAX_BODY_BYTES`."""
    return _plain(413, "Failed to buffer the request body: length limit exceeded")


def reply(body: bytes, ask: Callable[[str], Result]) -> SimulatedReply:
    """The response to a complete body. `ask` returns a method's result."""
    try:
        call: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _plain(400, f"Failed to parse the request body as JSON: {_syntax_fault(body, error)}")
    fault = _fault(call, body)
    if fault:
        return _plain(422, f"Failed to deserialize the JSON body into the target type: {fault}")
    return SimulatedReply(200, (("content-type", "application/json"),), envelope(call.get("id"), ask(call["method"])))


def envelope(call_id: object, result: Result) -> bytes:
    """The JSON-RPC reply, with sorted keys. `error` is null in a success and `result` absent in a failure."""
    encoded_id = orjson.dumps(call_id, option=orjson.OPT_SORT_KEYS)
    if isinstance(result, RpcError):
        error = orjson.dumps(result._asdict())
        return b'{"error":%b,"id":%b,"jsonrpc":"2.0"}' % (error, encoded_id)
    return b'{"error":null,"id":%b,"jsonrpc":"2.0","result":%b}' % (encoded_id, result)


def pod_list(pods: list[dict[str, Any]], *, with_stats: bool) -> bytes:
    """The result of get-pods-with-stats, or of get-pods, which has fewer keys."""
    if not with_stats:
        pods = [{key: pod[key] for key in LIST_KEYS if key in pod} for pod in pods]
    return orjson.dumps({"pods": pods, "total_count": len(pods)})


def joined_pods(pods: list[str]) -> bytes:
    """The result of get-pods-with-stats, from the JSON of each pod."""
    return f'{{"pods":[{",".join(pods)}],"total_count":{len(pods)}}}'.encode()


def _is_json(content_type: str) -> bool:
    mime = content_type.partition(";")[0].strip().lower()
    return mime == "application/json" or (mime.startswith("application/") and mime.endswith("+json"))


def _syntax_fault(body: bytes, error: orjson.JSONDecodeError) -> str:
    if not body[error.pos :].strip() or error.pos >= len(body):
        line, column = _end_of(body)
        open_key = _OPEN_KEY.search(body)
        within = f"{open_key[1].decode(errors='replace')}: " if open_key else ""
        return f"{within}EOF while parsing a value at line {line} column {column}"
    return f"expected value at line {error.lineno} column {error.colno}"


def _fault(call: object, body: bytes) -> str | None:
    """Why this JSON value is not a call. None if it is. `params` and `id` may be anything."""
    if isinstance(call, list):
        items = cast("list[object]", call)
        return (
            f"[0]: invalid type: {_kind(items[0])}, expected a string at line 1 column 1"
            if items
            else "invalid length 0, expected a map at line 1 column 2"
        )
    if not isinstance(call, dict):
        return f"invalid type: {_kind(call)}, expected a map at line 1 column 1"
    fields = cast("dict[str, object]", call)
    line, column = _end_of(body.rstrip())
    for key in ("jsonrpc", "method"):
        if key not in fields:
            return f"missing field `{key}` at line {line} column {column}"
        if not isinstance(fields[key], str):
            return f"{key}: invalid type: {_kind(fields[key])}, expected a string at line {line} column {column}"
    return None


def _kind(value: object) -> str:
    """The name of a JSON value's type in the pods' parser."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{value}`"
        case str():
            return f"string {orjson.dumps(value[:64]).decode()}"
        case list():
            return "sequence"
        case _:
            return "map"


def _end_of(body: bytes) -> tuple[int, int]:
    """Line (from 1) and column of the last byte."""
    return body.count(b"\n") + 1, len(body) - body.rfind(b"\n") - 1


def _plain(status: int, text: str) -> SimulatedReply:
    return SimulatedReply(status, (("content-type", "text/plain; charset=utf-8"),), text.encode())
