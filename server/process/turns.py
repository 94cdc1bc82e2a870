"""How long pieces of work share the event loop."""

import asyncio

# Of the event loop, between two pieces of long work: a short request on a new connection is accepted, read and answered in them.
PASSES = 4
# In units of cost: work that costs more takes milliseconds.
LONG_COST = 4_000


class Turns:
    """Lets one piece of work at a time begin, and the event loop pass PASSES times before the next one may.

    Work of some milliseconds that many clients ask for at the same time would otherwise run as one block, and nobody
    else would be served meanwhile.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        # Short work never waits for long work, which may have to wait for seconds.
        self._short_work = asyncio.Lock()
        self._short = 0

    async def take(self) -> None:
        """Wait for one's turn. The work follows at once, without waiting for anything else."""
        await self._lock.acquire()
        self._pass_on(PASSES)

    async def share(self, cost: int) -> None:
        """Wait for one's turn where the work is long. Short work waits where it has come to as much in one pass."""
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
        """Add to the short work of this pass."""
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
