"""The checks of every operation before it runs: parsing, limits, validation and cost."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry import Schema
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.graphql.execution.cost import BUDGET, MAX_READING_PAGE, cost_of
from schema.graphql.execution.errors import ErrorCode, coded
from schema.graphql.execution.introspection import TooLarge
from schema.graphql.execution.lexing import has_too_many_tokens
from schema.graphql.execution.limits import MAX_ERRORS, MAX_TOKENS, broken_limits
from schema.graphql.types.fields import Terms

RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
PARSE_OPTIONS: Mapping[str, Any] = {"max_tokens": MAX_TOKENS}


class Checked(NamedTuple):
    """A document that parses, or the errors for which it must not run."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()


class Priced(NamedTuple):
    """The cost of an operation, and the error if that is too much."""

    cost: int
    error: GraphQLError | None = None


def parse_document(query: str) -> Checked:
    """The document of a query, or its error. At most 2,000 tokens are allowed, including comments."""
    if has_too_many_tokens(query):
        # Counting takes a fraction of the time in which the parser would find out.
        text = f"Syntax Error: Document contains more than {MAX_TOKENS} tokens. Parsing aborted."
        return Checked(None, (coded(GraphQLError(text), ErrorCode.GRAPHQL_PARSE_FAILED),))
    try:
        document = parse(query, **PARSE_OPTIONS)
    except GraphQLError as error:
        return Checked(None, (coded(error, ErrorCode.GRAPHQL_PARSE_FAILED),))
    # Tokens refer to their neighbours on both sides. Only the garbage collector could free a document with such cycles.
    token = document.loc.start_token if document.loc else None
    while token is not None:
        token.prev, token.next, token = None, None, token.next
    return Checked(document)


def validate_document(schema: GraphQLSchema, document: DocumentNode) -> tuple[GraphQLError, ...]:
    """At most 5 errors of a document. The limits are checked first, because other rules may be slow on documents over
    them."""
    errors = broken_limits(schema, document)
    if not errors:
        errors = validate(schema, document, RULES, max_errors=MAX_ERRORS, hide_suggestions=True)
    return tuple(coded(error, ErrorCode.GRAPHQL_VALIDATION_FAILED) for error in errors[:MAX_ERRORS])


def choose_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | GraphQLError:
    """The operation to run: the named one, or the only one."""
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if name is None and len(operations) == 1:
        return operations[0]
    for operation in operations:
        if name is not None and operation.name is not None and operation.name.value == name:
            return operation
    message = (
        f"The document has {len(operations)} operations, expected operationName to choose one."
        if name is None
        else f"The document has no operation named {name:.60}."
    )
    return GraphQLError(message, extensions={"code": ErrorCode.BAD_USER_INPUT.value})


def price(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, object],
    terms: Terms,
) -> Priced:
    """The cost of a valid operation, with an error if it exceeds the budget, reads the store too often, or has an
    argument with too many values.
    """
    try:
        found = cost_of(schema, document, operation, variables, terms)
    except TooLarge:
        text = f"The answer about the schema has more than {BUDGET} fields; ask for less of it."
        return Priced(BUDGET, _too_costly(text, operation, BUDGET + 1, BUDGET))
    except GraphQLError as error:
        return Priced(0, error)
    if found.reads > MAX_READING_PAGE:
        text = f"history and availability in a list need pages of at most {MAX_READING_PAGE}."
        return Priced(found.fixed, _too_costly(text, operation, found.fixed, MAX_READING_PAGE))
    if found.fixed > BUDGET:
        text = f"The operation costs {found.fixed}, expected at most {BUDGET}; ask for fewer fields or smaller pages."
        return Priced(found.fixed, _too_costly(text, operation, found.fixed, BUDGET))
    return Priced(found.fixed)


def _too_costly(text: str, operation: OperationDefinitionNode, cost: int, limit: int) -> GraphQLError:
    extensions = {"code": ErrorCode.COST_LIMIT_EXCEEDED.value, "cost": cost, "limit": limit}
    return GraphQLError(text, operation, extensions=extensions)


def core_schema(schema: Schema) -> GraphQLSchema:
    """graphql-core's schema within Strawberry's, which has no public name for it."""
    return schema._schema  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (there is no public access)
