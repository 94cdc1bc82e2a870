"""Bounds the arguments of clients before any other code reads them, and substitutes variables.

Coercing a value takes microseconds for each object, list and leaf in it, regardless of its meaning: `{}` costs as much
as a condition. So all of them are counted, in variables, literals, defaults, or a mixture of both.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from graphql import GraphQLError, OperationDefinitionNode, ValueNode, VariableNode, value_from_ast_untyped

from schema.graphql.execution.errors import ErrorCode

# Objects, lists and leaves of the variables of a request, and of one argument with its variables in place.
MAX_VALUES = 2_000
MAX_VALUE_DEPTH = 24


class Extent(NamedTuple):
    """The extent of a value: the total number of its objects, lists and leaves, including itself, and their nesting
    depth."""

    values: int
    depth: int


def extent_of(value: object) -> Extent:
    """The extent of a value. Counting ends shortly after either bound is passed."""
    values, depth = 0, 0
    level: list[object] = [value]
    while level and values <= MAX_VALUES and depth <= MAX_VALUE_DEPTH:
        depth += 1
        values += len(level)
        below: list[object] = []
        for inner in level:
            if isinstance(inner, dict):
                below.extend(cast("dict[str, object]", inner).values())
            elif isinstance(inner, list):
                below.extend(cast("list[object]", inner))
            if len(below) > MAX_VALUES:
                break
        level = below
    return Extent(values + len(level), depth + bool(level))


def refused(name: str, value: object) -> GraphQLError | None:
    """The error for a value that is too large. `name` identifies it."""
    if not isinstance(value, dict | list):
        return None
    values, depth = extent_of(cast("object", value))
    if values > MAX_VALUES:
        return _too_much(f"{name}: more than {MAX_VALUES} values, expected at most {MAX_VALUES}", MAX_VALUES)
    if depth > MAX_VALUE_DEPTH:
        return _too_much(f"{name}: nested deeper than {MAX_VALUE_DEPTH}, expected at most that", MAX_VALUE_DEPTH)
    return None


def refused_variables(variables: Mapping[str, object]) -> GraphQLError | None:
    """The error for the variables of a request if they are too large together."""
    return refused("the request's variables", dict(variables)) if variables else None


def with_defaults(operation: OperationDefinitionNode, variables: Mapping[str, object]) -> Mapping[str, Any]:
    """The variables of a request, with the defaults of the omitted ones."""
    defaults = {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None and definition.variable.name.value not in variables
    }
    return {**defaults, **variables} if defaults else variables


def value_of(node: ValueNode, variables: Mapping[str, Any]) -> object:
    """The value of an argument, from a document and its variables. Variables within it share their values."""
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    return cast("object", value_from_ast_untyped(node, cast("dict[str, Any]", variables)))


def _too_much(text: str, limit: int) -> GraphQLError:
    return GraphQLError(text, extensions={"code": ErrorCode.BAD_USER_INPUT.value, "limit": limit})
