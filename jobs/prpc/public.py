"""The dialler for addresses from gossip, which anybody can put there. The operator configures the seeds."""

import socket
from collections.abc import Mapping
from typing import Any

from jobs.prpc.address import Reach, Seed, parse_ip, reach_of
from jobs.prpc.dial import Dialler, Route, SocketInfo
from jobs.prpc.errors import CallFailed, ForbiddenAddress
from schema.domain.node.failure import FailureCategory


class PublicDialler(Dialler):
    """Dials public IP addresses only, and each endpoint only once.

    Private and loopback addresses are refused whatever the settings for seeds allow, so that a list cannot make this
    server send requests into its own network. Names are refused too, because gossip contains none. With a dial map, the
    requested address must still be public, and the socket goes to loopback, as for seeds.
    """

    def __init__(self, dial_map: Mapping[str, str] | None = None) -> None:
        super().__init__(allow_private=False, dial_map=dial_map)
        self._behind_map = dial_map is not None
        self._dialled: set[tuple[Any, ...]] = set()

    async def route(self, seed: Seed) -> Route:
        """Check a node's address. Raises CallFailed (forbidden_address) unless it is a public IP address."""
        if seed.named or reach_of(parse_ip(seed.host)) is not Reach.PUBLIC:
            raise CallFailed(
                FailureCategory.FORBIDDEN_ADDRESS, f"{seed.host} is not a public IP address", reached=False
            )
        return await super().route(seed)

    def open_socket(self, info: SocketInfo) -> socket.socket:
        """Create a socket for an allowed address. Raises ForbiddenAddress before a socket exists."""
        place = info[4][:2]
        if not self._behind_map and reach_of(parse_ip(str(place[0]))) is not Reach.PUBLIC:
            raise ForbiddenAddress(f"{place[0]} is not a public IP address")
        if place in self._dialled:
            raise ForbiddenAddress(f"{place[0]} was already dialled in this slot; expected one connection")
        self._dialled.add(place)
        return super().open_socket(info)
