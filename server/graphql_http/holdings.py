"""The memory that clients' subscriptions keep in use (operations and document texts), with limits.

A parsed document takes some 60 times the memory of its text, and more if its tokens are short: then it counts as a
longer text (`Document.size`). A text that a client holds more than once counts once.
"""

from collections import Counter
from collections.abc import Hashable

MAX_OPERATIONS_PER_ADDRESS = 1_000
MAX_BYTES_PER_SOCKET = 64 * 1_024
MAX_BYTES_PER_ADDRESS = 512 * 1_024
MAX_BYTES_IN_ALL = 4 * 2**20


class Held:
    """The texts in use, each with its number of uses. `bytes` is the total size of distinct texts."""

    def __init__(self) -> None:
        self._times: Counter[Hashable] = Counter()
        self.bytes = 0

    @property
    def operations(self) -> int:
        return self._times.total()

    def added(self, text: Hashable, size: int) -> int:
        """The bytes that one more operation with this text would add."""
        return 0 if self._times[text] else size

    def take(self, text: Hashable, size: int) -> None:
        self.bytes += self.added(text, size)
        self._times[text] += 1

    def give_back(self, text: Hashable, size: int) -> None:
        self._times[text] -= 1
        if self._times[text] <= 0:
            del self._times[text]
            self.bytes -= size


class Holdings:
    """The holdings of all clients, by address."""

    def __init__(self) -> None:
        self._by_address: dict[str, Held] = {}
        self._in_all = Held()

    def refusal(self, address: str, socket: Held, text: Hashable, size: int) -> str | None:
        """Why one more operation may not be held, or None if it may."""
        by_address = self._by_address.get(address) or Held()
        if by_address.operations >= MAX_OPERATIONS_PER_ADDRESS:
            return f"an address has at most {MAX_OPERATIONS_PER_ADDRESS} operations at once"
        limits = (
            ("a connection", socket, MAX_BYTES_PER_SOCKET),
            ("an address", by_address, MAX_BYTES_PER_ADDRESS),
            ("the server", self._in_all, MAX_BYTES_IN_ALL),
        )
        for name, held, limit in limits:
            if held.bytes + held.added(text, size) > limit:
                return f"{name} holds documents and variables of at most {limit} bytes in all"
        return None

    def take(self, address: str, socket: Held, text: Hashable, size: int) -> None:
        for held in (socket, self._by_address.setdefault(address, Held()), self._in_all):
            held.take(text, size)

    def give_back(self, address: str, socket: Held, text: Hashable, size: int) -> None:
        by_address = self._by_address[address]
        for held in (socket, by_address, self._in_all):
            held.give_back(text, size)
        if not by_address.operations:
            del self._by_address[address]
