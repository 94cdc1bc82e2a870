"""A selection of all fields of a type, for tests that look for a field that nulls a whole response."""

from typing import Any

from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type, is_leaf_type

from schema.graphql.build import build_schema
from schema.graphql.execution.checks import core_schema

CORE = core_schema(build_schema())

# Required arguments of fields.
REQUIRED = {
    "pnode": 'id: "%s"',
    "comparePnodes": 'addresses: ["%s", "%s"]',
    "history": 'from: "2027-01-15T00:00:00Z"',
    "versionAdoption": 'from: "2027-01-15T00:00:00Z"',
    "availability": "window: H24",
    "groupBy": "key: VERSION",
}


def everything(type_: GraphQLObjectType, seen: tuple[str, ...] = ()) -> str:
    """A selection of all fields of a type and of their types, but not of a type within itself."""
    parts: list[str] = []
    for name, field in type_.fields.items():
        inner: Any = get_named_type(field.type)
        arguments = (
            f"({REQUIRED[name]})"
            if name in REQUIRED and any(isinstance(a.type, GraphQLNonNull) for a in field.args.values())
            else ""
        )
        if is_leaf_type(inner):
            parts.append(name + arguments)
        elif inner.name not in seen:
            parts.append(f"{name}{arguments} {{ {everything(inner, (*seen, inner.name))} }}")
    return " ".join(["__typename", *parts])
