"""The rate at which a connection may send messages, and when subscribers continue after a commit."""

import time
from collections.abc import AsyncGenerator, Callable

from schema.domain.snapshot.record import Snapshot
from schema.graphql.execution.streams import closing
from schema.reads import Updates
from server.process.turns import Turns

# A page that opens all of its subscriptions sends them at once. Nothing that a client does by itself needs more.
MESSAGES_AT_ONCE = 250
MESSAGES_PER_SECOND = 50.0


class Pace:
    """The messages that a connection may still send: a burst, refilled steadily."""

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
        """Whether one more message is allowed. Counts it."""
        now = self._clock()
        self._left = min(float(self._at_once), self._left + (now - self._since) * self._per_second)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class SharedUpdates:
    """Updates for subscribers with expensive results: after a commit they do not all continue at the same time."""

    def __init__(self, updates: Updates, turns: Turns, cost: int) -> None:
        self._updates = updates
        self._turns = turns
        self._cost = cost

    async def snapshots(self) -> AsyncGenerator[Snapshot]:
        async with closing(self._updates.snapshots()) as source:
            async for snapshot in source:
                await self._turns.share(self._cost)
                yield snapshot
