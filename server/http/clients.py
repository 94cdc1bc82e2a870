"""The client under which a request is counted."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

UNKNOWN = "unknown"
# One customer usually has a whole /64 or more, so single IPv6 addresses cost nothing.
IPV6_PREFIX = 64
_REMEMBERED = 4_096


def client_of(scope: Mapping[str, Any]) -> str:
    """The group in which the client of an ASGI scope is counted."""
    client = scope.get("client")
    return group_of(client[0]) if client else UNKNOWN


@lru_cache(_REMEMBERED)
def group_of(address: str) -> str:
    """An IPv4 address itself, the /64 of an IPv6 address, or the text itself if it is not an address."""
    parsed = address_of(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed.packed, IPV6_PREFIX), strict=False))
    return address if parsed is None else str(parsed)


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address. None if the text is not one.

    An IPv4 address mapped into IPv6 is an IPv4 address: dual-stack sockets report it that way.
    """
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
