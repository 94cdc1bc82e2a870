"""Direct probes: which public nodes are due, how their answers are interpreted, and which may serve as extra seeds.

Gossip claims that a node is public; only a direct request shows that it is reachable. Pure: the answers arrive as
`Probe` records, made by `jobs.cycle.probing`.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from schema.domain.base import DAY, HOUR, MINUTE, UnixSeconds, backoff
from schema.domain.node.observation import host_of
from schema.domain.node.pnode import PNode
from schema.domain.node.probe import Answered, Probe

PROBE_INTERVAL_SECONDS = 15 * MINUTE
"""The time between two probes of a node that answers. Operators did not ask for probes, so they are rare."""
MAX_BACKOFF_SECONDS = 6 * HOUR
"""The longest time between two probes of a node that does not answer."""
MAX_PROBES_PER_SLOT = 64
MAX_PROBES_PER_SUBNET = 2
"""The limit for one slot, so that a hosting provider sees no burst."""
LOWEST_PORT = 1_024
"""No pod listens below this port. A list that names port 22 or 25 must not make this server connect to it."""
HIGHEST_PORT = 65_535

MAX_PROMOTED = 12
PROMOTION_AGE_SECONDS = DAY
"""How long a node must be known before its list may add to those of the seeds."""
PROMOTION_WITNESSES = 2
"""The seeds that must list a node before it may become an extra seed. Its own claim is not enough."""

START_TOLERANCE_SECONDS = 10 * MINUTE
"""The starts computed from two uptimes of one process may differ by some minutes: gossip is delayed, and clocks differ.
"""


class Target(NamedTuple):
    """A node to probe. `host` is an IP literal without brackets, `port` its pRPC port."""

    node_id: str
    host: str
    port: int


def due(nodes: Iterable[PNode], at: UnixSeconds, opted_out: Collection[str] = ()) -> tuple[Target, ...]:
    """The nodes to probe in this slot, longest waiting first.

    A node is due if it is public and online, has a usable port, is not a seed (seeds are asked anyway), and its key is
    not in `opted_out`. At most `MAX_PROBES_PER_SLOT`, and `MAX_PROBES_PER_SUBNET` in one /24 (IPv6: /48).
    """
    waiting = sorted(
        (node.probe.at if node.probe else 0, node.id, node.address, node.rpc_port)
        for node in nodes
        if node.is_public
        and node.is_online
        and not node.is_seed
        and node.address
        and node.rpc_port is not None
        and LOWEST_PORT <= node.rpc_port <= HIGHEST_PORT
        and node.id not in opted_out
        and _waited(node.probe, at)
    )
    taken: Counter[str] = Counter()
    targets: list[Target] = []
    for _, node_id, address, port in waiting:
        host = host_of(address)
        subnet = subnet_of(host)
        if subnet is None or taken[subnet] >= MAX_PROBES_PER_SUBNET:
            continue
        taken[subnet] += 1
        targets.append(Target(node_id, host, port))
        if len(targets) == MAX_PROBES_PER_SLOT:
            break
    return tuple(targets)


def probed(node: PNode, answered: Answered) -> Probe:
    """The probe as published with `node`, whose own figures come from gossip alone."""
    before = node.probe
    failures = 0 if answered.failure is None else 1 + (before.failures if before else 0)
    contradicts = () if answered.failure is not None else tuple(_contradictions(node, answered))
    return Probe(**dict(answered), failures=failures, contradicts=contradicts)


def promoted(
    nodes: Iterable[PNode], seed_hosts: Collection[str], at: UnixSeconds, opted_out: Collection[str] = ()
) -> tuple[Target, ...]:
    """The public nodes that may be asked for their lists in addition to the seeds, longest known first.

    A node qualifies if it is online and known for a day, several seeds list it, and its own answers agree with theirs.
    At most `MAX_PROMOTED` are chosen, one in each /24 (IPv6: /48), none in the subnet of a configured seed. The order
    depends on facts that do not change, so the choice is stable while its nodes qualify.
    """
    qualified = sorted(
        (node.first_seen, node.id, node) for node in nodes if node.id not in opted_out and _qualifies(node, at)
    )
    taken = {subnet_of(host) for host in seed_hosts}
    chosen: list[Target] = []
    for _, _, node in qualified:
        host = host_of(node.address)
        subnet = subnet_of(host)
        if subnet is None or subnet in taken:
            continue
        taken.add(subnet)
        chosen.append(Target(node.id, host, node.rpc_port or 0))
        if len(chosen) == MAX_PROMOTED:
            break
    return tuple(chosen)


def subnet_of(host: str) -> str | None:
    """The /24 of an IPv4 literal, the /48 of an IPv6 literal, None for anything else."""
    try:
        ip = ip_address(host)
    except ValueError:
        return None
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))  # noqa: PLR2004  (IP versions)


def _waited(probe: Probe | None, at: UnixSeconds) -> bool:
    if probe is None:
        return True
    # A node that answered waits one interval, one that failed once waits two.
    return at - probe.at >= backoff(probe.failures + 1, first=PROBE_INTERVAL_SECONDS, longest=MAX_BACKOFF_SECONDS)


def _qualifies(node: PNode, at: UnixSeconds) -> bool:
    probe = node.probe
    return (
        bool(node.is_public)
        and node.is_online
        and node.rpc_port is not None
        and node.supported
        and node.witness_count >= PROMOTION_WITNESSES
        and at - node.first_seen >= PROMOTION_AGE_SECONDS
        and probe is not None
        and probe.reachable
        and not probe.contradicts
    )


def _contradictions(node: PNode, answered: Answered) -> Iterable[str]:
    if answered.version is not None and node.version is not None and answered.version != node.version:
        yield "version"
    if answered.uptime is not None and node.uptime is not None:
        started = answered.at - answered.uptime
        said = (node.last_seen or node.provenance.observed_at) - node.uptime
        if abs(started - said) > START_TOLERANCE_SECONDS:
            yield "uptime"
