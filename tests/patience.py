"""How long a test waits for an expected event: long enough for any slow or busy machine.

A passing test never waits that long. Bounded work is counted, not timed.
"""

import asyncio

PATIENCE_SECONDS = 120.0
TURNS = 50


def patience() -> asyncio.Timeout:
    """A deadline for an expected event. It raises TimeoutError if the event never occurs."""
    return asyncio.timeout(PATIENCE_SECONDS)


def let_pass(seconds: float) -> None:
    """Advance the clock of the running loop. Everything that waits for a time until then continues at its next turn.

    The remaining time of `patience` decreases by the same amount.
    """
    loop = asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds  # type: ignore[method-assign]  the loop reads its own clock in each turn


async def settle() -> None:
    """Let every task of the loop run until it needs input from outside."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
