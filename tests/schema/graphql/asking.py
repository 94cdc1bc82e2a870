"""A test client of the schema: through the production engine, by compiled operations and by graphql-core."""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson

from schema.domain.snapshot.record import Snapshot
from schema.graphql.build import build_schema
from schema.graphql.execution.compiled import compile_operation
from schema.graphql.execution.context import Context, PublicServiceInfo
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.outcomes import Rejected, Response, Result
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

NOW = AT + 10


class Client:
    """A client of the schema over fakes. `now` can be changed, and each request has its own context.

    Each request runs on two engines, one that compiles and one that does not, which must give the same result. With
    `twice=False`, only the first runs, for tests that check the state that a request leaves.
    """

    def __init__(
        self,
        snapshots: Iterable[Snapshot] | None = None,
        *,
        now: float = NOW,
        service: PublicServiceInfo | None = None,
        reads: FakeReads | None = None,
        twice: bool = True,
    ) -> None:
        self.reads = reads or FakeReads([network(30)] if snapshots is None else snapshots)
        self.updates = FakeUpdates()
        self.now = now
        self.service = service or PublicServiceInfo()
        self.engine = Engine(
            build_schema(), compile_operation=compile_operation, interval=self.service.interval, nodes=self._nodes
        )
        self._plain = Engine(build_schema(), interval=self.service.interval, nodes=self._nodes) if twice else None

    def _nodes(self) -> int:
        current = self.reads.current()
        return len(current.nodes) if current is not None else 0

    def context(self) -> Context:
        return Context(
            reads=self.reads, updates=self.updates, now=self.now, service=self.service, request_id="request-1"
        )

    async def execute(
        self, query: str, variables: dict[str, Any] | None = None, operation_name: str | None = None
    ) -> Response:
        """The response as a client receives it."""
        response = await self._answer(self.engine, query, variables, operation_name)
        if self._plain is not None:
            assert await self._answer(self._plain, query, variables, operation_name) == response
        return response

    async def _answer(
        self, engine: Engine, query: str, variables: dict[str, Any] | None, operation_name: str | None
    ) -> Response:
        ready = engine.ready(query, operation_name, variables, self.now)
        if isinstance(ready, Rejected):
            return {"errors": ready.errors}
        return received(await engine.run(ready, self.context()))

    def stream(self, query: str, variables: dict[str, Any] | None = None) -> AsyncGenerator[Result, None]:
        """The results of a subscription, which must be accepted."""
        ready = self.engine.ready(query, None, variables, self.now)
        assert not isinstance(ready, Rejected), ready.errors
        return self.engine.stream(ready, self.context(), lambda: self.now)

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of a response that must have no errors."""
        response = await self.execute(query, variables)
        assert "errors" not in response, response["errors"]
        return response["data"]

    async def refusal(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The one error of a response that must have exactly one."""
        response = await self.execute(query, variables)
        assert len(response.get("errors", ())) == 1, response
        return response["errors"][0]

    async def code(self, query: str, variables: dict[str, Any] | None = None) -> str:
        """The code of the one error of a response."""
        return (await self.refusal(query, variables))["extensions"]["code"]


def received(result: Result) -> Response:
    """A response in its JSON form."""
    return orjson.loads(orjson.dumps(result.response))
