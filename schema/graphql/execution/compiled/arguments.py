"""The arguments of a field: computed once if they are literals, otherwise once for each execution."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import strawberry
from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, ValueNode, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import StrawberryArgument, convert_arguments

from schema.graphql.execution.compiled.errors import Unexpected

Arguments = Mapping[str, Any]
"""The arguments of a resolver, by their names in Python."""

NO_VARIABLES = VariableValues({}, {})


class Given(NamedTuple):
    """The arguments of a selected field. `written` is None if they depend on variables, or are invalid."""

    field: GraphQLField
    node: FieldNode
    declared: list[StrawberryArgument]
    written: Arguments | None = None


class ArgumentReader:
    """Reads arguments as graphql-core and Strawberry do together."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._config = schema.config
        self._scalars = schema.schema_converter.scalar_registry
        self._info = cast("strawberry.Info[Any, Any]", _NoInfo())

    def given(self, field: GraphQLField, node: FieldNode, declared: list[StrawberryArgument]) -> Given:
        """The arguments of a field as `node` selects it."""
        found = Given(field, node, declared)
        if any(_has_variable(argument.value) for argument in node.arguments or ()):
            return found
        try:
            return found._replace(written=self.read(found, NO_VARIABLES))
        except Exception:  # noqa: BLE001  (each execution meets the same error, and reports it)
            return found

    def read(self, given: Given, variables: VariableValues) -> Arguments:
        """The values of arguments. Raises the errors of graphql-core and Strawberry for invalid ones."""
        values = get_argument_values(given.field, given.node, variables)
        return convert_arguments(values, given.declared, self._scalars, self._config, self._info)


class _NoInfo:
    """A placeholder for the `Info` of a field. graphql-core builds inputs that use any of its attributes."""

    def __getattr__(self, name: str) -> object:
        raise Unexpected(f"an input asks for {name} of the field's info")


def _has_variable(node: ValueNode) -> bool:
    match node:
        case VariableNode():
            return True
        case ListValueNode(values=values):
            return any(_has_variable(value) for value in values)
        case ObjectValueNode(fields=fields):
            return any(_has_variable(field.value) for field in fields)
        case _:
            return False
