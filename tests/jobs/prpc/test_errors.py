"""Every failure has one category of the closed list, and a message that is safe to show."""

import errno
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from jobs.prpc.errors import CallFailed, ForbiddenAddress, call_failed, printable
from schema.domain.node.failure import FailureCategory


def connector_error(error: OSError) -> aiohttp.ClientConnectorError:
    return aiohttp.ClientConnectorError(cast(Any, SimpleNamespace(host="45.1.2.7", port=6000, ssl=None)), error)


@pytest.mark.parametrize(
    ("error", "category", "reached"),
    [
        (connector_error(ConnectionRefusedError(errno.ECONNREFUSED, "x")), FailureCategory.REFUSED, False),
        (connector_error(TimeoutError(errno.ETIMEDOUT, "x")), FailureCategory.TIMEOUT, False),
        (connector_error(OSError(errno.EHOSTUNREACH, "no route")), FailureCategory.UNREACHABLE, False),
        (connector_error(OSError("no number")), FailureCategory.UNREACHABLE, False),
        (connector_error(ForbiddenAddress("no")), FailureCategory.FORBIDDEN_ADDRESS, False),
        (aiohttp.ConnectionTimeoutError(), FailureCategory.TIMEOUT, False),
        (aiohttp.SocketTimeoutError(), FailureCategory.TIMEOUT, True),
        (TimeoutError(), FailureCategory.TIMEOUT, True),
        (aiohttp.ServerDisconnectedError(), FailureCategory.UNREACHABLE, True),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset"), FailureCategory.UNREACHABLE, True),
        (aiohttp.ClientPayloadError("half"), FailureCategory.UNREACHABLE, True),
        (ConnectionResetError(), FailureCategory.UNREACHABLE, True),
        (aiohttp.ClientError("anything"), FailureCategory.UNREACHABLE, True),
    ],
)
def test_each_exception_has_a_category(error: Exception, category: FailureCategory, reached: bool):
    failed = call_failed(error, "get-stats")
    assert (failed.failure.category, failed.reached) == (category, reached)
    assert failed.failure.message.startswith("get-stats: ")


def test_messages_lose_what_steers_terminals_logs_and_direction():
    assert printable("a\x1b[2J\r\n\u202eb\ud800\u200bc") == "a [2J   b  c"


def test_messages_are_cut():
    assert len(CallFailed(FailureCategory.RPC_ERROR, "x" * 10_000).failure.message) == 200
