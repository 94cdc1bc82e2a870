"""Parses the heads of plain requests, which can be answered without ASGI. Each distinct head is parsed once."""

import re

import httptools

from schema.bounded import BoundedMap
from server.http.asked import AskedHead

# Browsers and proxies send 1 KiB or less. Longer heads are handled by ASGI.
MAX_PLAIN_HEAD_BYTES = 4_096
MAX_HEADS = 2_048
MAX_HEADS_BYTES = 4 * 2**20
# A parsed head has copies of its names and values in separate objects.
_OBJECT_BYTES = 2_048
_METHODS = frozenset({b"GET", b"HEAD", b"POST"})
# Headers that change how a request is read or how its connection continues.
_NOT_PLAIN = frozenset({b"expect", b"upgrade", b"transfer-encoding"})
_KEEP_ALIVE = b"keep-alive"
_LENGTH = re.compile(rb"[0-9]{1,9}")
# In origin form, without a fragment, and with a path that has no escapes.
_TARGET = re.compile(rb"/[!$&'()*+,;=:@/\w.~-]*(?:\?[!-\"$-~]*)?")


class Heads:
    """Parsed heads by their bytes, shared by all connections."""

    def __init__(self) -> None:
        self._known = BoundedMap[bytes, AskedHead](max_entries=MAX_HEADS, max_size=MAX_HEADS_BYTES)

    def __len__(self) -> int:
        return len(self._known)

    def read(self, head: bytes) -> AskedHead | None:
        """The parsed head, including its final empty line. None if it is not plain, or not a head."""
        known = self._known.get(head)
        if known is None:
            known = _parsed(head)
            if known is not None:
                self._known.put(head, known, 3 * len(head) + _OBJECT_BYTES)
        return known


class _Reading:
    """The callbacks of the parser."""

    def __init__(self) -> None:
        self.begun = 0
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_read = False
        self.ended = False

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, target: bytes) -> None:
        self.target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.is_read = True

    def on_message_complete(self) -> None:
        self.ended = True


def _parsed(head: bytes) -> AskedHead | None:
    reading = _Reading()
    parser = httptools.HttpRequestParser(reading)
    try:
        parser.feed_data(head)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    headers = dict(reading.headers)
    method = parser.get_method()
    plain = (
        reading.begun == 1
        and reading.is_read
        and method in _METHODS
        and parser.get_http_version() == "1.1"
        and parser.should_keep_alive()
        and _TARGET.fullmatch(reading.target) is not None
        and len(headers) == len(reading.headers)
        and None not in headers.values()  # the parser passes this for some empty values
        and _NOT_PLAIN.isdisjoint(headers)
        and headers.get(b"connection", _KEEP_ALIVE).lower() == _KEEP_ALIVE
    )
    length = _length(headers.get(b"content-length"), has_body=method == b"POST")
    # The parser has to confirm our end of the request.
    if not plain or length is None or reading.ended != (length == 0):
        return None
    path, _, query_string = reading.target.partition(b"?")
    return AskedHead(method.decode(), path.decode(), query_string, headers, length)


def _length(given: bytes | None, *, has_body: bool) -> int | None:
    """The length of the body. GET and HEAD must not declare one, POST must. None if that is not the case."""
    if not has_body:
        return 0 if given is None else None
    return int(given) if given is not None and _LENGTH.fullmatch(given) else None
