"""Runs operations. Each document is parsed and validated once, then cached. Each operation is priced, then executed.

A transport calls `ready`, and then `run` (one result) or `stream` (many).
"""

import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, cast
from weakref import WeakValueDictionary

import orjson
import strawberry
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    execute,  # pyright: ignore[reportUnknownVariableType]  (graphql-core leaves its type arguments open)
    located_error,
    subscribe,  # pyright: ignore[reportUnknownVariableType]  (likewise)
)

from schema.bounded import BoundedMap, compact
from schema.domain.base import MINUTE
from schema.graphql.execution.checks import (
    Priced,
    choose_operation,
    core_schema,
    parse_document,
    price,
    validate_document,
)
from schema.graphql.execution.context import Context
from schema.graphql.execution.core import EventExecutor
from schema.graphql.execution.cost import BUDGET
from schema.graphql.execution.documents import BYTES_PER_CHARACTER, Document, Executable
from schema.graphql.execution.errors import log_internal, mask_errors
from schema.graphql.execution.inputs import refused_variables
from schema.graphql.execution.introspection import Introspection
from schema.graphql.execution.outcomes import Question, Ready, Rejected, Response, Result
from schema.graphql.types.fields import Terms

MAX_DOCUMENTS = 512
MAX_DOCUMENT_BYTES = 16 * 2**20
MAX_INTROSPECTED = 64
MAX_INTROSPECTED_BYTES = 4 * 2**20
KEPT_COST = 30

ASSUMED_NODES = 10_000  # if the number of nodes is not known
NODES_STEP = 100  # prices use the number of nodes rounded up, so that they seldom change

MAX_REFUSED = 256
MAX_REFUSED_BYTES = 2**20
REFUSAL_BYTES = 2_048

Compile = Callable[[GraphQLSchema, DocumentNode, OperationDefinitionNode], Executable | None]


class Engine:
    """Runs operations of one schema.

    `compile_operation` makes faster executors; without it, graphql-core runs all operations. Prices depend on the
    polling interval, in seconds, and on the current number of nodes.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        compile_operation: Compile | None = None,
        interval: int = MINUTE,
        nodes: Callable[[], int] = lambda: ASSUMED_NODES,
    ) -> None:
        self.core: GraphQLSchema = core_schema(schema)
        self._compile = compile_operation
        self._interval = interval
        self._nodes = nodes
        bounds = {"max_entries": MAX_INTROSPECTED, "max_size": MAX_INTROSPECTED_BYTES}
        self._introspected = BoundedMap[Question, bytes](**bounds, at_once=True)
        bounds = {"max_entries": MAX_REFUSED, "max_size": MAX_REFUSED_BYTES}
        self._refused = BoundedMap[str, Rejected](**bounds, at_once=True)
        self._documents = BoundedMap[str, Document](max_entries=MAX_DOCUMENTS, max_size=MAX_DOCUMENT_BYTES)
        # The documents of subscriptions. Subscribers with equal documents share one.
        self._held = WeakValueDictionary[str, Document]()

    def document(self, query: str) -> Document | Rejected:
        """The validated document of this text, from memory if it was requested before."""
        found = self.known(query) or self.refused(query)
        if found is not None:
            return found
        parsed = parse_document(query)
        errors = validate_document(self.core, parsed.document) if parsed.document is not None else parsed.errors
        if parsed.document is None or errors:
            refused = _failure(errors)
            self._refused.put(query, refused, len(query) + REFUSAL_BYTES)
            return refused
        digest = hashlib.sha256(query.encode("utf-8", "surrogatepass")).hexdigest()
        document = Document(digest, parsed.document, len(query))
        self._documents.put(query, document, BYTES_PER_CHARACTER * document.size)
        return document

    def known(self, query: str) -> Document | None:
        """The document of this text, if it is in memory. All others have to be parsed and validated."""
        return self._documents.get(query) or self._held.get(query)

    def refused(self, query: str) -> Rejected | None:
        """The errors of a recently refused document with this text."""
        return self._refused.get(query)

    def ready(
        self,
        query: str,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        now: float,
        known: Document | None = None,
    ) -> Ready | Rejected:
        """The operation of a request, checked and priced at time `now` (unix seconds); else its errors."""
        document = known or self.document(query)
        if isinstance(document, Rejected):
            return document
        operation = choose_operation(document.node, operation_name)
        if isinstance(operation, GraphQLError):
            return _failure((operation,))
        given = variables or {}
        refused = refused_variables(given) if given else None
        if refused is not None:
            return _failure((refused,))
        written = compact(orjson.dumps(given, option=orjson.OPT_SORT_KEYS))
        priced = self._priced(document, operation, operation_name, given, (written, now))
        if priced.error is not None:
            return _failure((priced.error,))
        if operation.operation is OperationType.SUBSCRIPTION:
            self._held[query] = document
        return Ready(
            document, operation, operation_name, given, priced.cost, (document.sha256, operation_name, written)
        )

    def _priced(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        name: str | None,
        variables: Mapping[str, Any],
        asked: tuple[bytes, float],
    ) -> Priced:
        """The price of an operation with these variables in this minute. A range that ends now grows with time."""
        written, now = asked
        minute = int(now) // MINUTE
        nodes = -(-self._nodes() // NODES_STEP) * NODES_STEP
        terms = Terms(minute * MINUTE, self._interval, nodes)
        return document.prices.get(
            name, written, terms, lambda: price(self.core, document.node, operation, variables, terms)
        )

    async def run(self, ready: Ready, context: Context) -> Result:
        """The one result of a query."""
        about_schema = self._about_schema(ready)
        if about_schema is not None:
            return about_schema
        try:
            return _published(await self._executed(ready, context), ready, context)
        finally:
            context.forget()

    def run_at_once(self, ready: Ready, context: Context) -> Result | None:
        """The result of a compiled query that waits for nothing and has no errors. All others are not tried again."""
        document, name = ready.document, ready.name
        compiled = document.compiled.get(name)
        if compiled is None or compiled.gathers or document.introspects or name in document.waits:
            return None
        try:
            result = _at_once(compiled(context, ready.variables))
        except Exception:  # noqa: BLE001  (the execution through ASGI meets the same error, and reports it)
            result = None
        finally:
            context.forget()
        if result is None or result.errors:
            document.waits.add(name)
            return None
        return _published(result, ready, context)

    def due(self, ready: Ready) -> int:
        """The charge for an operation. A cached introspection result costs nearly nothing."""
        return KEPT_COST if self._introspected.get(ready.question) is not None else ready.cost

    def _about_schema(self, ready: Ready) -> Result | None:
        """The result of an operation that selects only the schema, computed once. None for all others."""
        if not ready.document.introspects or ready.is_subscription:
            return None
        written = self._introspected.get(ready.question)
        if written is None:
            data = Introspection(self.core, ready.document.node, ready.operation, ready.variables, BUDGET).whole()
            if data is None:
                return None
            written = compact(orjson.dumps(data))
            self._introspected.put(ready.question, written, len(written))
        return Result(
            {"data": orjson.Fragment(written), "extensions": _extensions(ready)}, request_error=False, complete=True
        )

    async def _executed(self, ready: Ready, context: Context) -> ExecutionResult:
        compiled = self._compiled(ready)
        if compiled is not None:
            result = compiled(context, ready.variables)
        else:
            result = execute(
                self.core,
                ready.document.node,
                context_value=context,
                variable_values=dict(ready.variables),
                operation_name=ready.name,
            )
        if isawaitable(result):
            result = await result
        return cast("ExecutionResult", result)

    async def stream(self, ready: Ready, context: Context, clock: Callable[[], float]) -> AsyncGenerator[Result, None]:
        """The results of a subscription, or the one result of a query, each executed at its own time."""
        if not ready.is_subscription:
            yield await self.run(ready, context)
            return
        source = subscribe(
            self.core,
            ready.document.node,
            context_value=context,
            variable_values=dict(ready.variables),
            operation_name=ready.name,
            executor_class=EventExecutor,
        )
        opened = await source if isawaitable(source) else source
        if isinstance(opened, ExecutionResult):
            yield _published(opened, ready, context)
            return
        results = cast("AsyncGenerator[ExecutionResult, None]", opened)
        async with aclosing(results):
            context.renew(clock())
            try:
                async for result in results:
                    yield _published(result, ready, context)
                    context.renew(clock())
            except Exception as error:  # noqa: BLE001  (the source may fail in any way: the client gets it as an error)
                yield _published(ExecutionResult(errors=[_at_root(error, ready)]), ready, context)

    def _compiled(self, ready: Ready) -> Executable | None:
        if self._compile is None:
            return None
        known = ready.document.compiled
        if ready.name not in known:
            known[ready.name] = self._compile(self.core, ready.document.node, ready.operation)
        return known[ready.name]


def _at_once(result: object) -> ExecutionResult | None:
    """The result of an execution that has nothing to wait for. Otherwise the execution ends, and there is none."""
    if not isinstance(result, Coroutine):
        return cast("ExecutionResult", result)
    execution = cast("Coroutine[object, None, ExecutionResult]", result)
    try:
        execution.send(None)
    except StopIteration as ended:
        return cast("ExecutionResult", ended.value)
    execution.close()
    return None


def _at_root(error: Exception, ready: Ready) -> GraphQLError:
    """An error of the source of a subscription, with the path of its one field."""
    field = ready.root_fields[0] if ready.root_fields else None
    name = field and (field.alias or field.name).value
    return located_error(error, field and [field], name and [name])


def _failure(errors: tuple[GraphQLError, ...]) -> Rejected:
    return Rejected([cast("Response", error.formatted) for error in mask_errors(errors)])


def _published(result: ExecutionResult, ready: Ready, context: Context) -> Result:
    """A result as clients see it, with its cost: errors masked and coded, and without `data` if nothing was
    executed."""
    response: Response = {}
    errors = result.errors
    request_error = result.data is None and errors is not None and all(error.path is None for error in errors)
    if errors:
        log_internal(errors, context.request_id)
        response["errors"] = [error.formatted for error in mask_errors(errors, context.request_id)]
    if not request_error:
        response["data"] = result.data
    response["extensions"] = _extensions(ready)
    return Result(response, request_error, complete=not errors)


def _extensions(ready: Ready) -> Response:
    return {"cost": {"value": ready.cost, "budget": BUDGET}}
