from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import GIB
from schema.domain.network.operators import Operator, Shares, concentration, operators
from schema.domain.node.pnode import AddressSighting, PNode, PNodeStatus
from tests.factories import AT, pnode, snapshot
from tests.schema.domain.strategies import network_settings, networks


def operator(number: int, *, nodes: int = 1, storage: int = 0, addresses: int = 1) -> Operator:
    (found,) = operators(snapshot([pnode(number)]))
    names = tuple(f"203.0.113.{i}:9001" for i in range(addresses))
    return found._replace(node_count=nodes, storage_online=storage, addresses=names)


def test_an_operator_is_a_key_with_all_addresses_of_its_node():
    home, moved = "203.0.113.5:9001", "203.0.113.4:9001"
    sightings = (
        AddressSighting(address=home, status=PNodeStatus.ONLINE),
        AddressSighting(address=moved, status=PNodeStatus.GHOST),
    )
    node = pnode(address=home, sightings=sightings)
    (found,) = operators(snapshot([node]))
    assert (found.key, found.pubkey, found.node_ids) == (node.pubkey, node.pubkey, (node.id,))
    assert found.addresses == (moved, home)
    assert (found.address_count, found.online_address_count) == (2, 1)
    assert (found.node_count, found.online_count, found.first_seen) == (1, 1, node.first_seen)
    assert found.versions == ("0.8.0",)


def test_a_node_without_a_key_is_an_operator_by_its_id():
    node = pnode(pubkey=None)
    (found,) = operators(snapshot([node]))
    assert (found.key, found.pubkey) == (node.id, None)


def test_nodes_with_one_key_are_one_operator():
    first = pnode(1, version="0.7.3", first_seen=AT - 9, storage_used=1)
    second = pnode(
        2, pubkey=first.pubkey, status=PNodeStatus.OFFLINE, version="0.10.0", first_seen=AT - 5, storage_used=None
    )
    second = second.model_copy(update={"id": "addr:elsewhere"})
    (found,) = operators(snapshot([first, second]))
    assert (found.node_count, found.online_count, found.first_seen) == (2, 1, AT - 9)
    assert found.versions == ("0.10.0", "0.7.3")
    assert (found.storage_committed, found.storage_online, found.storage_used) == (400 * GIB, 200 * GIB, 1)


def test_a_version_that_is_not_known_is_left_out():
    (found,) = operators(snapshot([pnode(version=None)]))
    assert found.versions == ()


def test_operators_come_by_addresses_then_living_ones_then_address():
    listed = tuple(AddressSighting(address=f"203.0.113.{i}:9001", status=PNodeStatus.GHOST) for i in range(100, 114))
    many = pnode(4, address="203.0.113.113:9001", status=PNodeStatus.GHOST, sightings=listed)
    away = pnode(1, status=PNodeStatus.OFFLINE, address="203.0.113.1:9001", sightings=())
    near = pnode(2, address="203.0.113.2:9001", sightings=())
    far = pnode(3, address="203.0.113.3:9001", sightings=())
    found = operators(snapshot([away, far, near, many]))
    assert [operator.key for operator in found] == [many.id, near.id, far.id, away.id]
    assert [operator.address_count for operator in found] == [14, 1, 1, 1]
    assert [operator.online_address_count for operator in found] == [0, 1, 1, 0]


@network_settings
@given(networks(), st.randoms())
def test_operators_agree_with_a_plain_recount_in_any_order(network: list[PNode], random: Random):
    taken = snapshot(network)
    found = operators(taken)
    assert sum(o.node_count for o in found) == len(network)
    assert sum(o.online_count for o in found) == len([node for node in network if node.is_online])
    assert sum(o.storage_committed for o in found) == sum(node.storage_committed or 0 for node in network)
    assert sorted(node_id for o in found for node_id in o.node_ids) == sorted(node.id for node in network)
    shuffled = taken.model_copy(update={"nodes": tuple(random.sample(network, len(network)))})
    assert operators(shuffled) == found
    assert concentration(random.sample(found, len(found))) == concentration(found)


def test_concentration_is_told_by_addresses():
    found = concentration([operator(1, addresses=6), operator(2, addresses=3), operator(3, addresses=1)])
    assert (found.addresses, found.nodes) == (10, 3)
    assert found.by_addresses == Shares(largest_percent=60, decentralization=40, nakamoto=1, hhi=0.46)


def test_concentration_is_told_by_nodes_and_by_storage():
    found = concentration([operator(1, nodes=6, storage=10), operator(2, nodes=3, storage=80), operator(3, storage=10)])
    assert (found.operators, found.nodes, found.nodes_per_operator) == (3, 10, pytest.approx(10 / 3))
    assert (found.addresses, found.addresses_per_operator) == (3, 1)
    assert found.by_nodes == Shares(largest_percent=60, decentralization=40, nakamoto=1, hhi=0.46)
    assert found.by_storage == Shares(largest_percent=80, decentralization=20, nakamoto=1, hhi=0.66)


def test_half_is_no_majority():
    assert concentration([operator(1), operator(2)]).by_nodes.nakamoto == 2


def test_an_empty_network_is_not_concentrated():
    nothing = Shares(largest_percent=0, decentralization=100, nakamoto=0, hhi=0)
    found = concentration([])
    assert (found.operators, found.nodes_per_operator, found.by_nodes, found.by_storage) == (0, 0, nothing, nothing)


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=30))
def test_shares_stay_in_their_ranges(counts: list[int]):
    shares = concentration([operator(1, nodes=count) for count in counts]).by_nodes
    assert 100 / len(counts) - 0.01 <= shares.largest_percent <= 100
    assert shares.largest_percent + shares.decentralization == pytest.approx(100, abs=0.02)
    assert 1 <= shares.nakamoto <= len(counts) // 2 + 1
    assert 1 / len(counts) - 0.0001 <= shares.hhi <= 1
    assert 2 * sum(sorted(counts)[-shares.nakamoto :]) > sum(counts)
