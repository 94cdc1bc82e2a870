"""Ending tasks for good."""

import asyncio
from typing import Any

_PATIENCE_SECONDS = 0.5


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they are over; their results and exceptions stay in them.

    Once is not enough: on Python 3.11 `asyncio.wait_for`, which redis-py writes through, swallows a cancellation that
    comes in the same moment as its result.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_PATIENCE_SECONDS)
