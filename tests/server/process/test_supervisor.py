"""Background tasks: none ends unnoticed, and a process that cannot do its work does not continue."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest
from structlog.testing import capture_logs

from server.lifecycle import Lifecycle
from server.process.supervisor import Supervisor, end, failures, owned, watched

Work = Callable[[], Coroutine[object, object, object]]


class Pauses:
    """A sleep that takes no time and records its durations, and a clock that advances by them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Ends:
    """Work that ends in a given way each time it runs, and finally runs permanently."""

    def __init__(self, *ways: Exception | str) -> None:
        self._ways = list(ways)
        self.steady = asyncio.Event()

    async def __call__(self) -> None:
        if not self._ways:
            self.steady.set()
            await asyncio.Event().wait()
        way = self._ways.pop(0)
        if isinstance(way, Exception):
            raise way
        if way == "cancelled":
            raise asyncio.CancelledError


@pytest.fixture
async def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def supervisor(pauses: Pauses) -> AsyncIterator[Supervisor]:
    made = Supervisor(max_ends=5, window_seconds=600, sleep=pauses.sleep, clock=lambda: pauses.now)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        (ValueError("x"), "ValueError('x')"),
        (ExceptionGroup("both", [OSError("y")]), "ExceptionGroup('both', [OSError('y')])"),
        ("returned", "it returned"),
        ("cancelled", "it was cancelled"),
    ],
    ids=["exception", "group", "return", "cancellation"],
)
async def test_a_task_that_ends_is_logged_counted_and_run_again(
    supervisor: Supervisor, way: Exception | str, cause: str
) -> None:
    work = Ends(way)
    with capture_logs() as logs:
        supervisor.keep("feeder", work)
        await work.steady.wait()
    assert [(line["event"], line["task"], line["error"]) for line in logs] == [("task.ended", "feeder", cause)]
    assert supervisor.ends == {"feeder": 1}


async def test_pauses_grow_with_each_end(supervisor: Supervisor, pauses: Pauses) -> None:
    work = Ends(*[ValueError(str(i)) for i in range(5)])
    supervisor.keep("feeder", work)
    await work.steady.wait()
    assert pauses.seconds == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert not supervisor.gave_up.is_set()


async def test_a_task_that_ends_too_often_is_given_up_with_its_cause(supervisor: Supervisor) -> None:
    work = Ends(*[ValueError(str(i)) for i in range(9)])
    supervisor.keep("feeder", work)
    supervisor.keep("other", Ends())
    await supervisor.gave_up.wait()
    assert supervisor.reason == "task feeder ended 6 times within 600 s: ValueError('5')"
    assert supervisor.ends == {"feeder": 6, "other": 0}


async def test_ends_that_are_long_ago_do_not_count(supervisor: Supervisor, pauses: Pauses) -> None:
    ends = 0
    steady = asyncio.Event()

    async def hourly() -> None:
        nonlocal ends
        ends += 1
        pauses.now += 3_600
        if ends == 20:
            steady.set()
            await asyncio.Event().wait()

    supervisor.keep("hourly", hourly)
    await steady.wait()
    assert set(pauses.seconds) == {0.5}
    assert not supervisor.gave_up.is_set()


async def test_a_task_that_ends_once_it_should_is_no_fault(pauses: Pauses) -> None:
    stop = asyncio.Event()
    supervisor = Supervisor(stop, sleep=pauses.sleep)

    async def until_stop() -> None:
        await stop.wait()

    supervisor.keep("server", until_stop)
    stop.set()
    with capture_logs() as logs:
        await supervisor.ended("server")
        await supervisor.close()
    assert logs == []
    assert supervisor.ends == {"server": 0}


async def test_close_cancels_all_without_a_word(supervisor: Supervisor) -> None:
    works = [Ends(), Ends()]
    for number, work in enumerate(works):
        supervisor.keep(str(number), work)
        await work.steady.wait()
    with capture_logs() as logs:
        await supervisor.close()
    assert logs == []


async def test_a_name_is_kept_once(supervisor: Supervisor) -> None:
    supervisor.keep("feeder", Ends())
    with pytest.raises(ValueError, match="'feeder' is kept already"):
        supervisor.keep("feeder", Ends())


async def test_a_watched_task_that_fails_is_logged_and_counted() -> None:
    async def failing() -> None:
        raise ValueError("x")

    before = failures().get("errand", 0)
    with capture_logs() as logs:
        await asyncio.wait([watched(failing(), name="errand")])
        await asyncio.sleep(0)
    assert [(line["event"], line["task"], line["error"]) for line in logs] == [
        ("task.failed", "errand", "ValueError('x')")
    ]
    assert failures()["errand"] == before + 1


async def test_a_watched_task_that_ends_or_is_cancelled_is_no_fault() -> None:
    tasks = [watched(Ends("returned")(), name="errand"), watched(Ends()(), name="errand")]
    before = failures().get("errand", 0)
    with capture_logs() as logs:
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
    assert logs == []
    assert failures().get("errand", 0) == before


async def test_whoever_depends_on_it_is_told_of_a_task_that_was_given_up(pauses: Pauses) -> None:
    lifecycle, left = Lifecycle(), asyncio.Event()
    lifecycle.on_fail(left.set)
    supervisor = Supervisor(max_ends=1, on_give_up=lifecycle.fail, sleep=pauses.sleep)
    supervisor.keep("feeder", Ends(ValueError("1"), ValueError("2")))
    await left.wait()
    assert lifecycle.failure == "task feeder ended 2 times within 600 s: ValueError('2')"
    await supervisor.close()


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again() -> None:
    swallowed = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.set()
        await asyncio.Event().wait()

    task = owned(stubborn(), name="stubborn")
    await asyncio.sleep(0)
    await end(task)
    assert swallowed.is_set()
    assert task.cancelled()


async def test_a_failure_stays_in_its_task() -> None:
    async def failing() -> None:
        raise ValueError("x")

    task = owned(failing(), name="failing")
    await asyncio.sleep(0)
    await end(task)
    assert isinstance(task.exception(), ValueError)
