"""Whether the tests run operations compiled: GRAPHQL_COMPILED=false leaves them to graphql-core, as it does in service."""

import os

from schema.graphql.build import build_schema
from schema.graphql.execution.compiled import compile_operation
from schema.graphql.execution.engine import Engine

COMPILED = os.environ.get("GRAPHQL_COMPILED", "true").lower() != "false"


def engine() -> Engine:
    """An engine over the real schema."""
    return Engine(build_schema(), compile_operation=compile_operation if COMPILED else None)
