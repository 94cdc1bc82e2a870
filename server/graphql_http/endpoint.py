"""GraphQL over HTTP: GET, HEAD and POST by the GraphQL-over-HTTP specification, answered from memory if possible."""

import sys
from collections.abc import Hashable
from http import HTTPStatus
from typing import NamedTuple

import orjson
from starlette.types import Receive, Scope, Send

from schema.bounded import BoundedMap
from schema.graphql.execution.errors import ErrorCode
from schema.graphql.execution.outcomes import Ready, Rejected, Response, Result
from server.graphql_http.feeds import Feeds
from server.graphql_http.identity import Asked, asked_by_get, asked_by_post, size_of
from server.graphql_http.negotiate import EVENT_STREAM, GRAPHQL_JSON, JSON, answer_type
from server.graphql_http.operations import Operations, error_response
from server.graphql_http.past import is_closed_past
from server.graphql_http.request import GraphQLRequest, Refused, asks_to_mutate, from_body, from_url
from server.graphql_http.sockets import Doors
from server.graphql_http.sse import EventStream, single
from server.http.cache import Flights, Headers, ResponseCache, StoredResponse
from server.http.clients import client_of
from server.http.encode import encode
from server.http.headers import combined
from server.http.reply import public_headers, send_answer, send_whole
from server.http.view import CurrentView

ALLOWED_METHODS = "GET, HEAD, POST, OPTIONS"
MAX_SHORTCUTS = 4_096
MAX_SHORTCUT_BYTES = 8 * 2**20

_JSON_SENT = JSON.encode()  # the form that nearly all clients send
# ASCII texts are UTF-8 texts.
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})


class Reply(NamedTuple):
    """The HTTP response to one operation: `answer` if it may be cached, else the status and body."""

    answer: StoredResponse | None
    status: int
    body: bytes


class Exchange(NamedTuple):
    """One HTTP request and the way back to its client."""

    scope: Scope
    headers: dict[bytes, bytes]
    receive: Receive
    send: Send

    @property
    def bodiless(self) -> bool:
        """HEAD is answered like GET, without the body."""
        return self.scope["method"] == "HEAD"

    @property
    def address(self) -> str:
        """The client under which the request is counted."""
        return client_of(self.scope)

    @property
    def request_id(self) -> str | None:
        return self.scope.get("state", {}).get("request_id")

    async def reply(self, status: int, body: bytes, media: str, extra: Headers) -> None:
        """Send a body that must not be cached."""
        await send_whole(self.send, status, body, _typed(media), [(b"vary", _VARY), *extra], bodiless=self.bodiless)


class GraphQLEndpoint:
    """ASGI application for the HTTP side of `/graphql`."""

    def __init__(
        self,
        operations: Operations,
        feeds: Feeds,
        cache: ResponseCache,
        view: CurrentView,
        *,
        body_limit: int,
        doors: Doors | None = None,
    ) -> None:
        self._operations = operations
        self._feeds = feeds
        self._cache = cache
        self._view = view
        # Event streams count as WebSockets do.
        self._doors = doors or Doors(in_all=sys.maxsize, per_address=sys.maxsize)
        self._body_limit = body_limit
        self._flights = Flights()
        # Maps the bytes of a request to its cache key, so that a known request is not even parsed.
        self._shortcuts = BoundedMap[Asked, Hashable](max_entries=MAX_SHORTCUTS, max_size=MAX_SHORTCUT_BYTES)

    def kept(self, asked: Asked) -> StoredResponse | None:
        """The cached response to a request that has arrived in exactly these bytes before."""
        question = self.question(asked)
        return self._cache.get(question) if question is not None else None

    def question(self, asked: Asked) -> Hashable | None:
        """The cache key of a request that has arrived in exactly these bytes before."""
        return self._shortcuts.get(asked)

    def made_at_once(self, headers: dict[bytes, bytes], body: bytes) -> StoredResponse | None:
        """The response to a POST, without waiting. None if that is not possible, or if the response has errors."""
        media = answer_type(_text(headers.get(b"accept")), subscription=False)
        usual = headers.get(b"content-type") == _JSON_SENT and b"content-encoding" not in headers
        if not usual or len(body) > self._body_limit or media is None or media == EVENT_STREAM:
            return None
        try:
            ready = self._operations.known(from_body(body))
        except Refused:
            return None
        if ready is None or self._cache.peek((media, *ready.question)) is not None:
            return None
        view = self._cache.view()
        result = self._operations.run_at_once(ready)
        if result is None:
            return None
        answer = self._answer(ready, result, media)
        self._cache.misses += 1
        self._cache.put((media, *ready.question), answer, view)
        asked = asked_by_post(headers, body)
        self._shortcuts.put(asked, (media, *ready.question), size_of(asked))
        return answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, combined(scope["headers"]), receive, send)
        try:
            request, asked = await self._read(exchange)
            await self._serve(exchange, request, asked)
        except Refused as refused:
            extra: Headers = [(b"allow", refused.allow.encode())] if refused.allow else []
            body = orjson.dumps(error_response(refused.message, ErrorCode.BAD_USER_INPUT))
            await exchange.reply(refused.status, body, JSON, extra)

    async def _read(self, exchange: Exchange) -> tuple[GraphQLRequest, Asked]:
        """The request, and its bytes. Raises Refused."""
        headers = exchange.headers
        match exchange.scope["method"]:
            case "GET" | "HEAD":
                query_string: bytes = exchange.scope["query_string"]
                return from_url(query_string), asked_by_get(headers, query_string)
            case "POST":
                _check_content(headers)
                body = await read_body(exchange.receive, self._body_limit)
                return from_body(body), asked_by_post(headers, body)
            case _:
                raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "use GET or POST", allow=ALLOWED_METHODS)

    async def _serve(self, exchange: Exchange, request: GraphQLRequest, asked: Asked) -> None:
        ready = self._operations.known(request) or await self._operations.prepare(request, exchange.address)
        if isinstance(ready, Rejected) and exchange.scope["method"] != "POST" and asks_to_mutate(request):
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "a mutation cannot be sent by GET", allow="POST")
        streams = isinstance(ready, Ready) and ready.is_subscription
        media = answer_type(_text(exchange.headers.get(b"accept")), subscription=streams)
        if media is None:
            wanted = EVENT_STREAM if streams else f"{GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}"
            raise Refused(HTTPStatus.NOT_ACCEPTABLE, f"the response is {wanted}, and the request does not accept it")
        if isinstance(ready, Ready) and streams:
            await self._stream(exchange, ready)
            return
        reply = await self._reply(exchange, ready, media)
        if reply.answer is None:
            extra = _RETRY if reply.status == HTTPStatus.TOO_MANY_REQUESTS else []
            await exchange.reply(reply.status, reply.body, media, extra)
            return
        if isinstance(ready, Ready):
            self._shortcuts.put(asked, (media, *ready.question), size_of(asked))
        control = self._view.cache_control(immutable=reply.answer.immutable)
        await send_answer(exchange.send, reply.answer, exchange.headers, control, bodiless=exchange.bodiless)

    async def _reply(self, exchange: Exchange, ready: Ready | Rejected, media: str) -> Reply:
        if isinstance(ready, Rejected):
            limited = ready.code == ErrorCode.RATE_LIMITED
            return _failed(ready, media, HTTPStatus.TOO_MANY_REQUESTS if limited else HTTPStatus.BAD_REQUEST)
        question = (media, *ready.question)
        kept = self._cache.get(question)
        if kept is not None:
            return Reply(kept, HTTPStatus.OK, b"")
        refused = self._operations.charge(ready, exchange.address)
        if refused is not None:
            return _failed(refused, media, HTTPStatus.TOO_MANY_REQUESTS)
        if not self._cache.enabled:
            return await self._make(ready, media, exchange.request_id)
        return await self._flights.once(question, lambda: self._make(ready, media, exchange.request_id))

    async def _make(self, ready: Ready, media: str, request_id: str | None) -> Reply:
        view = self._cache.view()
        result = await self._operations.run(ready, request_id)
        if not result.complete:
            strict = media == GRAPHQL_JSON and result.request_error
            status = HTTPStatus.BAD_REQUEST if strict else HTTPStatus.OK
            return Reply(None, status, _encoded(result.response, media))
        answer = self._answer(ready, result, media)
        self._cache.put((media, *ready.question), answer, view)
        return Reply(answer, HTTPStatus.OK, b"")

    def _answer(self, ready: Ready, result: Result, media: str) -> StoredResponse:
        newest = self._operations.reads.current()
        closed = is_closed_past(ready, newest.slot if newest is not None else None)
        return StoredResponse(_encoded(result.response, media), public_headers(_typed(media), _VARY), immutable=closed)

    async def _stream(self, exchange: Exchange, ready: Ready) -> None:
        full = self._doors.refusal(None, exchange.address)
        if full is not None:
            body = orjson.dumps(error_response("too many subscriptions are open", ErrorCode.RATE_LIMITED))
            await exchange.reply(full, body, JSON, _RETRY)
            return
        refused = self._operations.charge(ready, exchange.address)
        if refused is not None:
            reply = _failed(refused, JSON, HTTPStatus.TOO_MANY_REQUESTS)
            await exchange.reply(reply.status, reply.body, JSON, _RETRY)
            return
        stream = EventStream(
            replaces=ready.replaces,
            charge=lambda: self._operations.charge(ready, exchange.address),
            in_all=self._feeds.waiting,
        )
        self._doors.enter(exchange.address, stream=True)
        leave = self._feeds.join(*self._operations.feed(ready), stream)
        try:
            await stream.serve(exchange.receive, exchange.send, leave=leave)
        finally:
            leave()
            self._doors.leave(exchange.address, stream=True)


_VARY = b"Accept, Accept-Encoding"
_RETRY: Headers = [(b"retry-after", b"60")]


async def read_body(receive: Receive, limit: int) -> bytes:
    """The body, of at most `limit` bytes. Raises Refused for a longer one, without reading the rest."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(HTTPStatus.BAD_REQUEST, "the client left before its body was complete")
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {limit} bytes")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _check_content(headers: dict[bytes, bytes]) -> None:
    sent = headers.get(b"content-type", b"")
    if sent != _JSON_SENT and not _is_json(sent.decode("latin-1").lower()):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type must be {JSON}, in UTF-8")
    codings = headers.get(b"content-encoding")
    if codings is not None and any(each.strip() not in (b"", b"identity") for each in codings.lower().split(b",")):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "compressed bodies are not accepted")


def _is_json(media_type: str) -> bool:
    """Whether a content type (in lower case) is JSON in UTF-8."""
    kind, *parameters = (part.strip() for part in media_type.split(";"))
    return kind == JSON and all(map(_is_utf8, parameters))


def _is_utf8(parameter: str) -> bool:
    """Whether a parameter (in lower case) is not a charset, or one whose texts are UTF-8."""
    name, _, value = parameter.partition("=")
    return name.strip() != "charset" or value.strip().strip('"') in _CHARSETS


def _failed(failure: Rejected, media: str, status: HTTPStatus) -> Reply:
    """A response without data. The status is that of the error, or 200 for clients of plain JSON, which expect it."""
    persisted = any(
        error.get("extensions", {}).get("code") == ErrorCode.PERSISTED_QUERY_NOT_FOUND for error in failure.errors
    )
    lenient = persisted or (media != GRAPHQL_JSON and status == HTTPStatus.BAD_REQUEST)
    return Reply(None, HTTPStatus.OK if lenient else status, _encoded({"errors": failure.errors}, media))


def _encoded(response: Response, media: str) -> bytes:
    body = encode(response)
    return single(body) if media == EVENT_STREAM else body


def _typed(media: str) -> bytes:
    return f"{media}; charset=utf-8".encode()


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
