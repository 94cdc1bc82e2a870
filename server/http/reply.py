"""Sends whole responses, with as little overhead as possible."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from server.http.cache import IDENTITY, Headers, Start, StoredResponse
from server.http.compress import COMPRESSORS, MIN_BYTES, chosen_coding
from server.http.cors import ON_EVERY_ANSWER
from server.http.etag import coded, etag_of, matching
from server.http.headers import combined

_KNOWN_CODINGS: dict[bytes, str] = {}
_MAX_KNOWN_CODINGS = 256
# The largest part that is handed to a connection at once. It buffers one part, and accepts the next once it is sent.
MAX_WRITE_BYTES = 131_072
NO_STORE = "no-store"
# The key in the start message under which a cache around the routes finds the whole response.
CARRIED = "pnodes.answer"
NO_BODY: Message = {"type": "http.response.body", "body": b""}


def coding_of(accept_encoding: bytes | None) -> str:
    """The content coding for this `Accept-Encoding`; browsers send the same few over and over."""
    if not accept_encoding:
        return IDENTITY
    known = _KNOWN_CODINGS.get(accept_encoding)
    if known is None:
        known = chosen_coding(accept_encoding.decode("latin-1")) or IDENTITY
        if len(_KNOWN_CODINGS) < _MAX_KNOWN_CODINGS:
            _KNOWN_CODINGS[accept_encoding] = known
    return known


def public_headers(media: bytes, vary: bytes = b"Accept-Encoding") -> Headers:
    """The headers of a cacheable response with this media type."""
    return [(b"content-type", media), (b"vary", vary), *ON_EVERY_ANSWER]


class Kept(Response):
    """A cacheable response, in the coding that the client prefers, or 304 if the client has it."""

    def __init__(self, answer: StoredResponse, control: bytes) -> None:
        super().__init__()
        self.answer = answer
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, bodiless = combined(scope["headers"]), scope["method"] == "HEAD"
        await send_answer(send, self.answer, headers, self._control, bodiless=bodiless)


class Unkept(Response):
    """A response that must not be cached. Conditions in the request are ignored: a monitor's `*` must not hide a
    status.

    It has an entity tag if it is `tagged`. Errors have none and are never compressed, because the same one is sent to
    all clients that wait for the same response.
    """

    tagged = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, body = self.headers, bytes(self.body)
        headers["cache-control"] = NO_STORE
        if self.status_code == HTTPStatus.OK:
            if self.tagged:
                headers["etag"] = etag_of(body)
            if len(body) >= MIN_BYTES:
                headers.add_vary_header("Accept-Encoding")
                coding = coding_of(combined(scope["headers"]).get(b"accept-encoding"))
                if coding != IDENTITY:
                    body = COMPRESSORS[coding](body)
                    headers.update({"content-encoding": coding, "content-length": str(len(body))})
                    if self.tagged:
                        headers["etag"] = coded(headers["etag"], coding)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send_body(send, b"" if scope["method"] == "HEAD" else body)


async def empty_body() -> Message:
    """The message of `receive` for a request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send_answer(
    send: Send, answer: StoredResponse, request: dict[bytes, bytes], cache_control: bytes, *, bodiless: bool = False
) -> None:
    """Send a response to a request with these headers: 304 if the client has it, and no body for HEAD."""
    await made(answer, request)
    start, body = messages_of(answer, request, cache_control, bodiless=bodiless)
    await send({**start, "headers": [*start["headers"]], CARRIED: answer})
    await send(body)


async def send_body(send: Send, body: bytes) -> None:
    """Send a whole body. A long one is sent in parts, so that it is not copied for a client that does not read."""
    rest = memoryview(body)
    while len(rest) > MAX_WRITE_BYTES:
        await send({"type": "http.response.body", "body": rest[:MAX_WRITE_BYTES], "more_body": True})
        rest = rest[MAX_WRITE_BYTES:]
    await send({"type": "http.response.body", "body": rest if rest.nbytes != len(body) else body})


async def made(answer: StoredResponse, request: dict[bytes, bytes]) -> None:
    """Return once the response is available in the coding for the request. Long ones are compressed in a thread."""
    coding = coding_of(request.get(b"accept-encoding"))
    if answer.takes_long(coding):
        await asyncio.to_thread(answer.variant, coding)


def messages_of(
    answer: StoredResponse, request: dict[bytes, bytes], cache_control: bytes, *, bodiless: bool = False
) -> tuple[Message, Message]:
    """The messages for a response that is `made`. All clients get the same messages, so no layer may change them."""
    unchanged = _unchanged(answer, request.get(b"if-none-match"))
    if unchanged is not None:
        return unchanged.message(cache_control), NO_BODY
    variant = answer.variant(coding_of(request.get(b"accept-encoding")))
    start = variant.start.message(cache_control)
    return start, NO_BODY if bodiless else {"type": "http.response.body", "body": variant.body}


def bytes_of(
    answer: StoredResponse, request: dict[bytes, bytes], cache_control: bytes, common: bytes, *, bodiless: bool = False
) -> tuple[int, bytes] | None:
    """The status and all bytes of `messages_of`, with the `common` header lines before the others.

    None if a thread has to compress the response, or if it is too long to be written at once.
    """
    unchanged = _unchanged(answer, request.get(b"if-none-match"))
    if unchanged is not None:
        return unchanged.status, unchanged.head(common, cache_control)
    coding = coding_of(request.get(b"accept-encoding"))
    if answer.takes_long(coding):
        return None
    variant = answer.variant(coding)
    head = variant.start.head(common, cache_control)
    if bodiless:
        return variant.start.status, head
    return (variant.start.status, head + variant.body) if len(variant.body) <= MAX_WRITE_BYTES else None


def _unchanged(answer: StoredResponse, known: bytes | None) -> Start | None:
    """The start of a 304 if the client's list has a tag of the response, else None."""
    if known is None:
        return None
    unchanged = answer.unchanged.get(known)
    if unchanged is not None:
        return unchanged
    matched = matching(known.decode("latin-1"), answer.etag)
    return None if matched is None else answer.unchanged_by(matched.encode("latin-1"))


async def send_whole(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes | None,
    extra: Sequence[tuple[bytes, bytes]] = (),
    *,
    bodiless: bool = False,
) -> None:
    """Send a body that must not be cached."""
    headers = [(b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store"), *ON_EVERY_ANSWER, *extra]
    if content_type is not None:
        headers.insert(0, (b"content-type", content_type))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bodiless else body})
