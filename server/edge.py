"""The outermost layer: known requests are answered from memory, before anything is parsed, routed or logged.

GraphQL requests are identified by their bytes, GET requests to the REST routes by path and query string. All other
requests, and unknown ones, are passed to the inner layers. Cacheable responses are cached on the way out.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote
from weakref import WeakValueDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.dashboard import entrance
from server.fresh import Account, FreshAnswers
from server.graphql_http.endpoint import GraphQLEndpoint
from server.graphql_http.identity import asked_by_get, asked_by_post
from server.http.access import GRAPHQL_PATH
from server.http.asked import Known
from server.http.cache import Flights, Headers, ResponseCache, StoredResponse
from server.http.clients import client_of
from server.http.headers import combined, with_single_lines
from server.http.ratelimit import RateLimit
from server.http.reply import (
    CARRIED,
    MAX_WRITE_BYTES,
    NO_BODY,
    empty_body,
    made,
    messages_of,
    send_body,
    send_whole,
)
from server.http.view import CurrentView
from server.known import KnownAnswers

# Not looked up: probes and process figures are never cached, and the API's description and pages have their own cache.
_PASSED_ON = ("/health", "/metrics", "/docs", "/redoc", "/openapi.json", *entrance.PAGE_PATHS)
MAX_QUESTION_BYTES = 2_048
# Parameters of a query string. Parsing each takes 20 µs or more.
MAX_QUERY_FIELDS = 256
# The cost of a REST response for its client, in the units of GraphQL: a base cost per request, plus a cost by size.
REQUEST_COST = 100
BYTES_PER_COST = 20
_NOT_MODIFIED = 304


class Captured(NamedTuple):
    """A whole response of an inner layer. `answer` is set if it may be cached."""

    status: int
    headers: Headers
    body: bytes
    answer: StoredResponse | None

    @property
    def length(self) -> int:
        return len(self.body if self.answer is None else self.answer.body)


class Edge:
    """ASGI middleware. `served` counts the cached responses by method, kind and status. `known` returns them as bytes.

    Unknown GraphQL requests go to `ask`: the endpoint with as few layers as possible, because it does itself what the
    layers of `app` do for the routes.

    Inner layers see one form of a path: without a `root_path` prefix, and without trailing slashes. They see one line
    for each header, and the query string as `plain_query` writes it. Requests that may take long run one after the
    other: `turn` is awaited before each. With `account`, which counts and logs a request, `known` also makes responses.
    It should be called while `has_time`.
    """

    def __init__(
        self,
        app: ASGIApp,
        graphql: GraphQLEndpoint,
        cache: ResponseCache,
        view: CurrentView,
        *,
        ask: ASGIApp | None = None,
        limit: RateLimit | None = None,
        root_path: str = "",
        plain_query: Callable[[str, bytes], bytes] | None = None,
        turn: Callable[[], Awaitable[object]] | None = None,
        account: Account | None = None,
        has_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._app = app
        self._graphql = graphql
        self._ask = ask or app
        self._cache = cache
        self._view = view
        self._flights = Flights()
        self._plain_query = plain_query
        self._turn = turn
        # Long responses that are still being sent, by view and request. They may be too long to be cached.
        self._sent = WeakValueDictionary[Hashable, StoredResponse]()
        self._limit = limit or RateLimit(None)
        self._prefix = f"{root_path}/" if root_path else ""
        self.has_time = has_time
        self.served = defaultdict[tuple[str, str, int], int](int)
        known = KnownAnswers(graphql, cache, view, self.served)
        self.known: Known = known if account is None else FreshAnswers(known, graphql, view, account)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            method, path = scope["method"], scope["path"]
            if path == GRAPHQL_PATH:
                if method == "POST":
                    await self._post(scope, receive, send)
                    return
                if method in ("GET", "HEAD"):
                    await self._graphql_get(scope, receive, send)
                    return
            elif path == entrance.PATH and method in ("GET", "HEAD") and entrance.wants_page(scope):
                await self._inside(with_single_lines(entrance.inside(scope)), receive, send)
                return
            elif method in ("GET", "HEAD") and self._cache.enabled:
                question = path, scope["query_string"]
                answer = self._cache.known(question)
                if answer is None:
                    await self._get(question, scope, receive, send)
                    return
                headers = combined(scope["headers"])
                tag = headers.get(b"if-none-match")
                unchanged = None if tag is None else answer.unchanged.get(tag)
                if unchanged is None:
                    await self._serve(scope, "rest", answer, headers, send)
                else:  # the usual result of a poll, and the cheapest response: nothing is called that is not needed
                    self.served[method, "rest", _NOT_MODIFIED] += 1
                    await send(unchanged.message(self._view.cache_control(immutable=answer.immutable)))
                    await send(NO_BODY)
                return
        await self._others(scope, receive, send)

    async def _others(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests that are not looked up: other methods, WebSockets, paths in another form."""
        plain = self._plain(scope)
        if plain is not None:
            await self(plain, receive, send)
        else:
            await self._inside(scope if scope["type"] == "lifespan" else with_single_lines(scope), receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the inner layers, if the query string can be parsed in a short time."""
        if scope["type"] == "http" and scope["query_string"].count(b"&") >= MAX_QUERY_FIELDS:
            text = b"the query string has more than %d fields, expected at most that" % MAX_QUERY_FIELDS
            await _refuse(send, HTTPStatus.BAD_REQUEST, text, [])
        else:
            await self._app(scope, receive, send)

    def _plain(self, scope: Scope) -> Scope | None:
        """The scope with the path in its internal form. None if it already has that form."""
        path: str = scope.get("path", "/")
        plain = path
        if self._prefix and f"{path}/".startswith(self._prefix):
            plain = path[len(self._prefix) - 1 :] or "/"
        plain = plain.rstrip("/") or "/"
        return None if plain == path else {**scope, "path": plain, "raw_path": quote(plain).encode()}

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = await receive()
        headers = combined(scope["headers"])
        if first["type"] == "http.request" and not first.get("more_body", False):
            answer = self._graphql.kept(asked_by_post(headers, first.get("body", b"")))
            if answer is not None:
                await self._serve(scope, "graphql", answer, headers, send)
                return
        await self._ask(with_single_lines(scope, headers), _replay(first, receive), send)

    async def _graphql_get(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = combined(scope["headers"])
        answer = self._graphql.kept(asked_by_get(headers, scope["query_string"]))
        if answer is not None:
            await self._serve(scope, "graphql", answer, headers, send)
        elif entrance.wants_explorer(headers.get(b"accept"), scope["query_string"]):
            await entrance.show_explorer(send, self._prefix)
        else:
            await self._ask(with_single_lines(scope, headers), receive, send)

    async def _get(self, question: Hashable, scope: Scope, receive: Receive, send: Send) -> None:
        plain = self._plain(scope)
        if plain is not None:
            await self(plain, receive, send)
            return
        scope = with_single_lines(scope)
        path: str = scope["path"]
        if path.startswith(_PASSED_ON):
            await self._inside(scope, receive, send)
            return
        self._cache.misses += 1
        client = client_of(scope)
        scope = self._plainly_asked(scope)
        question = path, scope["query_string"]
        known = self._cache.known(question) or self._sent.get((self._cache.view(), question))
        if known is not None:
            await self._serve(scope, "rest", known, dict(scope["headers"]), send)
            return
        wait = self._limit.wait(client)
        if wait is not None:
            text = b"the allowance is used up, try again in %d s" % wait
            await _refuse(send, HTTPStatus.TOO_MANY_REQUESTS, text, [(b"retry-after", b"%d" % wait)])
            return
        if len(path) + len(scope["query_string"]) > MAX_QUESTION_BYTES:
            self._limit.spend(client, REQUEST_COST)
            await self._asked_inside(scope, receive, send)
            return
        captured = await self._flights.once(question, lambda: self._capture(scope, question))
        self._limit.spend(client, REQUEST_COST + captured.length // BYTES_PER_COST)
        if captured.answer is None:
            await _pass_on(captured, send, bodiless=scope["method"] == "HEAD")
        else:
            await self._serve(scope, "rest", captured.answer, dict(scope["headers"]), send)

    def _plainly_asked(self, scope: Scope) -> Scope:
        """The scope with a normalized query string, equal for all equal requests."""
        asked: bytes = scope["query_string"]
        if self._plain_query is None or not asked or asked.count(b"&") >= MAX_QUERY_FIELDS:
            return scope
        return {**scope, "query_string": self._plain_query(scope["path"], asked)}

    async def _asked_inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the inner layers, in turn."""
        if self._turn is not None:
            await self._turn()
        await self._inside(scope, receive, send)

    async def _serve(
        self, scope: Scope, kind: str, answer: StoredResponse, headers: dict[bytes, bytes], send: Send
    ) -> None:
        await made(answer, headers)
        method: str = scope["method"]
        control = self._view.cache_control(immutable=answer.immutable)
        start, body = messages_of(answer, headers, control, bodiless=method == "HEAD")
        self.served[method, kind, start["status"]] += 1
        await send(start)
        if len(body["body"]) > MAX_WRITE_BYTES:
            await send_body(send, body["body"])
        else:
            await send(body)

    async def _capture(self, scope: Scope, question: Hashable) -> Captured:
        """The response of the inner layers to this GET. If it carries an answer, that is cached."""
        view = self._cache.view()
        status, headers, parts = 0, list[tuple[bytes, bytes]](), list[bytes]()
        answer: StoredResponse | None = None

        async def collect(message: Message) -> None:
            nonlocal status, headers, answer
            if message["type"] == "http.response.start":
                status, headers, answer = message["status"], list(message["headers"]), message.get(CARRIED)
            elif answer is None:
                parts.append(bytes(message.get("body", b"")))

        await self._asked_inside({**scope, "method": "GET", "state": {}}, empty_body, collect)
        if answer is not None:
            self._cache.put(question, answer, view)
            if answer.is_long:
                self._sent[view, question] = answer
        return Captured(status, headers, b"".join(parts), answer)


async def _refuse(send: Send, status: HTTPStatus, detail: bytes, more: Headers) -> None:
    await send_whole(send, status, b'{"detail":"%b"}' % detail, b"application/json", more)


def _replay(first: Message, receive: Receive) -> Receive:
    """`receive` that first returns a message that was already received."""
    waiting: list[Message] = [first]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


async def _pass_on(captured: Captured, send: Send, *, bodiless: bool) -> None:
    await send({"type": "http.response.start", "status": captured.status, "headers": captured.headers})
    await send_body(send, b"" if bodiless else captured.body)
