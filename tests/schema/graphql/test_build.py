"""The whole schema: its golden SDL, its descriptions, and that it publishes the fields of the records."""

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    is_specified_scalar_type,
)
from graphql import (
    build_schema as build_core_schema,
)
from strawberry.types.base import get_object_definition

from schema.graphql.build import build_schema, export_sdl
from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.types.fields import PUBLISHED, Attribute

GOLDEN = Path(__file__).parents[3] / "schema" / "schema.graphql"


def own_types() -> list[GraphQLNamedType]:
    types = core_schema(build_schema()).type_map.values()
    return [t for t in types if not t.name.startswith("__") and not is_specified_scalar_type(t)]


def members(type_: Any) -> dict[str, Any]:
    """Everything with a description in a type, by its path."""
    found: dict[str, Any] = {type_.name: type_}
    if isinstance(type_, GraphQLEnumType):
        found |= {f"{type_.name}.{name}": value for name, value in type_.values.items()}
    if isinstance(type_, GraphQLInputObjectType | GraphQLObjectType):
        found |= {f"{type_.name}.{name}": field for name, field in type_.fields.items()}
    if isinstance(type_, GraphQLObjectType):
        found |= {
            f"{type_.name}.{name}({argument})": definition
            for name, field in type_.fields.items()
            for argument, definition in field.args.items()
        }
    return found


def test_the_golden_sdl_is_the_schema() -> None:
    assert export_sdl() == GOLDEN.read_text(), "run `make schema`, and look at the difference"


def test_the_golden_sdl_is_a_schema() -> None:
    assert build_core_schema(GOLDEN.read_text()).query_type is not None


def test_the_schema_is_built_once() -> None:
    assert build_schema() is build_schema()


def test_everything_has_a_description() -> None:
    bare = [path for type_ in own_types() for path, member in members(type_).items() if not member.description]

    assert bare == []


def test_descriptions_are_sentences() -> None:
    texts = {path: m.description for type_ in own_types() for path, m in members(type_).items()}

    assert [path for path, text in texts.items() if not text.endswith(".")] == []


@pytest.mark.parametrize(
    ("part", "unit"),
    [("Seconds", "second"), ("Percent", "percent"), ("Bytes", "byte"), ("Milliseconds", "millisecond")],
)
def test_names_that_carry_a_unit_say_it_in_their_description(part: str, unit: str) -> None:
    silent = [
        path
        for type_ in own_types()
        for path, member in members(type_).items()
        if path.endswith(part) and unit not in member.description.lower()
    ]

    assert silent == []


def test_there_are_no_mutations() -> None:
    assert core_schema(build_schema()).mutation_type is None


def test_only_two_scalars_are_our_own() -> None:
    assert {t.name for t in own_types() if isinstance(t, GraphQLScalarType)} == {"BigInt", "DateTime"}


def attributes() -> list[tuple[type, type, str]]:
    found: list[tuple[type, type, str]] = []
    for declared, record in PUBLISHED.items():
        definition = get_object_definition(declared, strict=True)
        found += [(declared, record, f.python_name) for f in definition.fields if isinstance(f, Attribute)]
    return found


def test_each_published_attribute_exists_on_its_record() -> None:
    """GraphQL reads attributes from records by name. A renamed one would answer every query with an error."""
    missing = [
        f"{declared.__name__}.{name}"
        for declared, record, name in attributes()
        if name not in getattr(record, "model_fields", {})
        and not hasattr(record, name)
        and name not in getattr(record, "__annotations__", {})
        and name not in getattr(record, "__slots__", ())
    ]

    assert missing == []


def test_a_view_hands_attributes_through() -> None:
    class Record:
        value = 3

    view: Any = InSnapshot(Record(), None)  # type: ignore[arg-type]  # the tables are not used

    assert view.value == 3
