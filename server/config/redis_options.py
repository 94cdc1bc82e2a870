"""The options of every Redis client, in addition to those in `REDIS_URL`."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

TLS_SCHEME = "rediss"


def tls_options(url: str) -> dict[str, Any]:
    """Arguments for `from_url`. Over TLS, the certificate must match the host of the URL.

    By default redis-py checks only the certificate's issuer. An option in the URL takes precedence:
    `ssl_check_hostname=false`, or `ssl_cert_reqs=none`, which disables the check.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() != TLS_SCHEME or parse_qs(parts.query).get("ssl_cert_reqs") == ["none"]:
        return {}
    return {"ssl_check_hostname": True}
