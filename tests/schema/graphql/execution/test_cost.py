"""The cost of operations, before they run."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import Resolution
from schema.graphql.build import build_schema
from schema.graphql.execution.checks import core_schema, price
from schema.graphql.execution.context import PublicServiceInfo
from schema.graphql.execution.cost import BUDGET, MAX_READING_PAGE, cost_of
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.outcomes import Ready
from schema.graphql.lists.paging import Position, encode_cursor
from schema.graphql.topics.reading import FREE_DAYS, KEPT_DAYS, KEPT_HOURS
from schema.graphql.types.fields import Terms
from schema.graphql.types.prices import (
    COLUMN_COST,
    COMPARE_COST,
    CONDITION_COST,
    CRITERION_COST,
    D1_DAY_COST,
    ERROR_COST,
    GROUP_COST,
    H1_DAY_COST,
    LOAD_COST,
    LOAD_NODES,
    M5_DAY_COST,
    OBJECT_COST,
    RAW_DAY_COST,
    RAW_POINT_COST,
    READ_COST,
    SCAN_COST,
    SUBJECT_COST,
    UNCOMPILED_FACTOR,
    VALUE_COST,
    VERSIONS_COST,
)
from schema.graphql.types.scalars import write_datetime
from tests.factories import AT
from tests.schema.graphql.asking import Client
from tests.work import lines_run

CORE = core_schema(build_schema())
TERMS = Terms(AT, 60)
# The reads of AUTO from all stored data, and from the days before.
ALL_BY_AUTO = (
    KEPT_DAYS[Resolution.H1] * H1_DAY_COST + KEPT_HOURS * 2 // 3 + 1_000 * D1_DAY_COST + (1_000 - FREE_DAYS) * 2 // 3
)

FORTY_FIELDS = """
  id address addressAssumed pubkey status livenessBasis isOnline listed isPublic rpcPort version versionsBehind
  firstSeen lastSeen aliveAt uptime storageCommitted storageUsed storageUsagePercent storageGrowth witnesses
  witnessCount sourceIps keyConflict isSeed stateChanges tier
  score { composite tier color rank percentile policyVersion inputsMissing trust { score } capacity { score } }
"""


def operation_of(query: str) -> tuple[Any, OperationDefinitionNode]:
    document = parse(query)
    operation = next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return document, operation


def cost(query: str, variables: dict[str, object] | None = None, terms: Terms = TERMS) -> int:
    document, operation = operation_of(query)
    return cost_of(CORE, document, operation, variables or {}, terms).fixed


def refused(query: str, variables: dict[str, object] | None = None) -> bool:
    document, operation = operation_of(query)
    return price(CORE, document, operation, variables or {}, TERMS).error is not None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ __typename }", 1),
        ("{ snapshot { slot } }", 2),
        ("{ snapshot { slot totals { online versions { count } } } }", 3 + 1 + 1 + 5),
        ("{ pnode(id: 1) { id score { composite } } }", 4),
        ("{ pnodes(first: 10) { totalCount } }", SCAN_COST + 1),
        ("{ pnodes(first: 10) { nodes { id address } } }", SCAN_COST + 1 + 20),
        ("{ pnodes(first: 10) { edges { cursor node { id } } } }", SCAN_COST + 1 + 30),
        ("{ pnodes(last: 10) { nodes { id } } }", SCAN_COST + 1 + 10),
        ("{ pnodes { nodes { id } } }", SCAN_COST + 1 + 50),
        ("{ pnodes(first: 10) { nodes { previousAddresses(first: 3) { address } } } }", SCAN_COST + 1 + 10 * (1 + 3)),
        ("{ pnodes(first: 0) { nodes { id } } }", SCAN_COST + 1),
        ("{ pnodes(first: -5) { nodes { id } } }", SCAN_COST + 1),
        ("{ pnodes(first: 99999) { nodes { id } } }", SCAN_COST + 1 + 500),
        (
            "{ pnodes(where: {uptime: {gt: 1, in: [2, 3]}}) { totalCount } }",
            SCAN_COST + 1 + 2 * OBJECT_COST + 4 * VALUE_COST + 3 * CONDITION_COST,
        ),
        ("{ pnodes(orderBy: {field: SCORE}) { totalCount } }", SCAN_COST + 1 + CRITERION_COST),
        ("{ pnodes(orderBy: {field: SCORE}, first: 1) { nodes { id } } }", SCAN_COST + 2 + CRITERION_COST),
        ("{ pnodes(orderBy: {field: SCORE}, first: 1) { pageInfo { endCursor } } }", SCAN_COST + 2 + CRITERION_COST),
        ('{ pnodes(orderBy: {field: SCORE}, after: "x") { totalCount } }', SCAN_COST + 1 + CRITERION_COST),
        (
            "{ pnodes(orderBy: [{field: SCORE}, {field: UPTIME}], first: 1) { edges { cursor } } }",
            SCAN_COST + 2 + 2 * CRITERION_COST,
        ),
        (
            '{ history(from: "2027-01-15T00:00:00Z", to: "2027-01-15T08:00:00Z", resolution: H1) { points { start } } }',
            READ_COST + H1_DAY_COST + 8 * 2 // 3 + 1 + 8,
        ),
        (
            '{ history(from: "2027-01-08T08:00:00Z", resolution: H1) { points { start online { avg } } } }',
            READ_COST + 8 * H1_DAY_COST + 168 * 2 // 3 + 1 + 168 * 3,
        ),
        ('{ history(from: "2020-01-01T00:00:00Z") { points { start } } }', READ_COST + ALL_BY_AUTO + 1 + 1_000),
        ('{ history(from: "2020-01-01T00:00:00Z") { coverage } }', READ_COST + ALL_BY_AUTO + 1),
        ('{ history(from: "2020-01-01T00:00:00Z", resolution: RAW) { points { start } } }', READ_COST + 1 + 1),
        (
            '{ history(from: "2026-01-15T00:00:00Z", to: "2027-01-15T00:00:00Z", resolution: D1) { points { start } } }',
            READ_COST + 365 * D1_DAY_COST + 365 * 2 // 3 + 1 + 365,
        ),
        (
            '{ history(from: "2027-01-15T06:55:00Z", to: "2027-01-15T07:00:00Z", resolution: M5) { coverage } }',
            READ_COST + M5_DAY_COST + 1,
        ),
        (
            '{ history(from: "2027-01-13T08:00:00Z", resolution: RAW) { points { start } } }',
            READ_COST + 3 * RAW_DAY_COST + RAW_POINT_COST * 2_880 + 1 + 2_880,
        ),
        (
            '{ history(from: "2027-01-15T07:50:00Z") { points { start } } }',
            READ_COST + RAW_DAY_COST + RAW_POINT_COST * 10 + 1 + 10,
        ),
        (
            "{ pnode(id: 1) { availability(window: D30) { percent } } }",
            2 + READ_COST + 31 * H1_DAY_COST + 30 * 24 * 2 // 3,
        ),
        (
            "{ pnode(id: 1) { availability(window: H24) { percent } } }",
            2 + READ_COST + 2 * (H1_DAY_COST + M5_DAY_COST) + (24 + 288) * 2 // 3,
        ),
        (
            '{ pnode(id: 1) { history(from: "2027-01-15T07:50:00Z") { coverage } } }',
            2 + READ_COST + RAW_DAY_COST + 10 * RAW_POINT_COST,
        ),
        (
            '{ versionAdoption(from: "2027-01-15T00:00:00Z", resolution: H1, top: 2) { version points { share } } }',
            READ_COST + H1_DAY_COST + 8 * 2 // 3 + 8 * VERSIONS_COST + 3 * (1 + 1 + 8),
        ),
        ("{ comparePnodes(addresses: []) { pnodes { id } } }", COMPARE_COST + 1 + 5),
    ],
)
def test_a_field_costs_one_times_the_lists_that_it_stands_in(query: str, expected: int) -> None:
    assert cost(query) == expected


@pytest.mark.parametrize(("interval", "points"), [(5, 1_440), (60, 120), (120, 60), (3_600, 2)])
def test_a_raw_point_is_as_long_as_the_polling_interval(interval: int, points: int) -> None:
    query = '{ history(from: "2027-01-15T06:00:00Z", resolution: RAW) { points { start } } }'

    assert cost(query, terms=Terms(AT, interval)) == READ_COST + RAW_DAY_COST + (RAW_POINT_COST + 1) * points + 1
    by_auto = RAW_DAY_COST + (RAW_POINT_COST + 1) * points
    if points > 1_000:
        by_auto = H1_DAY_COST + M5_DAY_COST + (2 + 24) * 2 // 3 + 1_000
    assert cost(query.replace("RAW", "AUTO"), terms=Terms(AT, interval)) == READ_COST + by_auto + 1


async def test_the_polling_interval_is_that_of_the_deployment() -> None:
    query = '{ history(from: "2027-01-15T06:00:00Z", resolution: RAW) { points { start } } }'
    ready = Engine(build_schema(), interval=120).ready(query, None, None, AT)
    asked = await Client(now=AT, service=PublicServiceInfo(interval=120)).execute(query)

    assert isinstance(ready, Ready)
    assert (
        ready.cost == asked["extensions"]["cost"]["value"] == READ_COST + RAW_DAY_COST + (RAW_POINT_COST + 1) * 60 + 1
    )


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({"n": 10}, 10), ({}, 7), ({"n": None}, 50), ({"n": "many"}, 50), ({"n": True}, 1)],
)
def test_page_sizes_come_from_variables_too(variables: dict[str, object], expected: int) -> None:
    assert cost("query q($n: Int = 7) { pnodes(first: $n) { nodes { id } } }", variables) == SCAN_COST + 1 + expected


def test_a_filter_in_a_variable_costs_as_much_as_in_the_document() -> None:
    query = "query q($w: PNodeWhere) { pnodes(where: $w) { totalCount } }"

    assert cost(query, {"w": {"uptime": {"gt": 1}}}) == SCAN_COST + 1 + 2 * OBJECT_COST + VALUE_COST + CONDITION_COST
    assert cost(query, {"w": None}) == SCAN_COST + 1


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query q($w: PNodeWhere) { pnodes(where: $w) { totalCount } }", {"w": {"or": [{"uptime": {"gt": 1}}, {}]}}),
        ("query q($w: [PNodeWhere!]) { pnodes(where: {or: $w}) { totalCount } }", {"w": [{"uptime": {"gt": 1}}, {}]}),
        ("query q($w: BigInt) { pnodes(where: {or: [{uptime: {gt: $w}}, {}]}) { totalCount } }", {"w": 1}),
        ("query q($w: PNodeWhere = {or: [{uptime: {gt: 1}}, {}]}) { pnodes(where: $w) { totalCount } }", {}),
        ("query q($w: BigInt = 1) { pnodes(where: {or: [{uptime: {gt: $w}}, {}]}) { totalCount } }", {}),
    ],
)
def test_a_filter_costs_the_same_however_it_is_given(query: str, variables: dict[str, object]) -> None:
    terms = Terms(AT, 60, 10_000)

    assert cost(query, variables, terms) == cost(
        "{ pnodes(where: {or: [{uptime: {gt: 1}}, {}]}) { totalCount } }", terms=terms
    )


@pytest.mark.parametrize(
    "where",
    ["{and: [{}]}", "{or: [{}, {}]}", "{not: {}}", "{uptime: {}}", "{uptime: {in: []}}", "{and: [{and: [{}]}]}"],
)
def test_empty_groups_are_not_free(where: str) -> None:
    price = where.count("{") * OBJECT_COST + where.count("[") * VALUE_COST

    assert cost(f"{{ pnodes(where: {where}) {{ totalCount }} }}") == SCAN_COST + 1 + price


@pytest.mark.parametrize(
    "asked",
    [
        "pnodes(where: {uptime: {gt: 1}}) { totalCount }",
        'pnodes(where: {address: {contains: "1"}}) { totalCount }',
        "pnodes(orderBy: {field: SCORE}) { nodes { id } }",
        "pnodes { aggregate { uptime { p50 } } }",
        "pnodes { aggregate { groupBy(key: SUBNET, top: 1) { key } } }",
        "recommendations { totalCount }",
        'alerts(where: {address: {startsWith: "4"}}) { summary { total } }',
        "operators(orderBy: {field: ADDRESS}) { nodes { key } }",
        "consistency(where: {score: {gt: 0.5}}) { totalCount }",
    ],
)
def test_what_looks_at_all_nodes_costs_by_their_number(asked: str) -> None:
    few, many = (cost(f"{{ {asked} }}", terms=Terms(AT, 60, nodes)) for nodes in (300, 10_000))

    assert many > 2 * few


def test_figures_and_groups_cost_what_they_are_over() -> None:
    assert cost("{ pnodes { aggregate { uptime { avg } } } }") == SCAN_COST + COLUMN_COST + COLUMN_COST + 1
    assert cost("{ pnodes { aggregate { groupBy(key: TIER, top: 3) { key } } } }") == (
        SCAN_COST + COLUMN_COST + GROUP_COST + 3
    )


def as_of(moment: int, alias: str) -> str:
    return f'{alias}: snapshot(asOf: "{write_datetime(moment)}") {{ slot }}'


LOAD = LOAD_COST * LOAD_NODES


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([AT - DAY], LOAD),
        ([AT - DAY, AT - DAY], LOAD),
        ([AT - DAY, AT - HOUR], 2 * LOAD),
        ([AT - 60, AT], 0),
    ],
    ids=["one", "equal", "different", "recent"],
)
def test_each_snapshot_of_the_past_is_priced_once(moments: list[int], expected: int) -> None:
    query = "{ " + " ".join(as_of(moment, f"a{number}") for number, moment in enumerate(moments)) + " }"

    assert cost(query, terms=Terms(AT, 60, 10_000)) == expected + 2 * len(moments)


def test_a_snapshot_in_a_variable_is_priced_as_in_the_document() -> None:
    query = "query q($at: DateTime) { snapshot(asOf: $at) { slot } }"

    assert cost(query, {"at": write_datetime(AT - DAY)}, Terms(AT, 60, 100)) == 2 + 100 * LOAD_COST


@pytest.mark.parametrize(("slot", "expected"), [(AT - DAY, LOAD), (AT, 0)])
def test_a_cursor_loads_the_snapshot_that_it_names(slot: int, expected: int) -> None:
    query = "query q($after: String) { pnodes(after: $after) { totalCount } }"
    after = encode_cursor(Position((), "x", slot), "digest")

    assert cost(query, {"after": after}, Terms(AT, 60, 300)) == expected + SCAN_COST + 1


@pytest.mark.parametrize("given", ["x", "", "a" * 5_000, 7, None])
def test_what_is_no_time_and_no_cursor_loads_nothing(given: object) -> None:
    query = "query q($a: String, $at: DateTime) { pnodes(after: $a, asOf: $at) { totalCount } }"

    assert cost(query, {"a": given, "at": given}, Terms(AT, 60, 300)) == SCAN_COST + 1


def test_four_snapshots_are_compared_at_any_size_of_the_network() -> None:
    query = "{ " + " ".join(as_of(AT - DAY * n, f"a{n}") for n in range(1, 5)) + " }"

    assert cost(query, terms=Terms(AT, 60, 100_000)) <= BUDGET


def test_each_subject_of_a_filter_of_events_counts() -> None:
    query = "query q($s: [String!]) { events(first: 0, where: {subject: {in: $s}}) { totalCount } }"
    one, hundred = (cost(query, {"s": [f"n{n}" for n in range(count)]}) for count in (1, 100))

    assert hundred - one == 99 * (SUBJECT_COST + VALUE_COST)


def test_each_result_of_a_subscription_costs_what_graphql_core_takes() -> None:
    assert cost("subscription { snapshots { slot takenAt } }") == UNCOMPILED_FACTOR * 3


@pytest.mark.parametrize("field", ['score(policy: "9") { tier }', "previousAddresses(first: 101) { until }"])
def test_errors_of_each_object_are_priced_as_what_they_take(field: str) -> None:
    query = f"{{ pnodes(first: 100) {{ nodes {{ id {field} }} }} }}"

    assert cost(query) >= 100 * (UNCOMPILED_FACTOR + ERROR_COST)


def test_a_condition_that_is_null_is_refused_before_anything_runs() -> None:
    query = "query q($yes: Boolean = true) { pnodes { nodes { id @include(if: $yes) } } }"

    assert refused(query, {"yes": None}) is True
    assert refused(query, {"yes": False}) is refused(query) is False


def test_30_counts_with_a_filter_pass_up_to_10000_nodes() -> None:
    counts = " ".join(f"a{n}: pnodes(where: {{uptime: {{gt: {n}}}}}) {{ totalCount }}" for n in range(30))

    assert cost(f"{{ {counts} }}", terms=Terms(AT, 60, 10_000)) <= BUDGET


def test_fragments_cost_wherever_they_are_spread() -> None:
    plain = "{ a: pnodes(first: 3) { nodes { id tier } } b: pnodes(first: 7) { nodes { id tier } } }"
    spread = """{ a: pnodes(first: 3) { ...page } b: pnodes(first: 7) { ...page } }
      fragment page on PNodeConnection { ... { nodes { ...node } } } fragment node on PNode { id tier }"""

    assert cost(spread) == cost(plain)


def test_500_nodes_with_40_fields_pass() -> None:
    assert 18_000 < cost(f"{{ pnodes(first: 500) {{ totalCount nodes {{ {FORTY_FIELDS} }} }} }}") <= BUDGET


async def test_what_costs_too_much_is_refused_with_the_figures() -> None:
    query = f"{{ a: pnodes(first: 500) {{ nodes {{ {FORTY_FIELDS} }} }} b: pnodes(first: 500) {{ nodes {{ id {FORTY_FIELDS} }} }} }}"

    error = await Client().refusal(query)

    assert error["extensions"] == {"code": "COST_LIMIT_EXCEEDED", "cost": cost(query), "limit": BUDGET}
    assert str(cost(query)) in error["message"]


READS = [
    'history(from: "2027-01-15T07:00:00Z", resolution: H1) { points { start } }',
    "availability(window: H24) { percent }",
]


@pytest.mark.parametrize("field", READS)
@pytest.mark.parametrize(
    "shape",
    [
        "{{ pnodes(first: {n}) {{ nodes {{ {field} }} }} }}",
        "{{ pnodes(first: {n}) {{ edges {{ node {{ {field} }} }} }} }}",
        "{{ pnodes(last: {n}) {{ nodes {{ ...f }} }} }} fragment f on PNode {{ {field} }}",
        "{{ recommendations(first: {n}) {{ nodes {{ pnode {{ {field} }} }} }} }}",
        "{{ alerts(first: {n}) {{ nodes {{ pnode {{ {field} }} }} }} }}",
        "{{ events(first: {n}) {{ nodes {{ pnode {{ {field} }} }} }} }}",
        "{{ topology(first: {n}) {{ nodes {{ pnode {{ {field} }} }} }} }}",
    ],
)
def test_history_in_a_list_needs_a_small_page(shape: str, field: str) -> None:
    assert refused(shape.format(n=MAX_READING_PAGE, field=field)) is False
    assert refused(shape.format(n=MAX_READING_PAGE + 1, field=field)) is True


@pytest.mark.parametrize("field", READS)
def test_history_in_lists_of_lists_needs_small_pages_too(field: str) -> None:
    inner = f"pnodes {{ operator {{ pnodes {{ {field} }} }} }}"

    assert refused(f"{{ operators(first: 20) {{ nodes {{ {inner} }} }} }}") is True


async def test_a_crowded_history_says_what_to_do() -> None:
    error = await Client().refusal(f"{{ pnodes {{ nodes {{ {READS[0]} }} }} }}")

    assert error["extensions"]["code"] == "COST_LIMIT_EXCEEDED"
    assert error["extensions"]["limit"] == MAX_READING_PAGE


def test_one_node_may_have_long_histories() -> None:
    query = '{ pnode(id: "x") { history(from: "2026-12-15T00:00:00Z", resolution: H1) { points { start score { avg } } } } }'

    assert refused(query) is False


async def test_the_cost_is_published() -> None:
    response = await Client().execute("{ snapshot { slot } }")

    assert response["extensions"] == {"cost": {"value": 2, "budget": BUDGET}}


def test_the_estimate_is_linear_in_the_document() -> None:
    def bomb(fragments: int) -> str:
        parts = [f"fragment f{i} on PNode {{ ...f{i + 1} ...f{i + 1} }}" for i in range(fragments)]
        return f"{{ pnodes {{ nodes {{ ...f0 }} }} }} {' '.join(parts)} fragment f{fragments} on PNode {{ id }}"

    assert cost(bomb(60)) > BUDGET
    assert lines_run(lambda: cost(bomb(60))) < 2.2 * lines_run(lambda: cost(bomb(30)))


def test_a_number_that_is_too_long_to_be_one_costs_as_if_it_were_not_there() -> None:
    assert cost(f"{{ pnodes(first: {'9' * 5_000}) {{ nodes {{ id }} }} }}") == SCAN_COST + 1 + 50
