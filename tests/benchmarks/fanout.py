"""Many subscribers on one process: the delay of each snapshot, and the cost of an idle subscriber.

Usage: `python -m tests.benchmarks.fanout [SUBSCRIBERS]`.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import websockets

from tests.benchmarks.harness import ROOT, Server, free_port

SNAPSHOTS = 5
QUERY = "subscription { snapshots { slot nodeCount totals { online storageUsed } } }"


async def _subscriber(url: str, ready: asyncio.Semaphore, delays: list[float]) -> None:
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("graphql-transport-ws")]) as socket:
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": QUERY}}))
        ready.release()
        for _ in range(SNAPSHOTS):
            message = json.loads(await socket.recv())
            # The slot is the server's clock: it commits in the second that the slot names.
            delays.append(time.time() - message["payload"]["data"]["snapshots"]["slot"])


async def _silent(url: str) -> None:
    """A subscriber that never reads again."""
    async with websockets.connect(
        url, subprotocols=[websockets.Subprotocol("graphql-transport-ws")], max_queue=1
    ) as socket:
        await socket.send('{"type":"connection_init"}')
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": QUERY}}))
        await asyncio.sleep(3_600)


async def _measure(server: Server, count: int) -> dict[str, Any]:
    url = f"ws://127.0.0.1:{server.port}/graphql"
    before = server.memory_mb()
    delays: list[float] = []
    ready = asyncio.Semaphore(0)
    silent = asyncio.create_task(_silent(url))
    tasks = [asyncio.create_task(_subscriber(url, ready, delays)) for _ in range(count)]
    for _ in range(count):
        await ready.acquire()
    idle = server.memory_mb()
    await asyncio.gather(*tasks)
    silent.cancel()
    ordered = sorted(delays)
    return {
        "subscribers": count,
        "snapshots each": SNAPSHOTS,
        "median delay ms": round(ordered[len(ordered) // 2] * 1_000, 1),
        "worst delay ms": round(ordered[-1] * 1_000, 1),
        "memory per idle subscriber kB": round((idle - before) / count * 1_000, 1),
    }


def run(count: int = 500) -> dict[str, Any]:
    """The figures for this number of subscribers."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.apps", "ticking", str(port)]
    child = subprocess.Popen(command, cwd=ROOT)
    try:
        deadline = time.monotonic() + 30
        while not _listens(port):
            if time.monotonic() > deadline:
                raise RuntimeError("the server does not answer")
            time.sleep(0.1)
        return asyncio.run(_measure(Server("ticking", port, child.pid), count))
    finally:
        child.terminate()
        child.wait(15)


def _listens(port: int) -> bool:
    table = Path("/proc/net/tcp").read_text()
    return f":{port:04X} " in table


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 500)))
