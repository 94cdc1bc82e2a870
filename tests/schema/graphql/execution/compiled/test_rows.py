"""Rows as bytes: the same answers, no work done twice, and bounds."""

import gc
from collections.abc import Sequence
from random import Random
from typing import Any, cast

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLScalarType, get_named_type, is_required_argument

from schema.derived import Tables, tables_of
from schema.domain.node.pnode import PNode
from schema.graphql.execution.compiled import Compiler
from schema.graphql.execution.compiled.rows import Rows, RowStore
from schema.graphql.execution.tables import InSnapshot, Items
from tests.factories import AT, network
from tests.fakes import FakeReads
from tests.nightly import NIGHTLY
from tests.schema.graphql.execution.compiled.answers import CORE, by_core, compiled, settled, valid, written
from tests.schema.graphql.execution.compiled.worlds import WORLDS, context

SELECTIONS = 400 if NIGHTLY else 80
ORDERS = (
    "",
    ", orderBy: [{field: UPTIME}]",
    ", orderBy: [{field: SCORE, direction: DESC}]",
    ', where: {version: {eq: "0.8.0"}}',
)
MAX_DEPTH = 3


def selection(type_: GraphQLObjectType, random: Random, depth: int = 0) -> str:
    """A random selection of what depends on nothing but the object."""
    chosen: list[str] = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        resolver = getattr(field.resolve, "__qualname__", "")
        if any(map(is_required_argument, field.args.values())) or "history" in name.lower() or not resolver:
            continue
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            chosen += [name] if random.random() < 0.4 else []
        elif isinstance(inner, GraphQLObjectType) and depth < MAX_DEPTH and random.random() < 0.2:
            chosen.append(f"{name} {{ {selection(inner, random, depth + 1)} }}")
    return " ".join(chosen) or "__typename"


@pytest.mark.parametrize("world", WORLDS)
async def test_kept_rows_change_no_answer(world: str) -> None:
    random = Random(world)  # noqa: S311  (chance, not secrecy)
    node = cast("GraphQLObjectType", CORE.type_map["PNode"])
    reads = WORLDS[world]()
    compiler = Compiler()
    shown = 0
    for _ in range(SELECTIONS // len(WORLDS)):
        selected = selection(node, random)
        for order in ORDERS:
            query = f"{{ pnodes(first: {random.randint(0, 9)}{order}) {{ nodes {{ {selected} }} totalCount }} }}"
            expected = written(await by_core(valid(query), context(reads), {}))
            shown += b'"nodes":[{' in expected[0]
            operation = compiled(query, compiler)
            for _ in range(3):
                assert written(await settled(operation.execute(context(reads), {}))) == expected, query
    assert compiler.rows is not None
    assert (compiler.rows.joined > 0) == (shown > 0)


async def joined(query: str, variables: dict[str, Any] | None = None) -> int:
    """How many lists were joined from rows in three executions."""
    compiler = Compiler()
    operation, reads = compiled(query, compiler), FakeReads([network(5)])
    for _ in range(3):
        await settled(operation.execute(context(reads), variables or {}))
    assert compiler.rows is not None
    return compiler.rows.joined


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($p: String) { pnodes { nodes { score(policy: $p) { composite } } } }", {"p": "1.0"}),
        ("{ pnodes { nodes { id availability(window: H24) { percent } } } }", {}),
        ("{ pnodes { totalCount } }", {}),
        ("{ alerts { nodes { id } } }", {}),
    ],
)
async def test_what_depends_on_more_than_the_node_is_not_kept(query: str, variables: dict[str, Any]) -> None:
    assert await joined(query, variables) == 0


async def test_rows_are_kept_from_the_second_use_on() -> None:
    assert await joined("{ pnodes { nodes { id score { composite } } } }") == 2


class Writer:
    """Writes nodes, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, node: InSnapshot[PNode], _: object) -> dict[str, object]:
        self.count += 1
        return {"id": node.record.id, "slot": node.tables.header.slot}


def items(tables: Tables, records: Sequence[PNode] | None = None) -> Items[PNode]:
    return Items(tuple(tables.nodes if records is None else records), tables)


def seen_twice(rows: Rows, tables: Tables, write: Writer) -> Any:
    assert rows.written(items(tables), None, write) is None
    return orjson.loads(orjson.dumps(rows.written(items(tables), None, write)))


def test_a_node_is_written_once_for_all_lists_of_a_snapshot() -> None:
    rows, write, tables = Rows(RowStore()), Writer(), tables_of(network(20))
    first = seen_twice(rows, tables, write)
    turned = rows.written(items(tables, tables.nodes[::-1]), None, write)
    assert orjson.loads(orjson.dumps(turned)) == first[::-1]
    assert write.count == 20


def test_each_snapshot_has_its_own_rows() -> None:
    rows, write = Rows(RowStore()), Writer()
    old, new = tables_of(network(3)), tables_of(network(3, AT + 60))
    assert {row["slot"] for row in seen_twice(rows, old, write)} == {AT}
    assert {row["slot"] for row in seen_twice(rows, new, write)} == {AT + 60}


def test_rows_of_selections_and_snapshots_that_are_gone_are_dropped() -> None:
    store, write = RowStore(), Writer()
    for slot in range(AT, AT + 300, 60):
        seen_twice(Rows(store), tables_of(network(10, slot)), write)
        gc.collect()
    alone = RowStore()
    seen_twice(Rows(alone), tables_of(network(10)), write)
    assert store.size <= 2 * alone.size


def test_the_bytes_of_kept_rows_are_bounded() -> None:
    store, write, tables = RowStore(max_bytes=40_000), Writer(), tables_of(network(50))
    selections = [Rows(store) for _ in range(20)]
    for rows in selections:
        seen_twice(rows, tables, write)
        assert 0 < store.size <= 40_000
    large = tables_of(network(500))
    assert len(seen_twice(selections[0], large, write)) == 500
    assert store.size <= 40_000


def test_a_page_gives_its_items_as_a_list_would() -> None:
    page = items(tables_of(network(4)))
    assert [each.record for each in page] == [page[n].record for n in range(4)] == [each.record for each in page[:]]
    assert len(page) == 4
