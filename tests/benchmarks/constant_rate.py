"""Response times below the peak: requests arrive at a constant rate, even if responses are slow.

A closed loop, which sends a request when a response arrives, shows the latency of a full server. Users see this
latency.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.harness import CONNECTIONS, LOAD_CORE, Case

# The share of the measured peak at which the time is measured.
SHARE_OF_PEAK = 0.7
WARM_UP_SECONDS = 1
# A generator that falls behind measures its own delay.
LEAST_SHARE_SENT = 0.98


class Latency(NamedTuple):
    """The response time at a rate of requests per second."""

    rate: float
    p50_ms: float
    p99_ms: float

    @property
    def ratio(self) -> float:
        return round(self.p99_ms / self.p50_ms, 2)


def latency(case: Case, rate: float, seconds: int) -> Latency:
    """The latency of a POST at this rate, over `seconds`.

    Raises SystemExit if `h2load` is not installed, TypeError if the case is not a POST of one body, and RuntimeError if
    requests failed or the rate was not reached.
    """
    generator = shutil.which("h2load")
    if generator is None:
        raise SystemExit("`h2load` is not installed: install the package nghttp2-client")
    if not isinstance(case.body, bytes):
        raise TypeError(f"{case.name}: one body was expected, not {case.body!r}")
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "body"), Path(folder, "log")
        body.write_bytes(case.body)
        subprocess.run(
            [
                *("taskset", "-c", LOAD_CORE, generator, "--h1", "-t1", f"-c{CONNECTIONS}"),
                *(f"--rps={rate / CONNECTIONS:.3f}", f"--duration={seconds}s", f"--warm-up-time={WARM_UP_SECONDS}s"),
                *(f"--data={body}", "--header=content-type: application/json", f"--log-file={log}"),
                f"http://127.0.0.1:{case.server.port}{case.path}",
            ],
            capture_output=True,
            check=True,
        )
        # A line for each request: start in microseconds, status, microseconds to the response.
        rows = [line.split() for line in log.read_text().splitlines()]
    if failed := sum(status != "200" for _, status, _ in rows):
        raise RuntimeError(f"{case.name}: {failed} of {len(rows)} requests failed")
    if len(rows) < rate * seconds * LEAST_SHARE_SENT:
        raise RuntimeError(f"{case.name}: {len(rows)} requests in {seconds} s, expected {rate:.0f} a second")
    times = sorted(int(taken) / 1_000 for _, _, taken in rows)
    return Latency(round(rate), times[len(times) // 2], times[len(times) * 99 // 100])


def below_the_peak(case: Case, peak: float, *, rounds: int, seconds: int) -> Latency:
    """The latency at `SHARE_OF_PEAK` of this peak, of the round with the median p99."""
    found = [latency(case, SHARE_OF_PEAK * peak, seconds) for _ in range(rounds)]
    return sorted(found, key=lambda each: each.p99_ms)[rounds // 2]
