"""Results of graphql-core and of compiled operations, in a form that shows any difference."""

from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, cast

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLSchema, OperationDefinitionNode, execute, parse, validate

from schema.graphql.build import build_schema
from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.compiled import Compiled, Compiler
from schema.graphql.execution.errors import mask_errors

CORE = core_schema(build_schema())


def parsed(query: str) -> DocumentNode:
    return parse(query)


def valid(query: str, schema: GraphQLSchema = CORE) -> DocumentNode:
    """The document of a query that must be valid."""
    document = parse(query)
    assert validate(schema, document) == [], query
    return document


def operation_of(document: DocumentNode) -> OperationDefinitionNode:
    return next(d for d in document.definitions if isinstance(d, OperationDefinitionNode))


def compiled(query: str, compiler: Compiler | None = None, schema: GraphQLSchema = CORE) -> Compiled:
    """The query, which must compile, as a function."""
    document = valid(query, schema)
    found = (compiler or Compiler()).compile(schema, document, operation_of(document))
    assert found is not None, query
    return found


async def settled(result: Any) -> ExecutionResult:
    """A result that may have to be awaited."""
    return cast("ExecutionResult", await result if isawaitable(result) else result)


async def by_core(
    document: DocumentNode, context: object, variables: Mapping[str, Any], schema: GraphQLSchema = CORE
) -> ExecutionResult:
    """The result of graphql-core."""
    return await settled(execute(schema, document, context_value=context, variable_values=dict(variables)))


def written(result: ExecutionResult) -> tuple[bytes, list[str]]:
    """The result as bytes: data and errors, bare and masked, and the original errors."""
    errors = result.errors or []
    answer = {
        "data": result.data,
        "errors": None if result.errors is None else [error.formatted for error in errors],
        "masked": [error.formatted for error in mask_errors(errors, "request-1")],
    }
    return _bytes(answer), [repr(error.original_error) for error in errors]


def _bytes(answer: object) -> bytes:
    try:
        return orjson.dumps(answer)
    except TypeError as error:
        return f"{error}: {answer!r}".encode()
