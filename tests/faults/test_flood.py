"""Too many clients, slow clients, and a process that is paused for a moment."""

import asyncio
import time
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.faults.conftest import Note
from tests.faults.load import LOAD, TTL
from tests.faults.reader import Reader
from tests.faults.rig import (
    Api,
    Rig,
    descriptors,
    memory_kb,
    pause,
    percentile,
    resume,
    slot_start,
    until,
)

CAP = 50
SLOW = 300
FAST = 1_000


async def probe(api: Api, seconds: float) -> list[float]:
    """Response times in seconds, each over a separate connection. All must be 200."""
    end, taken = time.monotonic() + seconds, list[float]()
    while time.monotonic() < end:
        started = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(b"GET /pnodes?limit=50 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()
        taken.append(time.monotonic() - started)
    return taken


async def _connect(api: Api, first: bytes) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(first)
    await writer.drain()
    return writer


@pytest.mark.quick
async def test_caps_hold_and_others_are_served(rig: Rig, note: Note) -> None:
    """WebSockets up to their limit, endless heads, silent connections, and a thousand that come and go."""
    rig.worker()
    api = await rig.healthy_api(MAX_SOCKETS=str(CAP))
    pid = api.process.child.pid
    quiet = await probe(api, 3)
    memory, files = memory_kb(pid), descriptors(pid)
    refused: list[int] = []
    async with AsyncExitStack() as held:
        for _ in range(CAP + 10):
            try:
                await held.enter_async_context(
                    rig.session.ws_connect(f"{api.url}/graphql", protocols=("graphql-transport-ws",))
                )
            except aiohttp.WSServerHandshakeError as error:
                refused.append(error.status)
        assert refused == [503] * 10
        slow = [await _connect(api, b"GET /pnodes HTTP/1.1\r\nx-slow: ") for _ in range(SLOW)]
        idle = [await _connect(api, b"") for _ in range(SLOW)]
        unread = [await _connect(api, b"GET /pnodes?limit=1000 HTTP/1.1\r\nhost: x\r\n\r\n" * 20) for _ in range(20)]

        async def come_and_go() -> None:
            for _ in range(FAST):
                (await _connect(api, b"")).close()

        async with Reader(api, rig.session) as reader:
            flooding = asyncio.create_task(come_and_go())
            loud = await probe(api, TTL + 3)
            await flooding
            assert reader.refused == []
        grown = memory_kb(pid) - memory
        for writer in (*slow, *idle, *unread):
            writer.close()
    await until(lambda: descriptors(pid) <= files + 5, 15, "all descriptors are given back")
    p99, before = percentile(loud, 99), percentile(quiet, 99)
    note(
        f"p99 {before * 1e3:.1f} ms, under the flood {p99 * 1e3:.1f} ms; {grown} kB more memory at {CAP + 2 * SLOW} connections"
    )
    assert p99 < before + LOAD.seconds(0.1)
    assert grown < 64 * 1_024


async def test_a_process_that_stood_still_says_so_and_goes_on(rig: Rig, note: Note) -> None:
    rig.worker()
    api = await rig.healthy_api()
    within = 'pnodes_event_loop_lag_seconds_bucket{le="0.2"}'

    async def late() -> float:
        return await api.metric("pnodes_event_loop_lag_seconds_count") - await api.metric(within)

    before = await late()
    async with Reader(api, rig.session) as reader:
        waits: list[float] = []
        for _ in range(4):
            pause(api.process)
            started = time.monotonic()
            asked = asyncio.create_task(api.get("/health/live"))
            await asyncio.sleep(0.8)
            resume(api.process)
            assert (await asked).status == 200
            waits.append(time.monotonic() - started)
            await asyncio.sleep(1)
        await slot_start(1)
        assert reader.refused == []
    assert TTL <= reader.worst_gap <= LOAD.gap(1)
    noticed = await late() - before
    assert noticed >= 2
    assert max(waits) < 0.8 + LOAD.seconds(0.2)
    note(f"4 stalls of 0.8 s: probes waited {max(waits):.2f} s at most, the watchdog noticed {noticed:.0f}")
