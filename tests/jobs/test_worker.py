"""The queue of the worker: only JSON, each job once, and working again after any failure of Redis."""

import asyncio
import contextlib
import pickle
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import redis
from arq.constants import job_key_prefix
from arq.worker import Function, func
from structlog.testing import capture_logs

from jobs.schedule.cycles import Cycles
from jobs.schedule.due import Job
from jobs.schedule.job_queue import Queue, dumps, loads, queue_client, queue_functions
from jobs.schedule.periodic import PeriodicJob, PeriodicJobs
from schema.domain.base import Slot
from schema.reads import CollectorState
from tests.fake_stores import FakeJobRuns
from tests.patience import patience
from tests.processes import Process, connects, free_port, valkey, wait_until


class Bomb:
    """What a pickle could do to a process that loads it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self.mark,)


def test_a_job_survives_the_way_through_the_queue() -> None:
    job = {"t": None, "f": "cycle", "a": (60,), "k": {}, "et": 1}
    assert loads(dumps(job)) == {**job, "a": [60]}


def test_an_exception_among_the_results_becomes_its_text() -> None:
    assert loads(dumps({"r": ValueError("x")})) == {"r": "ValueError('x')"}


@pytest.mark.parametrize("raw", [pickle.dumps({"f": "cycle"}), b"[1]", b"null", b"", b"{"])
def test_anything_but_a_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        loads(raw)


def test_a_pickle_is_not_even_opened(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    with pytest.raises(orjson.JSONDecodeError):
        loads(pickle.dumps(Bomb(mark)))
    assert not mark.exists()


async def _nothing() -> None:
    """A periodic job without work."""


@pytest.mark.parametrize("interval", [5, 60, 90, 120, 3_600])
def test_a_cycle_times_out_inside_its_slot_and_stays_known_until_it_is_over(interval: int) -> None:
    async def collect(slot: Slot) -> CollectorState:
        return CollectorState(attempted_slot=slot)

    jobs = PeriodicJobs([PeriodicJob("tidy", 300, 60, _nothing)], FakeJobRuns(), holder="one")
    cycle, periodic = queue_functions(Cycles(collect, interval), jobs, interval)
    assert cycle.timeout_s is not None
    assert cycle.keep_result_s is not None
    assert cycle.timeout_s < interval < cycle.keep_result_s
    assert (periodic.name, periodic.timeout_s, periodic.keep_result_s) == ("tidy", 65, 305)


@pytest.mark.parametrize(
    ("url", "checked"), [("rediss://h", True), ("rediss://h?ssl_check_hostname=false", False), ("redis://h", None)]
)
def test_a_queue_over_tls_checks_the_name_of_the_host(url: str, checked: bool | None) -> None:
    for patient in (True, False):
        client: Any = queue_client(url, patient=patient)
        assert client.connection_pool.connection_kwargs.get("ssl_check_hostname") is checked


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    number = free_port()
    with valkey(number, tmp_path / "valkey"):
        wait_until(lambda: connects(number), "valkey listens")
        yield number


class Done:
    """The slots that ran, with the time of each."""

    def __init__(self) -> None:
        self.slots: list[int] = []
        self.ran = asyncio.Event()

    def function(self) -> Function:
        async def cycle(ctx: dict[Any, Any], slot: int) -> str:
            self.slots.append(slot)
            self.ran.set()
            return "committed"

        return func(cycle, name="cycle", timeout=4, keep_result=60)

    async def wait_for(self, count: int) -> None:
        async with patience():
            while len(self.slots) < count:
                self.ran.clear()
                await self.ran.wait()


@pytest.fixture
async def queues(port: int) -> AsyncIterator[tuple[Queue, Queue]]:
    pair = (Queue(f"redis://127.0.0.1:{port}/0", "test"), Queue(f"redis://127.0.0.1:{port}/0", "test"))
    yield pair
    for queue in pair:
        await queue.client.aclose()


@contextlib.asynccontextmanager
async def _serving(*queues: Queue, done: Done) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for queue in queues:
            tasks.create_task(queue.serve([done.function()], stop, grace_seconds=5))
        try:
            yield
        finally:
            stop.set()


def _due(slot: int) -> Job:
    return Job("cycle", slot, int(time.time()))


@pytest.mark.stack
async def test_two_workers_run_each_slot_once(queues: tuple[Queue, Queue]) -> None:
    done = Done()
    async with _serving(*queues, done=done):
        for slot in (60, 120, 180):
            for _ in range(2):
                await asyncio.gather(*(queue.put(_due(slot)) for queue in queues))
        await done.wait_for(3)
        for queue in queues:
            await queue.put(_due(60))
        await queues[0].put(_due(240))
        await done.wait_for(4)
    assert sorted(done.slots) == [60, 120, 180, 240]


@pytest.mark.stack
async def test_a_pickle_in_the_queue_is_refused_and_the_worker_goes_on(
    queues: tuple[Queue, Queue], tmp_path: Path
) -> None:
    mark, done, queue = tmp_path / "executed", Done(), queues[0]
    await queue.put(_due(60))
    await queue.client.set(job_key_prefix + "test:cycle:60", pickle.dumps(Bomb(mark)))
    await queue.put(_due(120))
    async with _serving(queue, done=done):
        await done.wait_for(1)
    assert done.slots == [120]
    assert not mark.exists()


@pytest.mark.stack
async def test_deployments_that_share_a_redis_do_not_meet(port: int) -> None:
    one, other = (Queue(f"redis://127.0.0.1:{port}/0", name) for name in ("one", "other"))
    done = Done()
    await one.put(_due(60))
    await other.put(_due(60))
    async with _serving(other, done=done):
        await done.wait_for(1)
    assert await one.client.zcard("pnodes:one:jobs") == 1
    for queue in (one, other):
        await queue.client.aclose()
    assert done.slots == [60]


@pytest.mark.stack
async def test_after_a_killed_redis_jobs_run_again(tmp_path: Path) -> None:
    port, done = free_port(), Done()
    server: Process = valkey(port, tmp_path / "valkey")
    queue = Queue(f"redis://127.0.0.1:{port}/0", "test")
    async with _serving(queue, done=done):
        for slot in (60, 120):
            with server:
                await asyncio.to_thread(wait_until, lambda: connects(port), "valkey listens")
                await _put_when_reachable(queue, _due(slot))
                await done.wait_for(slot // 60)
                server.kill()
            with pytest.raises(OSError, match=r".+"):
                await queue.put(_due(slot))
    await queue.client.aclose()


async def _put_when_reachable(queue: Queue, job: Job) -> None:
    for _ in range(5):
        try:
            return await queue.put(job)
        except OSError:
            continue
    raise AssertionError("the queue is not reachable")


USER = "redis://app:secret@127.0.0.1:{port}/0"
RIGHTS = ("ACL", "SETUSER", "app", "on", ">secret", "~arq:*", "~pnodes:*", "&pnodes:*", "+@all")


@contextlib.asynccontextmanager
async def _as_user(port: int, *rights: str) -> AsyncGenerator[Queue]:
    """A queue of a Redis user with all rights except these."""
    admin = Queue(f"redis://127.0.0.1:{port}/0", "test")
    await admin.client.execute_command(*RIGHTS, *rights)
    queue = Queue(USER.format(port=port), "test")
    yield queue
    for each in (queue, admin):
        await each.client.aclose()


@pytest.mark.stack
@pytest.mark.parametrize("rights", ["-@dangerous", "-info", "-@admin"])
async def test_a_redis_user_without_the_right_to_look_at_the_server_is_served(port: int, rights: str) -> None:
    done = Done()
    async with _as_user(port, rights) as queue, _serving(queue, done=done):
        await queue.put(_due(60))
        await done.wait_for(1)
    assert done.slots == [60]


@pytest.mark.stack
@pytest.mark.parametrize("rights", ["-zrangebyscore", "-psetex"])
async def test_a_redis_that_cannot_serve_is_named_once_and_tried_again(port: int, rights: str) -> None:
    stop = asyncio.Event()
    with capture_logs() as logs:
        async with _as_user(port, rights) as queue:
            serving = asyncio.create_task(queue.serve([Done().function()], stop, grace_seconds=1))
            await asyncio.to_thread(wait_until, lambda: _named(logs), "the queue is lost")
            admin = Queue(f"redis://127.0.0.1:{port}/0", "test")
            before = int((await admin.client.info("stats"))["total_connections_received"])
            await asyncio.to_thread(wait_until, lambda: _connections(port) > before + 2, "it is tried again, and again")
            assert not serving.done()
            stop.set()
            await serving
            await admin.client.aclose()
    assert len(_named(logs)) == 1


def _named(logs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [line for line in logs if line["event"] == "queue.lost"]


def _connections(port: int) -> int:
    """How many connections this Redis has received."""
    with redis.Redis(port=port) as client:
        return int(cast("dict[str, Any]", client.info("stats"))["total_connections_received"])


@pytest.mark.stack
async def test_a_queue_whose_password_is_wrong_cannot_be_reached(port: int) -> None:
    async with _as_user(port):
        wrong = Queue(f"redis://app:other@127.0.0.1:{port}/0", "test")
        with pytest.raises(OSError, match="invalid username-password"):
            await wrong.put(_due(60))
        await wrong.client.aclose()


@pytest.mark.stack
async def test_a_redis_cluster_cannot_be_reached(tmp_path: Path) -> None:
    port = free_port()
    plain = valkey(port, tmp_path / "cluster")
    with Process(*plain.command, "--cluster-enabled", "yes", "--cluster-port", str(free_port()), log=plain.log):
        await asyncio.to_thread(wait_until, lambda: connects(port), "valkey listens")
        queue = Queue(f"redis://127.0.0.1:{port}/0", "test")
        with pytest.raises(OSError, match="Hash slot not served"):
            await queue.put(_due(60))
        await queue.client.aclose()
