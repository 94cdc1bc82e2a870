import gc
from typing import Any
from weakref import ref

import pytest
import strawberry
from graphql import ExecutionResult, build_schema, parse
from strawberry.extensions import FieldExtension

from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.compiled import Compiler, compile_operation, shared_compiler
from tests.factories import AT, address, key, network, pnode, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.execution.compiled.answers import (
    CORE,
    by_core,
    compiled,
    operation_of,
    settled,
    valid,
    written,
)
from tests.schema.graphql.execution.compiled.worlds import context

ONE = f'pnode(address: "{address(1)}")'


def reads() -> FakeReads:
    nodes = [pnode(1, uptime=2**60, is_public=None, previous_addresses=()), pnode(2, version=None)]
    return FakeReads([snapshot(nodes)])


async def data(query: str, variables: dict[str, Any] | None = None) -> Any:
    """The data of a query that only compiled functions may answer, with the same result as graphql-core."""
    compiler = Compiler()
    found = compiled(query, compiler)
    result = await settled(found.execute(context(reads()), variables or {}))
    assert written(result) == written(await by_core(valid(query), context(reads()), variables or {}))
    assert result.errors is None
    assert (compiler.tally.left, compiler.tally.uncompiled) == (0, 0)
    return result.data


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ __typename }", {"__typename": "Query"}),
        (f"{{ n: {ONE} {{ a: address, b: address }} }}", {"n": {"a": address(1), "b": address(1)}}),
        (f"{{ {ONE} {{ status tier }} }}", {"pnode": {"status": "ONLINE", "tier": "LOW_RISK"}}),
        (f"{{ {ONE} {{ uptime firstSeen }} }}", {"pnode": {"uptime": str(2**60), "firstSeen": "2026-12-16T08:00:00Z"}}),
        (f"{{ {ONE} {{ isPublic rpcPort }} }}", {"pnode": {"isPublic": None, "rpcPort": 6000}}),
        (f"{{ {ONE} {{ score {{ trust {{ score }} }} }} }}", {"pnode": {"score": {"trust": {"score": 90.0}}}}),
        (f'{{ {ONE} {{ score(policy: "1.0") {{ rank }} }} }}', {"pnode": {"score": {"rank": 1}}}),
        (f"{{ {ONE} {{ previousAddresses(first: 1) {{ address }} }} }}", {"pnode": {"previousAddresses": []}}),
        ("{ pnodes { nodes { version } } }", {"pnodes": {"nodes": [{"version": None}, {"version": "0.8.0"}]}}),
        ("{ pnodes(first: 1) { edges { __typename } } }", {"pnodes": {"edges": [{"__typename": "PNodeEdge"}]}}),
        (
            "{ pnodes { totalCount snapshot { stale } } }",
            {"pnodes": {"totalCount": 2, "snapshot": {"stale": False}}},
        ),
        ('{ pnode(id: "x") { id } }', {"pnode": None}),
    ],
)
async def test_fields(query: str, expected: Any) -> None:
    assert await data(query) == expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("score { rank } score { tier }", {"score": {"rank": 1, "tier": "LOW_RISK"}}),
        ("id id ... { id }", {"id": key(1)}),
        ("... on PNode { isSeed } id", {"isSeed": False, "id": key(1)}),
        ("...A id", {"isSeed": False, "id": key(1)}),
        ("id @skip(if: true) isSeed @include(if: true)", {"isSeed": False}),
        ("... @include(if: false) { id } isSeed @skip(if: false)", {"isSeed": False}),
        ("...A @skip(if: true) isOnline", {"isOnline": True}),
        ("id @skip(if: true)", {}),
    ],
)
async def test_selections(selection: str, expected: Any) -> None:
    fragment = "fragment A on PNode { isSeed }" if "...A" in selection else ""
    assert await data(f"{{ {ONE} {{ {selection} }} }} {fragment}") == {"pnode": expected}


@pytest.mark.parametrize(
    ("head", "variables", "expected"),
    [
        ("$n: Int", {"n": 1}, 1),
        ("$n: Int", {}, 2),
        ("$n: Int", {"n": None}, 2),
        ("$n: Int = 1", {}, 1),
        ("$n: Int = 1", {"n": 2, "other": 5}, 2),
        ("$n: Int!", {"n": 1}, 1),
    ],
)
async def test_variables(head: str, variables: dict[str, Any], expected: int) -> None:
    answer = await data(f"query ({head}) {{ pnodes(first: $n) {{ nodes {{ id }} }} }}", variables)
    assert len(answer["pnodes"]["nodes"]) == expected


async def test_a_variable_within_an_argument() -> None:
    query = "query ($v: String!) { pnodes(where: {version: {eq: $v}}) { totalCount } }"
    assert [(await data(query, {"v": v}))["pnodes"]["totalCount"] for v in ("0.8.0", "9")] == [1, 0]


async def test_each_combination_of_switches_is_compiled_once() -> None:
    compiler = Compiler()
    query = f"query ($a: Boolean!, $b: Boolean = true) {{ {ONE} {{ id @skip(if: $a) isSeed @include(if: $b) }} }}"
    found = compiled(query, compiler)
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({"a": False}, ["id", "isSeed"]),
        ({"a": True}, ["isSeed"]),
        ({"a": True, "b": False}, []),
        ({"a": False, "b": True}, ["id", "isSeed"]),
    ]
    for variables, keys in expected * 3:
        result = await settled(found.execute(context(reads()), variables))
        assert list((result.data or {})["pnode"]) == keys
    assert compiler.tally.programs == 3


async def test_a_switch_that_is_null_is_an_error_where_it_stands() -> None:
    compiler = Compiler()
    query = f"query ($a: Boolean = true) {{ {ONE} {{ id @skip(if: $a) }} networkHealth {{ status }} }}"
    result = await settled(compiled(query, compiler).execute(context(reads()), {"a": None}))
    assert written(result) == written(await by_core(valid(query), context(reads()), {"a": None}))
    assert [error.path for error in result.errors or ()] == [["pnode"]]
    assert compiler.tally.uncompiled == 1


def test_wrong_variables_are_errors_without_data() -> None:
    result = compiled("query ($n: Int!) { pnodes(first: $n) { totalCount } }").execute(context(reads()), {"n": "many"})
    assert isinstance(result, ExecutionResult)
    assert result.data is None
    assert [error.path for error in result.errors or ()] == [None]


def test_what_needs_no_waiting_has_its_result_at_once() -> None:
    result = compiled("{ serviceConfig { name limits { page } } }").execute(context(reads()), {})
    assert isinstance(result, ExecutionResult)
    assert result.data == {"serviceConfig": {"name": "Xandeum PNode Analytics API", "limits": {"page": 500}}}


async def test_one_of_several_operations_is_executed() -> None:
    document = valid("query a($s: Boolean = true) { __typename @skip(if: $s) } query b { x: __typename }")
    first, second = document.definitions
    compiler = Compiler()
    one = compiler.compile(CORE, document, first)  # type: ignore[arg-type]  # they are operations
    other = compiler.compile(CORE, document, second)  # type: ignore[arg-type]  # likewise
    assert one is not None
    assert other is not None
    assert (await settled(one.execute(None, {"s": False}))).data == {"__typename": "Query"}
    assert (await settled(other.execute(None, {}))).data == {"x": "Query"}
    assert written(await settled(one.execute(None, {"s": None})))[1] == ["None"]  # by graphql-core, and correct


class Doubled(FieldExtension):
    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs) * 2


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Person(Named):
    age: int


@strawberry.type
class Unusual:
    @strawberry.field
    def method(self) -> int:
        return 1

    extended: int = strawberry.field(extensions=[Doubled()])
    named: Named
    person: Person


@strawberry.type
class UnusualQuery:
    @strawberry.field
    @staticmethod
    def unusual() -> Unusual:
        return Unusual(extended=1, named=Person(name="a", age=1), person=Person(name="b", age=2))

    @strawberry.field
    @staticmethod
    def two() -> int:
        return 2


@pytest.mark.parametrize(
    "selected", ["method", "extended", "named { name }", "named { ... on Person { age } }", "person { age }"]
)
def test_what_is_not_known_is_left_to_graphql_core(selected: str) -> None:
    schema = core_schema(strawberry.Schema(query=UnusualQuery))
    compiler = Compiler()
    document = valid(f"{{ unusual {{ {selected} }} }}", schema)
    assert compiler.compile(schema, document, operation_of(document)) is None
    assert (compiler.tally.compiled, compiler.tally.refused) == (0, 1)


async def test_a_static_method_is_a_function() -> None:
    schema = core_schema(strawberry.Schema(query=UnusualQuery))
    assert (await settled(compiled("{ two }", schema=schema).execute(None, {}))).data == {"two": 2}


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "PNode") { name } }',
        "subscription { snapshots { slot } }",
        "{ pnodes { totalCount @other } }",
        "query @other { __typename }",
        "{ unknown }",
        "{ pnodes { ...Missing } }",
        "{ pnodes }",
    ],
)
def test_operations_that_are_not_compiled(query: str) -> None:
    document = parse(query)
    assert compile_operation(CORE, document, operation_of(document)) is None


def test_a_schema_that_is_not_strawberrys_is_not_compiled() -> None:
    document = parse("{ a }")
    assert Compiler().compile(build_schema("type Query { a: Int }"), document, operation_of(document)) is None


async def test_more_fields_than_a_document_may_have_are_left_to_graphql_core() -> None:
    compiler = Compiler()
    query = "{ " + " ".join(f"a{n}: __typename" for n in range(1_001)) + " }"
    document = parse(query)
    found = compiler.compile(CORE, document, operation_of(document))
    assert found is not None
    for _ in range(2):
        assert len((await settled(found.execute(None, {}))).data or {}) == 1_001
    assert (compiler.tally.programs, compiler.tally.uncompiled) == (0, 2)


async def test_as_many_fields_as_a_document_may_have_are_compiled() -> None:
    compiler = Compiler()
    document = parse("{ " + " ".join(f"a{n}: __typename" for n in range(1_000)) + " }")
    found = compiler.compile(CORE, document, operation_of(document))
    assert found is not None
    assert len((await settled(found.execute(None, {}))).data or {}) == 1_000
    assert compiler.tally.programs == 1


async def test_memory_is_bounded_whatever_is_asked() -> None:
    compiler = Compiler(max_programs=10, max_fields=80)
    for number in range(50):
        found = compiled(f"{{ serviceConfig {{ a{number}: name release network }} }}", compiler)
        assert (await settled(found.execute(context(reads()), {}))).errors is None
        assert len(compiler.programs) <= 10
        assert compiler.programs.size <= 80
    assert compiler.tally.programs == 50


async def test_a_program_does_not_keep_its_operation() -> None:
    compiler = Compiler()
    found = compiled("{ serviceConfig { name } }", compiler)
    await settled(found.execute(context(reads()), {}))
    assert len(compiler.programs) == 1
    gone = ref(found)
    del found
    gc.collect()

    assert gone() is None
    compiled("{ __typename }", compiler)
    assert len(compiler.programs) == 0


async def test_an_operation_in_use_keeps_its_programs() -> None:
    compiler = Compiler()
    query = "query q($on: Boolean!) { serviceConfig { name @include(if: $on) release } }"
    found = compiled(query, compiler)
    for _ in range(2):
        for on in (True, False):
            await settled(found.execute(context(reads()), {"on": on}))
        compiled("{ __typename }", compiler)

    assert len(compiler.programs) == compiler.tally.programs == 2


async def test_a_forgotten_program_is_made_anew() -> None:
    compiler = Compiler()
    found = compiled("{ __typename }", compiler)
    for _ in range(2):
        await settled(found.execute(None, {}))
        compiler.forget()
    assert compiler.tally.programs == 2


def test_the_process_has_one_compiler() -> None:
    before = shared_compiler().tally.compiled
    document = parse("{ __typename }")
    assert compile_operation(CORE, document, operation_of(document)) is not None
    assert shared_compiler().tally.compiled == before + 1


async def test_a_compiled_operation_answers_about_each_snapshot_anew() -> None:
    found = compiled("{ pnodes { totalCount } }")
    answers = [await settled(found.execute(context(FakeReads([network(n, AT + n)])), {})) for n in (1, 2, 3)]
    assert [(answer.data or {})["pnodes"]["totalCount"] for answer in answers] == [1, 2, 3]
