"""Redis dies, hangs, loses its data, or cannot write: polling continues without it, and APIs do not need it."""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from schema.reads import HISTORY_JOBS
from tests.faults import rig as rigs
from tests.faults.conftest import Note
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader, check_kept
from tests.faults.rig import (
    SLOT_SECONDS,
    Api,
    Rig,
    commits,
    events,
    pause,
    resume,
    slot_start,
    stop,
    until,
)
from tests.processes import Process, connects, free_port, valkey

BACK_SECONDS = 10.0
"""How long after the return of Redis a cycle may take to come from the queue."""
AWAY_SECONDS = 7.0
"""How long Redis is unavailable: longer than a slot."""


class OwnRedis:
    """A Valkey that a test may kill and start again, on one port and folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        # A full disk gives errors. A limit on file size would also send a signal.
        plain = valkey(self.port, folder)
        self.process = Process("sh", "-c", 'trap "" XFSZ; exec "$@"', "sh", *plain.command, log=plain.log)

    async def start(self) -> None:
        self.process.start()
        await until(lambda: connects(self.port), 10, "valkey listens")

    async def flush(self) -> None:
        async with self.client() as client:
            await client.flushall()

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncGenerator[Any]:  # redis-py 5 leaves types open
        client = Redis(port=self.port)
        try:
            yield client
        finally:
            await client.aclose()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    redis = OwnRedis(tmp_path / "valkey")
    with redis.process:
        await until(lambda: connects(redis.port), 10, "valkey listens")
        yield redis


@pytest.fixture
async def own_rig(tmp_path: Path, own: OwnRedis, mongo_uri: str, db_name: str) -> AsyncIterator[Rig]:
    """A deployment whose Redis may be killed. Its MongoDB is that of the whole run."""
    async with rigs.rig(tmp_path, mongo_uri, own.url, db_name) as made:
        yield made


class Outage:
    """What happens to a Redis for some seconds, and how it ends."""

    def __init__(self, own: OwnRedis, kind: str) -> None:
        self._own = own
        self._kind = kind

    async def begin(self) -> None:
        process = self._own.process
        if self._kind == "killed":
            process.kill()
        elif self._kind == "stopped":
            await stop(process)
        elif self._kind == "hanging":
            pause(process)
        elif self._kind == "full-disk":
            self._limit(0)

    async def end(self) -> None:
        if self._kind == "hanging":
            resume(self._own.process)
        elif self._kind == "full-disk":
            self._limit(resource.RLIM_INFINITY)
        else:
            await self._own.start()

    def _limit(self, size: int) -> None:
        """Let every write beyond this file size fail."""
        resource.prlimit(self._own.process.child.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("kind", [pytest.param("killed", marks=pytest.mark.quick), "stopped", "hanging", "full-disk"])
async def test_an_outage_of_redis(own_rig: Rig, own: OwnRedis, note: Note, kind: str) -> None:
    workers = [own_rig.worker("one"), own_rig.worker("two")]
    api = await own_rig.healthy_api()
    pids = [worker.child.pid for worker in workers]
    outage = Outage(own, kind)
    async with Reader(api, own_rig.session) as reader:
        await slot_start(1)
        await outage.begin()
        away = time.time()
        await asyncio.sleep(AWAY_SECONDS)
        await outage.end()
        back = time.time()
        slot = await api.newer_than(back, BACK_SECONDS)
        note(f"Redis {kind} for {back - away:.1f} s: slot {slot - back:.1f} s after it was back")
        await until(lambda: waiting(own, own_rig.database), BACK_SECONDS, "the next cycle waits in the queue")
        await api.newer_than(time.time(), SLOT_SECONDS)
        assert reader.refused == []
    noticed = [events(worker, event) for worker in workers for event in ("queue.unreachable", "queue.lost")]
    assert any(noticed), "the outage was one"
    assert reader.worst_gap <= LOAD.gap(2), "at most one slot is missed"
    assert [worker.child.pid for worker in workers] == pids
    assert all(worker.child.poll() is None for worker in workers), "no worker ends with its queue"
    assert len(commits(*workers)) == len(set(commits(*workers))), "no slot twice"
    await check_kept(own_rig.mongo_uri, own_rig.database, reader)
    note(f"{reader.looks} looks, worst gap {reader.worst_gap} s, latest slot {max(reader.lateness()):.2f} s")


USER = ("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all")


@pytest.mark.parametrize(
    ("rights", "password"),
    [
        pytest.param("-zrangebyscore", "secret", marks=pytest.mark.quick, id="takes jobs and cannot serve them"),
        pytest.param("-info", "secret", id="no INFO"),
        pytest.param("+@all", "wrong", id="wrong password"),
    ],
)
async def test_a_redis_that_cannot_be_used(own_rig: Rig, own: OwnRedis, note: Note, rights: str, password: str) -> None:
    """Every slot is collected once, and upkeep runs, by workers without a usable queue."""
    async with own.client() as client:
        await client.execute_command(*USER, rights)
    url = f"redis://app:{password}@127.0.0.1:{own.port}/0"
    workers = [own_rig.worker("one", REDIS_URL=url), own_rig.worker("two", REDIS_URL=url)]
    api = await own_rig.healthy_api(REDIS_URL=url)
    async with Reader(api, own_rig.session) as reader:
        await slot_start(4 * TTL + 1)
        await until(lambda: looked_after(api), 30, "roll-up and retention have run")
        assert reader.refused == []
    assert TTL <= reader.worst_gap <= LOAD.gap(1), "no slot is missed"
    assert len(commits(*workers)) == len(set(commits(*workers))), "no slot twice"
    lost = [line for worker in workers for line in events(worker, "queue.lost")]
    assert len(lost) <= len(workers), "each worker names the cause once"
    note(f"{len(set(commits(*workers)))} slots, worst gap {reader.worst_gap} s, latest {max(reader.lateness()):.2f} s")


async def looked_after(api: Api) -> bool:
    """Whether roll-up and retention have succeeded, according to /health and /metrics."""
    checks = (await api.get("/health")).body["checks"]
    if any(checks[job]["status"] != "pass" for job in HISTORY_JOBS):
        return False
    return all([await api.metric(f'pnodes_job_age_seconds{{job="{job}"}}') >= 0 for job in HISTORY_JOBS])


async def waiting(own: OwnRedis, database: str) -> int:
    """How many jobs of a deployment wait in the queue."""
    async with own.client() as client:
        return int(await client.zcard(f"pnodes:{database}:jobs"))


async def test_a_flushed_redis_forgets_no_slot(own_rig: Rig, own: OwnRedis, note: Note) -> None:
    worker = own_rig.worker()
    api = await own_rig.healthy_api()
    async with Reader(api, own_rig.session) as reader:
        for offset in (0.5, 2.0, 4.7):
            await slot_start(offset)
            await own.flush()
        await slot_start(1)
        assert reader.refused == []
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    assert len(commits(worker)) == len(set(commits(worker))), "no slot twice"
    note(f"3 flushes, worst gap {reader.worst_gap} s, latest slot {max(reader.lateness()):.2f} s")


async def test_an_api_needs_no_redis(own_rig: Rig, own: OwnRedis, note: Note) -> None:
    """An API that starts without Redis is ready by polling, and receives announcements once Redis is available."""
    own_rig.worker()
    await own_rig.healthy_api()
    own.process.kill()
    late = own_rig.api("late")
    started = time.monotonic()
    await until(late.ready, 10, "ready without Redis")
    ready = time.monotonic() - started
    async with Reader(late, own_rig.session) as reader:
        await slot_start(2 * TTL + 1)
        await own.start()
        await until(lambda: events(late.process, "redis.back"), 10, "announcements are heard again")
        await late.newer_than(time.time(), SLOT_SECONDS)
        assert reader.refused == []
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    note(f"ready {ready:.1f} s after its start, latest slot {max(reader.lateness()):.2f} s")
