"""From a body to a response: JSON bytes, and how long they may be kept."""

from collections.abc import Mapping
from typing import Any

from server.http.cache import Answer
from server.http.encode import encode
from server.http.reply import Kept, Unkept, public_headers

JSON = "application/json"


class JsonBytes(Unkept):
    """JSON of plain values and `orjson.Fragment`s that nobody may keep: health, and errors."""

    media_type = JSON
    tagged = True

    def render(self, content: Any) -> bytes:
        return encode(content)


def whole(body: Mapping[str, Any], vary: bytes = b"Accept-Encoding") -> Answer:
    """The body as an answer that may be kept. It is written and hashed, which takes long where the body is."""
    return Answer(encode(body), public_headers(JSON.encode(), vary))


def answer(body: Mapping[str, Any] | Answer, max_age: int) -> Kept:
    """A public answer that stays as it is for `max_age` seconds."""
    return Kept(body if isinstance(body, Answer) else whole(body), b"public, max-age=%d" % max_age)


def fresh(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> JsonBytes:
    """An answer that nobody may keep."""
    return JsonBytes(body, status, headers)
