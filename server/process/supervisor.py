"""Background tasks whose end never goes unnoticed.

This is the only module of `server` and `jobs` that creates tasks. Each task is of one of three kinds:

kept     runs as long as its process; if it ends, that is logged and counted, and it is restarted
watched  ends by itself, and nothing awaits it; a failure is logged and counted
owned    its creator awaits its result, and with it its exception
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

import structlog

from schema.domain.base import backoff
from schema.domain.words import counted

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 15.0
MAX_ENDS = 10
WINDOW_SECONDS = 600.0
CANCEL_SECONDS = 0.5
END_SECONDS = 3.0
CLOSE_SECONDS = 3.0

_FAILURES: Counter[str] = Counter()

log = structlog.get_logger(__name__)


def owned(work: Coroutine[Any, Any, T], *, name: str) -> "asyncio.Task[T]":
    """A task that its creator awaits, or cancels and awaits."""
    return asyncio.get_running_loop().create_task(work, name=name)


def watched(work: Coroutine[Any, Any, None], *, name: str) -> "asyncio.Task[None]":
    """A task that nothing awaits. An exception is logged with its cause, and counted."""
    task = owned(work, name=name)
    task.add_done_callback(_look_at)
    return task


def failures() -> Mapping[str, int]:
    """The number of failed watched tasks of this process, by name."""
    return _FAILURES


def _look_at(task: "asyncio.Task[None]") -> None:
    if task.cancelled() or (error := task.exception()) is None:
        return
    _FAILURES[task.get_name()] += 1
    log.error("task.failed", task=task.get_name(), error=repr(error), exc_info=error)


class Supervisor:
    """The kept tasks of one process.

    If a task ends before `stop` is set, that is logged with its cause and counted, and the task is restarted after a
    pause that doubles with each end. After more than `max_ends` ends of one task within `window_seconds` the supervisor
    gives up: `gave_up` is set, `reason` names the task and its last cause, and `on_give_up` is called with it.
    """

    def __init__(
        self,
        stop: asyncio.Event | None = None,
        *,
        on_give_up: Callable[[str], None] | None = None,
        max_ends: int = MAX_ENDS,
        window_seconds: float = WINDOW_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.gave_up = asyncio.Event()
        self.reason: str | None = None
        self._stop = stop or asyncio.Event()
        self._on_give_up = on_give_up
        self._max_ends = max_ends
        self._window_seconds = window_seconds
        self._sleep = sleep
        self._clock = clock
        self._ends: Counter[str] = Counter()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._names: set[str] = set()
        self._closing = False

    @property
    def ends(self) -> Mapping[str, int]:
        """How often each task has ended unexpectedly, by name, including those that never did."""
        return {name: self._ends[name] for name in self._names}

    def keep(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run `work` until the supervisor closes, and restart it whenever it ends. Names are unique."""
        if name in self._tasks:
            raise ValueError(f"task {name!r} is kept already")
        self._closing = False
        self._names.add(name)
        self._tasks[name] = owned(self._keep(name, work), name=name)

    async def ended(self, name: str) -> None:
        """Wait for a task that ends by itself once `stop` is set."""
        await asyncio.wait([self._tasks[name]])

    async def close(self) -> None:
        """Cancel all tasks, and wait for their end."""
        self._closing = True
        await end(*self._tasks.values())
        self._tasks.clear()

    async def _keep(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        recent: deque[float] = deque()
        while True:
            cause = await self._once(name, work)
            if cause is None:
                return
            self._ends[name] += 1
            now = self._clock()
            recent.append(now)
            while recent[0] < now - self._window_seconds:
                recent.popleft()
            if len(recent) > self._max_ends:
                self.reason = (
                    f"task {name} ended {counted(len(recent), 'time')} within {self._window_seconds:.0f} s: {cause}"
                )
                log.critical("task.gave_up", task=name, ends=len(recent), error=cause)
                self.gave_up.set()
                if self._on_give_up is not None:
                    self._on_give_up(self.reason)
                return
            await self._sleep(backoff(len(recent), first=FIRST_PAUSE_SECONDS, longest=MAX_PAUSE_SECONDS))

    async def _once(self, name: str, work: Callable[[], Coroutine[Any, Any, object]]) -> str | None:
        """Run the work until it ends. Returns the cause, or None if it was asked to end."""
        try:
            await work()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closing or (task is not None and task.cancelling()):
                raise
            cause = "it was cancelled"
        except Exception as error:
            cause = repr(error)
            log.exception("task.ended", task=name, error=cause)
            return cause
        else:
            cause = "it returned"
        if self._stop.is_set():
            return None
        log.error("task.ended", task=name, error=cause)
        return cause


async def end(*tasks: "asyncio.Task[Any]", seconds: float = END_SECONDS) -> None:
    """Cancel tasks until they have ended. Their results and exceptions remain in them.

    One cancellation is not enough: on Python 3.11 `asyncio.wait_for`, which redis-py uses for writes, swallows a
    cancellation that arrives together with its result. A task that has not ended after `seconds` is logged and
    abandoned.
    """
    left = {task for task in tasks if not task.done()}
    give_up = asyncio.get_running_loop().time() + seconds
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(CANCEL_SECONDS, seconds))
        if left and asyncio.get_running_loop().time() >= give_up:
            log.error("task.stuck", tasks=sorted(task.get_name() for task in left), seconds=seconds)
            return


async def close(name: str, closing: Coroutine[Any, Any, object], *, seconds: float | None = None) -> None:
    """Wait for a close, and give it up after `seconds` (CLOSE_SECONDS).

    On the way out, one resource that cannot be closed must not keep others open: what the close raises is logged, and
    so is one that does not end.
    """
    limit = CLOSE_SECONDS if seconds is None else seconds
    task = owned(closing, name=f"close {name}")
    try:
        await asyncio.wait([task], timeout=limit)
    finally:
        late = not task.done()
        await end(task, seconds=limit)
    if late:
        log.warning("close.failed", what=name, error=f"not closed within {limit:g} s")
    elif not task.cancelled() and (error := task.exception()) is not None:
        log.warning("close.failed", what=name, error=repr(error))
