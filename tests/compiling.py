"""Whether tests run compiled operations. GRAPHQL_COMPILED=false uses graphql-core, as it does in production."""

import os

from schema.graphql.build import build_schema
from schema.graphql.execution.compiled import compile_operation
from schema.graphql.execution.engine import Engine

COMPILED = os.environ.get("GRAPHQL_COMPILED", "true").lower() != "false"


def engine() -> Engine:
    """An engine over the real schema."""
    return Engine(build_schema(), compile_operation=compile_operation if COMPILED else None)
