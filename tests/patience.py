"""How long a test waits for what must come: so long that no slow or busy machine fails it.

A test that passes never waits for that long. What must take a bounded amount of work is counted, not timed.
"""

import asyncio

PATIENCE_SECONDS = 120.0
TURNS = 50


def patience() -> asyncio.Timeout:
    """A deadline for what must come; it raises TimeoutError where it never does."""
    return asyncio.timeout(PATIENCE_SECONDS)


def let_pass(seconds: float) -> None:
    """Put the clock of the running loop forward: whatever waits for a moment until then goes on at its next turn.

    What `patience` has left shrinks by as much.
    """
    loop = asyncio.get_running_loop()
    time = loop.time
    loop.time = lambda: time() + seconds  # type: ignore[method-assign]  the loop looks its own clock up at each turn


async def settle() -> None:
    """Let every task of the loop run as far as it gets without input from outside."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
