"""Parsing of addresses, and the scope of IP addresses.

Only `ipaddress` parses literals. The system's resolver accepts `127.1`, `2130706433` or full-width digits as loopback,
so it only receives plain host names.
"""

import re
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

DEFAULT_PORT = 6000
"""The pRPC port of pods, the same in every release."""
MAX_PORT = 65_535
MAX_ADDRESS_CHARS = 64
"""Enough for the longest `[IPv6]:PORT`. Longer texts are refused before they are parsed or cached."""
MAX_NAME_CHARS = 253
REMEMBERED_ADDRESSES = 131_072
"""More than the addresses of any network, so that the lists of further seeds hit the cache. At most some 30 MB."""

IPAddress = IPv4Address | IPv6Address

_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# Some resolvers parse a text that ends in a number as an IPv4 address (127.1, 0x7f.1, 2130706433), so it is never a
# name.
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


class Reach(StrEnum):
    """The scope of an IP address.

    NEVER covers addresses that no pod can have: link-local and metadata services, multicast, unspecified, reserved,
    documentation and benchmark ranges, and the IPv6 forms that embed an IPv4 address (mapped, 6to4, NAT64, Teredo),
    which would bypass the rules for that address. Python's `is_global` is not used, because 3.11 returns True for
    several of these.
    """

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    NEVER = "never"


_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
# Metadata services of cloud providers within ranges that are otherwise allowed.
_METADATA = tuple(map(ip_network, ("100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::/32")))
_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_UNICAST = tuple(map(ip_network, ("0.0.0.0/0", "2000::/3")))
_SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
        ),
    )
)


def reach_of(ip: IPAddress) -> Reach:
    """The scope of `ip`. Every address has one. IPv4 addresses embedded in IPv6 are not unwrapped; they are NEVER."""
    if any(ip in network for network in _METADATA):
        return Reach.NEVER
    if any(ip in network for network in _LOOPBACK):
        return Reach.LOOPBACK
    if any(ip in network for network in _PRIVATE):
        return Reach.PRIVATE
    if any(ip in network for network in _SPECIAL):
        return Reach.NEVER
    return Reach.PUBLIC if any(ip in network for network in _UNICAST) else Reach.NEVER


class Endpoint(NamedTuple):
    """A host (IP literal or name, without brackets) and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Seed(NamedTuple):
    """A configured seed. `name` is the operator's text, `named` tells whether the host must be resolved."""

    name: str
    host: str
    port: int = DEFAULT_PORT
    named: bool = False


def parse_ip(text: str) -> IPAddress:
    """Parse a complete IP literal. Raises ValueError for anything else, including zone ids."""
    if "%" in text:
        raise ValueError(f"{text!r} has a zone id; expected an IP address alone")
    return ip_address(text)


@lru_cache(maxsize=REMEMBERED_ADDRESSES)
def _canonical(text: str) -> str | None:
    host, _, port = text.rpartition(":")
    if not _PORT.fullmatch(port) or int(port) > MAX_PORT:
        return None
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        ip = parse_ip(host[1:-1] if bracketed else host)
    except ValueError:
        return None
    if isinstance(ip, IPv4Address):
        return None if bracketed else text
    if not bracketed:
        return None
    return f"{ip.ipv4_mapped}:{port}" if ip.ipv4_mapped else f"[{ip.compressed}]:{port}"


def canonical_address(text: str) -> str | None:
    """The canonical spelling of a pod's `IP:PORT` (IPv6 in brackets), or None if it is not a literal with a port.

    An IPv4 address that a dual-stack socket reports as IPv6 is converted back to IPv4, because it is the same host.
    Whether it may be dialled is a separate check.
    """
    return _canonical(text) if len(text) <= MAX_ADDRESS_CHARS else None


def parse_seed(text: str) -> Seed:
    """Parse a seed from `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT` or a bare IPv6 address. The default port is 6000.

    Raises ValueError that names the text and the problem.
    """
    name = text.strip()
    host, port = _split(name)
    if not _PORT.fullmatch(port) or int(port) > MAX_PORT:
        raise ValueError(f"seed {name!r}: port {port!r} is not a number from 1 to {MAX_PORT}")
    try:
        ip = parse_ip(host)
    except ValueError:
        return Seed(name, _host_name(name, host), int(port), named=True)
    return Seed(name, ip.compressed, int(port))


def _split(name: str) -> tuple[str, str]:
    default = str(DEFAULT_PORT)
    if name.startswith("["):
        host, bracket, rest = name[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise ValueError(f"seed {name!r}: expected [IPv6] or [IPv6]:PORT")
        return host, rest[1:] if rest else default
    if name.count(":") > 1:
        return name, default
    host, colon, port = name.partition(":")
    return host, port if colon else default


def _host_name(name: str, host: str) -> str:
    lowered = host.lower()
    if len(lowered) > MAX_NAME_CHARS or not _NAME.fullmatch(lowered) or _NUMERIC_END.fullmatch(lowered):
        raise ValueError(
            f"seed {name[:MAX_NAME_CHARS]!r}: {host[:MAX_NAME_CHARS]!r} is neither an IP address nor a host name; "
            "expected HOST or HOST:PORT"
        )
    return lowered
