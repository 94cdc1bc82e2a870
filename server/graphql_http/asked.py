"""What a WebSocket connection asks of the GraphQL engine."""

from typing import Protocol

from schema.graphql.execution.engine import Failure, Ready
from server.graphql_http.feeds import Source
from server.graphql_http.request import GraphQLRequest


class Operations(Protocol):
    """What a connection needs of the GraphQL engine."""

    async def ready(self, request: GraphQLRequest, address: str) -> Ready | Failure:
        """The operation, checked and ready to run; or the errors that keep it from running."""
        ...

    def is_new(self, request: GraphQLRequest) -> bool:
        """Whether the document would have to be parsed."""
        ...

    def charge(self, ready: Ready, address: str) -> Failure | None:
        """Take the cost of one more result; else the error of a client that has none left."""
        ...

    def feed(self, ready: Ready) -> tuple[object | None, Source]:
        """The key under which its results can be shared (None: not at all), and their source."""
        ...
