"""The interface between a WebSocket connection and the GraphQL engine."""

from typing import Protocol

from schema.graphql.execution.outcomes import Ready, Rejected
from server.graphql_http.feeds import Source
from server.graphql_http.request import GraphQLRequest


class Operations(Protocol):
    """The part of the GraphQL engine that a connection uses."""

    async def ready(self, request: GraphQLRequest, address: str) -> Ready | Rejected:
        """The checked operation, ready to run, or the errors that prevent it."""
        ...

    def is_new(self, request: GraphQLRequest) -> bool:
        """Whether the document would have to be parsed."""
        ...

    def charge(self, ready: Ready, address: str) -> Rejected | None:
        """Charge the cost of one more result, or return the error if the client has no allowance left."""
        ...

    def feed(self, ready: Ready) -> tuple[object | None, Source]:
        """The key under which its results can be shared (None: not at all), and their source."""
        ...
