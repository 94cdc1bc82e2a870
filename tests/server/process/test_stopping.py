"""Worker and API processes that are stopped while something in them hangs."""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Process, fetch, free_port, wait_until

pytestmark = pytest.mark.stack

HANG = """
import asyncio, sys
from jobs import worker
from server import __main__ as api
from server.process.leaving import Leaving
from server.storage.connect import Mongo

async def hang(*_):
    await asyncio.Event().wait()

# Nothing is given more time at a stop than the machine needs to get there.
worker.Leaving = api.Leaving = lambda seconds: Leaving(0, margin_seconds=0)
"""
CLOSING = HANG + "Mongo.close = hang\n"
STARTING = HANG.partition("# Nothing")[0] + "Mongo.prepare = hang\n"
WORKER = "sys.exit(worker.main([]))\n"
API = "sys.exit(api.main([]))\n"


def process(folder: Path, code: str) -> tuple[Process, int]:
    """The code as a process without stores, and the port of its API."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "MONGO_URI": f"mongodb://127.0.0.1:{free_port()}/",
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "IP_NODES": "127.0.0.1",
        "ALLOW_PRIVATE_SEEDS": "true",
        "PORT": str(port),
        "DRAIN_SECONDS": "0",
        "LOG_FORMAT": "json",
    }
    return Process(sys.executable, "-c", code, log=folder / "log", env=env), port


def lines(run: Process, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in run.text().splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def catches_sigterm(pid: int) -> bool:
    """Whether the process has a handler of SIGTERM (Linux)."""
    (mask,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:")]
    return bool(int(mask.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.parametrize("program", ["worker", "api"])
def test_a_process_whose_store_is_never_closed_ends_and_names_it(tmp_path: Path, program: str) -> None:
    run, port = process(tmp_path, CLOSING + (WORKER if program == "worker" else API))
    with run:
        if program == "worker":
            wait_until(lambda: lines(run, "worker.started"), "the worker has started")
        else:
            wait_until(lambda: fetch(f"http://127.0.0.1:{port}/health/live")[0] == 200, "the API is live")
        run.child.terminate()
        assert run.wait() == 1
    (line,) = lines(run, "process.stuck")
    assert any(task.startswith("Task-1: ") for task in line["tasks"])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which signals a process handles")
def test_a_worker_that_waits_for_its_store_at_the_start_stops_at_once(tmp_path: Path) -> None:
    run, _ = process(tmp_path, STARTING + WORKER)
    with run:
        wait_until(lambda: catches_sigterm(run.child.pid), "it handles SIGTERM")
        assert run.stop() == 0


@contextlib.contextmanager
def full_pipe() -> Generator[int]:
    """The write end of a full pipe that nobody reads."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(1))
    os.set_blocking(writing, True)
    yield writing
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which signals a process handles")
def test_a_worker_whose_log_nobody_reads_ends(tmp_path: Path) -> None:
    run, _ = process(tmp_path, HANG + WORKER)
    with full_pipe() as pipe, run.start(errors=pipe):
        wait_until(lambda: catches_sigterm(run.child.pid), "it handles SIGTERM")
        run.child.terminate()
        assert run.wait() == 1
