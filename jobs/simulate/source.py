"""The seam between what a pRPC network says and how it is served on loopback."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol


class Behaviour(StrEnum):
    """How a seed's port treats callers."""

    ANSWERS = "answers"
    SILENT = "silent"
    REFUSES = "refuses"


class Seed(NamedTuple):
    """A pod that can be asked: its name, and the seconds that it takes before each answer.

    Those that are `configured` go into IP_NODES; the others are public pods that a collector may ask directly.
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
    """A network that can be asked."""

    @property
    def seeds(self) -> Sequence[Seed]:
        """The seeds, in a fixed order."""
        ...

    def result(self, seed: int, method: str, second: int) -> Result:
        """What the seed with this index answers at a unix second. The same arguments give the same bytes."""
        ...


class Cached:
    """A source that computes an answer once a second for each seed and method, however many ask.

    It holds the newest answer of each, unless it is larger than `max_bytes`; the newest of all methods together are
    then bounded by the number of seeds.
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
        # Method names are the callers' to choose: an error is never held, so that they cannot fill the table.
        if isinstance(result, bytes) and len(result) <= self._max_bytes:
            self._held[seed, method] = (second, result)
        return result
