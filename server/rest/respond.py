"""From a body to a response: JSON bytes, how long they may be kept, and conditional answers."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.http.encode import encode
from server.http.etag import etag_of, matching

NO_STORE = "no-store"
_NOT_MODIFIED_HEADERS = ("etag", "cache-control", "vary")


class JsonBytes(Response):
    """JSON of plain values and `orjson.Fragment`s, written once, by orjson; bytes are JSON already."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return content if isinstance(content, bytes) else encode(content)


def answer(body: Mapping[str, Any] | bytes, max_age: int, *, status: int = 200) -> JsonBytes:
    """A public answer that stays as it is for `max_age` seconds."""
    return JsonBytes(body, status, {"cache-control": f"public, max-age={max_age}"})


def fresh(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonBytes:
    """An answer that nobody may keep: health, and errors."""
    return JsonBytes(body, status, {"cache-control": NO_STORE, **(headers or {})})


def conditional(request: Request, response: Response) -> Response:
    """The response with its entity tag: 304 without a body where the client has it already, no body for HEAD.

    What nobody may keep is sent whole whatever the client says it has: a monitor's `*` must not hide a status.
    """
    if response.status_code == HTTPStatus.OK:
        tag = etag_of(bytes(response.body))
        response.headers["etag"] = tag
        kept = response.headers.get("cache-control") != NO_STORE
        wanted = request.headers.get("if-none-match") if kept else None
        matched = matching(wanted, tag) if wanted is not None else None
        if matched is not None:
            return _not_modified(response, matched)
    if request.method == "HEAD":
        response.body = b""
    return response


def _not_modified(response: Response, etag: str) -> Response:
    headers = {name: response.headers[name] for name in _NOT_MODIFIED_HEADERS if name in response.headers}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers | {"etag": etag})
