"""docs/graphql.md: every example runs, and the page has every query, code and limit."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from graphql import OperationDefinitionNode, is_scalar_type, parse

from jobs.simulate.network import DEFAULT_NODES, Network
from schema.domain.base import DAY, HOUR
from schema.domain.cycle.events import Event, EventType
from schema.domain.history.points import HistoryPoint, Stat
from schema.graphql.build import build_schema
from schema.graphql.execution import cost, inputs, limits
from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.documents import Document
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.errors import ErrorCode
from schema.graphql.execution.outcomes import Ready
from schema.graphql.lists import paging
from schema.graphql.lists.filters import MAX_CONDITIONS, MAX_GROUPS, MAX_LIST, MAX_NESTING
from schema.graphql.types import prices
from tests.factories import AT, key, network, pnode, snapshot
from tests.fakes import FakeReads
from tests.schema.graphql.asking import Client

DOCS = Path(__file__).parents[3] / "docs" / "graphql.md"
TEXT = DOCS.read_text(encoding="utf-8")
DEMO = (
    ("6.129.17.59:9001", "4LEt6va4PUoTgcW5GLxXiF7GGGeQHYhGKpXRWhPE2vwv"),
    ("21.118.160.109:9001", "5VQq76qQsYP5bwbnXPtqw8XqaqT21TVbRWU3gfeqbgcY"),
)
"""Nodes of the invented network of `make demo`, as the examples name them."""
CORE = core_schema(build_schema())


class Example(NamedTuple):
    query: str
    variables: dict[str, Any]


def examples() -> list[Example]:
    """Each graphql block, with the json block that follows it as its variables."""
    pattern = re.compile(r"```graphql\n(.*?)```(?:\s*```json\n(.*?)```)?", re.DOTALL)
    return [Example(m[1], json.loads(m[2]) if m[2] else {}) for m in pattern.finditer(TEXT)]


def is_subscription(example: Example) -> bool:
    definition = parse(example.query).definitions[0]
    return isinstance(definition, OperationDefinitionNode) and definition.operation.value == "subscription"


QUERIES = [e for e in examples() if not is_subscription(e)]
SUBSCRIPTIONS = [e for e in examples() if is_subscription(e)]


def client() -> Client:
    """A store with history: an hour ago, now, a few points, a few events."""
    nodes = [pnode(n, address=home, pubkey=pubkey) for n, (home, pubkey) in enumerate(DEMO, start=1)]
    nodes += [node for node in network(30).nodes if node.id not in {key(1), key(2)}]
    stats = {"online": Stat(60, 1_200, 20, 20, 20)}
    points = [
        HistoryPoint(start=start, end=start + HOUR, samples=60, expected=60, stats=stats, versions=(("0.8.0", 1_200),))
        for start in range(AT - 3 * HOUR, AT, HOUR)
    ]
    reads = FakeReads(
        [network(30, AT - HOUR), snapshot(nodes)],
        network_points=points,
        node_points={nodes[0].id: tuple(points)},
        events=[Event(slot=AT, index=0, at=AT, type=EventType.RESTARTED, subject=nodes[0].id)],
    )
    return Client(reads=reads)


@pytest.mark.parametrize("example", QUERIES, ids=lambda e: e.query.split("{")[1].strip()[:30])
async def test_each_example_is_answered(example: Example) -> None:
    answer = await client().ask(example.query, example.variables)

    assert all(value is not None for value in answer.values())


@pytest.mark.parametrize("example", SUBSCRIPTIONS, ids=lambda e: e.query[:30])
def test_each_subscription_is_valid_and_affordable(example: Example) -> None:
    assert isinstance(Engine(build_schema()).ready(example.query, None, example.variables, AT), Ready)


@pytest.mark.parametrize("days", [0, 100, 1_000])
def test_the_nodes_of_the_examples_are_in_the_demo_at_any_time(days: int) -> None:
    demo = Network(DEFAULT_NODES)
    listed = {(pod["address"], pod["pubkey"]) for seed in range(3) for pod in demo.pods(seed, AT + days * DAY)}
    assert set(DEMO) <= listed


def test_every_address_and_key_of_an_example_is_of_the_demo() -> None:
    known = {value for node in DEMO for value in node}
    named = re.findall(r'"([0-9.]+:9001|[1-9A-HJ-NP-Za-km-z]{40,44})"', TEXT)
    assert len(named) >= 6
    assert set(named) <= known


def root_fields() -> list[str]:
    roots = (CORE.query_type, CORE.subscription_type)
    return sorted({name for root in roots if root is not None for name in root.fields})


@pytest.mark.parametrize("name", root_fields())
def test_every_question_is_in_an_example(name: str) -> None:
    assert any(re.search(rf"\b{name}\b", example.query) for example in examples())


@pytest.mark.parametrize("code", [code.value for code in ErrorCode])
def test_every_code_is_documented(code: str) -> None:
    assert f"| `{code}` |" in TEXT


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("tokens of a document", limits.MAX_TOKENS),
        ("nesting of fields (introspection exempt)", limits.MAX_DEPTH),
        ("fields of an operation, fragments counted wherever they are spread", limits.MAX_FIELDS),
        ("aliases of an operation", limits.MAX_ALIASES),
        ("directives of an operation", limits.MAX_DIRECTIVES),
        ("operations of a document", limits.MAX_OPERATIONS),
        ("cost of an operation", cost.BUDGET),
        ("page", paging.MAX_PAGE),
        ("page of nodes with `history` or `availability`", cost.MAX_READING_PAGE),
        (f"conditions of a filter, nested at most {MAX_NESTING} deep", MAX_CONDITIONS),
        ("groups of a filter: objects with conditions, and those within `and`, `or` and `not`", MAX_GROUPS),
        ("items of a list within a filter", MAX_LIST),
        ("objects, lists and values of the variables, and of one argument", inputs.MAX_VALUES),
        ("nesting of the variables, and of one argument", inputs.MAX_VALUE_DEPTH),
        ("pairs of selections that have one name in the answer", limits.MAX_PAIRS),
    ],
)
def test_every_limit_is_documented_with_its_value(words: str, value: int) -> None:
    assert f"| {words} | {value:,} |" in TEXT


@pytest.mark.parametrize(
    "words",
    [
        f"a list costs {prices.SCAN_COST} more",
        f"each object in a filter {prices.OBJECT_COST}, also where it is empty, each list and value {prices.VALUE_COST}",
        f"{prices.CONDITION_COST} and a {prices.CONDITION_ROWS}th of the nodes",
        f"`contains` a {prices.CONTAINS_ROWS}th",
        f"a {prices.MATCH_ROWS}th of the nodes",
        f"An order: {prices.CRITERION_COST} for each criterion",
        f"a {prices.CRITERION_ROWS}th of the nodes for each criterion, and a {prices.SORT_ROWS}th of the nodes for sorting",
        f"{prices.LOAD_COST} for each node of the network, of {prices.LOAD_NODES} at most",
        f"{prices.COLUMN_COST} and a {prices.COLUMN_ROWS}th of the nodes",
        f"{prices.GROUP_COST} and {1 / prices.GROUP_ROWS:g} of the nodes",
        f"{1 / prices.SUMMARY_ROWS:g} of the nodes for the summary of alerts",
        f"`criteria` and `reasons` {prices.ASSESS_COST} for each node",
        f"reading the store {prices.READ_COST}",
        f"costs {prices.RAW_DAY_COST} at `RAW`, {prices.M5_DAY_COST} at `M5`, {prices.H1_DAY_COST} at `H1` and"
        f" {prices.D1_DAY_COST} at `D1`, a raw point {prices.RAW_POINT_COST},"
        f" and {('', 'one', 'two', 'three')[prices.BUCKETS]} buckets {prices.BUCKET_COST}",
        f"`versionAdoption` {prices.VERSIONS_COST} more for each point",
        f"{prices.SUBJECT_COST} for each subject",
        f"{prices.UNCOMPILED_FACTOR} times",
        f"{prices.ERROR_COST} for each error",
    ],
)
def test_each_price_is_documented(words: str) -> None:
    assert words in " ".join(TEXT.split())


def test_the_operation_of_the_typescript_page_is_valid_and_every_scalar_is_on_it() -> None:
    page = (DOCS.parent / "typescript.md").read_text(encoding="utf-8")
    (operation,) = re.findall(r"```graphql \S+\n(.*?)```", page, re.DOTALL)
    scalars = {name for name, type_ in CORE.type_map.items() if is_scalar_type(type_)} - {"String", "Boolean"}

    assert isinstance(Engine(build_schema()).document(operation), Document)
    assert {name for name in scalars if f"`{name}`" not in page} == set()
