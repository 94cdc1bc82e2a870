"""Documents that may run, with what is remembered of them."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import DocumentNode

from schema.graphql.execution.bounded import BoundedMap
from schema.graphql.execution.checks import Priced
from schema.graphql.execution.context import Context
from schema.graphql.execution.introspection import asks_about_schema

MAX_PRICES = 64  # that a document remembers: one for each set of variables that it is asked with
MAX_PRICES_BYTES = 64 * 1_024
PRICE_BYTES = 256

Compiled = Callable[[Context, Mapping[str, Any]], Any]


class Document:
    """A query text that may run, with the operations that were compiled from it so far."""

    __slots__ = ("__weakref__", "compiled", "introspects", "node", "prices", "sha256")

    def __init__(self, sha256: str, node: DocumentNode) -> None:
        self.sha256 = sha256
        self.node = node
        self.introspects = asks_about_schema(node)
        self.compiled: dict[str | None, Compiled | None] = {}
        self.prices = BoundedMap[tuple[str | None, bytes, int, int], Priced](
            max_entries=MAX_PRICES, max_size=MAX_PRICES_BYTES, at_once=True
        )
