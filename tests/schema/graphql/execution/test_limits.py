"""Hostile documents, which must be refused quickly, and documents that must pass."""

import gc
import weakref

import pytest
from graphql import get_introspection_query

from schema.graphql.build import build_schema
from schema.graphql.execution.checks import parse_document
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.limits import MAX_ALIASES, MAX_DEPTH, MAX_DIRECTIVES, MAX_ERRORS, MAX_FIELDS, MAX_TOKENS
from schema.graphql.execution.outcomes import Rejected, Response
from tests.schema.graphql.asking import Client
from tests.work import lines_run

# About 20 and 40 ms of CPU on a machine of 2020.
MAX_LINES_A_FRAGMENT = 3_000
MAX_LINES = 1_000_000


def refused(query: str) -> list[Response]:
    """The errors of a document that an engine sees for the first time, before it runs."""
    document = Engine(build_schema()).document(query)
    return document.errors if isinstance(document, Rejected) else []


def errors_of(query: str) -> list[tuple[str, str]]:
    """The errors of a document before it runs: code and message."""
    return [(error["extensions"]["code"], error["message"]) for error in refused(query)]


def limited(query: str) -> str | None:
    """The limit that a document exceeds."""
    return next((e["extensions"]["limited"] for e in refused(query) if "limited" in e["extensions"]), None)


def bomb(fragments: int) -> str:
    """A document of fragments, each of which spreads the next one twice: 2^fragments fields."""
    parts = [f"fragment f{i} on PNode {{ ...f{i + 1} ...f{i + 1} }}" for i in range(fragments)]
    return f"{{ pnodes {{ nodes {{ ...f0 }} }} }} {' '.join(parts)} fragment f{fragments} on PNode {{ id }}"


def fields(count: int) -> str:
    return "{ snapshot { " + " ".join(["slot"] * count) + " } }"


def aliases(count: int) -> str:
    return "{" + " ".join(f"a{i}: __typename" for i in range(count)) + "}"


def deep(depth: int) -> str:
    """`depth` nested fields: pnodes, nodes, operator, pnodes, operator …"""
    names = ["pnodes", "nodes", *["operator", "pnodes"] * depth][: depth - 1]
    return "{" + "{".join([*names, "__typename"]) + "}" * depth


@pytest.mark.parametrize(
    ("query", "name"),
    [
        (fields(MAX_FIELDS), "fields"),
        (fields(MAX_FIELDS - 1), None),
        (aliases(MAX_ALIASES + 1), "aliases"),
        (aliases(101), "aliases"),
        (aliases(MAX_ALIASES), None),
        ("{__typename" + "@skip(if:false)" * (MAX_DIRECTIVES + 1) + "}", "directives"),
        ("{ ...f " + "@skip(if:false)" * (MAX_DIRECTIVES + 1) + "} fragment f on Query { __typename }", "directives"),
        ("query q " + "@a " * (MAX_DIRECTIVES + 1) + "{ __typename }", "directives"),
        ("query q($v: Int " + "@a " * (MAX_DIRECTIVES + 1) + ") { __typename }", "directives"),
        ("{ ... " + "@skip(if:false)" * (MAX_DIRECTIVES + 1) + "{ __typename } }", "directives"),
        (deep(MAX_DEPTH + 1), "depth"),
        (deep(MAX_DEPTH), None),
        (bomb(40), "fields"),
        ("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }", None),
        ("{ ...a } fragment a on Query { __typename ...a }", None),
        (" ".join(f"query q{i} {{ __typename }}" for i in range(11)), "operations"),
        ("{ ...nowhere }", None),
    ],
)
def test_each_limit(query: str, name: str | None) -> None:
    assert limited(query) == name


def test_fragments_count_wherever_they_are_spread() -> None:
    spreads = " ".join(["...f"] * 11)
    document = f"{{ {spreads} }} fragment f on Query {{ a: __typename b: __typename c: __typename }}"

    assert limited(document) == "aliases"


def test_inline_fragments_add_no_depth() -> None:
    assert limited("{" + "...{" * 12 + "__typename" + "}" * 13) is None


@pytest.mark.parametrize("fragments", [12, 20, 40, 60])
def test_a_bomb_of_fragments_is_refused_with_work_in_proportion_to_its_length(fragments: int) -> None:
    query = bomb(fragments)

    assert [code for code, _ in errors_of(query)] == ["GRAPHQL_VALIDATION_FAILED"]
    assert lines_run(lambda: errors_of(query)) < MAX_LINES_A_FRAGMENT * fragments


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("long string", '{ pnode(address: "' + "x" * 65_000 + '") { id } }', None),
        ("long integer", "{ pnodes(first: " + "9" * 5_000 + ") { totalCount } }", "GRAPHQL_VALIDATION_FAILED"),
        ("huge float", "{ pnodes(where: {score: {gt: 1e400}}) { totalCount } }", None),
        ("deep list", "{ pnodes(where: " + "[" * 900 + "]" * 900 + ") { totalCount } }", "GRAPHQL_PARSE_FAILED"),
        ("deep selection", "{a" * 900 + "}" * 900, "GRAPHQL_PARSE_FAILED"),
        ("unknown fields", "{" + " ".join(f"f{i}" for i in range(990)) + "}", "GRAPHQL_VALIDATION_FAILED"),
        ("operations", " ".join(f"query q{i}{{__typename}}" for i in range(390)), "GRAPHQL_VALIDATION_FAILED"),
        ("comments", "{ __typename }" + "#\n" * 100_000, "GRAPHQL_PARSE_FAILED"),
        ("tokens", "{" + " __typename" * MAX_TOKENS + "}", "GRAPHQL_PARSE_FAILED"),
        ("unknown directives", "{ __typename " + "@aa " * 10 + "}", "GRAPHQL_VALIDATION_FAILED"),
        ("broken", "{", "GRAPHQL_PARSE_FAILED"),
        ("empty", "", "GRAPHQL_PARSE_FAILED"),
    ],
)
def test_a_hostile_document_is_answered_with_bounded_work(name: str, query: str, code: str | None) -> None:
    errors = errors_of(query)

    assert {c for c, _ in errors} == ({code} if code else set())
    assert len(errors) <= MAX_ERRORS
    assert lines_run(lambda: errors_of(query)) < MAX_LINES, name


def test_suggestions_are_not_made() -> None:
    assert errors_of("{ pnode1 }") == [
        ("GRAPHQL_VALIDATION_FAILED", "Cannot query field 'pnode1' on type 'Query'."),
    ]


def test_the_standard_introspection_query_passes() -> None:
    assert limited(get_introspection_query(specified_by_url=True, directive_is_repeatable=True)) is None


async def test_introspection_is_answered() -> None:
    answer = await Client().ask(get_introspection_query())

    assert answer["__schema"]["queryType"]["name"] == "Query"


def test_introspection_that_goes_in_circles_is_refused() -> None:
    query = "{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}"

    assert errors_of(query)[0][1] == "Maximum introspection depth exceeded"


async def test_the_first_of_two_operations_is_not_run_by_chance() -> None:
    client = Client()
    two = "query one { __typename } query two { snapshot { slot } }"

    assert await client.code(two) == "BAD_USER_INPUT"
    assert (await client.execute(two, operation_name="one"))["data"] == {"__typename": "Query"}


def test_a_document_is_freed_without_a_search_for_garbage() -> None:
    document = parse_document("query q($n: Int) { a: pnodes(first: $n) { nodes { id } } }").document
    left = weakref.ref(document)
    gc.disable()
    try:
        del document
        assert left() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "query",
    [
        "{" + "...{pnodes{nodes{id}}}" * 180 + "}",
        "{" + "pnodes{nodes{operator{pnodes{operator{key}}}}}" * 100 + "}",
        "{" + "...f " * 150 + "} fragment f on Query { pnodes { totalCount } }",
        "{ snapshot {" + " slot" * 900 + "} }",
    ],
)
def test_what_validation_compares_in_pairs_is_bounded(query: str) -> None:
    found = errors_of(query)

    assert len(found) == 1
    assert "pairs" in found[0][1]


def test_a_field_may_be_selected_by_as_many_fragments_as_a_page_has_parts() -> None:
    parts = " ".join(f"fragment f{n} on PNode {{ id address score {{ tier }} }}" for n in range(20))
    spread = " ".join(f"...f{n}" for n in range(20))

    assert errors_of(f"{{ pnodes {{ nodes {{ {spread} }} }} }} {parts}") == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ __typename } fragment f on Query { __typename }", "Fragment 'f' is never used."),
        ("{ ...a } fragment a on Query { ...a }", "Cannot spread fragment 'a' within itself."),
        (
            "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }",
            "Cannot spread fragment 'a' within itself.",
        ),
    ],
)
def test_fragments_that_nothing_bounds_are_refused_before_they_are_looked_at(query: str, message: str) -> None:
    assert errors_of(query) == [("GRAPHQL_VALIDATION_FAILED", message)]
