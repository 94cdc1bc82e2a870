"""Orders: by several columns, unknown values last, ties by id, and total."""

import functools
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.graphql.lists.columns import Column, Columns, Order, finite
from schema.graphql.lists.index import Index


class Item(NamedTuple):
    id: str
    size: int | None = None
    name: str | None = None


COLUMNS = Columns[Item](
    kind="items",
    by_name={
        "size": Column(lambda item: item.size),
        "name": Column(lambda item: item.name, lambda name: name.lower()),
    },
    identify=lambda item: item.id,
)

items = st.lists(
    st.builds(
        Item,
        id=st.text("abcdefgh", min_size=1, max_size=4),
        size=st.none() | st.integers(0, 3),
        name=st.none() | st.sampled_from(["a", "B", "b", "c"]),
    ),
    unique_by=lambda item: item.id,
    max_size=30,
)
orders = st.lists(st.tuples(st.sampled_from(["size", "name"]), st.booleans()), unique_by=lambda c: c[0]).map(tuple)


def sort(unsorted: list[Item], order: Order) -> tuple[Item, ...]:
    return Index(COLUMNS.rows(unsorted), COLUMNS).arranged(order).chosen(None)


def plainly(unsorted: list[Item], order: Order) -> list[Item]:
    def compare(one: Item, other: Item) -> int:
        for name, descending in order:
            left, right = getattr(one, name), getattr(other, name)
            if left is None or right is None:
                if left is not right:
                    return 1 if left is None else -1
                continue
            if isinstance(left, str):
                left, right = left.lower(), right.lower()
            if left != right:
                return (1 if left > right else -1) * (-1 if descending else 1)
        return 1 if one.id > other.id else -1

    return sorted(unsorted, key=functools.cmp_to_key(compare))


@given(items, orders)
def test_an_order_is_what_a_plain_sort_gives(unsorted: list[Item], order: Order) -> None:
    assert list(sort(unsorted, order)) == plainly(unsorted, order)


@given(items, orders)
def test_each_item_precedes_exactly_those_after_it(unsorted: list[Item], order: Order) -> None:
    ordered = sort(unsorted, order)
    values = [(COLUMNS.values(item, order), item.id) for item in ordered]

    for i, (one, one_id) in enumerate(values):
        for j, (other, other_id) in enumerate(values):
            assert COLUMNS.precedes(one, one_id, other, other_id, order) is (i < j)


@pytest.mark.parametrize("descending", [False, True])
def test_what_is_not_known_comes_last_in_either_direction(descending: bool) -> None:
    ordered = sort([Item("a"), Item("b", 1), Item("c", 2)], (("size", descending),))

    assert ordered[-1] == Item("a")


def test_nan_is_not_known() -> None:
    def itself(item: float | None) -> float | None:
        return item

    read = finite(itself)

    assert [read(float("nan")), read(float("inf")), read(2.5), read(None)] == [None, None, 2.5, None]
