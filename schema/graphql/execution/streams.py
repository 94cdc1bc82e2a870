"""Reads a source, and closes it at once when the subscriber leaves.

An async generator that is only dropped stays alive, with its queue, until the garbage collector finds it.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def closing(source: AsyncIterator[T]) -> AsyncGenerator[AsyncIterator[T], None]:
    """`source`, which is closed at the end of the block in any case."""
    try:
        yield source
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


@asynccontextmanager
async def lookahead(source: AsyncIterator[T]) -> AsyncGenerator[Callable[[], Awaitable[T | None]], None]:
    """A function that returns the next item of `source` (None at its end). The item is always being awaited."""
    async with closing(source):
        pending = asyncio.ensure_future(anext(source, None))

        async def following() -> T | None:
            nonlocal pending
            item = await pending
            if item is not None:
                pending = asyncio.ensure_future(anext(source, None))
            return item

        try:
            yield following
        finally:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)
