"""Filters have the same meaning as the same test in plain Python, and are bounded."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType
from graphql.utilities import coerce_input_value
from hypothesis import given
from hypothesis import strategies as st
from strawberry.types.arguments import convert_argument

from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.versions import sort_key
from schema.graphql.build import build_schema
from schema.graphql.execution.checks import core_schema
from schema.graphql.lists.filters import MAX_CONDITIONS, MAX_LIST, MAX_NESTING, MAX_TEXT, compile_filter
from schema.graphql.lists.index import Index
from schema.graphql.query import Query
from schema.graphql.topics.pnode_filters import PNODE_COLUMNS
from tests.factories import AT, network, pnode, score, snapshot
from tests.schema.graphql.asking import Client

SCHEMA = build_schema()
CORE = core_schema(SCHEMA)
PNODES: Any = next(field for field in Query.__strawberry_definition__.fields if field.python_name == "pnodes")  # type: ignore[attr-defined]  # made by the decorator

QUERY = "query q($where: PNodeWhere) { pnodes(first: 500, where: $where) { totalCount nodes { id } } }"

NODES = [
    pnode(1, uptime=100, version="0.8.0", is_public=True, score=score(85.0), last_seen=AT - 5),
    pnode(2, uptime=200, version="0.10.1", is_public=False, score=score(61.5), last_seen=AT - 50),
    pnode(3, uptime=None, version=None, is_public=None, score=None, last_seen=None, status=PNodeStatus.UNKNOWN),
    pnode(4, uptime=2**62, version="v0.7", is_public=True, score=None, status=PNodeStatus.GHOST),
    pnode(5, uptime=0, version="nonsense", score=score(10.0), storage_used=0, storage_usage_percent=0.0),
    pnode(6, pubkey=None, status=PNodeStatus.OFFLINE, score=None, storage_committed=None, storage_used=None),
]

FIELDS: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "uptime": (lambda n: n.uptime, st.sampled_from([0, 100, 150, 200, 2**62])),
    "score": (lambda n: n.score.composite if n.score else None, st.sampled_from([10.0, 61.5, 70.0, 85.0])),
    "storageUsed": (lambda n: n.storage_used, st.sampled_from([0, 1, 2**40])),
    "witnessCount": (lambda n: n.witness_count, st.integers(0, 4)),
}
COMPARE = {
    "eq": lambda value, bound: value == bound,
    "ne": lambda value, bound: value != bound,
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
    "in": lambda value, bound: value in bound,
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(FIELDS)))
    operations = draw(st.sets(st.sampled_from([*COMPARE, "isNull"]), max_size=2))
    bounds: dict[str, Any] = {}
    for operation in sorted(operations):
        if operation == "isNull":
            bounds[operation] = draw(st.booleans())
        elif operation == "in":
            bounds[operation] = draw(st.lists(FIELDS[name][1], max_size=3))
        else:
            bounds[operation] = draw(FIELDS[name][1])
    return {name: bounds}


wheres = st.recursive(
    conditions(),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"and": st.lists(inner, max_size=3), "or": st.lists(inner, max_size=3), "not": inner}
    ),
    max_leaves=6,
)


TEXTS = st.sampled_from(["", "0", "0.8", "0.8.0", "v0.7", "nonsense", "45.", ":9001", "addr:", "\U0010ffff"])
text_conditions = st.fixed_dictionaries(
    {},
    optional={
        "version": st.dictionaries(
            st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte", "contains", "startsWith"]), TEXTS
        ),
        "address": st.dictionaries(st.sampled_from(["eq", "ne", "contains", "startsWith"]), TEXTS),
        "pubkey": st.fixed_dictionaries({}, optional={"isNull": st.booleans(), "in": st.lists(TEXTS, max_size=3)}),
        "isPublic": st.fixed_dictionaries({}, optional={"eq": st.booleans(), "ne": st.booleans()}),
        "status": st.fixed_dictionaries({}, optional={"in": st.lists(st.sampled_from(["ONLINE", "GHOST"]))}),
    },
)
LISTS = {"few": NODES, "many values": network(700).nodes}


@pytest.mark.parametrize("name", sorted(LISTS))
@given(st.data())
def test_the_rows_of_a_filter_are_those_that_pass_its_test(name: str, data: st.DataObject) -> None:
    nodes = LISTS[name]
    where = data.draw(
        st.recursive(
            text_conditions | conditions(),
            lambda inner: st.fixed_dictionaries({}, optional={"or": st.lists(inner, max_size=3), "not": inner}),
            max_leaves=4,
        )
    )
    chosen = compile_filter(coerced(where), PNODE_COLUMNS)
    index = Index(PNODE_COLUMNS.rows(nodes), PNODE_COLUMNS)

    rows = index.all if chosen.rows is None else chosen.rows(index)

    expected = [chosen.test is None or chosen.test(node) for node in index.rows]
    assert list(index.flags(rows)) == expected


def coerced(where: dict[str, Any]) -> Any:
    """The input object for a filter in JSON."""
    (argument,) = [a for a in PNODES.arguments if a.python_name == "where"]
    kind = CORE.get_type("PNodeWhere")
    assert isinstance(kind, GraphQLInputObjectType)
    value = coerce_input_value(where, kind)
    return convert_argument(value, argument.type, SCHEMA.schema_converter.scalar_registry, SCHEMA.config)


def matches(node: PNode, where: dict[str, Any]) -> bool:
    def holds(name: str, inner: Any) -> bool:
        if name == "and":
            return all(matches(node, part) for part in inner)
        if name == "or":
            return any(matches(node, part) for part in inner)
        if name == "not":
            return not matches(node, inner)
        value = FIELDS[name][0](node)
        return all(
            (value is None) is bound
            if operation == "isNull"
            else value is not None and COMPARE[operation](value, bound)
            for operation, bound in inner.items()
        )

    return all(holds(name, inner) for name, inner in where.items())


@given(wheres)
async def test_a_filter_means_what_plain_python_means(where: dict[str, Any]) -> None:
    nodes = [*NODES, *network(20).nodes]

    answer = (await Client([snapshot(nodes)]).ask(QUERY, {"where": where}))["pnodes"]

    assert {n["id"] for n in answer["nodes"]} == {n.id for n in nodes if matches(n, where)}
    assert answer["totalCount"] == len(answer["nodes"])


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ({}, {1, 2, 3, 4, 5, 6}),
        ({"status": {"eq": "ONLINE"}}, {1, 2, 5}),
        ({"status": {"ne": "ONLINE"}}, {3, 4, 6}),
        ({"status": {"in": ["GHOST", "OFFLINE"]}}, {4, 6}),
        ({"tier": {"eq": "LOW_RISK"}}, {1}),
        ({"tier": {"in": ["OFFLINE", "UNKNOWN"]}}, {3, 4, 6}),
        ({"version": {"gte": "0.8"}}, {1, 2, 6}),
        ({"version": {"gt": "0.9"}}, {2}),
        ({"version": {"lt": "0.8.0"}}, {4, 5}),
        ({"version": {"eq": "0.8.0"}}, {1, 6}),
        ({"version": {"contains": "0.1"}}, {2}),
        ({"version": {"startsWith": "v"}}, {4}),
        ({"version": {"isNull": True}}, {3}),
        ({"isPublic": {"eq": True}}, {1, 4, 5, 6}),
        ({"isPublic": {"ne": True}}, {2}),
        ({"isPublic": {"isNull": True}}, {3}),
        ({"not": {"isPublic": {"eq": True}}}, {2, 3}),
        ({"pubkey": {"isNull": True}}, {6}),
        ({"id": {"startsWith": "addr:"}}, {6}),
        ({"address": {"in": [NODES[0].address, NODES[4].address, "nowhere"]}}, {1, 5}),
        ({"address": {"contains": ":9001"}}, {1, 2, 3, 4, 5, 6}),
        ({"lastSeen": {"lt": "2027-01-15T07:59:30Z"}}, {2}),
        ({"lastSeen": {"isNull": False}}, {1, 2, 4, 5, 6}),
        ({"firstSeen": {"gte": "2027-01-01T00:00:00Z"}}, set()),
        ({"storageUsagePercent": {"lte": 0}}, {5}),
        ({"storageCommitted": {"isNull": True}}, {6}),
        ({"and": []}, {1, 2, 3, 4, 5, 6}),
        ({"or": []}, set()),
        ({"not": {}}, set()),
        ({"uptime": {"in": []}}, set()),
    ],
)
async def test_each_field_of_a_filter(where: dict[str, Any], numbers: set[int]) -> None:
    answer = await Client([snapshot(NODES)]).ask(QUERY, {"where": where})

    assert {n["id"] for n in answer["pnodes"]["nodes"]} == {NODES[i - 1].id for i in numbers}


def nested(depth: int) -> dict[str, Any]:
    return {"not": nested(depth - 1)} if depth > 1 else {"uptime": {"gt": 1}}


@pytest.mark.parametrize(
    "where",
    [
        {"uptime": {"eq": None}},
        {"uptime": None},
        {"version": {"in": None}},
        {"and": None},
        {"not": None},
        {"isPublic": {"eq": None}},
        {"version": {"isNull": None}},
        {"address": {"eq": "x" * (MAX_TEXT + 1)}},
        {"address": {"in": ["x" * (MAX_TEXT + 1)]}},
        {"uptime": {"in": [1] * (MAX_LIST + 1)}},
        {"and": [{}] * (MAX_LIST + 1)},
        {"or": [{"uptime": {"gt": 1, "lt": 2}}] * (MAX_CONDITIONS // 2 + 1)},
        nested(MAX_NESTING + 1),
    ],
)
async def test_a_filter_that_is_null_or_too_large_is_refused(where: dict[str, Any]) -> None:
    assert await Client().code(QUERY, {"where": where}) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "where",
    [
        {"address": {"eq": "x" * MAX_TEXT}},
        {"uptime": {"in": [1] * MAX_LIST}},
        {"and": [{}] * MAX_LIST},
        nested(MAX_NESTING),
        None,
    ],
)
async def test_a_filter_at_its_bounds_is_answered(where: dict[str, Any] | None) -> None:
    assert "errors" not in await Client().execute(QUERY, {"where": where})


@pytest.mark.parametrize(
    "where",
    [
        {"nothing": {"eq": 1}},
        {"uptime": {"like": 1}},
        {"uptime": {"gt": "many"}},
        {"status": {"eq": "online"}},
        {"lastSeen": {"gt": 5}},
        {"uptime": [1]},
        [],
        5,
    ],
)
async def test_a_filter_of_another_shape_is_refused(where: Any) -> None:
    assert await Client().code(QUERY, {"where": where}) == "BAD_USER_INPUT"


def test_versions_go_by_precedence() -> None:
    assert sort_key("0.10.0") > sort_key("0.9.9") > sort_key("0.9.9-pre")
