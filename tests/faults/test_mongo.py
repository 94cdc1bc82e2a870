"""MongoDB dies, returns, is slow, or has no space left: public data stays whole and available."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from schema.domain.base import written
from tests.faults import rig as rigs
from tests.faults import stages
from tests.faults.conftest import Note
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader, check_kept
from tests.faults.rig import (
    SLOT_SECONDS,
    Api,
    OwnMongo,
    Rig,
    commits,
    events,
    percentile,
    slot_start,
    unavailable,
    until,
)
from tests.faults.stages import Accident, Stage
from tests.faults.wire import Lost, Wire
from tests.patience import PATIENCE_SECONDS

BACK_SECONDS = 10.0
"""How long after the return of its store a deployment may take to have a new slot."""
QUESTIONS = ("/pnodes?limit=100", "/network/health", "/recommendations", "/pnodes?status=all&sort_by=score&limit=500")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnMongo]:
    async with OwnMongo(tmp_path / "stores") as mongo:
        yield mongo


@pytest.fixture
async def own_rig(tmp_path: Path, own: OwnMongo, redis_url: str, db_name: str) -> AsyncIterator[Rig]:
    """A deployment whose MongoDB may be killed. Its Redis is that of the whole run."""
    async with rigs.rig(tmp_path, own.uri, redis_url, db_name) as made:
        yield made


async def restart_at_each(rig: Rig, own: OwnMongo, moments: Sequence[Stage], note: Note) -> None:
    """Kill the store once at each of these stages of a commit, and start it again a second later."""
    async with Wire(rig.mongo_uri) as wire:
        worker = rig.worker(MONGO_URI=wire.uri)
        api = await rig.healthy_api()
        pid = worker.child.pid
        async with Reader(api, rig.session) as reader:
            for stage in moments:

                async def kill() -> None:
                    await own.kill()
                    raise Lost

                accident = Accident(wire, stage, kill)
                await until(lambda: accident.at, SLOT_SECONDS, f"a commit comes to: {stage.name}")  # noqa: B023  awaited here
                await asyncio.sleep(1)
                assert await api.ready()
                await own.start()
                back = time.time()
                slot = await api.newer_than(back, BACK_SECONDS)
                note(f"killed {stage.name}: back with slot {slot - int(accident.at // TTL) * TTL} s after the lost one")
            assert reader.refused == [], "the API answers while its store is away"
        assert worker.child.pid == pid
        assert worker.child.poll() is None
        assert len(commits(worker)) == len(set(commits(worker)))
        compared = await check_kept(rig.mongo_uri, rig.database, reader)
        note(f"{len(moments)} restarts, {reader.looks} looks, {compared} slots whole, worst gap {reader.worst_gap} s")
        assert reader.worst_gap <= LOAD.gap(3)
        assert events(api.process, "http.failed") == []


@pytest.mark.quick
async def test_a_store_killed_in_the_middle_of_a_commit(own_rig: Rig, own: OwnMongo, note: Note) -> None:
    await restart_at_each(own_rig, own, (stages.MEMORY_WRITTEN, stages.COMMITTED), note)


async def test_a_store_killed_at_each_stage_of_a_commit(own_rig: Rig, own: OwnMongo, note: Note) -> None:
    await restart_at_each(own_rig, own, stages.STAGES[1:], note)


async def test_an_outage_is_a_matter_of_age_alone(own_rig: Rig, own: OwnMongo, note: Note) -> None:
    """The status of /health follows the age of the snapshot. Readiness and the present do not change."""
    own_rig.worker()
    api = await own_rig.healthy_api()
    async with Reader(api, own_rig.session) as reader:
        slot = await slot_start(1)
        await own.kill()
        words: list[tuple[int, str]] = []
        for age in (6, 11, 16, 21, 26):
            await asyncio.sleep(slot + age + 0.5 - time.time())
            status, body = await api.get("/health")
            words.append((status, body["status"]))
            assert body["checks"]["store"]["status"] == "warn"
            assert await api.status("/health/live") == 200
            assert await api.ready()
        assert words == [(200, "healthy"), *[(200, "degraded")] * 3, (503, "unhealthy")]
        snapshot = (await api.ask("{ snapshot { slot stale ageSeconds } }"))["snapshot"]
        assert (int(snapshot["slot"]), snapshot["stale"]) == (slot, True)
        assert snapshot["ageSeconds"] in {25, 30}, "in whole intervals"
        status, body = await api.get("/network/history?hours=1")
        assert (status, "error" in body) == (503, True), "the past is not invented"
        await own.start()
        back = time.time()
        await until(api.healthy, BACK_SECONDS, "healthy after the outage")
        note(f"healthy {time.time() - back:.1f} s after an outage of {back - slot:.0f} s")
        assert reader.refused == []


async def latencies(api: Api, seconds: float) -> list[float]:
    """Sequential response times, in seconds, of queries about the present. Each must be 200."""
    end, taken, number = time.monotonic() + seconds, list[float](), 0
    while time.monotonic() < end:
        started = time.monotonic()
        # Every other query is new, so its response comes from the records and not from the cache.
        path = QUESTIONS[number % 4] if number % 2 else f"/pnodes?limit=100&skip={number % 20}"
        assert await api.status(path) == 200
        taken.append(time.monotonic() - started)
        number += 1
    return taken


async def test_a_slow_store_slows_nothing_that_is_answered_from_memory(rig: Rig, note: Note) -> None:
    async with Wire(rig.mongo_uri) as to_worker, Wire(rig.mongo_uri) as to_api:
        rig.worker(MONGO_URI=to_worker.uri)
        api = await rig.healthy_api(MONGO_URI=to_api.uri)
        async with Reader(api, rig.session) as reader:
            quick = await latencies(api, 6)
            to_worker.delay = to_api.delay = 0.15
            slot = await slot_start(4 * TTL)
            assert TTL <= reader.worst_gap <= LOAD.gap(1), "0.15 s for each operation still makes every slot"

            to_worker.delay = to_api.delay = 2.0
            asked = [
                asyncio.create_task(
                    api.post(
                        f'{{ history(from: "{written(slot - 60 * n)}") {{ points {{ start }} }} }}',
                        seconds=PATIENCE_SECONDS,
                    )
                )
                for n in range(1, 51)
            ]
            slow = await latencies(api, 12)
            assert await api.ready()
            started = time.monotonic()
            assert (await api.get("/health"))[1]["checks"]["store"]["status"] == "warn"
            assert time.monotonic() - started < LOAD.seconds(1)
            answers = await asyncio.gather(*asked)
            for answer in answers:
                assert (answer.status, "errors" in answer.body) == (200, False) or unavailable(answer), answer
            refused = sum(map(unavailable, answers))
            to_worker.calm()
            to_api.calm()
            await api.newer_than(time.time(), SLOT_SECONDS)
            await until(api.healthy, SLOT_SECONDS, "healthy after the slow time")
            assert reader.refused == []
        p99, before = percentile(slow, 99), percentile(quick, 99)
        note(
            f"p99 {before * 1e3:.1f} ms ({len(quick)} answers), with 2 s an operation {p99 * 1e3:.1f} ms ({len(slow)}); "
            f"about the past {refused} of {len(answers)} refused"
        )
        assert len(slow) > 200 / LOAD.slowness
        assert p99 < before + LOAD.seconds(0.05)
        await check_kept(rig.mongo_uri, rig.database, reader)


def limit_files(pid: int, size: int) -> None:
    """Let every write of a process beyond this file size fail, like a full disk."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


async def test_no_room_on_the_disk_of_the_store(own_rig: Rig, own: OwnMongo, note: Note) -> None:
    worker = own_rig.worker()
    api = await own_rig.healthy_api()

    async def degraded() -> bool:
        return (await api.get("/health")).body["status"] == "degraded"

    async with Reader(api, own_rig.session) as reader:
        await slot_start(1)
        _, unlimited = resource.prlimit(own.pid, resource.RLIMIT_FSIZE)
        limit_files(own.pid, 0)
        full = time.time()
        await until(lambda: events(worker, "cycle.failed"), SLOT_SECONDS, "a cycle fails, and says so")
        await until(degraded, 4 * TTL, "/health says that the data grow old")
        assert await api.ready()
        assert worker.child.poll() is None
        limit_files(own.pid, unlimited)
        assert await own.ended() == 1, "the stores end, so that their supervisor starts them again"
        await own.start()
        back = time.time()
        await api.newer_than(back, BACK_SECONDS)
        assert reader.refused == []
    compared = await check_kept(own_rig.mongo_uri, own_rig.database, reader)
    note(f"full for {back - full:.0f} s, {compared} slots whole")


async def test_no_room_for_logs(rig: Rig, note: Note) -> None:
    worker = rig.worker()
    api = await rig.healthy_api()
    async with Reader(api, rig.session) as reader:
        for process in (worker, api.process):
            limit_files(process.child.pid, 0)
        full = time.time()
        await api.newer_than(full + 3 * TTL, 5 * TTL)
        assert await api.status("/no-such-path") == 404
        assert worker.child.poll() is None
        assert reader.refused == []
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    note(f"{reader.newest - int(full)} s without a log, worst gap {reader.worst_gap} s")
