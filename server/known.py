"""Cached responses as the bytes that are sent: for plain requests, before they become ASGI scopes."""

from collections.abc import MutableMapping

from server.dashboard import entrance
from server.graphql_http.endpoint import GraphQLEndpoint
from server.graphql_http.identity import asked_by_get, asked_by_post
from server.http.access import GRAPHQL_PATH
from server.http.asked import AskedHead
from server.http.cache import ResponseCache
from server.http.reply import bytes_of
from server.http.view import CurrentView


class KnownAnswers:
    """Returns the cached response that `Edge` would send, byte for byte, and counts it in the same `served`."""

    def __init__(
        self,
        graphql: GraphQLEndpoint,
        cache: ResponseCache,
        view: CurrentView,
        served: MutableMapping[tuple[str, str, int], int],
    ) -> None:
        self._graphql = graphql
        self._cache = cache
        self._view = view
        self._served = served

    def __call__(self, head: AskedHead, body: bytes, common: bytes) -> bytes | None:
        """The whole response to a request, beginning with the header lines `common`.

        None if `Edge` has to answer: because nothing is cached, or because the response takes long or is sent in parts.
        """
        method, headers = head.method, head.headers
        if head.path == GRAPHQL_PATH:
            kind = "graphql"
            asked = asked_by_post(headers, body) if method == "POST" else asked_by_get(headers, head.query_string)
            question = self._graphql.question(asked)
        else:
            kind = "rest"
            page = head.path == entrance.PATH and entrance.prefers_page(headers.get(b"accept"))
            question = None if page or method == "POST" else head.question
        answer = None if question is None else self._cache.peek(question)
        if answer is None:
            return None
        control = self._view.cache_control(immutable=answer.immutable)
        found = bytes_of(answer, headers, control, common, bodiless=method == "HEAD")
        if found is None:
            return None
        status, answered = found
        self._cache.hits += 1
        self._served[method, kind, status] += 1
        return answered
