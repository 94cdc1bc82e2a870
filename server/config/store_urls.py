"""Checks `MONGO_URI` and `REDIS_URL` with the drivers' own parsers. Nothing is sent.

The drivers detect some mistakes only when they connect, and silently accept others: they read the host of
`redis://u:12/x@h` as `u`. Such URLs are refused here. A reason never contains any part of a password.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import redis.asyncio as redis_asyncio
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from server.config.redis_options import tls_options
from server.process.masking import secrets_of
from server.storage.client import parsed_uri

ESCAPE = "a password with any of / ? # @ : [ ] % or a blank must be percent-encoded"
UNREADABLE = "the driver cannot read it"
MAX_URL_CHARS = 4_096
MAX_REASON_CHARS = 200
# Long enough to make a coincidence rare, and too short to reveal anything.
SECRET_PIECE_CHARS = 4

_RESERVED = frozenset("/?#[]@: %")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|[0-9A-Fa-f:.]+(?:%[\w.-]+)?")
_REDIS_DATABASE = re.compile(r"/?[0-9]{0,9}/?")
# The options whose value can be written in a URL. redis-py passes any other to a constructor.
_REDIS_OPTIONS = frozenset(
    {
        "client_name",
        "db",
        "encoding",
        "encoding_errors",
        "health_check_interval",
        "max_connections",
        "password",
        "protocol",
        "retry_on_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "socket_timeout",
        "ssl_ca_certs",
        "ssl_ca_data",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_ciphers",
        "ssl_keyfile",
        "username",
    }
)
_TLS_PREFIX = "ssl_"


def check_mongo_uri(uri: str) -> None:
    """Raises ValueError with the reason if no client can be made from `uri`."""
    _check_characters(uri)
    try:
        parsed = parsed_uri(uri)
    except (PyMongoError, ValueError, TypeError, OSError) as error:
        raise ValueError(_reason(error, uri)) from None
    _check_parsed(parsed, uri)


def _check_parsed(parsed: Mapping[str, Any], uri: str) -> None:
    for host, _ in cast("list[tuple[str, int | None]]", parsed.get("nodelist", [])):
        if not host.endswith(".sock"):
            _check_host(host, uri)
    if "@" in f"{parsed.get('database')}{parsed.get('collection')}":
        raise ValueError(f"an @ behind the host; {ESCAPE}")
    options: Mapping[str, object] = parsed.get("options", {})
    if options.get("w") == 0:
        raise ValueError("w=0: a write that nobody acknowledges may be lost unseen")


def check_redis_url(url: str) -> None:
    """Raises ValueError with the reason if no client can be made from `url`."""
    _check_characters(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"the host or the port cannot be read; {ESCAPE}") from None
    if port == 0:
        raise ValueError("port 0: expected a port from 1 to 65535")
    _check_redis_parts(parts, url)
    try:
        _try_redis(url)
    except (RedisError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(_reason(error, url)) from None


def _check_redis_parts(parts: SplitResult, url: str) -> None:
    if parts.fragment or url.endswith("#"):
        raise ValueError(f"a # in it; {ESCAPE}")
    _check_redis_options(parts)
    if parts.scheme == "unix":
        if not parts.path.strip("/"):
            raise ValueError("no path of a socket in it")
        return
    _check_host(parts.hostname or "", url)
    if not _REDIS_DATABASE.fullmatch(parts.path):
        raise ValueError(f"behind the host: expected /NUMBER of a database; {ESCAPE}")


def _check_redis_options(parts: SplitResult) -> None:
    try:
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True) if parts.query else []
    except ValueError:
        raise ValueError(f"behind the ?: expected NAME=VALUE; {ESCAPE}") from None
    for name, _ in options:
        usable = name in _REDIS_OPTIONS and (parts.scheme == "rediss" or not name.startswith(_TLS_PREFIX))
        if not usable:
            # An unescaped ? makes part of a password look like an option.
            shown = f" {name}" if name.isidentifier() and "@" not in parts.query else ""
            why = f"; {ESCAPE}" if "@" in parts.query else ""
            raise ValueError(f"the option{shown} is not known for {parts.scheme}://{why}")


def _try_redis(url: str) -> None:
    """Create a connection object, and its TLS context, without connecting."""
    # redis-py 5 does not type from_url.
    pool = cast("Any", redis_asyncio.ConnectionPool).from_url(url, **tls_options(url))
    context = getattr(pool.make_connection(), "ssl_context", None)
    if context is not None:
        context.get()


def _check_characters(url: str) -> None:
    if len(url) > MAX_URL_CHARS:
        raise ValueError(f"longer than {MAX_URL_CHARS} characters")
    if _CONTROL.search(url):
        raise ValueError("a line break or another control character in it")


def _check_host(host: str, url: str) -> None:
    if not host:
        raise ValueError(f"no host in it; {ESCAPE}" if "@" in url else "no host in it")
    if not _HOST.fullmatch(host):
        raise ValueError(f"the host is neither a name nor an address; {ESCAPE}")


def _reason(error: Exception, url: str) -> str:
    """The driver's message, unless it repeats a part of what may be a password."""
    said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    if isinstance(error, ssl.SSLError):
        said = f"TLS: {error.reason or said}"
    secrets = secrets_of(url)
    if any(_shares_piece(said, secret) or _shares_piece(said, unquote(secret)) for secret in secrets):
        said = UNREADABLE
    said = said[:MAX_REASON_CHARS]
    return f"{said}; {ESCAPE}" if "@" in url and _RESERVED & set(secrets[0].replace(":", "", 1)) else said


def _shares_piece(text: str, secret: str) -> bool:
    size = SECRET_PIECE_CHARS
    return any(secret[start : start + size] in text for start in range(len(secret) - size + 1))
