"""The interface between the content of a pRPC network and its server on loopback."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol


class Behaviour(StrEnum):
    """How a seed's port handles callers."""

    ANSWERS = "answers"
    SILENT = "silent"
    REFUSES = "refuses"


class Seed(NamedTuple):
    """A pod that can be called: its name, and the seconds before each of its answers.

    `configured` pods are in IP_NODES. The others are public pods that a collector may call directly.
    """

    name: str
    behaviour: Behaviour = Behaviour.ANSWERS
    delay: float = 0.0
    configured: bool = True


class RpcError(NamedTuple):
    """A JSON-RPC error object."""

    code: int
    message: str


METHOD_NOT_FOUND = RpcError(-32601, "Method not found")
INTERNAL_ERROR = RpcError(-32603, "Internal error")

Result = bytes | RpcError
"""The encoded JSON of a call's result, or its error."""


class Source(Protocol):
    """A network that can be called."""

    @property
    def seeds(self) -> Sequence[Seed]:
        """The seeds, in a fixed order."""
        ...

    def result(self, seed: int, method: str, second: int) -> Result:
        """The answer of the seed with this index at a unix second. The same arguments give the same bytes."""
        ...


class Cached:
    """A source that computes an answer once a second for each seed and method, for any number of callers.

    It caches the newest answer of each, unless it is larger than `max_bytes`. The newest answers of all methods
    together are then bounded by the number of seeds.
    """

    def __init__(self, source: Source, *, max_bytes: int = 8 * 2**20) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._held: dict[tuple[int, str], tuple[int, Result]] = {}

    @property
    def seeds(self) -> Sequence[Seed]:
        return self._source.seeds

    def result(self, seed: int, method: str, second: int) -> Result:
        held = self._held.get((seed, method))
        if held is not None and held[0] == second:
            return held[1]
        result = self._source.result(seed, method, second)
        # Callers choose the method names. Errors are never cached, so unknown names cannot fill the cache.
        if isinstance(result, bytes) and len(result) <= self._max_bytes:
            self._held[seed, method] = (second, result)
        return result
