"""When fields are started and awaited, and how their errors are handled."""

import asyncio
import gc
import weakref
from typing import Any

import pytest
import strawberry
from graphql import GraphQLSchema

from schema.domain.errors import BadUserInput
from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.compiled import Compiler
from schema.graphql.execution.errors import mask_errors
from schema.graphql.types.fields import attribute, resolved
from tests.factories import key, network
from tests.fakes import FakeReads
from tests.patience import patience
from tests.schema.graphql.execution.compiled.answers import by_core, compiled, settled, valid, written
from tests.schema.graphql.execution.compiled.worlds import WORLDS, context


class Meeting:
    """A context in which this many functions must have started before any of them continues."""

    def __init__(self, count: int) -> None:
        self.barrier = asyncio.Barrier(count)
        self.begun: list[int] = []

    async def attend(self, number: int) -> int:
        self.begun.append(number)
        await self.barrier.wait()
        return number


class Item:
    def __init__(self, number: int) -> None:
        self.number = number


async def meet_one(info: strawberry.Info[Any, Any], number: int = 0) -> int:
    return await info.context.attend(number)


async def meet_at(root: strawberry.Parent[Item], info: strawberry.Info[Any, Any]) -> int:
    return await info.context.attend(root.number)


def some_items() -> Any:
    return [Item(number) for number in range(3)]


async def some_items_later() -> Any:
    return some_items()


async def fail(after: int = 0, *, public: bool = True) -> int:
    for _ in range(after):
        await asyncio.sleep(0)
    if public:
        raise BadUserInput(f"refused after {after}")
    raise RuntimeError(f"failed after {after}")


def path_of(root: strawberry.Parent[Item], info: strawberry.Info[Any, Any]) -> str:
    return "/".join(map(str, info.path.as_list()))


@strawberry.type
class ItemType:
    number: int = attribute("")
    meet = resolved(meet_at, int, "")
    path = resolved(path_of, str, "")


@strawberry.type
class Query:
    meet = resolved(meet_one, int, "")
    items = resolved(some_items, list[ItemType], "")
    items_later = resolved(some_items_later, list[ItemType], "")
    fails = resolved(fail, int | None, "")
    fails_whole = resolved(fail, int, "")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return core_schema(strawberry.Schema(query=Query))


async def run(schema: GraphQLSchema, query: str, make: Any = lambda: None, variables: Any = None, left: int = 0) -> Any:
    """The result of a query, equal to graphql-core's. Compiled functions write everything except `left` objects."""
    compiler = Compiler()
    async with patience():
        result = await settled(compiled(query, compiler, schema).execute(make(), variables or {}))
        expected = await by_core(valid(query, schema), make(), variables or {}, schema)
    assert written(result) == written(expected)
    assert compiler.tally.left == left
    return result


async def test_fields_at_the_root_are_awaited_together(schema: GraphQLSchema) -> None:
    result = await run(schema, "{ a: meet(number: 1) b: meet(number: 2) c: meet(number: 3) }", lambda: Meeting(3))
    assert result.data == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("field", ["items", "itemsLater"])
async def test_fields_of_the_items_of_a_list_are_awaited_together(schema: GraphQLSchema, field: str) -> None:
    result = await run(schema, f"{{ {field} {{ number meet n: number }} }}", lambda: Meeting(3))
    assert result.data == {field: [{"number": n, "meet": n, "n": n} for n in range(3)]}


async def test_fields_are_begun_in_the_order_of_the_document(schema: GraphQLSchema) -> None:
    meetings: list[Meeting] = []

    def make() -> Meeting:
        meetings.append(Meeting(4))
        return meetings[-1]

    await run(schema, "{ items { meet } meet(number: 9) }", make)
    assert meetings[0].begun == meetings[1].begun


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0, 3), (3, 0), (2, 1)])
async def test_errors_stand_in_the_order_in_which_they_happen(schema: GraphQLSchema, first: int, second: int) -> None:
    result = await run(schema, f"{{ a: fails(after: {first}) b: fails(after: {second}) }}")
    expected = ["a", "b"] if first <= second else ["b", "a"]
    assert [error.path for error in result.errors] == [[name] for name in expected]


async def test_an_error_that_may_not_be_null_leaves_no_data(schema: GraphQLSchema) -> None:
    result = await run(schema, "{ a: fails(after: 1) b: failsWhole(after: 2) c: fails(after: 5) }")
    assert result.data is None
    assert [error.path for error in result.errors] == [["a"], ["b"]]


@pytest.mark.parametrize("field", ["fails", "failsWhole"])
async def test_an_argument_in_error_fails_before_anything_is_begun(schema: GraphQLSchema, field: str) -> None:
    query = f"query ($n: Int = 1) {{ x: fails(after: 0) a: {field}(after: $n) b: fails(after: 1) }}"
    result = await run(schema, query, variables={"n": None}, left=1)
    assert result.errors[0].path == ["a"]


async def test_what_lies_behind_an_error_is_kept(schema: GraphQLSchema) -> None:
    result = await run(schema, "{ a: fails b: fails(public: false) }")
    assert [type(error.original_error) for error in result.errors] == [BadUserInput, RuntimeError]
    assert [(error.extensions or {})["code"] for error in mask_errors(result.errors)] == [
        "BAD_USER_INPUT",
        "INTERNAL_SERVER_ERROR",
    ]


async def test_a_function_that_asks_for_more_than_the_context_gets_it(schema: GraphQLSchema) -> None:
    # The root's function is not called here: the items are, and each of them raises.
    result = await run(schema, "{ itemsLater { path } }", left=4)
    assert [item["path"] for item in result.data["itemsLater"]] == [f"itemsLater/{n}/path" for n in range(3)]


async def test_one_strange_node_leaves_the_others_to_compiled_functions() -> None:
    compiler = Compiler()
    query = "{ pnodes { nodes { id firstSeen score { rank } } } }"
    reads = WORLDS["ordinary"]()
    strange = reads.snapshots[-1].nodes[2].model_copy(update={"score": 5})
    made = reads.snapshots[-1]
    nodes = tuple(strange if node.id == strange.id else node for node in made.nodes)
    reads.snapshots[-1] = made.model_copy(update={"nodes": nodes})
    result = await settled(compiled(query, compiler).execute(context(reads), {}))
    assert written(result) == written(await by_core(valid(query), context(reads), {}))
    assert [error.path for error in result.errors or ()] == [["pnodes", "nodes", 2, "score", "rank"]]
    # The page, the odd node, and its score.
    assert compiler.tally.left <= 4


async def test_histories_of_nodes_are_read_together() -> None:
    class Gathering(FakeReads):
        barrier = asyncio.Barrier(3)

        async def node_history(self, *args: Any, **options: Any) -> Any:
            async with patience():
                await self.barrier.wait()
            return await super().node_history(*args, **options)

    compiler = Compiler()
    query = "{ pnodes { nodes { id availability(window: H24) { percent } witnessCount } } }"
    result = await settled(compiled(query, compiler).execute(context(Gathering([network(3)])), {}))
    assert result.errors is None
    assert {node["id"] for node in (result.data or {})["pnodes"]["nodes"]} == {key(n) for n in (1, 2, 3)}
    assert compiler.tally.left == 0


@pytest.mark.parametrize("query", ["{ pnodes { nodes { id } } }", "{ networkHealth { status } versions: __typename }"])
async def test_neither_an_execution_nor_its_program_waits_for_the_garbage_collector(query: str) -> None:
    compiler = Compiler()
    operation = compiled(query, compiler)
    gc.disable()
    try:
        reading = context(WORLDS["ordinary"]())
        await settled(operation.execute(reading, {}))
        left = weakref.ref(reading)
        del reading
        assert left() is None
        program = weakref.ref(compiler.programs.get((weakref.ref(operation), ())))
        assert program() is not None
        compiler.forget()
        assert program() is None
    finally:
        gc.enable()
