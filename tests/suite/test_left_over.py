"""If a pytest is killed, all processes that its tests started end too, and so do their children."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.processes import REPOSITORY, Process, alive, descendants, wait_until

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that is killed"),
]

BEGINNING = """
import sys
import threading
from pathlib import Path
from tests.embedded import EmbeddedStores
from tests.processes import Process, descendants, free_port, module, wait_until

FOLDER = Path(__file__).parent

def test_it():
"""
STACK = """
    command = ("-m", "jobs.cli", "up", "--simulate", "30", "--port", str(free_port()), "--data-dir", str(FOLDER / "data"))
    with Process(sys.executable, *command, log=FOLDER / "up.log") as up:
        wait_until(lambda: len(descendants(up.child.pid)) == 5, "stores with valkey, simulator, worker and API")
        EmbeddedStores(FOLDER / "stores").start()
        (FOLDER / "started").touch()
        threading.Event().wait()
"""
SIMULATOR = """
    with module("jobs.simulate", "--nodes", "30", log=FOLDER / "simulate.log") as process:
        wait_until(process.text, "the network announces itself")
        (FOLDER / "started").touch()
        threading.Event().wait()
"""


def pytest_over(folder: Path, body: str, *options: str) -> Process:
    """A separate pytest with one test that starts processes and never ends."""
    place = folder / "test_it.py"
    place.write_text(BEGINNING + body, encoding="utf-8")
    pyproject = str(REPOSITORY / "pyproject.toml")
    command = (sys.executable, "-m", "pytest", "-c", pyproject, "-p", "no:cacheprovider", *options, str(place))
    return Process(*command, log=folder / "pytest.log")


def started(run: Process, folder: Path) -> set[int]:
    """All processes below a pytest, once its test has started them."""
    wait_until(lambda: (folder / "started").exists() or run.child.poll() is not None, "the test has started all")
    assert run.child.poll() is None, run.text()
    return descendants(run.child.pid)


def gone(processes: set[int]) -> None:
    wait_until(lambda: not any(map(alive, processes)), "nothing is left")


def test_of_a_killed_pytest_nothing_is_left(tmp_path: Path) -> None:
    with pytest_over(tmp_path, STACK) as run:
        below = started(run, tmp_path)
        assert len(below) == 8, "up with its five, stores with valkey"
        run.kill()
        gone(below)


def test_of_a_killed_worker_of_pytest_nothing_is_left(tmp_path: Path) -> None:
    with pytest_over(tmp_path, SIMULATOR, "-n", "1", "--max-worker-restart", "0") as run:
        below = started(run, tmp_path)
        assert len(below) == 2
        (worker,) = [pid for pid in below if descendants(pid)]
        os.kill(worker, signal.SIGKILL)
        gone(below)
        assert run.wait() == pytest.ExitCode.TESTS_FAILED


# The tests above check the effect of its two parts.
@pytest.mark.nightly
def test_of_a_killed_pytest_with_workers_nothing_is_left(tmp_path: Path) -> None:
    with pytest_over(tmp_path, SIMULATOR, "-n", "1") as run:
        below = started(run, tmp_path)
        run.kill()
        gone(below)
