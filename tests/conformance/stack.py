"""The real stack for the suites: `pnodes up` over a simulated network, on loopback, with its own folder."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from server.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.processes import Process, free_port, wait_until

MIN_NODES = 30
NODES = 300
# Log events of a failed API: an unexpected exception behind a response, or an uncaught one.
FAILURES = ('"graphql.internal_error"', '"http.failed"', '"level": "critical"', "Traceback")


@contextmanager
def running(
    folder: Path, *, nodes: int = NODES, settings: Mapping[str, str] = {}, seconds: float = PATIENCE_SECONDS
) -> Generator["RunningStack"]:
    """A stack with a first snapshot, stopped at the end.

    It has only these settings, and none of the caller's environment. `seconds` is how long the first snapshot may take.
    """
    port = free_port()
    plain = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    command = (str(Path(sys.executable).with_name("pnodes")), "up", "--simulate", str(nodes), "--port", str(port))
    process = Process(
        *command, "--data-dir", str(folder), log=folder / "up.log", env={**plain, "LOG_FORMAT": "json", **settings}
    )
    folder.mkdir(parents=True, exist_ok=True)
    process.start()
    stack = RunningStack(f"http://127.0.0.1:{port}", folder)
    try:
        wait_until(lambda: stack.is_healthy() or _gone(process), f"a healthy {stack.url}", seconds)
        assert process.child.poll() is None, f"the stack ended at once:\n{process.text()[-4000:]}"
        yield stack
    finally:
        process.stop()


class RunningStack:
    """The address of a stack, and its log."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder

    def is_healthy(self) -> bool:
        """Whether it has a fresh snapshot."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  our own loopback
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def failures(self) -> list[str]:
        """The lines of the API's log that report a defect."""
        logs = self._folder.glob("*/logs/api.log")
        lines = [line for log in logs for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
        return [line for line in lines if any(mark in line for mark in FAILURES)]


def _gone(process: Process) -> bool:
    return process.child.poll() is not None
