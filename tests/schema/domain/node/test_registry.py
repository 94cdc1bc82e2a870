"""The order of all nodes ever known."""

from hypothesis import given
from hypothesis import strategies as st

from schema.domain.node.registry import Contact, place, window
from tests import factories
from tests.factories import AT

contacts = st.lists(
    st.builds(Contact, st.integers(0, 5), st.sampled_from("abc"), st.sampled_from("xyz")), unique=True, max_size=30
)


@given(present=contacts, gone=contacts, skip=st.integers(0, 70), limit=st.integers(0, 70))
def test_a_window_is_that_of_both_lists_as_one(
    present: list[Contact], gone: list[Contact], skip: int, limit: int
) -> None:
    whole = sorted([*present, *gone], key=place)
    found = window(sorted(present, key=place), sorted(gone, key=place), skip, limit)
    assert found == whole[skip : skip + limit]


def test_newest_contact_comes_first_then_the_address() -> None:
    found = sorted([Contact(1, "b", "x"), Contact(2, "c", "x"), Contact(1, "a", "y"), Contact(1, "a", "x")], key=place)
    assert found == [Contact(2, "c", "x"), Contact(1, "a", "x"), Contact(1, "a", "y"), Contact(1, "b", "x")]


def test_a_snapshot_has_the_contacts_of_its_nodes_in_order() -> None:
    nodes = [
        factories.pnode(1, last_seen=AT - 9),
        factories.pnode(2, last_seen=None),
        factories.pnode(3, last_seen=AT - 1),
    ]
    observed = nodes[1].provenance.observed_at
    assert [(c.at, c.id) for c in factories.snapshot(nodes).contacts] == sorted(
        [(AT - 9, nodes[0].id), (observed, nodes[1].id), (AT - 1, nodes[2].id)], reverse=True
    )
