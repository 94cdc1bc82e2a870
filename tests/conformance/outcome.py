"""Run a program of a suite, and read the result from its report."""

import json
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from server.process.parent import ended_with_parent
from tests.conformance.jobs import BUILD, Job, node

MAX_SECONDS = 1_800
MAX_LOG_CHARACTERS = 40_000


class Outcome(NamedTuple):
    """The result of a program. `log` is its output."""

    name: str
    passed: int
    failed: int
    skipped: int = 0
    seconds: float = 0.0
    log: str = ""

    @property
    def ok(self) -> bool:
        return self.failed == 0 and self.passed > 0


def run(job: Job, environment: dict[str, str]) -> Outcome:
    """Run a program to its end. A program that fails without a failed check counts as one failure."""
    log = BUILD / f"{job.report.stem}.log"
    path = f"{Path(node()).parent}:{environment['PATH']}"
    started = time.monotonic()
    with log.open("wb") as out:
        status = subprocess.run(
            job.command,
            cwd=job.folder,
            env={**environment, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=MAX_SECONDS,
            check=False,
            preexec_fn=ended_with_parent(signal.SIGKILL),
        ).returncode
    counted = _counted(job.report)
    failed = counted.failed or int(status != 0)
    text = log.read_text(encoding="utf-8", errors="replace")[-MAX_LOG_CHARACTERS:]
    if not failed and counted.passed < job.least:
        failed = 1
        text += f"\n{job.name}: {counted.passed} checks were made, expected at least {job.least}\n"
    return Outcome(job.name, counted.passed, failed, counted.skipped, time.monotonic() - started, text)


def table(outcomes: Iterable[Outcome]) -> str:
    """A row for each program, then one plain line with the sums."""
    rows = list(outcomes)
    width = max(len(row.name) for row in rows)
    lines = [f"{'':<{width}}  passed  failed  skipped  seconds"]
    lines += [
        f"{row.name:<{width}}  {row.passed:>6}  {row.failed:>6}  {row.skipped:>7}  {row.seconds:>7.1f}" for row in rows
    ]
    passed, failed = sum(row.passed for row in rows), sum(row.failed for row in rows)
    return "\n".join(["", *lines, "", f"{passed} passed, {failed} failed, {sum(row.skipped for row in rows)} skipped"])


class _Counted(NamedTuple):
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def _counted(report: Path) -> _Counted:
    if not report.exists():
        return _Counted()
    if report.suffix == ".json":
        cases = json.loads(report.read_text())["test_cases"]
        failed = cases["with_failures"] + cases["errored"]
        return _Counted(passed=cases["generated"] - failed, failed=failed)
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314  written by our own run
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    return _Counted(len(cases) - failed - skipped, failed, skipped)
