"""Whole answers, kept as bytes until there is news.

An answer is a pure function of its question and of the view that it was read from: a snapshot, at a moment that moves
by whole polling intervals. So answers are kept under their question for as long as the view stands, and all of them
are dropped together when it changes. Each is compressed at most once per coding.

Strangers choose the questions. The cache is bounded in entries and bytes, and a question is only let in when it is
asked for the second time: a flood of questions that are asked once evicts nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, NamedTuple, TypeVar

from starlette.types import Message

from schema.graphql.execution.bounded import BoundedMap, compact
from server.http.compress import COMPRESSORS, MIN_BYTES
from server.http.cors import ALLOW_ORIGIN
from server.http.etag import coded, etag_of
from server.process.supervisor import owned

T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]

IDENTITY = "identity"
# What an entry costs besides its bytes: keys, header lists and the objects around them.
ENTRY_OVERHEAD_BYTES = 2_048
# From here on a thread compresses (some milliseconds, without the interpreter's lock).
LONG_BYTES = 262_144


# The line that begins an answer of each status that is kept.
_STATUS_LINES = {200: b"HTTP/1.1 200 OK\r\n", 304: b"HTTP/1.1 304 Not Modified\r\n"}
_ON_EVERY_STATUS = frozenset({b"vary", ALLOW_ORIGIN[0]})


class Start:
    """The beginning of a response that goes out many times: only its Cache-Control changes, once a second."""

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
        """The bytes of the message, with header lines in front that every answer of the server has."""
        if common is not self._common or control is not self._control:
            headers = self.message(control)["headers"]
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self._head = b"%b%b%b\r\n" % (_STATUS_LINES[self.status], common, lines)
            self._common = common
        return self._head


class Variant(NamedTuple):
    """The bytes of an answer in one content coding, and how a response begins that has them."""

    body: bytes
    start: Start
    etag: bytes


class Answer:
    """One answer that may be kept: status 200, a whole body, and the headers that do not depend on the coding.

    `immutable` answers are about a closed past; caches outside may keep them for good.
    """

    __slots__ = (
        "__weakref__",
        "_headers",
        "_variants",
        "_vary",
        "body",
        "etag",
        "immutable",
        "is_long",
        "size",
        "unchanged",
    )

    def __init__(self, body: bytes, headers: Headers, *, immutable: bool = False) -> None:
        self.body = compact(body)
        self.is_long = len(body) > LONG_BYTES
        self.immutable = immutable
        self.etag = etag_of(body)
        # Compressed variants of one JSON body are together smaller than the body.
        self.size = 2 * len(body) + ENTRY_OVERHEAD_BYTES
        # What a 304 must repeat besides the tag, and what lets other origins read it.
        self._vary = [header for header in headers if header[0] in _ON_EVERY_STATUS]
        # By what clients send back, as they were given it: one look-up instead of parsing a list.
        tags = (self.etag, *(coded(self.etag, coding) for coding in COMPRESSORS))
        self.unchanged = {tag: self.unchanged_by(tag) for tag in map(str.encode, tags)}
        self._headers = headers
        self._variants: dict[str, Variant] = {}

    def unchanged_by(self, tag: bytes) -> Start:
        """How a 304 begins, for a client that has the answer under this tag."""
        return Start(304, [(b"etag", tag), *self._vary])

    def takes_long(self, coding: str) -> bool:
        """Whether the answer has yet to be compressed, and is so long that the event loop should not wait for it."""
        return self.is_long and coding != IDENTITY and coding not in self._variants

    def variant(self, coding: str) -> Variant:
        """The answer in this coding; small bodies are never compressed."""
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
    """Answers by question, least recently used first to go. `view` names what answers are read from now."""

    def __init__(self, view: Callable[[], Hashable], *, max_entries: int, max_bytes: int) -> None:
        self._view = view
        self._answers = BoundedMap[Hashable, Answer](max_entries=max_entries, max_size=max_bytes)
        self._of_view: Hashable = None
        self.hits = 0
        self.misses = 0
        # Whether anything can be kept at all; without that, equal questions are answered one by one.
        self.enabled = max_bytes > 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def bytes_kept(self) -> int:
        """What the kept answers take, by their own account."""
        return self._answers.size

    @property
    def hit_ratio(self) -> float | None:
        """Hits among all look-ups, 0..1; None before the first."""
        total = self.hits + self.misses
        return self.hits / total if total else None

    def view(self) -> Hashable:
        """What answers are read from now; those from another view are forgotten."""
        view = self._view()
        if view != self._of_view:
            self._answers.clear()
            self._of_view = view
        return view

    def get(self, question: Hashable) -> Answer | None:
        """The kept answer to this question, if it was read from the view that stands now."""
        answer = self.known(question)
        if answer is None:
            self.misses += 1
        return answer

    def known(self, question: Hashable) -> Answer | None:
        """`get` for what may be no question to the cache: who finds nothing has to count the miss."""
        answer = self.peek(question)
        if answer is not None:
            self.hits += 1
        return answer

    def peek(self, question: Hashable) -> Answer | None:
        """`get` without counting it."""
        if self._view() != self._of_view:
            self.view()
        return self._answers.get(question)

    def put(self, question: Hashable, answer: Answer, view: Hashable) -> bool:
        """Keep an answer that was read from `view`, unless that has changed meanwhile; says whether it is kept."""
        return view == self._of_view and self._answers.put(question, answer, answer.size)


class Flights:
    """Work in progress by question: whoever asks what is being answered already waits for that answer."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}

    async def once(self, question: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `make` gives, made once for all who ask meanwhile. One who leaves does not stop it for the others."""
        task = self._running.get(question)
        if task is None:
            task = self._running[question] = owned(make(), name="answer")
            task.add_done_callback(lambda _: self._running.pop(question, None))
        return await asyncio.shield(task)
