"""A wait of the MongoDB driver that can be cancelled at any moment.

The driver waits for a server while it holds the lock of its topology, by `asyncio.wait_for` over `Condition.wait`. On
Python 3.11 `wait_for` runs that in a task of its own, which has to take the lock back before it ends. A cancellation that
arrives meanwhile ends `wait_for` at once, and the lock is then taken by a task that nobody waits for. It is never released:
every later operation waits for it, and so does the end of the process. Python 3.12 has mended `wait_for`.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from pymongo import lock

from server.process.supervisor import owned

T = TypeVar("T")


async def wait_for(waiting: Coroutine[Any, Any, T], timeout: float | None) -> T:
    """As `asyncio.wait_for`, but what it waits for has always ended before it does, however often it is cancelled."""
    task = owned(waiting, name="wait of the MongoDB driver")
    try:
        await asyncio.wait([task], timeout=timeout)
    finally:
        await _over(task)
    if task.cancelled():
        raise TimeoutError
    return task.result()


async def _over(task: "asyncio.Task[Any]") -> None:
    """Cancel a task that ends once it has its lock back, and wait for that. Cancellations meanwhile are raised after it."""
    task.cancel()
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def use_own_wait_for() -> None:
    """Have the driver wait by the function above on Python 3.11."""
    if sys.version_info < (3, 12):
        lock.wait_for = wait_for  # pyright: ignore[reportPrivateImportUsage]  (it is the one place to put it)
