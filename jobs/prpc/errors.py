"""Why a call to a node failed. Every error is mapped to the closed list of categories."""

import errno

import aiohttp
from aiohttp.http_exceptions import LineTooLong

from schema.domain.node.failure import Failure, FailureCategory

METHOD_NOT_FOUND = -32601
MAX_MESSAGE_CHARS = 200


class CallFailed(Exception):
    """A failed call.

    `rpc_code` is the code of a JSON-RPC error. `reached` is False if no connection was made, so further calls in the
    same cycle would fail in the same way.
    """

    def __init__(
        self, category: FailureCategory, message: str, *, rpc_code: int | None = None, reached: bool = True
    ) -> None:
        self.failure = Failure(category=category, message=printable(message))
        self.rpc_code = rpc_code
        self.reached = reached
        super().__init__(self.failure.message)


class ForbiddenAddress(PermissionError):
    """An address that must not be dialled. It is an OSError, so HTTP libraries pass it through unchanged."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.EACCES, message)


def printable(text: str, limit: int = MAX_MESSAGE_CHARS) -> str:
    """`text`, truncated to `limit` characters, without control characters that affect terminals, logs or direction."""
    return "".join(c if c.isprintable() else " " for c in text[:limit])


def call_failed(error: Exception, what: str) -> CallFailed:
    """Map an exception of aiohttp or of the operating system to a failure. `what` names the call in the message."""
    match error:
        case aiohttp.ClientConnectorError():
            return _not_connected(error.os_error, what)
        case aiohttp.ConnectionTimeoutError():
            return CallFailed(FailureCategory.TIMEOUT, f"{what}: no connection in time", reached=False)
        case TimeoutError():
            return CallFailed(FailureCategory.TIMEOUT, f"{what}: no complete answer in time")
        case aiohttp.ClientResponseError() if _has_cause(error, LineTooLong):
            return CallFailed(FailureCategory.TOO_LARGE, f"{what}: a header of the answer is too large")
        case aiohttp.ClientResponseError():
            return CallFailed(FailureCategory.NOT_JSON, f"{what}: the answer is not valid HTTP")
        case aiohttp.ClientPayloadError():
            return CallFailed(FailureCategory.UNREACHABLE, f"{what}: the answer was cut off")
        case _:
            return CallFailed(FailureCategory.UNREACHABLE, f"{what}: the connection failed ({type(error).__name__})")


def _has_cause(error: BaseException, kind: type[Exception]) -> bool:
    """Whether an exception of this kind is in the chain of causes of `error`."""
    cause = error.__cause__
    return cause is not None and (isinstance(cause, kind) or _has_cause(cause, kind))


def _not_connected(error: OSError, what: str) -> CallFailed:
    match error:
        case ForbiddenAddress():
            category, reason = FailureCategory.FORBIDDEN_ADDRESS, error.strerror
        case ConnectionRefusedError():
            category, reason = FailureCategory.REFUSED, "the host refused the connection"
        case TimeoutError():
            category, reason = FailureCategory.TIMEOUT, "no connection in time"
        case _:
            category, reason = FailureCategory.UNREACHABLE, f"no connection ({error.strerror or type(error).__name__})"
    return CallFailed(category, f"{what}: {reason}", reached=False)
