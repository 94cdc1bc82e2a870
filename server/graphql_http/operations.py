"""The GraphQL engine for the transports: persisted queries, rate limit, context and serialised results."""

import hashlib
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from schema.bounded import BoundedMap
from schema.graphql.execution.context import Context, PublicServiceInfo
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.errors import ErrorCode
from schema.graphql.execution.inputs import extent_of
from schema.graphql.execution.outcomes import Ready, Rejected, Response, Result
from schema.reads import Reads, Updates
from server.graphql_http.current import current_reads
from server.graphql_http.feeds import Source
from server.graphql_http.pace import SharedUpdates
from server.graphql_http.request import GraphQLRequest, Refused
from server.http.encode import encode
from server.http.ratelimit import RateLimit
from server.process.turns import LONG_COST, Turns

MAX_PERSISTED = 2_048
MAX_PERSISTED_BYTES = 8 * 2**20

# The cost of a refused operation, and the cost of parsing and validating a document, up to the length that its tokens
# can have.
REFUSED_COST = 50
PARSING_COST_PER_BYTE = 2
MAX_PRICED_BYTES = 8_192
MAX_UNPAID = 512
# Variables with more objects, lists and leaves than this take milliseconds to price.
LONG_VALUES = 100


class Operations:
    """Shared by all transports. `clock` returns unix seconds. `documents` are persisted from the start, by their
    hash."""

    def __init__(
        self,
        engine: Engine,
        reads: Reads,
        updates: Updates,
        service: PublicServiceInfo,
        *,
        clock: Callable[[], float],
        limit: RateLimit | None = None,
        turns: Turns | None = None,
        documents: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.reads = reads
        self._engine = engine
        self._updates = updates
        self._service = service
        self._clock = clock
        self._limit = limit or RateLimit(service.rate_limit)
        self._turns = turns or Turns()
        # Documents that were parsed for an operation that has not been charged yet, with the cost of parsing.
        self._unpaid = BoundedMap[str, int](max_entries=MAX_UNPAID, max_size=MAX_UNPAID, at_once=True)
        self._documents = documents
        self._persisted = BoundedMap[str, str](max_entries=MAX_PERSISTED, max_size=MAX_PERSISTED_BYTES, at_once=True)

    def known(self, request: GraphQLRequest) -> Ready | None:
        """`prepared` for a document that is in memory. None for one that takes longer, or is refused."""
        document = self._engine.known(request.query) if request.query is not None and not request.extensions else None
        if document is None or self._has_long_variables(request):
            return None
        name, variables = request.operation_name, request.variables
        ready = self._engine.ready(request.query or "", name, variables, self._clock(), document)
        return ready if isinstance(ready, Ready) else None

    def is_new(self, request: GraphQLRequest) -> bool:
        """Whether the document of a request would have to be parsed. Raises Refused if its hash is not valid."""
        text = self._text_of(request)
        return text is not None and self._engine.known(text) is None and self._engine.refused(text) is None

    def _text_of(self, request: GraphQLRequest) -> str | None:
        """The document of a request, or the one that it names by its hash. None if it is not known."""
        if request.query is not None:
            return request.query
        digest = request.persisted_hash
        return None if digest is None else self._document(digest)

    def _document(self, digest: str) -> str | None:
        return self._documents.get(digest) or self._persisted.get(digest)

    @staticmethod
    def _has_long_variables(request: GraphQLRequest) -> bool:
        return bool(request.variables) and extent_of(request.variables).values > LONG_VALUES

    async def prepare(self, request: GraphQLRequest, address: str) -> Ready | Rejected:
        """`prepared`, but new documents and long variables wait for their turn.

        Parsing is charged at once if the operation is refused, otherwise with the operation.
        """
        text = request.query or ""
        parses = self.is_new(request)
        if parses or self._has_long_variables(request):
            wait = self._limit.wait(address)
            if wait is not None:
                return _limited(wait)
            await self._turns.take()
        ready = self.prepared(request)
        parsing = PARSING_COST_PER_BYTE * min(len(text), MAX_PRICED_BYTES) if parses else 0
        if isinstance(ready, Rejected):
            self._limit.spend(address, REFUSED_COST + parsing)
        elif parsing > ready.cost:
            self._unpaid.put(ready.document.sha256, parsing - ready.cost, 1)
        return ready

    def prepared(self, request: GraphQLRequest) -> Ready | Rejected:
        """The operation of a request, validated and priced. A persisted query is looked up, or stored once it is valid.

        Raises Refused if the hash is not that of the query.
        """
        digest = request.persisted_hash
        query = request.query
        if digest is not None:
            if query is None:
                query = self._document(digest)
                if query is None:
                    return _failure("no persisted query has this hash", ErrorCode.PERSISTED_QUERY_NOT_FOUND)
            elif hashlib.sha256(query.encode()).hexdigest() != digest:
                raise Refused(HTTPStatus.BAD_REQUEST, "extensions.persistedQuery.sha256Hash is not that of `query`")
        ready = self._engine.ready(query or "", request.operation_name, request.variables, self._clock())
        if digest is not None and request.query is not None and isinstance(ready, Ready):
            self._persisted.put(digest, request.query, len(request.query))
        return ready

    def charge(self, ready: Ready, address: str) -> Rejected | None:
        """Charge the client's allowance for an operation that is about to run."""
        wait = self._limit.charge(address, self._engine.due(ready))
        if wait is not None:
            return _limited(wait)
        parsing = self._unpaid.get(ready.document.sha256)
        if parsing is not None:
            self._unpaid.pop(ready.document.sha256)
            self._limit.spend(address, parsing)
        return None

    async def ready(self, request: GraphQLRequest, address: str) -> Ready | Rejected:
        """`prepare` and `charge`, for transports without a cache."""
        try:
            ready = await self.prepare(request, address)
        except Refused as refused:
            return _failure(refused.message, ErrorCode.BAD_USER_INPUT)
        return ready if isinstance(ready, Rejected) else self.charge(ready, address) or ready

    async def run(self, ready: Ready, request_id: str | None) -> Result:
        """The result of a query. It waits for its turn if it takes milliseconds, alone or together with others."""
        await self._turns.share(ready.cost)
        return await self._engine.run(ready, self._context(request_id))

    def run_at_once(self, ready: Ready) -> Result | None:
        """The result of a short query, if there is no rate limit to charge it to, time left for it in this iteration of
        the event loop, nothing to wait for, and no error."""
        current = self.reads.current()
        if current is None or not self._limit.is_off or not self._turns.has_time or ready.cost > LONG_COST:
            return None
        context = self._context(None)
        context.reads = current_reads(current)
        with self._turns.at_once():
            return self._engine.run_at_once(ready, context)

    def feed(self, ready: Ready) -> tuple[Hashable | None, Source]:
        """The key under which results can be shared (None: not at all), and their source.

        A query has one result, at the time of its request. A subscription that starts at a cursor replays a past of its
        own. All other subscriptions have the same results for every client.
        """

        async def source() -> AsyncGenerator[bytes, None]:
            if not ready.is_subscription:
                yield encode((await self.run(ready, None)).response)
                return
            context = self._context(None, SharedUpdates(self._updates, self._turns, ready.cost))
            async for result in self._engine.stream(ready, context, self._clock):
                yield encode(result.response)
                await self._turns.share(ready.cost)

        starts_in_the_past = any(
            argument.name.value == "after" for field in ready.root_fields for argument in field.arguments or ()
        )
        shared = ready.is_subscription and bool(ready.root_fields) and not starts_in_the_past
        return (ready.question if shared else None), source

    def _context(self, request_id: str | None, updates: Updates | None = None) -> Context:
        return Context(
            reads=self.reads,
            updates=updates or self._updates,
            now=self._clock(),
            service=self._service,
            request_id=request_id,
        )


def error_response(message: str, code: ErrorCode, **extensions: object) -> Response:
    """A response with one error, for a request that never became an operation."""
    return {"errors": [{"message": message, "extensions": {"code": code.value, **extensions}}]}


def _failure(message: str, code: ErrorCode, **extensions: object) -> Rejected:
    return Rejected(error_response(message, code, **extensions)["errors"])


def _limited(wait: int) -> Rejected:
    return _failure(f"the allowance is used up, try again in {wait} s", ErrorCode.RATE_LIMITED, retryAfter=wait)
