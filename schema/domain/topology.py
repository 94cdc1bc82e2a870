"""Who lists whom: seeds and pods as a graph."""

from enum import StrEnum

from schema.domain.base import Record
from schema.domain.pnode import PNode
from schema.domain.snapshot import SeedReport, Snapshot, VersionCount


class TopologyKind(StrEnum):
    """SEED: a node that we ask. PNODE: a node that seeds list."""

    SEED = "SEED"
    PNODE = "PNODE"


class TopologyNode(Record):
    """A point of the graph: a seed (`seed` set, `id` its configured name) or a pod (`pnode` set, `id` its id).

    `label` is short enough to draw (at most 15 characters). `group` is `ip` for seeds, `public` or `private` for pods.
    """

    id: str
    kind: TopologyKind
    label: str
    group: str
    seed: SeedReport | None = None
    pnode: PNode | None = None


class TopologyEdge(Record):
    """A seed (`source`, its name) lists a pod (`target`, its id) at an address."""

    source: str
    target: str
    address: str


class Island(Record):
    """Seeds whose lists overlap, apart from all others: usually one family of versions that cannot read the rest.

    `seeds` sorted; `nodes` is how many pods they list, `versions` what those run, most common first.
    """

    number: int
    seeds: tuple[str, ...]
    nodes: int
    versions: tuple[VersionCount, ...]


class TopologyStats(Record):
    """The graph in figures; `avg_connections` is edges per pod (0 without pods)."""

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
    """The host, cut to twelve characters and an ellipsis where it is longer than fifteen."""
    raise NotImplementedError


def topology(snapshot: Snapshot) -> Topology:
    """The graph of a snapshot: every configured seed, and every pod that is listed or online."""
    raise NotImplementedError
