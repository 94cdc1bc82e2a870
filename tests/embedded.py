"""The embedded stores as a process of the tests."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from server.process.parent import ended_with_parent
from tests.patience import PATIENCE_SECONDS
from tests.processes import REPOSITORY


class EmbeddedStores:
    """`python -m jobs.stack.embedded` on a folder. `mongo_uri` and `redis_url` are known once it has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mongo_uri = ""
        self.redis_url = ""
        self.valkey_pid = 0
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> "EmbeddedStores":
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "stderr.log").open("ab") as errors:
            self._child = subprocess.Popen(
                (sys.executable, "-m", "jobs.stack.embedded", str(self.folder), *options),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                preexec_fn=ended_with_parent(signal.SIGKILL),  # noqa: PLW1509  (loads nothing after the fork)
            )
        assert self._child.stdout is not None
        line = _first_line(self._child.stdout)
        if not line:
            self.kill()
            raise AssertionError(f"the embedded stores did not start:\n{self.errors()}")
        told = json.loads(line)
        self.mongo_uri, self.redis_url, self.valkey_pid = told["mongo_uri"], told["redis_url"], told["valkey_pid"]
        return self

    @property
    def child(self) -> "subprocess.Popen[bytes]":
        assert self._child is not None, "not started"
        return self._child

    def errors(self) -> str:
        return (self.folder / "stderr.log").read_text(encoding="utf-8", errors="replace")[-4_000:]

    def kill(self) -> None:
        """Send SIGKILL, like a crash."""
        self.child.kill()
        self.wait()

    def stop(self) -> int:
        """Close stdin, as when a parent dies. Returns the exit status."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        return self.wait()

    def terminate(self, signal_number: int) -> int:
        os.kill(self.child.pid, signal_number)
        return self.wait()

    def wait(self) -> int:
        """The exit status, once it has ended."""
        try:
            return self.child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as late:
            self.child.kill()
            self.child.wait(PATIENCE_SECONDS)
            raise AssertionError(
                f"the embedded stores did not stop within {PATIENCE_SECONDS} s:\n{self.errors()}"
            ) from late
        finally:
            for pipe in (self.child.stdin, self.child.stdout):
                if pipe is not None:
                    pipe.close()


def _first_line(pipe: IO[bytes]) -> bytes:
    """A line, or nothing if the process has ended."""
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.readline()), daemon=True)
    reader.start()
    reader.join(PATIENCE_SECONDS)
    return found[0] if found else b""
