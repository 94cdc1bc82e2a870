"""The graph of seeds and the nodes that they list, in pages."""

from collections.abc import Sequence

import strawberry

from schema.derived import Facts
from schema.domain.network.topology import (
    Island,
    TopologyEdge,
    TopologyNode,
    TopologyStats,
)
from schema.domain.node.pnode import PNode
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot, in_snapshot
from schema.graphql.lists.columns import Column, Columns
from schema.graphql.lists.connections import PageInfoType
from schema.graphql.lists.paging import Page, window
from schema.graphql.lists.selecting import ListField, page_of
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import SnapshotType, VersionCountType
from schema.graphql.types.enums import TopologyKind
from schema.graphql.types.fields import (
    PAGE_INFO,
    PAGED,
    After,
    AsOf,
    First,
    Weight,
    attribute,
    fixed,
    published,
    resolved,
)

_RANK = {TopologyKind.SEED: 0, TopologyKind.PNODE: 1}
# Edges that are charged for each node of a page: about the usual number of seeds.
EDGES_PER_NODE = 9


def _key(node: TopologyNode) -> str:
    return f"{node.kind.value}:{node.id}"


TOPOLOGY_COLUMNS = Columns[TopologyNode](
    kind="topology",
    by_name={
        "kind": Column(lambda node: _RANK[node.kind]),
        "address": Column(lambda node: node.pnode.place if node.pnode is not None else node.id),
    },
    identify=_key,
)
_SEEDS_FIRST = (("kind", False), ("address", False))
NODES = ListField(TOPOLOGY_COLUMNS, lambda tables: tables.facts.topology.nodes, usual=_SEEDS_FIRST)


class TopologyPage(Page[TopologyNode]):
    """A page of the graph's nodes, with the edges to them, and the statistics of the whole graph."""

    @property
    def _facts(self) -> Facts:
        return self.selection.tables.facts

    @property
    def edges(self) -> list[TopologyEdge]:  # type: ignore[override]  (the edges of a graph are not Relay edges)
        leading_to = self._facts.edges_to
        numbers = [n for node in self.records if node.kind is TopologyKind.PNODE for n in leading_to.get(node.id, ())]
        return [self._facts.topology.edges[number] for number in sorted(numbers)]

    @property
    def seeds(self) -> list[InSnapshot[TopologyNode]]:
        return in_snapshot(self._facts.drawn_seeds, self.selection.tables)

    @property
    def stats(self) -> TopologyStats:
        return self._facts.topology.stats

    @property
    def islands(self) -> Sequence[Island]:
        return self._facts.topology.islands


async def topology(info: Info, *, first: First = None, after: After = None, as_of: AsOf = None) -> TopologyPage:
    page = await page_of(info.context, NODES, window(first, after), order=_SEEDS_FIRST, as_of=as_of)
    return TopologyPage(page.selection, page.start, page.end)


def drawn_node(root: strawberry.Parent[InSnapshot[TopologyNode]]) -> InSnapshot[PNode] | None:
    node = root.record.pnode
    return InSnapshot(node, root.tables) if node is not None else None


def drawn_seed(root: strawberry.Parent[InSnapshot[TopologyNode]]) -> str | None:
    return root.record.seed.seed if root.record.seed is not None else None


def answers(root: strawberry.Parent[InSnapshot[TopologyNode]]) -> bool | None:
    return root.record.seed.ok if root.record.seed is not None else None


@published(TopologyNode, "TopologyNode", "A point of the graph: a seed, or a node that seeds list.")
class TopologyNodeType:
    id: strawberry.ID = attribute("Name of the seed, or id of the node; edges refer to it.")
    kind: TopologyKind = attribute("Whether it is a seed or a node.")
    label: str = attribute("A short label, at most 15 characters.")
    group: str = attribute("Its colour group: `ip` for seeds; `public`, `private` or `unknown` for nodes.")
    seed = resolved(drawn_seed, str | None, "Name of the seed; null for nodes. See `collector` for more.")
    answers = resolved(answers, bool | None, "Whether the seed answered; null for nodes.")
    pnode = resolved(drawn_node, PNodeType | None, "The node; null for seeds.")


@published(TopologyEdge, "TopologyEdge", "A seed lists a node.")
class TopologyEdgeType:
    source: strawberry.ID = attribute("Name of the seed.")
    target: strawberry.ID = attribute("Id of the node.")
    address: str = attribute("Address under which it lists the node, as `HOST:PORT`.")


@published(Island, "Island", "A group of seeds whose lists overlap with each other, and not with other lists.")
class IslandType:
    number: int = attribute("Its number, from 0.")
    seeds: list[str] = attribute("Its seeds, by name, sorted.")
    nodes: int = attribute("Number of nodes that they list.")
    versions: list[VersionCountType] = attribute("Versions of those nodes, the most common first.")


@published(TopologyStats, "TopologyStats", "The whole graph in figures.")
class TopologyStatsType:
    nodes: int = attribute("Number of points: seeds and nodes.")
    seeds: int = attribute("Number of seeds.")
    pnodes: int = attribute("Number of nodes that seeds list.")
    connections: int = attribute("Number of edges.")
    avg_connections: float | None = attribute("Mean number of edges of a node.")


@published(TopologyPage, "Topology", "The topology: a page of the graph's nodes, with the edges that lead to them.")
class TopologyType:
    nodes: list[TopologyNodeType] = attribute("Points of this page: seeds first, then nodes by address.", weight=PAGED)
    edges: list[TopologyEdgeType] = attribute(
        "Edges that lead to nodes of this page.", weight=Weight(items=fixed(EDGES_PER_NODE), paged=True)
    )
    seeds: list[TopologyNodeType] = attribute("All seeds, the sources of edges.", weight=Weight(items=fixed(9)))
    page_info: PageInfoType = attribute("The position of this page in the list of points.", weight=PAGE_INFO)
    total_count: int = attribute("Number of points, in all pages.")
    stats: TopologyStatsType = attribute("The whole graph in figures.")
    islands: list[IslandType] = attribute("Groups of seeds whose lists do not overlap with each other.")
    snapshot: SnapshotType = attribute("The snapshot that the page was read from.")
