"""The bodies of errors, in the three forms that clients of the earlier API know.

- JSON-RPC style `{"jsonrpc", "error": {"code", "message"}, "id"}`: no snapshot, no store, unknown registry entry.
- plain `{"error", ...}` with hints (`suggestion`, `missing`, `example`, `provided`): requests for named nodes.
- `{"detail"}`: errors of the framework: wrong parameters (422), unknown path (404), wrong method (405); and 500.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from schema.domain.errors import CursorExpired, DomainError, SnapshotUnavailable
from server.http.reply import NO_STORE
from server.rest.respond import JsonBytes, fresh

RPC_INTERNAL_ERROR = -32603
RETRY_AFTER_SECONDS = 5
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_STATUS: dict[type[DomainError], int] = {SnapshotUnavailable: 503, CursorExpired: 410}


def rpc_error(status: int, message: str, headers: dict[str, str] | None = None) -> JsonBytes:
    """An error in JSON-RPC style."""
    body = {"jsonrpc": "2.0", "error": {"code": RPC_INTERNAL_ERROR, "message": message}, "id": 1}
    return fresh(body, status=status, headers=headers)


def plain_error(status: int, error: str, **help_with: Any) -> JsonBytes:
    """An error in the plain style."""
    return fresh({"error": error, **help_with}, status=status)


def unavailable(message: str) -> JsonBytes:
    """503: there is no snapshot yet, or the store does not answer."""
    return rpc_error(503, message, {"retry-after": str(RETRY_AFTER_SECONDS)})


def install_error_handlers(app: FastAPI) -> None:
    """Give every error of the app a JSON body: domain errors, unknown paths, wrong methods and internal errors."""

    async def domain_error(_: Request, error: Exception) -> Response:
        if isinstance(error, SnapshotUnavailable):
            return unavailable(error.message)
        if isinstance(error, DomainError):
            return plain_error(_STATUS.get(type(error), 400), error.message, code=error.code, **error.details)
        raise error

    async def http_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = ", ".join(allowed_methods(app.routes, request.scope))
            return fresh({"detail": error.detail}, status=405, headers={"allow": allowed})
        return _unkept(await http_exception_handler(request, error))

    async def wrong_parameters(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return _unkept(await request_validation_exception_handler(request, error))

    async def our_failure(request: Request, _: Exception) -> Response:
        known = getattr(request.state, "request_id", None)
        return fresh({"detail": "Internal Server Error"} | ({"request_id": known} if known else {}), status=500)

    app.add_exception_handler(DomainError, domain_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, wrong_parameters)
    app.add_exception_handler(Exception, our_failure)


def allowed_methods(routes: Iterable[BaseRoute], scope: Any) -> list[str]:
    """All methods that the routes of this path accept, whichever route refused the request."""
    known = list(routes)
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in known)
    ]


def _unkept(refusal: Response) -> Response:
    refusal.headers["cache-control"] = NO_STORE
    return refusal
