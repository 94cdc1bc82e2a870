"""Sending whole answers, with as little as possible between them and the socket."""

import asyncio
from collections.abc import Sequence

from starlette.types import Send

from server.cache import IDENTITY, Answer
from server.compress import chosen_coding
from server.rest.etag import matching

_KNOWN_CODINGS: dict[bytes, str] = {}
_MAX_KNOWN_CODINGS = 256


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


async def send_answer(
    send: Send, answer: Answer, request: dict[bytes, bytes], cache_control: bytes, *, bodiless: bool = False
) -> int:
    """Send an answer to a request with these headers: 304 where the client has it, no body for HEAD. Gives the status."""
    known = request.get(b"if-none-match")
    if known is not None:
        matched = known if known in answer.tags else _matched(known, answer.etag)
        if matched is not None:
            headers = [(b"etag", matched), (b"cache-control", cache_control), *answer.vary]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return 304
    coding = coding_of(request.get(b"accept-encoding"))
    if answer.takes_long(coding):
        await asyncio.to_thread(answer.variant, coding)
    variant = answer.variant(coding)
    headers = [*variant.headers, (b"cache-control", cache_control)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if bodiless else variant.body})
    return 200


def _matched(known: bytes, etag: str) -> bytes | None:
    """The tag of a client's list that stands for the answer; None where none does."""
    matched = matching(known.decode("latin-1"), etag)
    return None if matched is None else matched.encode("latin-1")


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
