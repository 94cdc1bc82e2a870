"""Builds large bodies in a thread, outside the event loop."""

import asyncio
from collections.abc import Callable, Hashable
from typing import TypeVar

from server.http.cache import Flights

T = TypeVar("T")

# With so few nodes every body takes a few milliseconds, and a thread would cost more than it saves.
FEW_NODES = 1_000


class Aside:
    """Builds one body at a time in a thread. Requests for a body that is being built wait for it.

    Threads share one interpreter lock, so this saves no time. But the event loop gets the lock every few milliseconds
    and answers other requests meanwhile.
    """

    def __init__(self) -> None:
        self._flights = Flights()
        self._one = asyncio.Lock()

    async def make(self, key: Hashable, nodes: int, make: Callable[[], T]) -> T:
        """The result of `make`, which reads `nodes` nodes. Equal keys must have equal results."""
        if nodes <= FEW_NODES:
            return make()
        return await self._flights.once(key, lambda: self._in_thread(make))

    async def _in_thread(self, make: Callable[[], T]) -> T:
        async with self._one:
            return await asyncio.to_thread(make)
