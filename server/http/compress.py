"""Compression at the edge: zstd, br or gzip, as the client asks by `Accept-Encoding` (RFC 9110 §12.5.3).

Only whole bodies are compressed, of text-like types and from 1 kB on: smaller ones fit a packet anyway, and streams
(SSE, exports) must not be held back. An entity tag gets the coding as its suffix, since a strong tag stands for exact
bytes; `server.http.etag` puts it aside when a client sends it back.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import cast

import brotli  # pyright: ignore[reportMissingTypeStubs]  (the package ships none)
import zstandard
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.etag import coded

MIN_BYTES = 1_024
ZSTD_LEVEL, BROTLI_QUALITY, GZIP_LEVEL = 3, 4, 5
_GZIP_WINDOW_BITS = 31
_TYPES = frozenset(
    {
        "application/json",
        "application/graphql-response+json",
        "application/javascript",
        "application/graphql",
        "image/svg+xml",
    }
)
_STREAMED_TYPES = frozenset({"text/event-stream"})


def _zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)


def _brotli(body: bytes) -> bytes:
    compress = cast("Callable[..., bytes]", brotli.compress)  # pyright: ignore[reportUnknownMemberType]  (as above)
    return compress(body, quality=BROTLI_QUALITY)


def _gzip(body: bytes) -> bytes:
    """Gzip without a time stamp, so that equal bodies give equal bytes."""
    compressor = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW_BITS)
    return compressor.compress(body) + compressor.flush()


# In the order of preference among codings that a client likes equally.
COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}


def chosen_coding(accept_encoding: str) -> str | None:
    """The coding to use; None for none. The client's weights decide, then our preference.

    A coding that is not listed has the weight of `*`, if that is there, else 0; identity, if not listed, has the
    least weight above 0. A weight that cannot be read counts as 0.
    """
    weights = dict(map(_weighted, accept_encoding.lower().split(",")))
    anything = weights.get("*", 0.0)
    best, best_weight = None, weights.get("identity", 0.0)
    for coding in COMPRESSORS:
        weight = weights.get(coding, weights.get("x-gzip", anything) if coding == "gzip" else anything)
        if weight > 0 and (weight > best_weight if best is not None else weight >= best_weight):
            best, best_weight = coding, weight
    return best


def _weighted(part: str) -> tuple[str, float]:
    """A coding with its weight, 0 to 1."""
    name, _, parameters = part.partition(";")
    key, _, value = parameters.strip().partition("=")
    if not parameters:
        return name.strip(), 1.0
    try:
        weight = float(value) if key.strip() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return name.strip(), weight if 0 <= weight <= 1 else 0.0


class Compress:
    """ASGI middleware that compresses whole bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        accepted = Headers(scope=scope).get("accept-encoding", "")
        coding = chosen_coding(accepted) if accepted else None
        await self.app(scope, receive, _Response(send, coding, bodiless=scope["method"] == "HEAD"))


class _Response:
    """The `send` of one response: holds a compressible one's start back until its body tells whether it is whole."""

    def __init__(self, send: Send, coding: str | None, *, bodiless: bool) -> None:
        self._send = send
        self._coding = coding
        self._bodiless = bodiless
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _compressible(Headers(raw=message["headers"])):
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            message = self._whole(start, message)
            await self._send(start)
        await self._send(message)

    def _whole(self, start: Message, message: Message) -> Message:
        """The body's message, compressed if it is all of a body that is large enough; adapts the headers to it."""
        headers = MutableHeaders(raw=start["headers"])
        body = message.get("body", b"")
        if message.get("more_body", False) or self._size(headers, body) < MIN_BYTES:
            return message
        headers.add_vary_header("Accept-Encoding")
        if self._coding is None:
            return message
        return {**message, "body": self._encoded(headers, body, self._coding)}

    def _size(self, headers: MutableHeaders, body: bytes) -> int:
        """How large the body is; of an answer to HEAD, how large that of GET would be."""
        return int(headers.get("content-length", "0")) if self._bodiless else len(body)

    def _encoded(self, headers: MutableHeaders, body: bytes, coding: str) -> bytes:
        encoded = b"" if self._bodiless else COMPRESSORS[coding](body)
        headers["content-encoding"] = coding
        if self._bodiless:
            # The length of a body that nobody asked for is not worth making it.
            del headers["content-length"]
        else:
            headers["content-length"] = str(len(encoded))
        etag = headers.get("etag")
        if etag is not None and not etag.startswith("W/"):
            headers["etag"] = coded(etag, coding)
        return encoded


def _compressible(headers: Headers) -> bool:
    """Whether a body of this kind may be compressed, and is not yet."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _STREAMED_TYPES or not (kind in _TYPES or kind.startswith("text/")):
        return False
    return "content-encoding" not in headers and "no-transform" not in headers.get("cache-control", "")
