"""The outermost layer of the web process: request ids, the access log and request metrics.

A line is logged for each failed or slow request, and for one in `sample` others. An exception that nothing else caught
is answered here, without details about its cause.
"""

import re
import secrets
import time

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, unbind_contextvars

from server.http.cors import ON_EVERY_ANSWER
from server.http.reply import MAX_WRITE_BYTES, send_body
from server.logs import get_logger
from server.metrics import Metrics

REQUEST_ID = "x-request-id"
CLIENT_CLOSED_REQUEST = 499
SERVER_ERROR = 500
UNAVAILABLE = 503
UNMATCHED = "unmatched"
GRAPHQL_PATH = "/graphql"

_REQUEST_ID = REQUEST_ID.encode()
_USABLE_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")

log = get_logger(__name__)


class AccessLog:
    """ASGI middleware. `sample` is N in "one of N" (0: none). A request is slow from `slow_seconds` on."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, sample: int, slow_seconds: float) -> None:
        self._app = app
        self._metrics = metrics
        self._sample = sample
        self._slow_seconds = slow_seconds
        self._seen = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(_sent_id(scope))
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _Answer(send, request_id)
        started = time.perf_counter()
        # Not `bound_contextvars`, which copies all variables and takes three times as long.
        bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, answer)
        except Exception:
            log.exception("http.failed", method=scope["method"], path=scope["path"])
            await answer.fail()
        finally:
            self._account(scope, answer.status, time.perf_counter() - started)
            unbind_contextvars("request_id")

    def account(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count and log a request that was answered without ASGI."""
        self._account({"method": method, "path": path}, status, seconds)

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._metrics.observe_request(method=scope["method"], route=route, status=status, seconds=seconds)
        self._seen += 1
        failed = status >= SERVER_ERROR
        if failed or seconds >= self._slow_seconds or (self._sample and self._seen % self._sample == 0):
            # A healthy process answers 503 while it has nothing to show yet.
            (log.warning if failed and status != UNAVAILABLE else log.info)(
                "http.request",
                method=scope["method"],
                path=scope["path"],
                route=route,
                status=status,
                ms=round(seconds * 1_000, 2),
            )


class _Answer:
    """`send`, which also remembers the status and adds the headers that every response has."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = CLIENT_CLOSED_REQUEST
        self._started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            self.status = message["status"]
            headers = [header for header in message["headers"] if header[0] != _REQUEST_ID]
            headers.append((_REQUEST_ID, self._request_id.encode("latin-1")))
            present = {name for name, _ in headers}
            headers += [header for header in ON_EVERY_ANSWER if header[0] not in present]
            message["headers"] = headers
        elif len(message.get("body", b"")) > MAX_WRITE_BYTES and not message.get("more_body", False):
            await send_body(self._send, message["body"])
            return
        await self._send(message)

    async def fail(self) -> None:
        """Send 500, unless a response has already begun."""
        if self._started:
            self.status = SERVER_ERROR
            return
        body = orjson.dumps({"detail": "Internal Server Error", "request_id": self._request_id})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await self({"type": "http.response.start", "status": SERVER_ERROR, "headers": headers})
        await self({"type": "http.response.body", "body": body})


def _sent_id(scope: Scope) -> str | None:
    """The first id that the client gave its request."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == _REQUEST_ID), None)


def request_id_of(sent: str | None) -> str:
    """The client's own id if it is safe to log, else a new one."""
    return sent if sent is not None and _USABLE_ID.fullmatch(sent) else secrets.token_hex(8)


def route_of(scope: Scope) -> str:
    """The template of the route that answered, so that a metric's label never contains a client's path.

    A route without parameters has its own path as its template. The GraphQL endpoint is called without a router.
    """
    path = getattr(scope.get("route"), "path", None)
    unrouted = scope["path"] == GRAPHQL_PATH
    if path is None and (unrouted or scope.get("endpoint") is not None) and not scope.get("path_params"):
        path = scope["path"]
    return path if isinstance(path, str) else UNMATCHED
