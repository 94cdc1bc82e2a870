"""The dialler for addresses that gossip names: they are anybody's word, where seeds are the operator's."""

import socket
from collections.abc import Mapping
from typing import Any

from jobs.prpc.address import Reach, Seed, parse_ip, reach_of
from jobs.prpc.dial import Dialler, Route, SocketInfo
from jobs.prpc.errors import CallFailed, ForbiddenAddress
from schema.domain.node.observation import FailureCategory


class PublicDialler(Dialler):
    """Dials public IP addresses alone, and each endpoint once in its life.

    Private and loopback addresses are refused whatever the settings for seeds allow: a list that names one must not
    make this server ask its own network. Names are refused too, since gossip has none. Behind a dial map the address
    that is asked for must be public all the same, and the socket goes to loopback, as for seeds.
    """

    def __init__(self, dial_map: Mapping[str, str] | None = None) -> None:
        super().__init__(allow_private=False, dial_map=dial_map)
        self._behind_map = dial_map is not None
        self._dialled: set[tuple[Any, ...]] = set()

    async def route(self, seed: Seed) -> Route:
        """The checked way to a node. Raises CallFailed (forbidden_address) for what is not a public IP address."""
        if seed.named or reach_of(parse_ip(seed.host)) is not Reach.PUBLIC:
            raise CallFailed(
                FailureCategory.FORBIDDEN_ADDRESS, f"{seed.host} is not a public IP address", reached=False
            )
        return await super().route(seed)

    def open_socket(self, info: SocketInfo) -> socket.socket:
        """A socket for an address that may be dialled. Raises ForbiddenAddress before a socket exists."""
        place = info[4][:2]
        if not self._behind_map and reach_of(parse_ip(str(place[0]))) is not Reach.PUBLIC:
            raise ForbiddenAddress(f"{place[0]} is not a public IP address")
        if place in self._dialled:
            raise ForbiddenAddress(f"{place[0]} was dialled before in this slot; expected one connection")
        self._dialled.add(place)
        return super().open_socket(info)
