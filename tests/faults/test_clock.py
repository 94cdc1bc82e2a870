"""A wall clock that jumps: the network, the worker and the API use our clock (libfaketime)."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults import rig as rigs
from tests.faults.conftest import Note
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader
from tests.faults.rig import Rig, commits, events, until

LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib/faketime").glob("libfaketime.so.1")]
HOUR = 3_600

pytestmark = pytest.mark.skipif(not LIBRARIES, reason="needs libfaketime (Debian package `faketime`)")


class Clock:
    """The clock of some processes: the real time plus some seconds. The clock for durations is not changed."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.ahead = 0
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(place),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(0)

    def set(self, ahead: int) -> None:
        """Jump to `ahead` seconds before the real time."""
        self.ahead = ahead
        fresh = self._place.with_suffix(".new")
        fresh.write_text(f"{ahead:+d}\n", encoding="utf-8")
        fresh.replace(self._place)

    def now(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
async def rig(tmp_path: Path, mongo_uri: str, redis_url: str, db_name: str, clock: Clock) -> AsyncIterator[Rig]:
    async with rigs.rig(tmp_path, mongo_uri, redis_url, db_name, environment=clock.environment) as made:
        yield made


async def test_a_jump_ahead_is_the_next_slot_and_no_burst(rig: Rig, clock: Clock, note: Note) -> None:
    worker = rig.worker()
    api = await rig.healthy_api()
    async with Reader(api, rig.session) as reader:
        await asyncio.sleep(2 * TTL)
        clock.set(HOUR)
        jumped, before = time.monotonic(), len(commits(worker))
        first = await api.newer_than(clock.now() - TTL, 2 * TTL)
        note(f"first slot {time.monotonic() - jumped:.1f} s after a jump of an hour")
        assert await until(api.healthy, TTL, "healthy by the new clock")
        await asyncio.sleep(3 * TTL)
        elapsed = time.monotonic() - jumped
        made = len(commits(worker)) - before
        assert elapsed / TTL - 1 <= made <= elapsed / TTL + 2, "one cycle a slot, the jump itself is one more at most"
        assert reader.refused == []
    slots = [slot for slot in sorted(reader.slots) if slot >= first]
    assert slots == list(range(first, slots[-1] + 1, TTL))
    assert HOUR <= reader.worst_gap <= HOUR + LOAD.gap(2)
    assert commits(worker) == sorted(set(commits(worker)))


async def test_a_step_back_waits_for_the_clock(rig: Rig, clock: Clock, note: Note) -> None:
    """The largest correction that time synchronisation makes. Only that many seconds are then without a new slot."""
    clock.set(12)
    worker = rig.worker()
    api = await rig.healthy_api()
    async with Reader(api, rig.session) as reader:
        await asyncio.sleep(TTL)
        newest = reader.newest
        await until(lambda: reader.newest > newest, 2 * TTL, "a slot, so that the next one is not at hand")
        newest = reader.newest
        clock.set(0)
        stepped = time.monotonic()
        await until(lambda: reader.newest > newest, 12 + 2 * TTL, "the clock has passed the newest slot")
        note(f"next slot {time.monotonic() - stepped:.1f} s after a step back of 12 s, worst gap {reader.worst_gap} s")
        assert reader.refused == []
    assert reader.worst_gap <= LOAD.gap(2), "no slot is left out but the one that the step fell in"
    assert commits(worker) == sorted(set(commits(worker))), "no slot is made twice, or out of order"


async def test_an_hour_back_keeps_the_last_snapshot(rig: Rig, clock: Clock, note: Note) -> None:
    clock.set(HOUR)
    worker = rig.worker()
    api = await rig.healthy_api()
    async with Reader(api, rig.session) as reader:
        await asyncio.sleep(TTL + 1)
        clock.set(0)
        newest = reader.newest
        calls = sum(len(door.calls) for door in rig.doors)
        await asyncio.sleep(3 * TTL)
        assert reader.newest == newest
        asked = sum(len(door.calls) for door in rig.doors) - calls
        assert asked <= 9 * 3, "nobody is asked for a slot that cannot be committed"
        assert await api.ready()
        status, body = await api.get("/health")
        note(f"an hour back: /health {status} {body['status']}, age {body['snapshot_age_seconds']} s, {asked} calls")
        clock.set(HOUR)
        await until(lambda: reader.newest > newest, 2 * TTL, "the clock is right again")
        assert reader.refused == []
    assert commits(worker) == sorted(set(commits(worker)))
    assert events(worker, "cycle.failed") == []
