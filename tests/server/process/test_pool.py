"""Equal processes that are kept running and stopped together, with children of one line."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.processes import Process, alive, descendants, wait_until

pytestmark = pytest.mark.stack

PARENT = """
import asyncio, sys
from server.process.leaving import Leaving
from server.process.pool import Pool
body, stop_seconds = sys.argv[1], float(sys.argv[2])
command = lambda n: (sys.executable, "-c", body, str(n))
pool = Pool(command, 2, pass_fds=(), stop_seconds=stop_seconds, leaving=Leaving(3_600))
sys.exit(asyncio.run(pool.run()))
"""
WAITS = "import signal; signal.sigwait([signal.SIGTERM])"
IGNORES = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
UNUSABLE = "import signal, sys; sys.exit(2) if sys.argv[1] == '2' else signal.pause()"


def pool(folder: Path, body: str, stop_seconds: float = 60) -> Process:
    return Process(sys.executable, "-c", PARENT, body, str(stop_seconds), log=folder / "pool.log")


def two_children(parent: Process) -> set[int]:
    wait_until(lambda: len(descendants(parent.child.pid)) == 2, "two children")
    return descendants(parent.child.pid)


def test_a_child_that_ends_is_started_again_and_a_signal_stops_all(tmp_path: Path) -> None:
    with pool(tmp_path, WAITS) as parent:
        first = two_children(parent)
        os.kill(min(first), signal.SIGKILL)
        wait_until(lambda: not alive(min(first)), "the child is gone")
        second = two_children(parent)
        assert max(first) in second
        assert parent.stop() == 0
        assert not any(map(alive, second))
        assert "status=-9" in parent.text()


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    with pool(tmp_path, IGNORES, stop_seconds=0.2) as parent:
        wait_until(lambda: parent.text().count("deaf") == 2, "two children that ignore SIGTERM")
        children = descendants(parent.child.pid)
        assert parent.stop() == 0
        assert not any(map(alive, children))
        assert "process.killed" in parent.text()


def test_a_child_that_cannot_use_its_settings_ends_all(tmp_path: Path) -> None:
    with pool(tmp_path, UNUSABLE) as parent:
        assert parent.wait() == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a process that is killed")
def test_no_child_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    with pool(tmp_path, WAITS) as parent:
        children = two_children(parent)
        parent.kill()
        wait_until(lambda: not any(map(alive, children)), "the children are gone")
