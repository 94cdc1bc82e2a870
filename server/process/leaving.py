"""The end of a process within a bounded time, even if something hangs."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from types import FrameType
from typing import Any

import structlog

from server.process.statuses import FAILED

MARGIN_SECONDS = 10.0
"""Added to the time that running work may take at a stop. Open resources are closed in it."""
LOG_SECONDS = 1.0
MAX_NAMED = 20
MAX_DEPTH = 12

log = structlog.get_logger(__name__)


class Leaving:
    """The end of one process, with a thread that enforces it.

    `begin` starts the time that running work may take. A process that still runs `margin_seconds` later is ended with
    status 1, and a log line names what did not end. A separate thread writes that line, because a log that cannot be
    written must not block the exit. `end` ends the process; nothing cancels it.
    """

    def __init__(
        self, seconds: float, *, margin_seconds: float = MARGIN_SECONDS, end: Callable[[int], object] = os._exit
    ) -> None:
        self._seconds = seconds
        self._margin_seconds = margin_seconds
        self._end = end
        self._since: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # `put` is safe in a signal handler, which may interrupt any line of the main thread. Starting a thread is not.
        self._begun: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._watch, name="leaving", daemon=True).start()

    def begin(self) -> None:
        """Begin to leave, once. May be called by a signal handler."""
        if self._since is None:
            self._since = time.monotonic()
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:  # the signal may come before or after the loop
                self._loop = None
            self._begun.put(None)

    def on_signals(self, then: Callable[[], object]) -> None:
        """Let SIGTERM and SIGINT begin to leave, and call `then` in the running loop.

        Signal handlers of the loop itself would not run while it is blocked, for instance by a log that nobody reads.
        """
        loop = asyncio.get_running_loop()

        def leave(_number: int, _frame: FrameType | None) -> None:
            self.begin()
            if not loop.is_closed():
                loop.call_soon_threadsafe(then)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, leave)

    def left(self) -> float:
        """Seconds that running work may still take."""
        if self._since is None:
            return self._seconds
        return max(0.0, self._since + self._seconds - time.monotonic())

    def _watch(self) -> None:
        self._begun.get()
        threading.Event().wait(self._seconds + self._margin_seconds)
        reporting = threading.Thread(target=self._report, daemon=True)
        reporting.start()
        reporting.join(LOG_SECONDS)
        self._end(FAILED)

    def _report(self) -> None:
        limit = self._seconds + self._margin_seconds
        log.critical("process.stuck", limit_seconds=limit, tasks=_tasks(self._loop), threads=list(_threads()))


def _tasks(loop: asyncio.AbstractEventLoop | None) -> list[str]:
    """The tasks that have not ended, each with the calls in which it waits, outermost first."""
    tasks = asyncio.all_tasks(loop) if loop is not None else set[asyncio.Task[Any]]()
    return [f"{task.get_name()}: {' > '.join(_calls(task.get_coro()))}" for task in list(tasks)[:MAX_NAMED]]


def _calls(waiting: Any) -> Iterator[str]:
    for _ in range(MAX_DEPTH):
        frame: FrameType | None = getattr(waiting, "cr_frame", None)
        if frame is None:
            return
        yield _place(frame)
        waiting = getattr(waiting, "cr_await", None)


def _threads() -> Iterator[str]:
    """The threads that an interpreter waits for at its end, each with its current line."""
    frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (it is documented, and the only access to frames of threads)
    for thread in threading.enumerate()[:MAX_NAMED]:
        if not thread.daemon and thread.ident in frames:
            yield f"{thread.name}: {_place(frames[thread.ident])}"


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_qualname}:{frame.f_lineno}"
