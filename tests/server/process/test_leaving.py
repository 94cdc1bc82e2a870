"""The end of a process: bounded, whatever hangs."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.process import leaving as module
from server.process.leaving import FAILED, Leaving
from server.process.supervisor import close, end, owned
from tests.patience import PATIENCE_SECONDS, patience


class Ended:
    """The end of the process, as passed to `Leaving`."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self._ended = threading.Event()

    def __call__(self, status: int) -> None:
        self.statuses.append(status)
        self._ended.set()

    def wait(self) -> None:
        assert self._ended.wait(PATIENCE_SECONDS), "the process is not ended"


async def never() -> None:
    await asyncio.Event().wait()


async def stubborn() -> None:
    """Swallows every cancellation until it is released."""
    while not LET_GO.is_set():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


LET_GO = threading.Event()


@contextlib.contextmanager
def let_go() -> Generator[None]:
    """Releases stubborn tasks at the end, also if a test fails, because the end of its loop waits for them."""
    LET_GO.clear()
    try:
        yield
    finally:
        LET_GO.set()


async def test_a_process_that_does_not_end_is_ended_and_says_what_hangs() -> None:
    ended = Ended()
    hanging = owned(never(), name="close the store")
    await asyncio.sleep(0)
    with capture_logs() as logs:
        leaving = Leaving(0, margin_seconds=0, end=ended)
        leaving.begin()
        await asyncio.to_thread(ended.wait)
    await end(hanging)
    assert ended.statuses == [FAILED]
    (line,) = [line for line in logs if line["event"] == "process.stuck"]
    (named,) = [task for task in line["tasks"] if task.startswith("close the store: ")]
    assert "never" in named
    assert "Event.wait" in named
    assert any(thread.startswith("MainThread: ") for thread in line["threads"])


def test_a_process_that_is_not_asked_to_leave_is_not_ended() -> None:
    ended = Ended()
    Leaving(0, margin_seconds=0, end=ended)
    other = Ended()
    Leaving(0, margin_seconds=0, end=other).begin()
    other.wait()
    assert ended.statuses == []


def test_a_log_that_cannot_be_written_keeps_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = threading.Event()

    class Unread:
        def critical(self, event: str, **_: object) -> None:
            reading.wait()

    monkeypatch.setattr(module, "LOG_SECONDS", 0)
    monkeypatch.setattr(module, "log", Unread())
    ended = Ended()
    Leaving(0, margin_seconds=0, end=ended).begin()
    ended.wait()
    reading.set()
    assert ended.statuses == [FAILED]


def test_what_is_left_shrinks_from_the_moment_of_leaving_alone() -> None:
    leaving = Leaving(3_600, end=Ended())
    assert leaving.left() == 3_600
    leaving.begin()
    first = leaving.left()
    leaving.begin()
    assert 0 < leaving.left() <= first <= 3_600


@pytest.mark.parametrize("hanging", [never, stubborn])
async def test_a_close_that_never_returns_is_given_up(hanging: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with let_go(), capture_logs() as logs:
        async with patience():
            await close("the store", hanging(), seconds=0)
    assert logs[-1] == {
        "event": "close.failed",
        "log_level": "warning",
        "what": "the store",
        "error": "not closed within 0 s",
    }


async def test_a_close_that_fails_is_logged_and_keeps_nothing_else_open() -> None:
    async def failing() -> None:
        raise OSError("the pipe is gone")

    with capture_logs() as logs:
        await close("the queue", failing())
    assert [(line["event"], line["what"], line["error"]) for line in logs] == [
        ("close.failed", "the queue", "OSError('the pipe is gone')")
    ]


async def test_a_task_that_swallows_every_cancellation_is_named_and_left() -> None:
    with let_go():
        task = owned(stubborn(), name="stubborn")
        await asyncio.sleep(0)
        with capture_logs() as logs:
            await end(task, seconds=0)
    assert [(line["event"], line["tasks"]) for line in logs] == [("task.stuck", ["stubborn"])]
    await end(task)
    assert task.done()
