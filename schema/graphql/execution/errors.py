"""The published form of errors: always a stable code, but the text only if the client can act on it.

| origin                                   | code                          | text   |
|------------------------------------------|-------------------------------|--------|
| the document does not parse              | GRAPHQL_PARSE_FAILED          | shown  |
| it breaks a rule or a limit              | GRAPHQL_VALIDATION_FAILED     | shown  |
| it costs too much                        | COST_LIMIT_EXCEEDED           | shown  |
| a variable or an argument has no meaning | BAD_USER_INPUT                | shown  |
| a `DomainError`                          | its own                       | shown  |
| anything else                            | INTERNAL_SERVER_ERROR         | masked |
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from schema.domain.errors import DomainError
from schema.graphql.types.scalars import write_datetime

log = structlog.get_logger()

MASKED = "Internal server error."
_TIMES = frozenset({"earliestAvailable", "latestAvailable"})


class ErrorCode(StrEnum):
    """Every value of `errors[].extensions.code`, including those of the transports."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    INVALID_CURSOR = "INVALID_CURSOR"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    AS_OF_IN_FUTURE = "AS_OF_IN_FUTURE"
    AS_OF_OUT_OF_RANGE = "AS_OF_OUT_OF_RANGE"
    RANGE_TOO_LARGE = "RANGE_TOO_LARGE"
    COST_LIMIT_EXCEEDED = "COST_LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    SNAPSHOT_UNAVAILABLE = "SNAPSHOT_UNAVAILABLE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


def is_internal(error: GraphQLError) -> bool:
    """Whether the error is internal, so its text must be masked and it is logged."""
    cause = _cause(error)
    return cause is not None and not isinstance(cause, DomainError | GraphQLError)


def coded(error: GraphQLError, code: ErrorCode, details: Mapping[str, object] | None = None) -> GraphQLError:
    """A copy of `error` that carries this code, unless it carries one already."""
    if error.extensions and "code" in error.extensions:
        return error
    return _copy(error, error.message, {"code": code.value, **(details or {})})


def public(error: GraphQLError, request_id: str | None = None) -> GraphQLError:
    """`error` as a client may see it: with a code. An internal error is masked and has the request's id."""
    if is_internal(error):
        extensions: dict[str, object] = {"code": ErrorCode.INTERNAL_SERVER_ERROR.value}
        if request_id is not None:
            extensions["requestId"] = request_id
        return _copy(error, MASKED, extensions)
    cause = _cause(error)
    if isinstance(cause, DomainError):
        return _copy(error, cause.message, {"code": cause.code, **_details(cause)})
    if isinstance(error, GraphQLSyntaxError):
        return coded(error, ErrorCode.GRAPHQL_PARSE_FAILED)
    return coded(error, ErrorCode.BAD_USER_INPUT)


def mask_errors(errors: Iterable[GraphQLError], request_id: str | None = None) -> list[GraphQLError]:
    """`public` for each of them."""
    return [public(error, request_id) for error in errors]


def log_internal(errors: Iterable[GraphQLError], request_id: str | None = None) -> None:
    """One log line with the traceback for each error that clients will only see masked."""
    for error in errors:
        if is_internal(error):
            log.error("graphql.internal_error", request_id=request_id, path=error.path, exc_info=error.original_error)


def _cause(error: GraphQLError) -> Exception | None:
    """The original exception, however often it was wrapped."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _details(error: DomainError) -> dict[str, object]:
    return {
        key: write_datetime(value) if key in _TIMES and isinstance(value, int) else value
        for key, value in error.details.items()
    }


def _copy(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
