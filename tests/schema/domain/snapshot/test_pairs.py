"""Nodes of two snapshots are matched by id, and by former ids."""

from schema.domain.snapshot.pairs import pairs_of
from tests.factories import pnode, snapshot


def test_a_node_is_matched_by_id_or_by_a_former_id() -> None:
    kept, renamed, left, new = pnode(1), pnode(2, id="addr:45.0.2.7:9001"), pnode(3), pnode(4)
    named = pnode(2, former_ids=("addr:45.0.2.7:9001",))

    nodes, gone = pairs_of(snapshot([kept, renamed, left]), snapshot([kept, named, new]))

    assert {node.id: old.id if old is not None else None for old, node in nodes} == {
        kept.id: kept.id,
        named.id: renamed.id,
        new.id: None,
    }
    assert gone == (left,)


def test_nodes_come_in_the_order_of_the_later_snapshot() -> None:
    later = snapshot([pnode(number) for number in range(1, 6)])

    assert [node for _, node in pairs_of(snapshot(), later).nodes] == list(later.nodes)
