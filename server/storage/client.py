"""Creates the MongoDB client from a URI, and checks the URI. Creating it does no network I/O."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer
from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError
from pymongo.uri_parser import parse_uri

from server.storage.condition_wait import use_own_wait_for

SRV_SCHEME = "mongodb+srv://"
DEFAULT_TIMEOUT_SECONDS = 10.0
SERVER_SELECTION_SECONDS = 3.0
MAX_POOL_SIZE = 20
NOT_INSTALLED = "Wire protocol compression"


class NoSuchCluster(Exception):
    """According to DNS, a `mongodb+srv` URI has no servers."""


class DnsSilent(Exception):
    """DNS does not answer."""


def mongo_client(
    uri: str,
    *,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    server_selection_seconds: float = SERVER_SELECTION_SECONDS,
    max_pool_size: int = MAX_POOL_SIZE,
    event_listeners: Sequence[Any] = (),
) -> AsyncMongoClient[dict[str, Any]]:
    """A client with bounded waits. Raises the driver's error for an invalid URI: see `parsed_uri`."""
    use_own_wait_for()
    return AsyncMongoClient(
        uri,
        appname="pnode-analytics",
        maxPoolSize=max_pool_size,
        serverSelectionTimeoutMS=round(server_selection_seconds * 1_000),
        connectTimeoutMS=round(server_selection_seconds * 1_000),
        timeoutMS=round(timeout_seconds * 1_000),
        # A standalone server acknowledges writes before they are in its journal, unless the client requires it.
        journal=True,
        tz_aware=True,
        event_listeners=list(event_listeners),
    )


def parsed_uri(uri: str) -> Mapping[str, Any]:
    """Parse a URI with the driver. Does nothing for a `mongodb+srv` URI, because that needs DNS.

    Raises the driver's error. Warnings of the driver, such as unknown options, are errors here.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        parsed: Mapping[str, Any] = {} if uri.startswith(SRV_SCHEME) else parse_uri(uri, validate=True, warn=False)
        mongo_client(uri)
    for warning in warned:
        # A compressor that is not installed is skipped, and a deprecated option still works.
        if warning.category is UserWarning and not str(warning.message).startswith(NOT_INSTALLED):
            raise ConfigurationError(str(warning.message))
    return parsed


def look_up(uri: str, seconds: float) -> None:
    """Resolve the servers of a `mongodb+srv` URI; does nothing for other URIs. Raises NoSuchCluster or DnsSilent."""
    if not uri.startswith(SRV_SCHEME):
        return
    try:
        parse_uri(uri, connect_timeout=seconds)
    except ConfigurationError as error:
        raise verdict_of(error) from error


def verdict_of(error: ConfigurationError) -> NoSuchCluster | DnsSilent:
    """Map a failed lookup: the name does not exist, or DNS did not answer."""
    cause = error.__cause__
    silent = isinstance(cause, DNSException | OSError) and not isinstance(cause, NXDOMAIN | NoAnswer)
    return DnsSilent(str(error)) if silent else NoSuchCluster(str(error))
