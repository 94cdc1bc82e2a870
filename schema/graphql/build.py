"""The schema, composed."""

from functools import cache
from typing import TYPE_CHECKING

import strawberry
from graphql import lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig

from schema.graphql.execution.checks import Guard, core_schema
from schema.graphql.execution.errors import PublicErrors, log_internal, request_id_of
from schema.graphql.query import Query
from schema.graphql.subscription import Subscription
from schema.graphql.types.scalars import SCALARS

if TYPE_CHECKING:
    from graphql import GraphQLError
    from strawberry.types import ExecutionContext


class PublicSchema(strawberry.Schema):
    """A schema that logs what is our fault, and nothing of what clients do wrong."""

    def process_errors(self, errors: "list[GraphQLError]", execution_context: "ExecutionContext | None" = None) -> None:
        log_internal(errors, request_id_of(getattr(execution_context, "context", None)))


@cache
def build_schema() -> strawberry.Schema:
    """The schema of the public API, with its limits and its masking of errors; one for the process.

    Executed with a `schema.graphql.execution.context.Context` for each operation.
    """
    return PublicSchema(
        query=Query,
        subscription=Subscription,
        # The last one is the innermost: errors are masked after everything else has had its say.
        extensions=[PublicErrors, Guard],
        # Not sort_schema: it replaces Strawberry's enum types, and resolvers would be given plain strings.
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True, batching_config=None),
    )


def export_sdl() -> str:
    """The schema in SDL, sorted, with a newline at its end: equal schemas give equal texts."""
    return print_schema(lexicographic_sort_schema(core_schema(build_schema()))).rstrip() + "\n"
