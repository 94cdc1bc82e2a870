"""Converts a body to a response: JSON bytes, and how long they may be cached."""

from collections.abc import Mapping
from typing import Any

from server.http.cache import StoredResponse
from server.http.encode import encode
from server.http.reply import Kept, Unkept, public_headers

JSON = "application/json"


class JsonBytes(Unkept):
    """A JSON response that must not be cached (health and errors), from plain values and `orjson.Fragment`s."""

    media_type = JSON
    tagged = True

    def render(self, content: Any) -> bytes:
        return encode(content)


def whole(body: Mapping[str, Any], vary: bytes = b"Accept-Encoding") -> StoredResponse:
    """The body as a response that may be cached. It is encoded and hashed, which takes long for a long body."""
    return StoredResponse(encode(body), public_headers(JSON.encode(), vary))


def answer(body: Mapping[str, Any] | StoredResponse, max_age: int) -> Kept:
    """A public response that stays valid for `max_age` seconds."""
    return Kept(body if isinstance(body, StoredResponse) else whole(body), b"public, max-age=%d" % max_age)


def fresh(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonBytes:
    """A response that must not be cached."""
    return JsonBytes(body, status, headers)
