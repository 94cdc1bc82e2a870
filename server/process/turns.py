"""Shares the event loop fairly between pieces of work."""

import asyncio

# Iterations of the event loop between two long pieces of work: enough to accept, read and answer a short request on a
# new connection.
PASSES = 4
# In units of cost. Work that costs more takes milliseconds.
LONG_COST = 4_000


class Turns:
    """Lets one piece of work start at a time, with PASSES iterations of the event loop before the next one.

    Otherwise, work of some milliseconds that many clients request at the same time would run as one block, and no other
    client would be served meanwhile.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        # Short work never waits for long work, which may have to wait for seconds.
        self._short_work = asyncio.Lock()
        self._short = 0

    async def take(self) -> None:
        """Wait for a turn. The work must follow at once, without waiting for anything else."""
        await self._lock.acquire()
        self._pass_on(PASSES)

    async def share(self, cost: int) -> None:
        """Wait for a turn for long work. Short work waits only if enough of it ran in one iteration."""
        if cost > LONG_COST:
            await self.take()
        elif self._short + cost <= LONG_COST and not self._short_work.locked():
            self._account(cost)
        else:
            async with self._short_work:
                while self._short + cost > LONG_COST:
                    for _ in range(PASSES):
                        await asyncio.sleep(0)
                self._account(cost)

    def _account(self, cost: int) -> None:
        """Add to the short work of this iteration."""
        if not self._short:
            asyncio.get_running_loop().call_soon(self._forget)
        self._short += cost

    def _forget(self) -> None:
        self._short = 0

    def _pass_on(self, passes: int) -> None:
        if passes:
            asyncio.get_running_loop().call_soon(self._pass_on, passes - 1)
        else:
            self._lock.release()
