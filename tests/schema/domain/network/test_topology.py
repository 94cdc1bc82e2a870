import pytest
from hypothesis import given

from schema.domain.network.topology import TopologyEdge, TopologyKind, label_of, topology
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.record import VersionCount
from tests.factories import SEEDS, pnode, seed_report, snapshot
from tests.schema.domain.strategies import MANY_SEEDS, network_settings, networks


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("203.0.113.7:9001", "203.0.113.7"),
        ("203.113.113.117", "203.113.113.117"),
        ("seed-one.example.org:6000", "seed-one.exa..."),
        ("[2001:db8::7]:9001", "2001:db8::7"),
        ("[2001:db8:aaaa:bbbb::7]:9001", "2001:db8:aaa..."),
    ],
)
def test_a_label_is_the_host_cut_short(address: str, label: str):
    assert label_of(address) == label


def test_seeds_come_first_and_everything_is_in_order():
    near, far = pnode(1, address="203.0.113.1:9001"), pnode(2, address="203.0.113.2:9001", is_public=False)
    graph = topology(snapshot([far, near]))
    assert [(node.kind, node.id, node.group) for node in graph.nodes] == [
        *((TopologyKind.SEED, seed, "ip") for seed in SEEDS),
        (TopologyKind.PNODE, near.id, "public"),
        (TopologyKind.PNODE, far.id, "private"),
    ]
    assert graph.nodes[0].seed is not None
    assert graph.nodes[0].pnode is None
    assert (graph.nodes[3].seed, graph.nodes[3].pnode) == (None, near)
    assert graph.edges == tuple(
        TopologyEdge(source=seed, target=node.id, address=node.address) for seed in SEEDS for node in (near, far)
    )


@pytest.mark.parametrize(("is_public", "group"), [(True, "public"), (False, "private"), (None, "unknown")])
def test_a_pod_is_grouped_by_what_seeds_say_of_it(is_public: bool | None, group: str):
    assert topology(snapshot([pnode(1, is_public=is_public)])).nodes[-1].group == group


def test_the_graph_is_counted():
    stats = topology(snapshot([pnode(1), pnode(2, witnesses=SEEDS[:2])])).stats
    assert (stats.nodes, stats.seeds, stats.pnodes, stats.connections, stats.avg_connections) == (5, 3, 2, 5, 2.5)


def test_an_empty_network_still_has_its_seeds():
    stats = topology(snapshot()).stats
    assert (stats.nodes, stats.pnodes, stats.connections, stats.avg_connections) == (3, 0, 0, 0)


def test_ghosts_and_unlisted_living_nodes_are_drawn_and_offline_ones_are_not():
    ghost = pnode(1, status=PNodeStatus.GHOST)
    seed = pnode(2, listed=False, witnesses=())
    gone = pnode(3, status=PNodeStatus.OFFLINE)
    drawn = {node.id for node in topology(snapshot([ghost, seed, gone])).nodes}
    assert drawn == {*SEEDS, ghost.id, seed.id}


def test_a_witness_that_is_no_longer_configured_has_no_edge():
    graph = topology(snapshot([pnode(1, witnesses=("198.18.9.9", SEEDS[0]))]))
    assert [edge.source for edge in graph.edges] == [SEEDS[0]]


def test_islands_tell_which_seeds_see_which_versions():
    seeds = (
        seed_report(SEEDS[0], island=0),
        seed_report(SEEDS[1], island=1),
        seed_report(SEEDS[2], failure=FailureCategory.REFUSED),
    )
    old = pnode(1, witnesses=SEEDS[:1])
    new = [pnode(n, witnesses=SEEDS[1:2], version="1.2.0") for n in (2, 3)]
    first, second = topology(snapshot([old, *new], seeds=seeds)).islands
    assert (first.number, first.seeds, first.nodes) == (0, (SEEDS[0],), 1)
    assert (second.number, second.seeds, second.nodes) == (1, (SEEDS[1],), 2)
    assert second.versions == (VersionCount(version="1.2.0", count=2),)


@network_settings
@given(networks())
def test_every_edge_joins_two_drawn_points_once(network: list[PNode]):
    seeds = tuple(seed_report(seed) for seed in MANY_SEEDS)
    graph = topology(snapshot(network, seeds=seeds))
    points = {node.id for node in graph.nodes}
    assert all(edge.source in points and edge.target in points for edge in graph.edges)
    assert len(set(graph.edges)) == len(graph.edges) == graph.stats.connections
    listed = [node for node in network if node.listed or node.is_online]
    assert graph.stats.connections == sum(node.witness_count for node in listed)
    assert graph.stats.nodes == len(graph.nodes) == len(MANY_SEEDS) + len(listed)
    assert list(graph.edges) == sorted(graph.edges, key=lambda e: (e.source, e.address, e.target))
