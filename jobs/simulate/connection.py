"""One HTTP/1.1 connection of a simulated seed: reads requests, writes responses, keeps the connection alive.

It has its own small parser, because the responses must contain exactly the headers that pods send, in their spelling.
"""

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlsplit

from jobs.simulate import wire
from jobs.simulate.wire import Request, SimulatedReply

MAX_HEAD_BYTES = 32 * 2**10
MAX_DISCARDED_BYTES = 16 * 2**20
IDLE_SECONDS = 120.0
_HEX = frozenset("0123456789abcdefABCDEF")
_MAX_CHUNK_DIGITS = 8
_MAX_LENGTH_DIGITS = 18

Respond = Callable[[bytes], Awaitable[SimulatedReply]]
"""Maps the body of a call to its response."""


class Unreadable(Exception):
    """The request cannot be read to its end, so no other can follow it. `answer` is the last response."""

    def __init__(self, answer: SimulatedReply, reason: str) -> None:
        super().__init__(reason)
        self.answer = answer


def _malformed(reason: str) -> Unreadable:
    return Unreadable(SimulatedReply(400), reason)


class _Body(NamedTuple):
    data: bytes
    too_large: bool


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, now: Callable[[], float]
) -> None:
    """Answer requests until the peer closes, fails, or is idle for two minutes. Never raises because of the peer."""
    try:
        while await _exchange(reader, writer, respond, now):
            pass
    except Unreadable as unreadable:
        await _send(writer, unreadable.answer, now())
    except asyncio.LimitOverrunError:
        await _send(writer, SimulatedReply(431), now())
    except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
        pass  # the peer left


def encode(answer: SimulatedReply, now: float) -> bytes:
    """The response as sent, with the headers of a pod and no others."""
    headers = [*answer.headers, ("content-length", str(len(answer.body))), ("date", formatdate(now, usegmt=True))]
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}", *(f"{k}: {v}" for k, v in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, now: Callable[[], float]
) -> bool:
    """Handle one request. Returns whether another may follow."""
    async with asyncio.timeout(IDLE_SECONDS):
        request = await _read_head(reader)
        if request is None:
            return False
        refused = wire.refusal(request)
        if refused is None and "expect" in request.headers:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await _read_body(reader, request)
    answer = refused or (wire.too_large() if body.too_large else await respond(body.data))
    await _send(writer, answer, now())
    return request.headers.get("connection", "").lower() != "close"


async def _send(writer: asyncio.StreamWriter, answer: SimulatedReply, now: float) -> None:
    writer.write(encode(answer, now))
    async with asyncio.timeout(IDLE_SECONDS):
        await writer.drain()


async def _read_head(reader: asyncio.StreamReader) -> Request | None:
    """The head of the next request. None if the peer closed between two requests."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise
        return None
    first, *lines = head.strip("\r\n").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    if not version.startswith("HTTP/1.") or " " in version:
        raise _malformed(f"{first[:80]!r}: expected METHOD TARGET HTTP/1.1")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(method, urlsplit(target).path, headers)


async def _read_body(reader: asyncio.StreamReader, request: Request) -> _Body:
    """The body, or `too_large` after all of it was read and discarded, so that the peer can read the response."""
    if request.headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader)
    declared = request.headers.get("content-length", "0")
    if not 0 < len(declared) <= _MAX_LENGTH_DIGITS or not (declared.isascii() and declared.isdigit()):
        raise _malformed(f"content-length {declared[:20]!r}: expected a number of bytes")
    size, data = int(declared), bytearray()
    _check_patience(size)
    await _take(reader, size, data)
    return _Body(bytes(data), size > wire.MAX_BODY_BYTES)


async def _read_chunks(reader: asyncio.StreamReader) -> _Body:
    data, total = bytearray(), 0
    while size := await _chunk_size(reader):
        total += size
        _check_patience(total)
        await _take(reader, size, data)
        await reader.readexactly(2)
    while (await reader.readuntil(b"\r\n")).strip():
        pass  # trailers
    return _Body(bytes(data), total > wire.MAX_BODY_BYTES)


def _check_patience(size: int) -> None:
    """Read a body that is too large to its end anyway, up to a limit."""
    if size > MAX_DISCARDED_BYTES:
        raise Unreadable(wire.too_large(), f"a body of {size} bytes or more")


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    digits = (await reader.readuntil(b"\r\n")).decode("latin-1").partition(";")[0].strip()
    if not 0 < len(digits) <= _MAX_CHUNK_DIGITS or not _HEX.issuperset(digits):
        raise _malformed(f"chunk size {digits[:20]!r}: expected a hexadecimal number")
    return int(digits, 16)


async def _take(reader: asyncio.StreamReader, count: int, data: bytearray) -> None:
    """Read exactly `count` bytes, and keep them while the body is within its limit."""
    while count:
        piece = await reader.readexactly(min(count, 2**16))
        count -= len(piece)
        if len(data) <= wire.MAX_BODY_BYTES:
            data += piece
