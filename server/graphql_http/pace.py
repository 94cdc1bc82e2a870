"""How fast a connection may send messages, and how long pieces of work share the event loop."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from schema.domain.snapshot import Snapshot
from schema.graphql.streams import closing
from schema.reads import Updates

# A page that opens all of its subscriptions sends them at once; nothing that a client does by itself takes more.
MESSAGES_AT_ONCE = 250
MESSAGES_PER_SECOND = 50.0
# Of the event loop, between two pieces of long work: a short request on a new connection is accepted, read and answered in them.
PASSES = 4
# In units of cost: work that costs more takes milliseconds.
LONG_COST = 4_000


class Pace:
    """The messages that a connection may still send: so many at once, refilled steadily."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        at_once: int = MESSAGES_AT_ONCE,
        per_second: float = MESSAGES_PER_SECOND,
    ) -> None:
        self._clock = clock
        self._at_once = at_once
        self._per_second = per_second
        self._left = float(at_once)
        self._since = clock()

    def allows(self) -> bool:
        """Whether one more message may be taken; counts it."""
        now = self._clock()
        self._left = min(float(self._at_once), self._left + (now - self._since) * self._per_second)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


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


class SharedUpdates:
    """News for subscribers whose results cost so much: who has waited for a commit does not go on at the same time as all others."""

    def __init__(self, updates: Updates, turns: Turns, cost: int) -> None:
        self._updates = updates
        self._turns = turns
        self._cost = cost

    async def snapshots(self) -> AsyncGenerator[Snapshot]:
        async with closing(self._updates.snapshots()) as source:
            async for snapshot in source:
                await self._turns.share(self._cost)
                yield snapshot
