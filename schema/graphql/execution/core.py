"""The parts of graphql-core that are used, with types where graphql-core leaves them open."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeGuard, cast

import graphql
import strawberry
from graphql import pyutils
from graphql.execution import executor, values

OutputType = Any
"""A `GraphQLOutputType`, which has type arguments that nobody sets."""

Result = graphql.ExecutionResult | Awaitable[graphql.ExecutionResult]

_graphql, _executor, _pyutils, _values = (cast("Any", module) for module in (graphql, executor, pyutils, values))

execute = cast("Callable[..., Result]", _graphql.execute)
named_type = cast("Callable[[OutputType], graphql.GraphQLNamedType]", _graphql.get_named_type)
is_awaitable = cast("Callable[[object], TypeGuard[Awaitable[Any]]]", _pyutils.is_awaitable)
coerce_variables = cast(
    "Callable[..., values.VariableValues | list[graphql.GraphQLError]]", _values.get_variable_values
)
default_field_resolver = cast("Callable[..., Any]", _executor.default_field_resolver)
default_type_resolver = cast("Callable[..., Any]", _executor.default_type_resolver)


class EventExecutor(executor.Executor[Any]):
    """Executes the results of a subscription, each with a separate cache.

    graphql-core shares a cache of selections between all results, with new keys in each result. Otherwise a
    subscription would use more memory with each result until it ends.
    """

    def build_per_event_executor(self, payload: Any) -> Any:
        event = cast("Any", super()).build_per_event_executor(payload)
        event._relevant_sub_fields = {}  # noqa: SLF001  (there is no public access)
        return event


def type_of(field: graphql.GraphQLField) -> OutputType:
    """The type of a field."""
    return cast("Any", field).type


def wrapped(type_: OutputType) -> OutputType:
    """The type that a list or a non-null type wraps."""
    return type_.of_type


def strawberry_schema(schema: graphql.GraphQLSchema) -> strawberry.Schema | None:
    """The Strawberry schema of a graphql-core schema. None if it was not made by Strawberry."""
    return getattr(schema, "_strawberry_schema", None)
