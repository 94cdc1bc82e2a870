"""Values of arguments are counted and bounded before they are used, at any place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.graphql.build import build_schema
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.inputs import MAX_VALUE_DEPTH, MAX_VALUES, extent_of
from schema.graphql.execution.outcomes import Ready, Rejected
from schema.graphql.lists.filters import MAX_GROUPS
from tests.factories import AT
from tests.schema.graphql.asking import Client

ENGINE = Engine(build_schema())
WHERE = "query q($w: PNodeWhere) { pnodes(where: $w) { totalCount } }"
PARTS = "query q($w: [PNodeWhere!]) { pnodes(where: {or: $w}) { totalCount } }"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=20,
)


def held(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(held(inner) for inner in below)


def depth(value: Any) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth(inner) for inner in below), default=0)


@given(values)
def test_the_extent_is_what_a_plain_count_gives(value: Any) -> None:
    assert extent_of(value) == (held(value), depth(value))


def nested(levels: int) -> dict[str, Any]:
    where: dict[str, Any] = {}
    for _ in range(levels - 1):
        where = {"not": where}
    return where


def code(query: str, variables: dict[str, Any]) -> str | None:
    ready = ENGINE.ready(query, None, variables, AT)
    return ready.errors[0]["extensions"]["code"] if isinstance(ready, Rejected) else None


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (WHERE, {"w": {"and": [{"and": [{}] * 100}] * 100}}),
        (WHERE, {"w": {"and": [[{}] * 100] * 100}}),
        (PARTS, {"w": [{}] * (MAX_VALUES + 1)}),
        (WHERE, {"w": nested(MAX_VALUE_DEPTH + 1)}),
        (WHERE, {"w": nested(400)}),
        (WHERE, {"w": {"uptime": {"in": [1] * MAX_VALUES}}}),
        (WHERE, {"unknown": [0] * MAX_VALUES}),
        ("query q($s: [String!]) { events(where: {subject: {in: $s}}) { totalCount } }", {"s": [""] * MAX_VALUES}),
        ("query q($a: [String!]!) { comparePnodes(addresses: $a) { reason } }", {"a": [""] * MAX_VALUES}),
    ],
)
def test_variables_that_hold_too_much_are_refused(query: str, variables: dict[str, Any]) -> None:
    assert code(query, variables) == "BAD_USER_INPUT"


def test_a_variable_counts_wherever_it_is_put_into_a_literal() -> None:
    groups = " ".join("{or: $w}" for _ in range(20))
    query = f"query q($w: [PNodeWhere!]) {{ pnodes(where: {{and: [{groups}]}}) {{ totalCount }} }}"

    assert code(query, {"w": [{}] * 10}) is None
    assert code(query, {"w": [{}] * 150}) == "BAD_USER_INPUT"


async def test_groups_are_bounded_like_conditions() -> None:
    wide = {"and": [{"or": [{}] * 50}] * (MAX_GROUPS // 50)}

    error = await Client().refusal(WHERE, {"w": wide})

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "limit": MAX_GROUPS}


@pytest.mark.parametrize("variables", [{}, {"w": None}, {"w": {}}, {"w": nested(5)}, {"w": {"or": [{}] * 100}}])
def test_what_a_client_sensibly_sends_passes(variables: dict[str, Any]) -> None:
    assert isinstance(ENGINE.ready(WHERE, None, variables, AT), Ready)
