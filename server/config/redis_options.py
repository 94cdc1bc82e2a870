"""How every client of Redis is made from `REDIS_URL`, beside what the URL says itself."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

TLS_SCHEME = "rediss"


def tls_options(url: str) -> dict[str, Any]:
    """Arguments for `from_url`: over TLS the certificate must be for the host of the URL.

    redis-py checks only the certificate's issuer unless asked for more. An option in the URL wins:
    `ssl_check_hostname=false`, or `ssl_cert_reqs=none` which leaves nothing to check.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() != TLS_SCHEME or parse_qs(parts.query).get("ssl_cert_reqs") == ["none"]:
        return {}
    return {"ssl_check_hostname": True}
