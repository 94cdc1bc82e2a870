"""The dialler: it opens every connection to a node, and checks each address first.

The operator configures seeds: public addresses and loopback may be dialled, private ones if the operator allows it, all
others never. Names are resolved once per cycle and the checked address is dialled, so a name cannot point elsewhere
between the check and the connection.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

from jobs.prpc.address import Endpoint, IPAddress, Reach, Seed, parse_ip, parse_seed, reach_of
from jobs.prpc.errors import CallFailed, ForbiddenAddress
from schema.domain.node.failure import FailureCategory

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Resolves a host name to IP literals. Raises OSError if it has none."""

SocketInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
"""Family, type, protocol, canonical name and socket address, as returned by `getaddrinfo`."""


class Route(NamedTuple):
    """The endpoint of a seed: `host` is its checked IP address or its name (the Host header); `target` is dialled."""

    host: str
    target: Endpoint
    authority: str


async def resolve_name(name: str) -> Sequence[str]:
    """The addresses of a host name, from the system's resolver. Raises OSError if there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class NoResolver(AbstractResolver):
    """Resolves nothing. The HTTP client receives checked literals and must never resolve a name itself."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise ForbiddenAddress(f"{host!r} is not an IP address; names are resolved and checked before dialling")

    async def close(self) -> None:
        """Nothing to close."""


def refusal(ip: IPAddress, *, allow_private: bool) -> str | None:
    """Why an address may not be dialled, or None if it may."""
    reach = reach_of(ip)
    if reach is Reach.NEVER:
        return f"{ip} is not a valid address for a pod"
    if reach is Reach.PRIVATE and not allow_private:
        return f"{ip} is private, and private addresses are not allowed"
    return None


class Dialler:
    """Decides where a seed's connection goes, and creates every socket.

    `dial_map` (`IP:PORT` to a loopback `IP:PORT`) is for simulation and replay. It applies after the address check.
    While it is set, addresses outside it are refused, names are not resolved, and only loopback sockets are created.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        dial_map: Mapping[str, str] | None = None,
        resolve: Resolve = resolve_name,
    ) -> None:
        self._allow_private = allow_private
        self._dial_map = None if dial_map is None else _parsed(dial_map)
        self._resolve = resolve

    async def route(self, seed: Seed) -> Route:
        """Resolve and check a seed's address. Raises CallFailed: forbidden_address, or unreachable for a name without
        address."""
        ip = await self._resolved(seed) if seed.named else parse_ip(seed.host)
        try:
            self._check(ip)
            target = self._mapped(Endpoint(ip.compressed, seed.port), ip)
        except ForbiddenAddress as error:
            raise _forbidden(seed, error) from error
        return Route(ip.compressed, target, str(Endpoint(seed.host, seed.port)))

    def open_socket(self, info: SocketInfo) -> socket.socket:
        """Create a socket for an allowed address. This is the last check, whatever earlier layers decided.

        Raises ForbiddenAddress before a socket exists.
        """
        family, kind, protocol, _, address = info
        ip = parse_ip(str(address[0]))
        if self._dial_map is not None and reach_of(ip) is not Reach.LOOPBACK:
            raise ForbiddenAddress(f"{ip} is not loopback, and a dial map is in use")
        self._check(ip)
        return socket.socket(family, kind, protocol)

    def _check(self, ip: IPAddress) -> None:
        why = refusal(ip, allow_private=self._allow_private)
        if why is not None:
            raise ForbiddenAddress(why)

    def _mapped(self, endpoint: Endpoint, ip: IPAddress) -> Endpoint:
        if self._dial_map is None:
            return endpoint
        target = self._dial_map.get(endpoint)
        if target is not None:
            return target
        if reach_of(ip) is not Reach.LOOPBACK:
            raise ForbiddenAddress(f"{endpoint} is not in the dial map")
        return endpoint

    async def _resolved(self, seed: Seed) -> IPAddress:
        """The first allowed address of a name, IPv4 before IPv6 (no pod answers on IPv6 yet)."""
        if self._dial_map is not None:
            raise _forbidden(seed, ForbiddenAddress("names are not resolved while a dial map is in use"))
        try:
            found = [parse_ip(text) for text in await self._resolve(seed.host)]
        except (OSError, ValueError) as error:
            raise _nameless(seed) from error
        if not found:
            raise _nameless(seed)
        reasons: list[ForbiddenAddress] = []
        for ip in sorted(found, key=lambda ip: ip.version):
            try:
                self._check_named(seed, ip)
            except ForbiddenAddress as error:
                reasons.append(error)
            else:
                return ip
        raise _forbidden(seed, reasons[0])

    def _check_named(self, seed: Seed, ip: IPAddress) -> None:
        # The operator does not control the name server, so only a name that means loopback may resolve to it.
        own = seed.host == "localhost" or seed.host.endswith(".localhost")
        if reach_of(ip) is Reach.LOOPBACK and not own and not self._allow_private:
            raise ForbiddenAddress(f"{ip} is loopback, which {seed.host!r} must not resolve to")
        self._check(ip)


def _parsed(dial_map: Mapping[str, str]) -> Mapping[Endpoint, Endpoint]:
    parsed: dict[Endpoint, Endpoint] = {}
    for address, place in dial_map.items():
        source, target = parse_seed(address), parse_seed(place)
        if target.named or reach_of(parse_ip(target.host)) is not Reach.LOOPBACK:
            raise ValueError(f"dial map: {address} maps to {place}, which is not loopback")
        parsed[Endpoint(source.host, source.port)] = Endpoint(target.host, target.port)
    return MappingProxyType(parsed)


def _forbidden(seed: Seed, error: ForbiddenAddress) -> CallFailed:
    return CallFailed(FailureCategory.FORBIDDEN_ADDRESS, f"{seed.name}: {error.strerror}", reached=False)


def _nameless(seed: Seed) -> CallFailed:
    return CallFailed(FailureCategory.UNREACHABLE, f"{seed.name}: the name does not resolve", reached=False)
