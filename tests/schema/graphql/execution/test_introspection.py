"""Introspection gives the results of graphql-core, counted before they are computed, and computed once."""

from random import Random
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLObjectType,
    OperationDefinitionNode,
    TypeMetaFieldDef,
    execute,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
    parse,
)
from graphql.type.introspection import introspection_types

from schema.graphql.build import build_schema
from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.context import Context
from schema.graphql.execution.cost import BUDGET
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.introspection import Introspection, TooLarge
from schema.graphql.execution.outcomes import Ready, Rejected
from tests.compiling import engine as compiled_engine
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

CORE = core_schema(build_schema())
ORDINARY = {
    "graphql-js": get_introspection_query(),
    "everything": get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    ),
    "names": "{ __schema { types { name } } }",
    "one type": 'query q($n: String = "PNode") { t: __type(name: $n) { ...f } __typename } '
    "fragment f on __Type { fields { name ... on __Field { type { kind } } } }",
    "no type": '{ __type(name: "Nothing") { name } }',
    "conditions": "query q($yes: Boolean = true) { __schema { types @skip(if: $yes) { name } queryType { name @include(if: $yes) } } }",
    "merged": "{ __schema { queryType { name } } __schema { queryType { kind } } }",
}


def operation_of(document: Any) -> OperationDefinitionNode:
    return next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))


def introspection(query: str, variables: dict[str, Any] | None = None, limit: int = 10**9) -> Introspection:
    document = parse(query)
    return Introspection(CORE, document, operation_of(document), variables or {}, limit)


def fields_of(value: Any) -> int:
    """The number of fields of a result."""
    if isinstance(value, dict):
        return len(value) + sum(fields_of(inner) for inner in value.values())
    return sum(fields_of(inner) for inner in value) if isinstance(value, list) else 0


def drafted(random: Random) -> str:
    """A random selection of introspection."""

    def selection(kind: GraphQLObjectType, depth: int) -> str:
        parts = ["__typename"] if random.random() < 0.2 else []
        for name, field in random.sample(sorted(kind.fields.items()), random.randint(1, len(kind.fields))):
            if name == "isOneOf":  # an error of Strawberry for lists, and null here
                continue
            inner: Any = get_named_type(field.type)
            alias = f"a{random.randint(0, 3)}{name}: " if random.random() < 0.2 else ""
            given = "(includeDeprecated: true)" if field.args and random.random() < 0.5 else ""
            if is_leaf_type(inner):
                parts.append(f"{alias}{name}")
            elif depth < 4:
                parts.append(f"{alias}{name}{given} {{ {selection(inner, depth + 1)} }}")
        return " ".join(parts) or "__typename"

    schema: Any = introspection_types["__Schema"]
    kind: Any = get_named_type(TypeMetaFieldDef.type)
    name = random.choice(sorted(CORE.type_map))
    return f'{{ __schema {{ {selection(schema, 1)} }} t: __type(name: "{name}") {{ {selection(kind, 1)} }} }}'


def same(query: str) -> None:
    """Compared with graphql-core, including the count."""
    asked = introspection(query)
    expected: Any = execute(CORE, parse(query))

    data = asked.whole()

    assert data == expected.data, query
    assert orjson.dumps(data) == orjson.dumps(expected.data)


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_an_answer_is_that_of_graphql_core(name: str) -> None:
    same(ORDINARY[name])


@pytest.mark.parametrize("seed", range(40))
def test_any_answer_is_that_of_graphql_core(seed: int) -> None:
    query = drafted(Random(seed))  # noqa: S311  (chance, not secrecy)
    if isinstance(Engine(build_schema()).document(query), Rejected):
        query = "{ __schema { directives { name args { name } } } }"
    same(query)


@pytest.mark.parametrize("name", ["graphql-js", "names"])
def test_the_count_is_that_of_the_fields_in_the_answer(name: str) -> None:
    query = ORDINARY[name]
    root = operation_of(parse(query)).selection_set.selections[0]

    assert introspection(query).count(root) == fields_of(introspection(query).whole())  # type: ignore[arg-type]  # a field


def test_counting_ends_at_the_limit() -> None:
    query = "{" + " ".join(f"a{n}: __schema {{ types {{ fields {{ name }} }} }}" for n in range(30)) + "}"
    asked = introspection(query, limit=100)

    with pytest.raises(TooLarge):
        asked.whole()


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_what_ordinary_tools_ask_is_accepted(name: str) -> None:
    ready = Engine(build_schema()).ready(ORDINARY[name], None, None, AT)

    assert isinstance(ready, Ready), ready


def test_many_aliases_of_the_schema_are_refused_for_their_cost() -> None:
    asked = "__schema { types { name fields { name args { name type { name } } } } }"
    query = "{" + " ".join(f"a{n}: {asked}" for n in range(30)) + "}"

    ready = Engine(build_schema()).ready(query, None, None, AT)

    assert isinstance(ready, Rejected)
    assert ready.errors[0]["extensions"] == {"code": "COST_LIMIT_EXCEEDED", "cost": BUDGET + 1, "limit": BUDGET}


def test_whether_a_type_is_one_of_is_answered_for_every_type() -> None:
    query = "{ __schema { types { isOneOf fields { type { isOneOf } } } } }"

    data: Any = introspection(query).whole()

    assert {kind["isOneOf"] for kind in data["__schema"]["types"]} == {None, False}


def test_an_argument_without_a_value_is_refused_before_anything_runs() -> None:
    query = "query q($all: Boolean = true) { __schema { types { fields(includeDeprecated: $all) { name } } } }"

    ready = Engine(build_schema()).ready(query, None, {"all": None}, AT)

    assert isinstance(ready, Rejected)
    assert ready.errors[0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_answer_is_made_once() -> None:
    engine = compiled_engine()
    contexts = [Context(reads=FakeReads(), updates=FakeUpdates(), now=AT) for _ in range(2)]
    ready = [engine.ready(ORDINARY["graphql-js"], None, None, AT) for _ in range(2)]

    first, second = [(await engine.run(r, c)).response["data"] for r, c in zip(ready, contexts, strict=True)]  # type: ignore[arg-type]

    assert orjson.dumps(first) == orjson.dumps(execute(CORE, parse(ORDINARY["graphql-js"])).data)  # type: ignore[union-attr]
    assert bytes(first.contents) is bytes(second.contents) if hasattr(first, "contents") else first is not None


async def test_introspection_beside_data_is_answered() -> None:
    engine = compiled_engine()
    ready = engine.ready("{ __schema { queryType { name } } snapshot { slot } }", None, None, AT)
    assert isinstance(ready, Ready)

    found = await engine.run(ready, Context(reads=FakeReads([network(1)]), updates=FakeUpdates(), now=AT))

    assert found.response["data"] == {"__schema": {"queryType": {"name": "Query"}}, "snapshot": {"slot": AT}}
