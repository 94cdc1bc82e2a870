"""Makes the waits of the MongoDB driver safe to cancel at any moment.

The driver waits for a server with `asyncio.wait_for` over `Condition.wait`, while it holds the lock of its topology. On
Python 3.11, `wait_for` runs the wait in a separate task, which has to take the lock again before it ends. A
cancellation that arrives meanwhile ends `wait_for` at once, and a task that nothing waits for then takes the lock. The
lock is never released, so every later operation and the end of the process wait for it. Python 3.12 fixes `wait_for`.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from pymongo import lock

from server.process.supervisor import owned

T = TypeVar("T")


async def wait_for(waiting: Coroutine[Any, Any, T], timeout: float | None) -> T:
    """Like `asyncio.wait_for`, but the awaited coroutine has always ended when this ends, however often it is
    cancelled."""
    task = owned(waiting, name="wait of the MongoDB driver")
    try:
        await asyncio.wait([task], timeout=timeout)
    finally:
        await _over(task)
    if task.cancelled():
        raise TimeoutError
    return task.result()


async def _over(task: "asyncio.Task[Any]") -> None:
    """Cancel a task that ends once it has its lock again, and wait for its end. Cancellations meanwhile are raised
    afterwards."""
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
    """Make the driver use the function above on Python 3.11."""
    if sys.version_info < (3, 12):
        lock.wait_for = wait_for  # pyright: ignore[reportPrivateImportUsage]  (the driver has no public setting for it)
