"""The reach of an address: from everywhere, or only from the network of whoever saw it."""

from enum import IntEnum
from functools import lru_cache
from ipaddress import ip_address, ip_network

from schema.domain.node.observation import host_of

_REMEMBERED_HOSTS = 131_072


class Reach(IntEnum):
    """Where an address can be reached from. A smaller number reaches further.

    GLOBAL: from everywhere. PRIVATE: within one site (RFC 1918, unique local). CGNAT: within one carrier (RFC 6598).
    LOCAL: within one host or link (loopback, link-local, unspecified, multicast). NONE: no address is known.
    """

    GLOBAL = 0
    PRIVATE = 1
    CGNAT = 2
    LOCAL = 3
    NONE = 4


_PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_CGNAT = ip_network("100.64.0.0/10")


@lru_cache(maxsize=_REMEMBERED_HOSTS)
def reach_of_host(host: str) -> Reach:
    """The reach of an IP literal without brackets or port. A host name counts as global.

    Documentation and benchmark ranges are global here. Whether a pod can have such an address is a separate question,
    but it means the same to every seed.
    """
    try:
        ip = ip_address(host)
    except ValueError:
        return Reach.GLOBAL
    if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
        return Reach.LOCAL
    if any(ip in network for network in _PRIVATE):
        return Reach.PRIVATE
    return Reach.CGNAT if ip in _CGNAT else Reach.GLOBAL


@lru_cache(maxsize=_REMEMBERED_HOSTS)
def reach_of(address: str) -> Reach:
    """The reach of `HOST:PORT`. NONE if no address is known."""
    return reach_of_host(host_of(address)) if address else Reach.NONE


def is_relative(address: str, observer: str) -> bool:
    """Whether an address is meaningful only to the host that saw it (`observer`), and so proves nothing to others.

    If a seed that we reach by a private address lists a private address of the same kind, it is in our own network.
    """
    reach = reach_of(address)
    if reach in {Reach.GLOBAL, Reach.NONE}:
        return False
    return reach is Reach.LOCAL or reach_of_host(observer) is not reach
