"""Bodies that take long to make, made beside the event loop."""

import asyncio
from collections.abc import Callable, Hashable
from typing import TypeVar

from server.http.cache import Flights

T = TypeVar("T")

# With so few nodes everything is made in some milliseconds, and a thread would cost more than it spares.
FEW_NODES = 1_000


class Aside:
    """Makes one thing at a time in a thread. Who asks for what is being made already waits for that.

    Threads share one interpreter lock, so that this makes nothing faster: but the event loop gets the lock every few
    milliseconds, and answers others meanwhile.
    """

    def __init__(self) -> None:
        self._flights = Flights()
        self._one = asyncio.Lock()

    async def make(self, key: Hashable, nodes: int, make: Callable[[], T]) -> T:
        """What `make` gives, which looks at so many nodes. Equal keys must give the same."""
        if nodes <= FEW_NODES:
            return make()
        return await self._flights.once(key, lambda: self._in_thread(make))

    async def _in_thread(self, make: Callable[[], T]) -> T:
        async with self._one:
            return await asyncio.to_thread(make)
