"""Servers on one core, load from the other, and figures as medians of rounds that alternate between the cases."""

import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 32
_TICKS = os.sysconf("SC_CLK_TCK")


class Server(NamedTuple):
    """A running application."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """The CPU time that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mb(self, key: str = "VmRSS") -> float:
        """Resident memory now (VmRSS) or at its peak (VmHWM), in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(rf"{key}:\s+(\d+)", status)[0]) / 1_000


class Case(NamedTuple):
    """The requests of a comparison: a POST body, several that alternate, or a GET with headers.

    `patience` multiplies the duration of a round.
    """

    name: str
    server: Server
    path: str
    body: bytes | tuple[bytes, ...] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    connections: int = CONNECTIONS
    patience: int = 1


class Load(NamedTuple):
    """The measurements of one round."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float


@contextmanager
def serving(name: str, *arguments: str) -> Generator[Server]:
    """The application with this name in a separate process on the server's core, once it responds."""
    port = free_port()
    with running(name, port, sys.executable, "-m", "tests.benchmarks.apps", name, str(port), *arguments) as server:
        yield server


@contextmanager
def running(name: str, port: int, *command: str) -> Generator[Server]:
    """The process of this command on the server's core, once it listens on the port."""
    pinned = ["taskset", "-c", SERVER_CORE, *command]
    child = subprocess.Popen(pinned, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(port, child)
        yield Server(name, port, child.pid)
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(case: Case, seconds: int) -> Load:
    """Load from the other core, for `seconds`."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(case))
        script.flush()
        out = subprocess.run(
            [
                "taskset",
                "-c",
                LOAD_CORE,
                wrk(),
                "-t1",
                f"-c{case.connections}",
                f"-d{seconds * case.patience}s",
                "--latency",
                "-s",
                script.name,
                f"http://127.0.0.1:{case.server.port}{case.path}",
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    if "Non-2xx" in out and "304" not in case.name:
        raise RuntimeError(f"{case.name}: the server answered with errors\n{out}")
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", out)[0])
    return Load(rate, _milliseconds(out, "50%"), _milliseconds(out, "99%"))


def compare(cases: Sequence[Case], *, rounds: int, seconds: int) -> dict[str, Load]:
    """The median of each case's rounds. The cases alternate, so that noise of the machine affects all of them."""
    found: dict[str, list[Load]] = {case.name: [] for case in cases}
    for case in cases:
        measure(case, 1)
    for _ in range(rounds):
        for case in cases:
            found[case.name].append(measure(case, seconds))
    return {
        name: Load(*(statistics.median(column) for column in zip(*loads, strict=True))) for name, loads in found.items()
    }


def wrk() -> str:
    found = shutil.which("wrk")
    if found is None:
        raise SystemExit("`wrk` is not installed: install the package of that name")
    return found


def _script(case: Case) -> str:
    lines = [f'wrk.headers["{name}"] = [==[{value}]==]' for name, value in case.headers]
    bodies = (case.body,) if isinstance(case.body, bytes) else case.body or ()
    if bodies:
        lines += ['wrk.method = "POST"', 'wrk.headers["content-type"] = "application/json"']
        lines += [f"wrk.body = [==[{bodies[0].decode()}]==]"]
    if len(bodies) > 1:
        # Formatted once, so that alternating costs the load's core nearly nothing.
        texts = ", ".join(f"[==[{body.decode()}]==]" for body in bodies)
        lines += [
            f"local bodies, requests, turn = {{{texts}}}, {{}}, 0",
            "function init() for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, body) end end",
            "function request() turn = turn % #requests + 1 return requests[turn] end",
        ]
    return "\n".join(lines)


def _milliseconds(out: str, percentile: str) -> float:
    value, unit = re.findall(rf"{percentile}\s+([\d.]+)(us|ms|s)", out)[0]
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1_000.0}[unit]


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise RuntimeError(f"the server ended with {child.returncode} before it answered")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing listens on port {port} after 60 s")
