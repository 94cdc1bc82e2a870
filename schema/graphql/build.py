"""The schema, composed."""

from functools import cache

import strawberry
from graphql import lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig

from schema.graphql.execution.checks import core_schema
from schema.graphql.query import Query
from schema.graphql.subscription import Subscription
from schema.graphql.types.scalars import SCALARS


@cache
def build_schema() -> strawberry.Schema:
    """The schema of the public API; one for the process.

    `schema.graphql.execution.engine.Engine` runs operations on it. Strawberry's own `execute` and `subscribe` apply
    neither the limits nor the masking of errors, and are never called.
    """
    # Not sort_schema: it replaces Strawberry's enum types, so resolvers would receive plain strings.
    return strawberry.Schema(query=Query, subscription=Subscription, config=StrawberryConfig(scalar_map=SCALARS))


def export_sdl() -> str:
    """The schema in SDL, sorted, with a final newline. Equal schemas give equal texts."""
    return print_schema(lexicographic_sort_schema(core_schema(build_schema()))).rstrip() + "\n"
