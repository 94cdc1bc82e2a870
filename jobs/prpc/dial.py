"""The dialler: the one door through which a connection to a node leaves, and the guard that stands in it.

Seeds are the operator's word: public addresses and loopback may be dialled, private ones where the operator allows
it, the rest never. Names are resolved once a cycle and the checked address is dialled, so that a name cannot point
elsewhere between the check and the connection.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

from jobs.prpc.address import Endpoint, IPAddress, Reach, Seed, parse_ip, parse_seed, reach_of
from jobs.prpc.errors import CallFailed, ForbiddenAddress
from schema.domain.node.observation import FailureCategory

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""From a host name to IP literals; raises OSError where it has none."""

SocketInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
"""Family, type, protocol, canonical name and socket address, as `getaddrinfo` gives them."""


class Route(NamedTuple):
    """Where a seed is: `host` its checked IP address (or its name, for the Host header), `target` what is dialled."""

    host: str
    target: Endpoint
    authority: str


async def resolve_name(name: str) -> Sequence[str]:
    """The addresses of a host name, as the system knows them. Raises OSError where there are none."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class NoResolver(AbstractResolver):
    """Resolves nothing: the HTTP client gets checked literals, and must never look up a name by itself."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise ForbiddenAddress(f"{host!r} is not an IP address; names are resolved and checked before dialling")

    async def close(self) -> None:
        """Nothing to close."""


def refusal(ip: IPAddress, *, allow_private: bool) -> str | None:
    """Why an address may not be dialled; None where it may."""
    reach = reach_of(ip)
    if reach is Reach.NEVER:
        return f"{ip} is not an address that a pod can have"
    if reach is Reach.PRIVATE and not allow_private:
        return f"{ip} is private, and private addresses are not allowed"
    return None


class Dialler:
    """Decides where a seed's connection goes, and makes every socket.

    `dial_map` (`IP:PORT` to a loopback `IP:PORT`) is for simulation and replay. It sits behind the guard. While it is
    there, addresses outside it are refused, names are not resolved, and no socket but a loopback one is made.
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
        """The checked way to a seed. Raises CallFailed: forbidden_address, or unreachable for a name without address."""
        ip = await self._resolved(seed) if seed.named else parse_ip(seed.host)
        try:
            self._check(ip)
            target = self._mapped(Endpoint(ip.compressed, seed.port), ip)
        except ForbiddenAddress as error:
            raise _forbidden(seed, error) from error
        return Route(ip.compressed, target, str(Endpoint(seed.host, seed.port)))

    def open_socket(self, info: SocketInfo) -> socket.socket:
        """A socket for an address that may be dialled; the last check, whatever the layers above believed.

        Raises ForbiddenAddress before a socket exists.
        """
        family, kind, protocol, _, address = info
        ip = parse_ip(str(address[0]))
        if self._dial_map is not None and reach_of(ip) is not Reach.LOOPBACK:
            raise ForbiddenAddress(f"{ip} is not loopback, and a dial map is in force")
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
        """The first address of a name that may be dialled, IPv4 before IPv6 (no pod answers on IPv6 yet)."""
        if self._dial_map is not None:
            raise _forbidden(seed, ForbiddenAddress("names are not resolved while a dial map is in force"))
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
        # Whoever runs the name server is not the operator: only a name that means loopback may lead there.
        own = seed.host == "localhost" or seed.host.endswith(".localhost")
        if reach_of(ip) is Reach.LOOPBACK and not own and not self._allow_private:
            raise ForbiddenAddress(f"{ip} is loopback, which {seed.host!r} must not lead to")
        self._check(ip)


def _parsed(dial_map: Mapping[str, str]) -> Mapping[Endpoint, Endpoint]:
    parsed: dict[Endpoint, Endpoint] = {}
    for address, place in dial_map.items():
        source, target = parse_seed(address), parse_seed(place)
        if target.named or reach_of(parse_ip(target.host)) is not Reach.LOOPBACK:
            raise ValueError(f"dial map: {address} leads to {place}, which is not loopback")
        parsed[Endpoint(source.host, source.port)] = Endpoint(target.host, target.port)
    return MappingProxyType(parsed)


def _forbidden(seed: Seed, error: ForbiddenAddress) -> CallFailed:
    return CallFailed(FailureCategory.FORBIDDEN_ADDRESS, f"{seed.name}: {error.strerror}", reached=False)


def _nameless(seed: Seed) -> CallFailed:
    return CallFailed(FailureCategory.UNREACHABLE, f"{seed.name}: the name does not resolve", reached=False)
