"""The cost of a cycle: nine simulated seeds over sockets, merged, scored, and saved in the embedded store.

`python -m tests.benchmarks.cycle [NODES…]` prints a table. Each size runs in a separate process, to measure its peak
memory. CPU is that of the worker's process: the seeds and the store run in others.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pymongo.monitoring import CommandListener, CommandStartedEvent

from jobs.cycle.collect import Collector
from jobs.cycle.crawl import crawl
from jobs.prpc.address import parse_seed
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from schema.domain.base import slot_of
from schema.domain.cycle.advance import CycleOptions
from schema.domain.node.observation import SeedReply
from server.process.garbage import Garbage
from server.storage.connect import Mongo
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.embedded import EmbeddedStores
from tests.fake_stores import FakeAnnouncer
from tests.processes import REPOSITORY

SIZES = (300, 3_000, 10_000)
CYCLES = 6
MAX_BODY_BYTES = 256 * 2**20
INTERVAL = 60


class RoundTrips(CommandListener):
    """Counts commands, and the bytes that they write."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.count += 1

    def succeeded(self, event: object) -> None:
        """Counted when it started."""

    def failed(self, event: object) -> None:
        """Counted when it started."""


async def measure(nodes: int, mongo_uri: str, simulation: dict[str, Any]) -> dict[str, Any]:
    """The medians of the second and later cycles of a network of this size. The first one creates everything."""
    trips = RoundTrips()
    mongo = Mongo(mongo_uri, f"cycle_{nodes}", timeout_seconds=600, event_listeners=[trips])
    store = MongoSnapshotStore(mongo)
    dialler = Dialler(dial_map=simulation["dial_map"])
    limits = Limits.for_interval(
        INTERVAL, max_body_bytes=MAX_BODY_BYTES, call_seconds=60.0, seed_seconds=90.0, crawl_seconds=120.0
    )
    crawled: list[float] = []

    async def crawl_once() -> tuple[SeedReply, ...]:
        began = time.process_time()
        async with PrpcClient(dialler, limits) as client:
            replies = await crawl(client, tuple(map(parse_seed, simulation["seeds"])))
        crawled.append(time.process_time() - began)
        return replies

    collector = Collector(
        store,
        FakeAnnouncer(),
        crawl_once,
        CycleOptions(interval=INTERVAL),
        holder="bench",
        lease_seconds=600,
        garbage=Garbage(),
    )
    slot = slot_of(time.time(), INTERVAL) - CYCLES * INTERVAL
    rows: list[tuple[float, float, float, int]] = []
    for number in range(CYCLES):
        wall, cpu, before = time.perf_counter(), time.process_time(), trips.count
        state = await collector.collect(slot + number * INTERVAL)
        if state.outcome != "committed":
            raise RuntimeError(f"cycle {number} of {nodes} nodes: {state.outcome}")
        rows.append((time.perf_counter() - wall, time.process_time() - cpu, crawled[-1], trips.count - before))
    wall, cpu, crawl_cpu, _ = map(statistics.median, zip(*rows[1:], strict=True))
    size = await mongo.database.command("dbStats")
    await mongo.database.client.drop_database(mongo.database.name)
    await mongo.close()
    return {
        "nodes": nodes,
        "wall_seconds": round(wall, 3),
        "cpu_seconds": round(cpu, 3),
        "crawl_cpu_seconds": round(crawl_cpu, 3),
        # For one run: the duration of the whole cycle for each second of polling, parsing and validating.
        "cycle_per_crawl": round(cpu / crawl_cpu, 2),
        "cpu_us_per_node": round(cpu / nodes * 1e6, 1),
        "round_trips": max(row[-1] for row in rows[1:]),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000, 1),
        "data_kb_per_cycle": round(float(size["dataSize"]) / CYCLES / 1_000, 1),
    }


def run_one(nodes: int, mongo_uri: str) -> dict[str, Any]:
    """One size in a separate process, with its own simulated network."""
    command = [sys.executable, "-m", "jobs.simulate", "--nodes", str(nodes), "--faults", "none"]
    simulator = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert simulator.stdout is not None
    assert simulator.stdin is not None
    try:
        told = simulator.stdout.readline()
        child = [sys.executable, "-m", "tests.benchmarks.cycle", "--one", str(nodes), mongo_uri, told.decode()]
        done = subprocess.run(child, cwd=REPOSITORY, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-4_000:])
        return json.loads(done.stdout.splitlines()[-1])
    finally:
        simulator.stdin.close()
        simulator.wait(30)


def run(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """All sizes, one after the other, each on its own embedded store."""
    with tempfile.TemporaryDirectory() as folder:
        stores = EmbeddedStores(Path(folder)).start()
        try:
            return [run_one(nodes, stores.mongo_uri) for nodes in sizes]
        finally:
            stores.stop()


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        _, _, nodes, uri, told = sys.argv
        print(json.dumps(asyncio.run(measure(int(nodes), uri, json.loads(told)))))
        return
    for row in run(tuple(map(int, sys.argv[1:])) or SIZES):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
