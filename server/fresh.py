"""Responses to GraphQL requests that are not cached, made in the callback that reads them, where nothing is awaited.

A short operation over the current snapshot takes less time than the ASGI scope, the task and the layers around it. Any
request that needs more than that is left to ASGI, which handles it from its beginning.
"""

import secrets
import time
from collections.abc import Callable

from server.graphql_http.endpoint import GraphQLEndpoint
from server.http.access import GRAPHQL_PATH, REQUEST_ID
from server.http.asked import AskedHead
from server.http.reply import bytes_of
from server.http.view import CurrentView
from server.known import KnownAnswers

Account = Callable[[str, str, int, float], None]
"""Counts and logs a request: method, path, status, and seconds."""

_REQUEST_ID = REQUEST_ID.encode()
# The client's own id, and conditions.
_LEFT_TO_ASGI = frozenset({_REQUEST_ID, b"if-none-match"})


class FreshAnswers:
    """Returns a cached response, or makes one. It has the same headers and counters as one that ASGI sends."""

    def __init__(self, known: KnownAnswers, graphql: GraphQLEndpoint, view: CurrentView, account: Account) -> None:
        self._known = known
        self._graphql = graphql
        self._view = view
        self._account = account

    def __call__(self, head: AskedHead, body: bytes, common: bytes) -> bytes | None:
        """The whole response to a request, beginning with the header lines `common`. None if ASGI has to answer."""
        found = self._known(head, body, common)
        if found is not None or head.path != GRAPHQL_PATH or head.method != "POST":
            return found
        if not _LEFT_TO_ASGI.isdisjoint(head.headers):
            return None
        started = time.perf_counter()
        answer = self._graphql.made_at_once(head.headers, body)
        if answer is None:
            return None
        identified = b"%b%b: %b\r\n" % (common, _REQUEST_ID, secrets.token_hex(8).encode())
        control = self._view.cache_control(immutable=answer.immutable)
        written = bytes_of(answer, head.headers, control, identified)
        if written is None:
            return None
        status, response = written
        self._account(head.method, head.path, status, time.perf_counter() - started)
        return response
