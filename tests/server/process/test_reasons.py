"""Why a store cannot be used: real errors of the drivers, described without passwords."""

import asyncio
import socket
import ssl
from typing import Any, cast

import pytest
import redis.asyncio as redis_asyncio
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect, ConfigurationError, NotPrimaryError, OperationFailure, PyMongoError
from redis import exceptions as redis_errors
from structlog.testing import capture_logs

from schema.domain.errors import SnapshotUnavailable
from server.config.redis_options import tls_options
from server.logs import get_logger
from server.process import reasons
from server.process.outage import Outage
from server.process.reasons import detail_of, reason_of
from server.storage.connect import Mongo
from tests.processes import free_port
from tests.server.tls import CERTIFICATE, tls_server


def _caused(cause: BaseException) -> SnapshotUnavailable:
    error = SnapshotUnavailable("the store does not answer")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OperationFailure("Authentication failed.", 18), reasons.PASSWORD),
        (OperationFailure("bad auth : authentication failed", 8000), reasons.PASSWORD),
        (OperationFailure("you are over your space quota, using 513 MB of 512 MB", 8000), reasons.QUOTA),
        (OperationFailure("not authorized on x to execute command", 13), reasons.RIGHTS),
        (OperationFailure("user is not allowed to do action [insert]", 8000), reasons.RIGHTS),
        (OperationFailure("something else", 1), reasons.OTHER),
        (NotPrimaryError("not primary"), reasons.NO_PRIMARY),
        (AutoReconnect("h:27017: SSL handshake failed: certificate verify failed (_ssl.c:1006)"), reasons.TLS),
        (AutoReconnect("h:27017: timed out"), reasons.TIMEOUT),
        (AutoReconnect("h:27017: connection closed"), reasons.LOST),
        (ConfigurationError("The DNS query name does not exist: _mongodb._tcp.h."), reasons.DNS),
        (ConfigurationError("The resolution lifetime expired after 5.1 s: Server Do53 answered"), reasons.DNS),
        (redis_errors.AuthenticationError("invalid username-password pair or user is disabled."), reasons.PASSWORD),
        (redis_errors.AuthenticationError("Authentication required."), reasons.PASSWORD),
        (redis_errors.ResponseError("WRONGPASS invalid username-password pair"), reasons.PASSWORD),
        (redis_errors.NoPermissionError("this user has no permissions to run the 'info' command"), reasons.RIGHTS),
        (redis_errors.ResponseError("NOPERM No permissions to access a channel"), reasons.RIGHTS),
        (redis_errors.ReadOnlyError("You can't write against a read only replica."), reasons.NO_PRIMARY),
        (redis_errors.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), reasons.QUOTA),
        (redis_errors.ClusterDownError("Hash slot not served"), reasons.CLUSTER),
        (redis_errors.ResponseError("MOVED 866 127.0.0.1:7001"), reasons.CLUSTER),
        (redis_errors.ResponseError("CROSSSLOT Keys in request don't hash to the same slot"), reasons.CLUSTER),
        (redis_errors.ConnectionError("Connection closed by server."), reasons.LOST),
        (redis_errors.TimeoutError("Timeout connecting to server"), reasons.TIMEOUT),
        (socket.gaierror(-2, "Name or service not known"), reasons.DNS),
        (ConnectionRefusedError(111, "Connection refused"), reasons.REFUSED),
        (ssl.SSLCertVerificationError(1, "Hostname mismatch"), reasons.TLS),
        (TimeoutError(), reasons.TIMEOUT),
        (ValueError("x"), reasons.OTHER),
    ],
)
def test_a_reason_for_what_a_driver_raises(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    assert reason_of(_caused(error)) == reason


@given(st.text(max_size=2_000))
def test_details_are_bounded_and_without_passwords(text: str) -> None:
    error = PyMongoError(f"cannot use mongodb://u:{'hunter2'}@h {text}")
    assert len(detail_of(error)) <= reasons.MAX_DETAIL_CHARS
    assert "hunter2" not in detail_of(error)


def test_a_detail_leaves_out_the_state_of_all_servers() -> None:
    said = "h:1: refused (configured timeouts: 1 ms), Timeout: 3s, Topology Description: <TopologyDescription …>"
    assert detail_of(_caused(PyMongoError(said))) == "h:1: refused"
    said = "authentication failed, full error: {'ok': 0.0}"
    assert detail_of(OperationFailure(said, 18)) == "authentication failed"


def test_an_endless_chain_of_causes_is_cut() -> None:
    error = ValueError("x")
    error.__cause__ = error
    assert reason_of(error) == reasons.OTHER


async def _reason_of_mongo(uri: str) -> str:
    mongo = Mongo(uri, "test", server_selection_seconds=2, timeout_seconds=4)
    try:
        with pytest.raises(SnapshotUnavailable) as unavailable:
            await mongo.ping()
        return reason_of(unavailable.value)
    finally:
        await mongo.close()


async def test_mongo_refuses_the_connection() -> None:
    assert await _reason_of_mongo(f"mongodb://127.0.0.1:{free_port()}/") == reasons.REFUSED


async def test_mongo_has_an_unknown_certificate() -> None:
    async with tls_server() as port:
        assert await _reason_of_mongo(f"mongodb://127.0.0.1:{port}/?tls=true") == reasons.TLS


async def test_mongo_has_the_certificate_of_another_host() -> None:
    async with tls_server() as port:
        uri = f"mongodb://127.0.0.1:{port}/?tls=true&tlsCAFile={CERTIFICATE}"
        assert await _reason_of_mongo(uri) == reasons.TLS


@pytest.mark.stack
async def test_mongo_knows_no_such_user(mongo_uri: str) -> None:
    uri = mongo_uri.replace("mongodb://", "mongodb://nobody:hunter2@")
    assert await _reason_of_mongo(uri) == reasons.PASSWORD


async def _redis_over_tls(url: str) -> None:
    """Connect, and raise the errors of redis-py. The server ends every connection."""
    client = cast("Any", redis_asyncio).from_url(url, socket_connect_timeout=5, **tls_options(url))
    async with client:
        await client.ping()


async def test_redis_must_have_a_certificate_for_its_host() -> None:
    async with tls_server() as port:
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={CERTIFICATE}"
        with pytest.raises(redis_errors.RedisError) as refused:
            await _redis_over_tls(url)
        assert reason_of(refused.value) == reasons.TLS
        assert "127.0.0.1" in str(refused.value)


@pytest.mark.parametrize("option", ["ssl_check_hostname=false", "ssl_cert_reqs=none"])
async def test_the_url_may_leave_that_out(option: str) -> None:
    async with tls_server() as port:
        with pytest.raises(redis_errors.RedisError) as ended:
            await _redis_over_tls(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={CERTIFICATE}&{option}")
        assert reason_of(ended.value) == reasons.LOST


def test_an_outage_is_said_once_for_each_reason_and_ends_once() -> None:
    outage = Outage("store", get_logger("test"))
    refused, timeout = ConnectionRefusedError(111, "refused"), TimeoutError("timed out")
    with capture_logs() as events:
        outage.recovered()
        for error in (refused, refused, timeout, refused, timeout):
            outage.failed(error)
        outage.recovered()
        outage.recovered()
        outage.failed(refused)
    assert [(event["event"], event.get("reason")) for event in events] == [
        ("store.unreachable", reasons.REFUSED),
        ("store.unreachable", reasons.TIMEOUT),
        ("store.back", None),
        ("store.unreachable", reasons.REFUSED),
    ]


def test_a_store_that_refuses_writes_and_answers_reads_is_said_once() -> None:
    times = [0.0]
    outage = Outage("store", get_logger("test"), hold_seconds=600, clock=lambda: times[-1])
    full = OperationFailure("you are over your space quota, using 513 MB of 512 MB", 8000)
    with capture_logs() as events:
        for at in range(0, 3_600, 60):
            times.append(at)
            outage.failed(full)
            outage.recovered()
        times.append(times[-1] + 600)
        outage.recovered()
    assert [event["event"] for event in events] == ["store.unreachable", "store.back"]


async def test_a_worker_learns_why_the_store_is_away() -> None:
    mongo = Mongo(
        f"mongodb://127.0.0.1:{free_port()}/",
        "test",
        server_selection_seconds=0.5,
        timeout_seconds=1,
        outage=Outage("store", get_logger("test")),
    )
    with capture_logs() as events:
        # The second is refused at once, while the first is still deciding.
        outcomes = await asyncio.gather(*(mongo.ping() for _ in range(3)), return_exceptions=True)
    await mongo.close()
    assert [type(outcome) for outcome in outcomes] == [SnapshotUnavailable] * 3
    assert {reason_of(outcome) for outcome in outcomes if isinstance(outcome, BaseException)} == {reasons.REFUSED}
    assert [(event["event"], event["reason"]) for event in events] == [("store.unreachable", reasons.REFUSED)]
