"""How soon a new API process answers: `python -m tests.benchmarks.start [NODES…]`.

Compares the time from the start of a process until its first answer about the snapshot with the time of a process that
only imports fastapi, strawberry and beanie. Both take turns, and the medians are compared. The store has one snapshot
of so many nodes.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from server.storage.connect import Mongo
from tests.embedded import EmbeddedStores
from tests.factories import network
from tests.pasts import commit_all
from tests.processes import REPOSITORY, connects, fetch, free_port

SIZES = (300, 10_000)
ROUNDS = 7
IMPORTS = "import fastapi, strawberry, beanie"
QUESTION = json.dumps({"query": "{ pnodes(first: 20) { totalCount nodes { id status score { composite tier } } } }"})
PAUSE = 0.002
TTL = 60


class Start(NamedTuple):
    """Seconds until the first answer, seconds of the imports alone, and their ratio."""

    nodes: int
    first_answer: float
    imports: float

    @property
    def ratio(self) -> float:
        return round(self.first_answer / self.imports, 2)


def run(sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS) -> list[Start]:
    """All sizes, each on its own database of the embedded store."""
    with tempfile.TemporaryDirectory() as folder:
        stores = EmbeddedStores(Path(folder)).start()
        try:
            return [_measured(stores.mongo_uri, nodes, rounds) for nodes in sizes]
        finally:
            stores.stop()


def _measured(mongo_uri: str, nodes: int, rounds: int) -> Start:
    database = f"start_{nodes}"
    asyncio.run(_commit(mongo_uri, database, nodes))
    answers: list[float] = []
    imports: list[float] = []
    for _ in range(rounds):
        imports.append(_seconds(_import))
        answers.append(_first_answer(mongo_uri, database))
    return Start(nodes, round(statistics.median(answers), 3), round(statistics.median(imports), 3))


async def _commit(mongo_uri: str, database: str, nodes: int) -> None:
    mongo = Mongo(mongo_uri, database)
    await mongo.prepare()
    slot = int(time.time()) // TTL * TTL
    await commit_all(mongo, [network(nodes, slot)])
    await mongo.close()


def _import() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)


def _first_answer(mongo_uri: str, database: str) -> float:
    port = free_port()
    environment = {
        **os.environ,
        "MONGO_URI": mongo_uri,
        "MONGO_DB": database,
        "REDIS_URL": "",
        "NETWORK": "devnet",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "server", "--port", str(port)]
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            return _seconds(lambda: _wait(port, process))
        finally:
            process.terminate()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the API ended with status {process.returncode}")
        if connects(port):
            status, body = fetch(f"http://127.0.0.1:{port}/graphql", QUESTION.encode())
            if status == 200 and json.loads(body).get("data"):
                return
        time.sleep(PAUSE)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    for found in run(tuple(map(int, sys.argv[1:])) or SIZES):
        print(json.dumps(found._asdict() | {"ratio": found.ratio}))


if __name__ == "__main__":
    main()
