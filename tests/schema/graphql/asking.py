"""How tests ask the schema."""

from collections.abc import Iterable
from typing import Any

from schema.domain.snapshot.record import Snapshot
from schema.graphql.build import build_schema
from schema.graphql.execution.context import Context, ServiceInfo
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

NOW = AT + 10


class Client:
    """A client of the schema over fakes; `now` can be moved, and each question has a context of its own."""

    def __init__(
        self,
        snapshots: Iterable[Snapshot] | None = None,
        *,
        now: float = NOW,
        service: ServiceInfo | None = None,
        reads: FakeReads | None = None,
    ) -> None:
        self.reads = reads or FakeReads([network(30)] if snapshots is None else snapshots)
        self.updates = FakeUpdates()
        self.now = now
        self.service = service

    def context(self) -> Context:
        return Context(
            reads=self.reads, updates=self.updates, now=self.now, service=self.service, request_id="request-1"
        )

    async def execute(self, query: str, variables: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """The response as a client gets it."""
        result = await build_schema().execute(query, variables, context_value=self.context(), **options)
        response: dict[str, Any] = {"data": result.data, "extensions": result.extensions}
        if result.errors:
            response["errors"] = [error.formatted for error in result.errors]
        return response

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of an answer that must have no errors."""
        response = await self.execute(query, variables)
        assert "errors" not in response, response["errors"]
        return response["data"]

    async def refusal(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The one error of an answer that must have exactly one."""
        response = await self.execute(query, variables)
        assert len(response.get("errors", ())) == 1, response
        return response["errors"][0]

    async def code(self, query: str, variables: dict[str, Any] | None = None) -> str:
        """The code of the one error of an answer."""
        return (await self.refusal(query, variables))["extensions"]["code"]
