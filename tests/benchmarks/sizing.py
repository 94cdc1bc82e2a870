"""The resources that a network of each size needs, as the table of docs/sizing.md.

Usage: `python -m tests.benchmarks.sizing [NODES ...]`. The whole stack runs over a simulated network, with its own
stores. After the first cycle, which creates everything, five cycles are measured: CPU time and memory of worker and
API, while the API answers the queries of one open dashboard in each slot, and the bytes that a slot adds to the store.
CPU time and bytes do not depend on the load of the machine.
"""

import json
import os
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

from pymongo import MongoClient

from schema.domain.base import DAY
from tests.benchmarks.harness import Server
from tests.conformance.stack import RunningStack, running
from tests.embedded import EmbeddedStores
from tests.patience import PATIENCE_SECONDS
from tests.processes import descendants

SIZES = (100, 500, 5_000, 50_000)
CYCLES = 5
DATABASE = "xandeum-monitor-simulated"
RAW_DAYS = 2
# What the guide advises for networks up to this size, in seconds; the largest one beyond.
ADVISED_TTL = ((200, 60), (1_000, 90))
LARGEST_TTL = 120
# Long enough for a cycle of the largest network on a machine that does other things too.
MEASURED_TTL = {100: 10, 500: 10, 5_000: 20, 50_000: 120}
MAX_BODY_BYTES = 128 * 2**20
FIRST_SECONDS = 900
PAGES = ("/network/health", "/network/analytics", "/pnodes?limit=50", "/recommendations", "/alerts", "/operators")


class Size(NamedTuple):
    """What was measured for one network. CPU times are in seconds for one slot, memory in MB, bytes for one slot."""

    nodes: int
    worker_cpu: float
    worker_mb: float
    api_cpu: float
    api_mb: float
    slot_bytes: float

    @property
    def ttl(self) -> int:
        """The advised seconds between two polls."""
        return next((ttl for nodes, ttl in ADVISED_TTL if self.nodes <= nodes), LARGEST_TTL)

    def row(self) -> str:
        share = 100 * (self.worker_cpu + self.api_cpu) / self.ttl
        raw = self.slot_bytes * RAW_DAYS * DAY / self.ttl / 1e6
        figures = (
            f"{self.nodes:,}",
            f"{self.ttl}",
            f"{self.worker_cpu:.2f}",
            f"{self.api_cpu:.2f}",
            f"{share:.1f} %",
            f"{self.worker_mb:,.0f}",
            f"{self.api_mb:,.0f}",
            f"{self.slot_bytes / 1e3:,.0f}",
            f"{raw:,.0f}",
        )
        return f"| {' | '.join(figures)} |"


HEAD = (
    "nodes",
    "`CACHE_TTL`",
    "worker, CPU s a slot",
    "API, CPU s a slot",
    "share of one core",
    "worker, MB",
    "API, MB",
    "kB a slot",
    "two days of slots, MB",
)


def measure(nodes: int) -> Size:
    """Run a network of this size for some cycles."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        stores = EmbeddedStores(folder / "stores").start()
        settings = {
            "CACHE_TTL": str(MEASURED_TTL.get(nodes, LARGEST_TTL)),
            "MONGO_URI": stores.mongo_uri,
            "REDIS_URL": stores.redis_url,
            "RPC_MAX_BODY_BYTES": str(MAX_BODY_BYTES),
        }
        try:
            with running(folder / "stack", nodes=nodes, settings=settings, seconds=FIRST_SECONDS) as stack:
                return _measured(stack, nodes, stores.mongo_uri)
        finally:
            stores.kill()


def _measured(stack: RunningStack, nodes: int, mongo_uri: str) -> Size:
    worker, api = _process("jobs.worker"), _process("server")
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        database = client[DATABASE]
        slot = _next_slot(stack, None)
        before = (worker.cpu_seconds(), api.cpu_seconds(), _bytes(database))
        for _ in range(CYCLES):
            slot = _next_slot(stack, slot)
            for page in PAGES:
                _get(f"{stack.url}{page}")
        after = (worker.cpu_seconds(), api.cpu_seconds(), _bytes(database))
        worker_cpu, api_cpu, slot_bytes = ((b - a) / CYCLES for a, b in zip(before, after, strict=True))
    return Size(nodes, worker_cpu, worker.memory_mb("VmHWM"), api_cpu, api.memory_mb("VmHWM"), slot_bytes)


def _process(module: str) -> Server:
    """The process of the stack that runs this module."""
    for pid in descendants(os.getpid()):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if words[1:3] == ["-m", module]:
            return Server(module, 0, pid)
    raise LookupError(f"no process runs {module}")


def _next_slot(stack: RunningStack, slot: int | None) -> int:
    """The time of the newest snapshot, once it is another one than `slot`."""

    while True:
        found = int(json.loads(_get(f"{stack.url}/health"))["last_updated"])
        if found != slot:
            return found
        time.sleep(1)  # a monitor asks as seldom; more would count as work of the API


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  (our own loopback)
        return bytes(answer.read())


def _bytes(database: Any) -> int:
    """Bytes of all documents, uncompressed."""
    return sum(database.command("collStats", name)["size"] for name in database.list_collection_names())


def main() -> None:
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    print(f"| {' | '.join(HEAD)} |")
    print(f"|{'---|' * len(HEAD)}")
    for nodes in sizes:
        print(measure(nodes).row(), flush=True)


if __name__ == "__main__":
    main()
