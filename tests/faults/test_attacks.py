"""Every attack of one client together: others are answered quickly, and memory is bounded."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.attacks import ATTACKS, CONNECTIONS
from tests.faults.conftest import Note
from tests.faults.rig import SLOT_SECONDS, Api, Rig, memory_kb, percentile, until
from tests.processes import module

SECONDS = float(os.environ.get("ATTACK_SECONDS", "20"))
CALM_SECONDS = 5.0
PROBE_SECONDS = 0.05
MAX_ANSWER_SECONDS = 0.1
MAX_MEMORY_KB = 50 * 1_024
# What a second round may add, which bounded caches keep of documents and responses.
MAX_ADDED_KB = 10 * 1_024
QUIET_SECONDS = 5.0
# The cache of responses is full after the first round.
CACHE_BYTES = 2**20


class Wait(NamedTuple):
    """The duration of one response: elapsed time, and how much of it the server worked, for any request."""

    seconds: float
    work: float


async def probe(api: Api) -> Wait:
    """Request /health/live on a separate connection."""
    worked, started = _worked(api), time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    seconds = time.monotonic() - started
    return Wait(seconds, _worked(api) - worked)


def _worked(api: Api) -> float:
    """The seconds for which the main thread of an API has had a processor, according to Linux."""
    return int(Path(f"/proc/{api.process.child.pid}/schedstat").read_text().split()[0]) / 1e9


def _forget_peak(pid: int) -> None:
    """Reset VmHWM of a process."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def probes(api: Api, during: Awaitable[object]) -> list[Wait]:
    """Continuous probes until `during` is done."""
    task = asyncio.ensure_future(during)
    found: list[Wait] = []
    while not task.done():
        found.append(await probe(api))
        await asyncio.sleep(PROBE_SECONDS)
    await task
    return found


async def _attacked(rig: Rig, api: Api) -> tuple[list[Wait], Any]:
    """The probes during one round of all attacks, and the report of the attacker."""
    log = rig.folder / f"attacks-{time.monotonic_ns()}.log"
    attacker = module("tests.faults.attacks", f"127.0.0.1:{api.port}", str(SECONDS), log=log)
    with attacker:
        loud = await probes(api, asyncio.to_thread(attacker.wait))
    return loud, json.loads(attacker.text())


async def _kept(pid: int) -> int:
    """The memory of a process some time after its clients have left."""
    await asyncio.sleep(QUIET_SECONDS)
    return memory_kb(pid)


async def _has_events(api: Api) -> bool:
    return bool((await api.ask("{ events(first: 1) { nodes { type } } }"))["events"]["nodes"])


def _p99(waits: list[Wait], figure: str) -> float:
    return percentile([getattr(wait, figure) for wait in waits], 99)


async def test_all_attacks_at_once_delay_nobody_and_leave_no_growth(rig: Rig, note: Note) -> None:
    """Other programs may use the processors, so the work of the server before its response is measured."""
    rig.worker()
    api = await rig.healthy_api(RESPONSE_CACHE_BYTES=str(CACHE_BYTES))
    pid = api.process.child.pid
    await until(lambda: _has_events(api), SLOT_SECONDS * 3, "there are events")
    for path in ("/all-nodes", "/pnodes", "/docs", "/openapi.json"):
        assert await api.status(path) == 200
    before = await probes(api, asyncio.sleep(CALM_SECONDS))
    memory = memory_kb(pid)
    _forget_peak(pid)
    loud, done = await _attacked(rig, api)
    grown = memory_kb(pid, "VmHWM") - memory
    kept = await _kept(pid)
    await _attacked(rig, api)
    added = await _kept(pid) - kept

    quiet, attacked = _p99(before, "work"), _p99(loud, "work")
    note(
        f"{len(loud)} probes: p99 {attacked * 1e3:.0f} ms ({quiet * 1e3:.0f} ms before; "
        f"{_p99(loud, 'seconds') * 1e3:.0f} and {_p99(before, 'seconds') * 1e3:.0f} ms by the clock), "
        f"memory +{grown / 1_024:.0f} MB, {(kept - memory) / 1_024:+.0f} MB afterwards, {added / 1_024:+.0f} MB after a second round"
    )
    note(", ".join(f"{name} {done['sent'][name] / SECONDS / 1e3:.0f} kB/s" for name in ATTACKS))
    assert {name for name in ATTACKS if done["opened"].get(name, 0) >= CONNECTIONS and done["sent"][name]} == {*ATTACKS}
    assert attacked < MAX_ANSWER_SECONDS + quiet
    assert grown < MAX_MEMORY_KB
    assert added < MAX_ADDED_KB
    assert await api.healthy()
