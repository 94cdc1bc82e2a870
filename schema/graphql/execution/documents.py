"""Valid documents, with the cached prices and compiled operations."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from graphql import DocumentNode

from schema.bounded import BoundedMap
from schema.graphql.execution.checks import Priced
from schema.graphql.execution.context import Context
from schema.graphql.execution.introspection import asks_about_schema
from schema.graphql.types.fields import Terms

MAX_PRICES = 64  # that a document remembers: one for each set of variables
MAX_PRICES_BYTES = 64 * 1_024
PRICE_BYTES = 256

# A token takes as much memory as so many characters of an average document (measured: 360 to 700 bytes a token).
CHARACTERS_PER_TOKEN = 12
BYTES_PER_CHARACTER = 60  # memory of a parsed document (measured: 40 to 60)


class Executable(Protocol):
    """An operation that executes faster than graphql-core does.

    `gathers`: it awaits several things at the same time, each in a task.
    """

    @property
    def gathers(self) -> bool: ...

    def __call__(self, context: Context, variables: Mapping[str, Any]) -> Any:
        """The result, or an awaitable of it."""
        ...


class Prices:
    """The cost of a document's operations, by name and variables, under the most recently used terms.

    Time passes, so earlier terms do not return. Their prices are dropped when the terms change.
    """

    __slots__ = ("_kept", "_terms")

    def __init__(self) -> None:
        self._terms: Terms | None = None
        self._kept = BoundedMap[tuple[str | None, bytes], Priced](
            max_entries=MAX_PRICES, max_size=MAX_PRICES_BYTES, at_once=True
        )

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: str | None, variables: bytes, terms: Terms, find: Callable[[], Priced]) -> Priced:
        """The price of an operation with these variables (as JSON), computed if it is not remembered."""
        if terms != self._terms:
            self._kept.clear()
            self._terms = terms
        known = self._kept.get((name, variables))
        if known is None:
            known = find()
            self._kept.put((name, variables), known, len(variables) + PRICE_BYTES)
        return known


class Document:
    """A query text that may run, with the operations that have been compiled from it.

    `size` stands for its memory, in characters of an average document: `BYTES_PER_CHARACTER` each. A text of short
    tokens has a larger size than its length.
    """

    __slots__ = ("__weakref__", "compiled", "introspects", "node", "prices", "sha256", "size", "waits")

    def __init__(self, sha256: str, node: DocumentNode, length: int) -> None:
        self.sha256 = sha256
        self.node = node
        self.size = max(length, CHARACTERS_PER_TOKEN * node.token_count)
        self.introspects = asks_about_schema(node)
        self.compiled: dict[str | None, Executable | None] = {}
        self.prices = Prices()
        # The names of the operations that had to wait for something, or failed, when they ran at once.
        self.waits = set[str | None]()
