"""The fast way of writing a value, compared with the complete one."""

from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
)
from hypothesis import given
from hypothesis import strategies as st

from schema.graphql.execution.compiled.leaves import Leaf, leaf_expression, leaf_writer
from schema.graphql.types.enums import PNodeStatus, Tier
from tests.schema.graphql.execution.compiled.answers import CORE

SCALARS: list[Any] = [GraphQLString, GraphQLID, GraphQLBoolean, GraphQLInt, GraphQLFloat]
TYPES: list[Any] = [*SCALARS, CORE.type_map["BigInt"], CORE.type_map["DateTime"], CORE.type_map["PNodeStatus"]]

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53 - 1, 2**53, 1 - 2**53, -(2**53)]),
    st.sampled_from([0, -1, 253_402_300_799, 253_402_300_800]),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["ONLINE", "GHOST", "7", "-1.5", "true"]),
    st.sampled_from([*PNodeStatus, *Tier]),
    st.sampled_from([b"b", Decimal(1), Decimal("NaN"), [], {}, ValueError("a value"), 10**400, object()]),
)


def outcome(write: Any, value: object) -> str:
    try:
        written = write(value)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is compared)
        return f"raises {type(error).__name__}"
    return f"{type(written).__name__} {written!r}"


def short(leaf: Leaf, load: str) -> Any:
    """The generated expression as a function of `load`."""
    names: dict[str, Any] = {}

    def name(prefix: str, value: object) -> str:
        names[f"{prefix}_{len(names)}"] = leaf_writer(value) if isinstance(value, Leaf) else value
        return list(names)[-1]

    expression = leaf_expression(leaf, load, name)
    parameter = load.partition(".")[0]
    return eval(f"lambda {parameter}: {expression}", names)  # noqa: S307  (the test runs generated code)


class Holder:
    def __init__(self, value: object) -> None:
        self.value = value


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(value=anything)
def test_both_ways_write_the_same(type_: GraphQLScalarType | GraphQLEnumType, nullable: bool, value: object) -> None:
    leaf = Leaf(type_, nullable)
    expected = outcome(leaf_writer(leaf), value)
    from_item, from_attribute = outcome(short(leaf, "v"), value), outcome(short(leaf, "x.value"), Holder(value))
    assert from_item == from_attribute
    if expected.startswith("raises"):
        # The kind of error does not matter, because graphql-core creates its own.
        assert from_item.startswith("raises")
    else:
        assert from_item == expected


@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(value=anything)
def test_the_whole_way_is_graphql_cores(type_: GraphQLScalarType | GraphQLEnumType, value: object) -> None:
    if value is None or isinstance(value, Exception):
        assert outcome(leaf_writer(Leaf(type_, nullable=False)), value) == "raises Unexpected"
    else:
        expected = outcome(type_.coerce_output_value, value)
        assert outcome(leaf_writer(Leaf(type_, nullable=False)), value) == expected


def test_a_value_that_is_not_sound_is_null() -> None:
    write = leaf_writer(Leaf(GraphQLInt, nullable=True, sound=lambda value: value < 10))
    assert [write(value) for value in (9, 10, None)] == [9, None, None]


def test_the_usual_value_of_a_type_is_written_without_a_call() -> None:
    expressions = {
        str(type_): leaf_expression(Leaf(type_, nullable=False), "r.a", lambda prefix, _: prefix) for type_ in TYPES
    }
    assert expressions["PNodeStatus"] == "names[r.a]"
    assert expressions["String"] == "v if type(v := r.a) is str else leaf(v)"
    assert all(" if type(v := r.a) is " in text for name, text in expressions.items() if name != "PNodeStatus")
