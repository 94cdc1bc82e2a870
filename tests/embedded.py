"""The embedded stores as a process of the tests' own."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from tests.processes import REPOSITORY


class EmbeddedStores:
    """`python -m jobs.embedded` on a folder. `mongo_uri` and `redis_url` are known once it has started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mongo_uri = ""
        self.redis_url = ""
        self.valkey_pid = 0
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, seconds: float = 60) -> "EmbeddedStores":
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "stderr.log").open("ab") as errors:
            self._child = subprocess.Popen(
                (sys.executable, "-m", "jobs.embedded", str(self.folder), *options),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        assert self._child.stdout is not None
        line = _first_line(self._child.stdout, seconds)
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
        """SIGKILL, as a crash would be."""
        self.child.kill()
        self.wait(10)

    def stop(self, seconds: float = 45) -> int:
        """End of stdin, as when a parent dies; the exit status."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        return self.wait(seconds)

    def terminate(self, signal_number: int, seconds: float = 45) -> int:
        os.kill(self.child.pid, signal_number)
        return self.wait(seconds)

    def wait(self, seconds: float) -> int:
        """The exit status, once it has ended."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired as late:
            self.child.kill()
            self.child.wait(10)
            raise AssertionError(f"the embedded stores did not stop within {seconds} s:\n{self.errors()}") from late
        finally:
            for pipe in (self.child.stdin, self.child.stdout):
                if pipe is not None:
                    pipe.close()


def _first_line(pipe: IO[bytes], seconds: float) -> bytes:
    """A line, or nothing once the process has ended or the time is over."""
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(pipe.readline()), daemon=True)
    reader.start()
    reader.join(seconds)
    return found[0] if found else b""
