"""The networks with known bootstrap seeds, and the deployments that serve other networks."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from server.config.variables import Names

DEVNET, MAINNET_ALPHA, TRYNET = "devnet", "mainnet-alpha", "trynet"
NETWORK_NAME = r"^[a-z0-9-]{1,32}$"
KNOWN_SEEDS: Mapping[str, tuple[str, ...]] = {
    DEVNET: (
        "173.212.203.145",
        "173.212.220.65",
        "161.97.97.41",
        "192.190.136.36",
        "192.190.136.37",
        "192.190.136.38",
        "192.190.136.28",
        "192.190.136.29",
        "207.244.255.1",
    ),
    MAINNET_ALPHA: ("216.234.134.4", "216.234.134.12", "216.234.134.2", "173.237.68.60", "154.38.175.38"),
    TRYNET: ("65.108.233.175", "149.102.137.195"),
}
"""Pods that the pods themselves, or their installer, use as the entry point of a network."""
MAX_SISTERS = 16
MAX_SISTER_CHARS = 512
_SISTER = re.compile(r"([a-z0-9-]{1,32})=(.+)")


def seeds_of_network(network: str) -> tuple[str, ...]:
    """The known seeds of a network. Empty for a network with another name."""
    return KNOWN_SEEDS.get(network, ())


def sister_of(text: str) -> tuple[str, str]:
    """Parse `NETWORK=URL`. The URL has no trailing slash. Raises ValueError with the reason."""
    match = _SISTER.fullmatch(text) if len(text) <= MAX_SISTER_CHARS else None
    if match is None:
        raise ValueError(f"{text[:80]!r}: not NETWORK=URL, such as mainnet-alpha=https://pnodes.example.org")
    network, url = match.groups()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{text[:80]!r}: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f"{network}={url[:60]!r}: not an http:// or https:// URL with a host")
    if "@" in parts.netloc:
        raise ValueError(f"{network}: the URL has a user or a password, and it would be published")
    if parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\"'<>\\]", url):
        raise ValueError(f"{network}={url[:60]!r}: expected a URL without query, fragment and blanks")
    return network, url.rstrip("/")


def _sisters(texts: Sequence[str]) -> tuple[str, ...]:
    found = [sister_of(text) for text in texts]
    names = [network for network, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is there twice")
    return tuple(f"{network}={url}" for network, url in found)


Sisters = Annotated[Names, AfterValidator(_sisters)]
"""A comma-separated list of `NETWORK=URL`, each network once."""
