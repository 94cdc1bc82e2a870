import asyncio
import gc
import tracemalloc
import weakref
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import pytest

from schema.graphql.build import build_schema
from schema.graphql.execution.context import Context
from schema.graphql.execution.documents import MAX_PRICES, MAX_PRICES_BYTES, Document
from schema.graphql.execution.engine import MAX_REFUSED, Engine
from schema.graphql.execution.outcomes import Ready, Rejected
from tests import compiling
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates
from tests.work import lines_run

NOW = AT + 5.0


@pytest.fixture
def engine() -> Engine:
    return compiling.engine()


def ready(engine: Engine, query: str, variables: dict[str, Any] | None = None, name: str | None = None) -> Ready:
    found = engine.ready(query, name, variables, NOW)
    assert isinstance(found, Ready)
    return found


def context(count: int = 3, updates: FakeUpdates | None = None) -> Context:
    return Context(reads=FakeReads([network(count)]), updates=updates or FakeUpdates(), now=NOW)


async def test_a_result_tells_its_cost(engine: Engine) -> None:
    result = await engine.run(ready(engine, "{ pnodes(first: 2) { totalCount } }"), context())
    assert result.response["data"] == {"pnodes": {"totalCount": 3}}
    assert result.response["extensions"]["cost"]["value"] > 0
    assert (result.request_error, result.complete) == (False, True)


def test_equal_questions_are_equal_however_their_variables_are_ordered(engine: Engine) -> None:
    query = "query q($a: Int, $b: String) { pnodes(first: $a, after: $b) { totalCount } }"
    one = ready(engine, query, {"a": 1, "b": "x"})
    assert one.question == ready(engine, query, {"b": "x", "a": 1}).question
    assert one.question != ready(engine, query, {"b": "x", "a": 2}).question
    assert one.question != ready(engine, query + " ", {"a": 1, "b": "x"}).question


class Broken:
    """A compiled operation with a defect."""

    gathers: bool = False

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self, context: Context, variables: Mapping[str, Any]) -> Any:
        self.tries += 1
        raise RuntimeError


def test_an_operation_that_breaks_at_once_is_left_to_asgi(engine: Engine) -> None:
    asked, broken = ready(engine, "{ pnodes(first: 2) { totalCount } }"), Broken()
    asked.document.compiled[asked.name] = broken
    assert [engine.run_at_once(asked, context()) for _ in range(3)] == [None] * 3
    assert broken.tries == 1


def test_a_document_is_parsed_and_validated_once_it_is_asked_for_again(engine: Engine) -> None:
    documents = [engine.document("{ __typename }") for _ in range(4)]
    assert documents[1] is documents[2] is documents[3]


def test_an_operation_is_priced_once_a_minute_for_each_set_of_variables(engine: Engine) -> None:
    query = "query q($n: Int) { pnodes(first: $n) { nodes { id } } }"
    documents = [engine.document(query) for _ in range(2)]
    assert not isinstance(documents[1], Rejected)
    prices = [engine.ready(query, None, {"n": n}, NOW + after) for n, after in ((5, 0), (5, 1), (9, 0), (5, 60))]
    costs = [price.cost for price in prices if isinstance(price, Ready)]
    assert costs[0] == costs[1] == costs[3] != costs[2]
    assert len(documents[1].prices) == 1  # the prices of the previous minute are useless now


@pytest.mark.parametrize("nodes", [100, 5_000])
def test_a_document_that_is_asked_for_hours_keeps_the_prices_of_one_minute(nodes: int) -> None:
    """The number of nodes may change between requests of one minute."""
    counts = cycle((100, nodes))
    engine = Engine(build_schema(), nodes=lambda: next(counts))
    documents = [engine.document("query q($n: Int) { pnodes(first: $n) { totalCount } }") for _ in range(2)]
    assert not isinstance(documents[1], Rejected)
    for minute in range(240):
        for n in range(3):
            engine.ready("query q($n: Int) { pnodes(first: $n) { totalCount } }", None, {"n": n}, NOW + 60 * minute)
        assert len(documents[1].prices) <= 3


def test_the_prices_of_a_document_take_the_room_that_they_are_counted_with(engine: Engine) -> None:
    query = "query q($n: Int) { pnodes(first: $n) { nodes { id } } }"
    documents = [engine.document(query) for _ in range(2)]
    engine.ready(query, None, {"n": 1}, NOW)
    tracemalloc.start()
    try:
        for n in range(2, MAX_PRICES + 1):
            engine.ready(query, None, {"n": n}, NOW)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not isinstance(documents[1], Rejected)
    assert len(documents[1].prices) == MAX_PRICES
    assert taken < 2 * MAX_PRICES_BYTES


def test_a_flood_of_documents_that_come_once_evicts_none_of_use(engine: Engine) -> None:
    useful = [engine.document("{ __typename }") for _ in range(2)][1]
    for number in range(1_500):
        engine.document(f"{{ a{number}: __typename }}")
    assert engine.document("{ __typename }") is useful


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ a }", "GRAPHQL_VALIDATION_FAILED"),
        ("query a { __typename } query b { __typename }", "BAD_USER_INPUT"),
        ("mutation { a }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_what_cannot_run_is_a_failure_with_a_code(engine: Engine, query: str, code: str) -> None:
    found = engine.ready(query, None, None, NOW)
    assert isinstance(found, Rejected)
    assert [error["extensions"]["code"] for error in found.errors] == [code]


async def test_a_wrong_variable_is_a_request_error(engine: Engine) -> None:
    query = "query q($n: Int!) { pnodes(first: $n) { totalCount } }"
    result = await engine.run(ready(engine, query, {"n": "many"}), context())
    assert result.request_error
    assert "data" not in result.response


async def test_each_result_of_a_subscription_is_read_anew(engine: Engine) -> None:
    updates = FakeUpdates()
    asked = ready(engine, "subscription { snapshots { nodeCount } }")
    assert (asked.is_subscription, asked.replaces) == (True, True)
    stream = engine.stream(asked, context(updates=updates), lambda: NOW)
    for count in (4, 5):
        task = asyncio.ensure_future(anext(stream))
        await updates.listening()
        updates.push(network(count, AT + 60 * count))
        assert (await task).response["data"] == {"snapshots": {"nodeCount": count}}
    await stream.aclose()
    await updates.listening(0)


async def test_a_subscription_with_a_wrong_variable_has_one_failing_result(engine: Engine) -> None:
    asked = ready(engine, "subscription s($w: PNodeWhere) { pnodeChanges(where: $w) { id } }", {"w": 5})
    results = [result async for result in engine.stream(asked, context(), lambda: NOW)]
    assert [result.request_error for result in results] == [True]


def test_a_subscription_whose_results_all_matter_does_not_replace(engine: Engine) -> None:
    assert not ready(engine, "subscription { events { at } }").replaces


async def test_compiled_operations_are_used_and_made_once(engine: Engine) -> None:
    made: list[str | None] = []

    def compile_operation(schema: object, document: object, operation: Any) -> Any:
        made.append(operation.name.value if operation.name else None)
        return None

    compiling = Engine(build_schema(), compile_operation=compile_operation)
    for _ in range(3):
        asked = ready(compiling, "query q { __typename }")
        await compiling.run(asked, context())
    assert made == ["q", "q"]  # the document that was not cached yet, and the one that is


@pytest.mark.parametrize(
    "query", ["{ pnodes { nodes { id } } }", '{ pnodes { nodes { id } } __type(name: "PNode") { name } }']
)
async def test_what_a_query_read_is_let_go_of_with_its_result(engine: Engine, query: str) -> None:
    snapshot = network(3)
    left = weakref.ref(snapshot)
    reading = Context(reads=FakeReads([snapshot]), updates=FakeUpdates(), now=NOW)
    gc.disable()
    try:
        await engine.run(ready(engine, query), reading)
        reading.reads = FakeReads([])
        del snapshot
        assert left() is None
    finally:
        gc.enable()


def test_a_refused_document_is_remembered() -> None:
    engine = Engine(build_schema())
    query = "{ nowhere }"
    first = engine.ready(query, None, None, AT)

    assert isinstance(first, Rejected)
    assert engine.refused(query) == first
    assert lines_run(lambda: engine.ready(query, None, None, AT)) < 50


def test_refused_documents_are_forgotten_within_bounds() -> None:
    engine = Engine(build_schema())
    for number in range(2 * MAX_REFUSED):
        engine.document(f"{{ n{number} }}")

    assert sum(engine.refused(f"{{ n{number} }}") is not None for number in range(2 * MAX_REFUSED)) <= MAX_REFUSED


def test_aliases_of_one_question_about_the_schema_take_the_work_of_one() -> None:
    engine = Engine(build_schema())
    part = "__schema { types { name fields { name } } }"

    def work(aliases: int) -> int:
        query = "{" + " ".join(f"a{number}: {part}" for number in range(aliases)) + "}"
        assert isinstance(engine.document(query), Document)
        return lines_run(lambda: engine.ready(query, None, None, AT))

    assert work(6) < 2 * work(1)
