"""Sending whole answers, with as little as possible between them and the socket."""

import asyncio
from collections.abc import Sequence

from starlette.types import Message, Send

from server.http.cache import IDENTITY, Answer, Start
from server.http.compress import chosen_coding
from server.http.etag import matching

_KNOWN_CODINGS: dict[bytes, str] = {}
_MAX_KNOWN_CODINGS = 256
# What is handed to a connection at once: it keeps what its client does not take, and takes no more until it does.
MAX_WRITE_BYTES = 131_072
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


async def empty_body() -> Message:
    """The body of a request that has none, as `receive` gives it."""
    return {"type": "http.request", "body": b"", "more_body": False}


async def send_answer(
    send: Send, answer: Answer, request: dict[bytes, bytes], cache_control: bytes, *, bodiless: bool = False
) -> None:
    """Send an answer to a request with these headers: 304 where the client has it, no body for HEAD."""
    await made(answer, request)
    start, body = messages_of(answer, request, cache_control, bodiless=bodiless)
    await send({**start, "headers": [*start["headers"]]})
    await send(body)


async def send_body(send: Send, body: bytes) -> None:
    """Send a whole body; one that is long in parts, so that it is not copied for a client that does not read."""
    rest = memoryview(body)
    while len(rest) > MAX_WRITE_BYTES:
        await send({"type": "http.response.body", "body": rest[:MAX_WRITE_BYTES], "more_body": True})
        rest = rest[MAX_WRITE_BYTES:]
    await send({"type": "http.response.body", "body": rest if rest.nbytes != len(body) else body})


async def made(answer: Answer, request: dict[bytes, bytes]) -> None:
    """Return once the answer is there in the coding that the request wants; a thread compresses long ones."""
    coding = coding_of(request.get(b"accept-encoding"))
    if answer.takes_long(coding):
        await asyncio.to_thread(answer.variant, coding)


def messages_of(
    answer: Answer, request: dict[bytes, bytes], cache_control: bytes, *, bodiless: bool = False
) -> tuple[Message, Message]:
    """What is sent of an answer that is `made`. The same messages go to all clients: no layer may add to them."""
    known = request.get(b"if-none-match")
    if known is not None:
        unchanged = answer.unchanged.get(known) or _unchanged(answer, known)
        if unchanged is not None:
            return unchanged.message(cache_control), NO_BODY
    variant = answer.variant(coding_of(request.get(b"accept-encoding")))
    start = variant.start.message(cache_control)
    return start, NO_BODY if bodiless else {"type": "http.response.body", "body": variant.body}


def _unchanged(answer: Answer, known: bytes) -> Start | None:
    """How a 304 begins where a client's list has a tag that stands for the answer; None where it has none."""
    matched = matching(known.decode("latin-1"), answer.etag)
    return None if matched is None else answer.unchanged_by(matched.encode("latin-1"))


async def send_whole(
    send: Send,
    status: int,
    body: bytes,
    content_type: bytes,
    extra: Sequence[tuple[bytes, bytes]] = (),
    *,
    bodiless: bool = False,
) -> None:
    """Send a body that nobody may keep."""
    headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bodiless else body})
