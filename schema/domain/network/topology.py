"""The topology: a graph of seeds and the pods that they list."""

from collections import defaultdict
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from schema.domain.base import Record
from schema.domain.network.health import count_versions
from schema.domain.node.observation import host_of
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import SeedReport, Snapshot, VersionCount

MAX_LABEL = 15  # an IPv4 address
_ELLIPSIS = "..."
_GROUPS = {True: "public", False: "private", None: "unknown"}


class TopologyKind(StrEnum):
    """SEED: a node that we poll. PNODE: a node that seeds list."""

    SEED = "SEED"
    PNODE = "PNODE"


class TopologyNode(NamedTuple):
    """A node of the graph: a seed (`seed` set, `id` its configured name) or a pod (`pnode` set, `id` its id).

    `label` is short enough to draw (at most 15 characters). `group` is `ip` for seeds, and `public`, `private` or
    `unknown` for pods.
    """

    id: str
    kind: TopologyKind
    label: str
    group: str
    seed: SeedReport | None = None
    pnode: PNode | None = None


class TopologyEdge(NamedTuple):
    """A seed (`source`, its name) lists a pod (`target`, its id) at an address."""

    source: str
    target: str
    address: str


class Island(Record):
    """Seeds whose lists overlap and that share little with others. Usually their versions cannot read the others'
    gossip.

    `seeds` are sorted; `nodes` is how many pods they list, `versions` the versions of those pods, most common first.
    """

    number: int
    seeds: tuple[str, ...]
    nodes: int
    versions: tuple[VersionCount, ...]


class TopologyStats(Record):
    """Figures about the graph. `avg_connections` is edges per pod (0 without pods)."""

    nodes: int
    seeds: int
    pnodes: int
    connections: int
    avg_connections: float


class Topology(Record):
    """The graph: seeds by name, then pods by address and id; edges by source, then address and target."""

    nodes: tuple[TopologyNode, ...]
    edges: tuple[TopologyEdge, ...]
    stats: TopologyStats
    islands: tuple[Island, ...]


def label_of(address: str) -> str:
    """The host, truncated to twelve characters and an ellipsis if it is longer than fifteen."""
    host = host_of(address)
    return host if len(host) <= MAX_LABEL else host[: MAX_LABEL - len(_ELLIPSIS)] + _ELLIPSIS


def topology(snapshot: Snapshot) -> Topology:
    """The graph of a snapshot: every configured seed, and every pod in gossip."""
    seeds = sorted(snapshot.header.seeds, key=lambda seed: seed.seed)
    pods = sorted((node for node in snapshot.nodes if node.in_gossip), key=lambda node: (node.address, node.id))
    edges = _edges(seeds, pods)
    return Topology(
        nodes=(*map(_seed_node, seeds), *map(_pod_node, pods)),
        edges=edges,
        stats=TopologyStats(
            nodes=len(seeds) + len(pods),
            seeds=len(seeds),
            pnodes=len(pods),
            connections=len(edges),
            avg_connections=len(edges) / len(pods) if pods else 0.0,
        ),
        islands=_islands(seeds, pods),
    )


def _edges(seeds: list[SeedReport], pods: list[PNode]) -> tuple[TopologyEdge, ...]:
    """In the order of the seeds, and of the pods that each lists."""
    listed: dict[str, list[TopologyEdge]] = {seed.seed: [] for seed in seeds}
    for node in pods:
        for witness in node.witnesses:
            if witness in listed:
                listed[witness].append(TopologyEdge(witness, node.id, node.place))
    return tuple(chain.from_iterable(listed.values()))


def _seed_node(seed: SeedReport) -> TopologyNode:
    return TopologyNode(id=seed.seed, kind=TopologyKind.SEED, label=label_of(seed.seed), group="ip", seed=seed)


def _pod_node(node: PNode) -> TopologyNode:
    group = _GROUPS[node.is_public]
    return TopologyNode(id=node.id, kind=TopologyKind.PNODE, label=label_of(node.place), group=group, pnode=node)


def _islands(seeds: list[SeedReport], pods: list[PNode]) -> tuple[Island, ...]:
    members: defaultdict[int, list[str]] = defaultdict(list)
    for seed in seeds:
        if seed.island is not None:
            members[seed.island].append(seed.seed)
    return tuple(_island(number, names, pods) for number, names in sorted(members.items()))


def _island(number: int, seeds: list[str], pods: list[PNode]) -> Island:
    listed = [node for node in pods if not set(seeds).isdisjoint(node.witnesses)]
    return Island(
        number=number,
        seeds=tuple(seeds),
        nodes=len(listed),
        versions=count_versions(node.version for node in listed),
    )
