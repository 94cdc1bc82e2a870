"""The HTTP and WebSocket sides of GraphQL over a network in memory."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from schema.domain.snapshot.record import Snapshot
from schema.graphql.execution.context import PublicServiceInfo
from server.graphql_http.endpoint import GraphQLEndpoint
from server.graphql_http.feeds import Feeds
from server.graphql_http.operations import Operations
from server.graphql_http.sockets import Doors
from server.graphql_http.websocket import WebSockets
from server.http.cache import ResponseCache
from server.http.view import CurrentView
from tests.compiling import engine
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates


class Api:
    """`/graphql` as one ASGI application, with access to its parts."""

    def __init__(
        self,
        snapshots: Iterable[Snapshot] = (),
        *,
        rate_limit: int | None = None,
        in_all: int = 100,
        per_address: int = 50,
        allowed_origins: Collection[str] | None = None,
        init_seconds: float = 5.0,
        **reads: Any,
    ) -> None:
        self.now = AT + 5.0
        self.reads = FakeReads(snapshots, **reads)
        self.updates = FakeUpdates()
        self.engine = engine()
        self.view = CurrentView(self.reads, self.clock)
        self.cache = ResponseCache(self.view, max_entries=100, max_bytes=2**20)
        self.feeds = Feeds()
        self.operations = Operations(
            self.engine, self.reads, self.updates, PublicServiceInfo(rate_limit=rate_limit), clock=self.clock
        )
        self.doors = Doors(in_all=in_all, per_address=per_address, allowed_origins=allowed_origins)
        self.http = GraphQLEndpoint(
            self.operations, self.feeds, self.cache, self.view, body_limit=65_536, doors=self.doors
        )
        self.sockets = WebSockets(self.operations, self.feeds, self.doors, init_seconds=init_seconds)

    def clock(self) -> float:
        return self.now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.sockets if scope["type"] == "websocket" else self.http)(scope, receive, send)


@pytest.fixture
def api() -> Api:
    """Twenty nodes in one snapshot."""
    return Api([network(20)])


@pytest.fixture
def make_api() -> type[Api]:
    """For tests that need another network or other limits."""
    return Api
