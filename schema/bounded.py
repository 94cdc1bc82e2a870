"""The bounded caches of all packages. Those that clients fill can resist floods."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

REMEMBERED_KEYS = 8_192


def compact(data: bytes) -> bytes:
    """A copy of the bytes that takes no more memory than needed, for values that are kept.

    The bytes that orjson returns hold its whole buffer: 4 KiB for `{}`, and ten times the length of a long text.
    """
    return bytes(memoryview(data))


class Doorkeeper:
    """Remembers whether a key was requested before, among the last 8,192 different ones.

    Values that are requested only once are never cached, so a flood of unique keys evicts nothing useful.
    """

    def __init__(self, remembered: int = REMEMBERED_KEYS) -> None:
        self._remembered = remembered
        self._seen: OrderedDict[int, None] = OrderedDict()

    def seen_before(self, key: Hashable) -> bool:
        mark = hash(key)
        known = mark in self._seen
        self._seen[mark] = None
        self._seen.move_to_end(mark)
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return known


class BoundedMap(Generic[K, V]):
    """An LRU cache of at most `max_entries` values and `max_size` in total.

    A value that is larger than `largest` is not kept; by default that is an eighth of `max_size`. Nor is one whose key
    is new, unless `at_once` is set.
    """

    def __init__(self, *, max_entries: int, max_size: int, largest: int | None = None, at_once: bool = False) -> None:
        self._max_entries = max_entries
        self._largest = max_size // 8 if largest is None else largest
        self.max_size = max_size
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._door = None if at_once else Doorkeeper()
        self.size = 0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> bool:
        """Keep the value if allowed. Returns whether it is kept."""
        if size > self._largest or (self._door is not None and not self._door.seen_before(key)):
            return False
        before = self._values.pop(key, None)
        self._values[key] = (value, size)
        self.size += size if before is None else size - before[1]
        while len(self._values) > self._max_entries or self.size > self.max_size:
            self.pop(next(iter(self._values)))
        return True

    def pop(self, key: K) -> None:
        """Forget the key, if it is kept."""
        found = self._values.pop(key, None)
        if found is not None:
            self.size -= found[1]

    def drop(self, unwanted: Callable[[K], bool]) -> None:
        """Forget all keys for which `unwanted` is true."""
        for key in [key for key in tuple(self._values) if unwanted(key)]:
            self.pop(key)

    def clear(self) -> None:
        """Drop all values, but not the record of requested keys."""
        self._values.clear()
        self.size = 0
