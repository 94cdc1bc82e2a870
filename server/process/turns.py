"""Shares the event loop fairly between pieces of work."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager

# Iterations of the event loop between two long pieces of work: enough to accept, read and answer a short request on a
# new connection.
PASSES = 4
# In units of cost. Work that costs more takes milliseconds.
LONG_COST = 4_000
# How long work may run in the callbacks of one iteration. Later reads wait for the next one.
SECONDS_AT_ONCE = 0.002
# A clock that does not advance still counts.
_LEAST_SECONDS = 1e-6


class Turns:
    """Lets one piece of work start at a time, with PASSES iterations of the event loop before the next one.

    Otherwise, work of some milliseconds that many clients request at the same time would run as one block, and no other
    client would be served meanwhile.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._lock = asyncio.Lock()
        # Short work never waits for long work, which may have to wait for seconds.
        self._short = 0
        self._spent = 0.0
        self._clock = clock
        self._waiting = deque[tuple[int, asyncio.Future[None]]]()

    @property
    def has_time(self) -> bool:
        """Whether work may still run `at_once` in this iteration of the event loop."""
        return self._spent < SECONDS_AT_ONCE

    @contextmanager
    def at_once(self) -> Generator[None]:
        """Account for the time of work that runs in a callback of the event loop."""
        if not self._spent:
            asyncio.get_running_loop().call_soon(self._renew)
        started = self._clock()
        yield
        self._spent += max(self._clock() - started, _LEAST_SECONDS)

    def _renew(self) -> None:
        self._spent = 0.0

    async def take(self) -> None:
        """Wait for a turn. The work must follow at once, without waiting for anything else."""
        await self._lock.acquire()
        self._pass_on(PASSES)

    async def share(self, cost: int) -> None:
        """Wait for a turn for long work. Short work waits only if enough of it ran in one iteration.

        Short work that waits is served in the order of its arrival, as much at once as may run in one iteration. Work
        that arrives later waits behind it: otherwise a server under load would let some of its clients wait for long.
        """
        if cost > LONG_COST:
            await self.take()
        elif self._short + cost <= LONG_COST and not self._waiting:
            self._account(cost)
        else:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append((cost, turn))
            await turn

    def _account(self, cost: int) -> None:
        """Add to the short work of this iteration."""
        if not self._short:
            asyncio.get_running_loop().call_soon(self._forget)
        self._short += cost

    def _forget(self) -> None:
        self._short = 0
        if self._waiting:
            self._wake(PASSES)

    def _wake(self, passes: int) -> None:
        """Let the first of the waiting work begin, after so many iterations."""
        if passes:
            asyncio.get_running_loop().call_soon(self._wake, passes - 1)
            return
        while self._waiting and self._short + self._waiting[0][0] <= LONG_COST:
            cost, turn = self._waiting.popleft()
            if not turn.done():  # it may have been cancelled
                self._account(cost)
                turn.set_result(None)

    def _pass_on(self, passes: int) -> None:
        if passes:
            asyncio.get_running_loop().call_soon(self._pass_on, passes - 1)
        else:
            self._lock.release()
