"""Reads the settings for the address of the API and for access to it."""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from server.config.variables import Names
from server.http.clients import address_of

ANY = "*"
ANY_PROXY = "every peer is trusted; list the proxies if other clients can connect too"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST = re.compile(r"[0-9a-z._-]+|\[[0-9a-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ROOT_PATH = re.compile(r"(/[0-9A-Za-z._~-]+)+")


def origin_of(text: str) -> str:
    """An origin as browsers send it: `https://host`, in lower case, without the default port of its scheme.

    Raises ValueError if no browser could send it.
    """
    if text in (ANY, "null"):
        return text
    scheme, separator, rest = text.lower().partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        raise ValueError(f"{text!r} has no scheme: an origin is https://host or http://host:port")
    if rest.strip("/") != rest.rstrip("/") or "/" in rest.rstrip("/") or any(mark in rest for mark in "?#@*\\"):
        raise ValueError(
            f"{text!r} is not an origin: expected a scheme, a host and perhaps a port, such as https://host"
        )
    return f"{scheme}://{_host_and_port(text, scheme, rest.rstrip('/'))}"


def _host_and_port(text: str, scheme: str, rest: str) -> str:
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
        shown = f"[{IPv6Address(host)}]" if host and ":" in host else (host or "").encode("idna").decode()
    except ValueError as error:
        raise ValueError(f"{text!r} is no origin: {error}") from None
    if not _HOST.fullmatch(shown):
        raise ValueError(f"{text!r} is not an origin: it has no valid host")
    return shown if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


def _origins(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(origin_of, texts)))


def proxy_of(text: str) -> str:
    """The normalized address or network of a proxy; `*` for every peer. Raises ValueError."""
    if text == ANY:
        return text
    if "/" in text:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is not a network: expected one such as 10.0.0.0/8") from None
        return _unmapped(network) if isinstance(network, IPv6Network) else str(network)
    address = address_of(text)
    if address is None:
        raise ValueError(f"{text!r} is not an address: expected one such as 10.0.0.1; names are not resolved")
    return str(address)


def _unmapped(network: IPv6Network) -> str:
    mapped = network.network_address.ipv4_mapped
    return f"{mapped}/{network.prefixlen - 96}" if mapped is not None and network.prefixlen >= 96 else str(network)  # noqa: PLR2004  (::ffff:0:0/96)


def _proxies(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(proxy_of, texts)))


def _listening_host(host: str) -> str:
    """A name, an IPv4 or an IPv6 address. Ports, brackets and URLs are refused."""
    if ":" in host and not isinstance(address_of(host), IPv6Address):
        raise ValueError("an address that is not an IPv6 address; set the port with PORT")
    return host


def _prefix(path: str) -> str:
    """Without a trailing slash, so that paths can be appended."""
    trimmed = path.rstrip("/")
    if trimmed and not _ROOT_PATH.fullmatch(trimmed):
        raise ValueError("not a path")
    return trimmed


Origins = Annotated[Names, AfterValidator(_origins)]
Proxies = Annotated[Names, AfterValidator(_proxies)]
Host = Annotated[str, AfterValidator(_listening_host)]
RootPath = Annotated[str, AfterValidator(_prefix)]
