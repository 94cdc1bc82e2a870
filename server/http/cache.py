"""A cache of whole responses as bytes, which are kept until the view changes.

A response is a pure function of its request and of the view from which it was read: a snapshot, at a time that advances
by whole polling intervals. Responses are therefore kept under their request until the view changes, and are then all
dropped together. Each is compressed at most once per coding.

Clients choose the requests, so the cache is bounded in entries and bytes. A response is only stored when its request
arrives for the second time, so a flood of requests that are sent once evicts nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, NamedTuple, TypeVar

from starlette.types import Message

from schema.bounded import BoundedMap, compact
from server.http.compress import COMPRESSORS, MIN_BYTES
from server.http.cors import ALLOW_ORIGIN
from server.http.etag import coded, etag_of
from server.process.supervisor import owned

T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]

IDENTITY = "identity"
# What an entry costs besides its bytes: keys, header lists and the objects around them.
ENTRY_OVERHEAD_BYTES = 2_048
# Longer bodies are compressed in a thread (a few milliseconds, without the interpreter's lock).
LONG_BYTES = 262_144


# The status line of the responses that are kept.
_STATUS_LINES = {200: b"HTTP/1.1 200 OK\r\n", 304: b"HTTP/1.1 304 Not Modified\r\n"}
_ON_EVERY_STATUS = frozenset({b"vary", ALLOW_ORIGIN[0]})


class Start:
    """The start of a response that is sent many times. Only its Cache-Control changes, once a second."""

    __slots__ = ("_common", "_control", "_head", "_headers", "_message", "status")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self._headers = headers
        self._control: bytes | None = None
        self._message: Message = {}
        self._common: bytes | None = None
        self._head = b""

    def message(self, control: bytes) -> Message:
        """The message with this Cache-Control."""
        if control is not self._control:
            headers = [*self._headers, (b"cache-control", control)]
            self._message = {"type": "http.response.start", "status": self.status, "headers": headers}
            self._control = control
            self._common = None
        return self._message

    def head(self, common: bytes, control: bytes) -> bytes:
        """The bytes of the message, after the header lines that every response of the server has."""
        if common is not self._common or control is not self._control:
            headers = self.message(control)["headers"]
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self._head = b"%b%b%b\r\n" % (_STATUS_LINES[self.status], common, lines)
            self._common = common
        return self._head


class Variant(NamedTuple):
    """The bytes of a body in one content coding, and the start of a response with them."""

    body: bytes
    start: Start
    etag: bytes


class StoredResponse:
    """A response that may be cached: status 200, a whole body, and the headers that do not depend on the coding.

    `immutable` responses cover a closed past, so other caches may keep them permanently.
    """

    __slots__ = (
        "__weakref__",
        "_headers",
        "_unchanged",
        "_variants",
        "_vary",
        "body",
        "etag",
        "immutable",
        "is_long",
        "size",
    )

    def __init__(self, body: bytes, headers: Headers, *, immutable: bool = False) -> None:
        self.body = compact(body)
        self.is_long = len(body) > LONG_BYTES
        self.immutable = immutable
        self.etag = etag_of(body)
        # Compressed variants of one JSON body are together smaller than the body.
        self.size = 2 * len(body) + ENTRY_OVERHEAD_BYTES
        # The headers that a 304 must repeat besides the tag, and those that let other origins read it.
        self._vary = [header for header in headers if header[0] in _ON_EVERY_STATUS]
        self._unchanged: dict[bytes, Start] | None = None
        self._headers = headers
        self._variants: dict[str, Variant] = {}

    @property
    def unchanged(self) -> dict[bytes, Start]:
        """The starts of a 304, by the tag as clients return it: one look-up instead of parsing a list.

        They are made on first use, because most responses are never asked for with a tag.
        """
        if self._unchanged is None:
            tags = (self.etag, *(coded(self.etag, coding) for coding in COMPRESSORS))
            self._unchanged = {tag: self.unchanged_by(tag) for tag in map(str.encode, tags)}
        return self._unchanged

    def unchanged_by(self, tag: bytes) -> Start:
        """The start of a 304, for a client that has the response with this tag."""
        return Start(304, [(b"etag", tag), *self._vary])

    def takes_long(self, coding: str) -> bool:
        """Whether the body is not compressed yet, and so long that this would delay the event loop."""
        return self.is_long and coding != IDENTITY and coding not in self._variants

    def variant(self, coding: str) -> Variant:
        """The response in this coding. Small bodies are never compressed."""
        if len(self.body) < MIN_BYTES:
            coding = IDENTITY
        found = self._variants.get(coding)
        if found is None:
            found = self._variants[coding] = self._make(coding)
        return found

    def _make(self, coding: str) -> Variant:
        if coding == IDENTITY:
            body, tag, extra = self.body, self.etag, []
        else:
            body = COMPRESSORS[coding](self.body)
            tag, extra = coded(self.etag, coding), [(b"content-encoding", coding.encode())]
        headers = [*self._headers, *extra, (b"content-length", b"%d" % len(body)), (b"etag", tag.encode())]
        return Variant(body, Start(200, headers), tag.encode())


class ResponseCache:
    """An LRU cache of responses by request. `view` names the current view."""

    def __init__(self, view: Callable[[], Hashable], *, max_entries: int, max_bytes: int) -> None:
        self._view = view
        self._answers = BoundedMap[Hashable, StoredResponse](max_entries=max_entries, max_size=max_bytes)
        self._of_view: Hashable = None
        self.hits = 0
        self.misses = 0
        # Whether anything can be kept at all. Otherwise, equal requests are answered one by one.
        self.enabled = max_bytes > 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def bytes_kept(self) -> int:
        """The total size of the kept responses, as they report it."""
        return self._answers.size

    @property
    def hit_ratio(self) -> float | None:
        """Hits among all look-ups, 0..1; None before the first."""
        total = self.hits + self.misses
        return self.hits / total if total else None

    def view(self) -> Hashable:
        """Set the current view, and drop the responses from any other one."""
        view = self._view()
        if view != self._of_view:
            self._answers.clear()
            self._of_view = view
        return view

    def get(self, question: Hashable) -> StoredResponse | None:
        """The kept response to this request, if it was read from the current view."""
        answer = self.known(question)
        if answer is None:
            self.misses += 1
        return answer

    def known(self, question: Hashable) -> StoredResponse | None:
        """`get` for a request that may not be cacheable. On a miss, the caller has to count it."""
        answer = self.peek(question)
        if answer is not None:
            self.hits += 1
        return answer

    def peek(self, question: Hashable) -> StoredResponse | None:
        """`get` without counting it."""
        if self._view() != self._of_view:
            self.view()
        return self._answers.get(question)

    def put(self, question: Hashable, answer: StoredResponse, view: Hashable) -> bool:
        """Keep a response that was read from `view`, unless the view has changed since. Returns whether it is kept."""
        return view == self._of_view and self._answers.put(question, answer, answer.size)


class Flights:
    """Responses in progress by request. An equal request waits for the same response."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def once(self, question: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `make`, called once for all equal requests. A client that leaves does not stop it for the
        others."""
        task = self._running.get(question)
        if task is None:
            task = self._running[question] = owned(make(), name="answer")
            task.add_done_callback(lambda _: self._running.pop(question, None))
        return await asyncio.shield(task)
