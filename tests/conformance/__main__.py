"""Run public suites, real clients and attacks against the real stack: `python -m tests.conformance SUITE…`.

Suites: conformance, fuzz, threats. Each is a row of the table that is printed last. Failures are shown in full.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.conformance.jobs import ALLOWED_ORIGIN, BUILD, STRICT_SETTINGS, Job, jobs_of
from tests.conformance.outcome import Outcome, run, table
from tests.conformance.stack import MIN_NODES, RunningStack, running

FAST_SECONDS = "5"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if everything passed."""
    parser = argparse.ArgumentParser(prog="tests.conformance", description=__doc__, allow_abbrev=False)
    parser.add_argument("suites", nargs="+", choices=("conformance", "fuzz", "threats"), metavar="SUITE")
    suites: list[str] = parser.parse_args(arguments).suites
    shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True)
    with ExitStack() as opened:
        outcomes = _run_all(suites, opened)
    print(table(outcomes), flush=True)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _run_all(suites: list[str], opened: ExitStack) -> list[Outcome]:
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pnodes-conformance-")))
    stack = opened.enter_context(running(folder / "plain", settings={"CACHE_TTL": FAST_SECONDS}))
    stacks = [stack]
    environment = {**os.environ, "CONFORMANCE_URL": stack.url}
    jobs = [job for suite in suites for job in jobs_of(suite, stack.url)]
    if any(job.needs_strict for job in jobs):
        settings = {"CACHE_TTL": FAST_SECONDS, **STRICT_SETTINGS}
        strict = opened.enter_context(running(folder / "strict", nodes=MIN_NODES, settings=settings))
        stacks.append(strict)
        environment["CONFORMANCE_STRICT_URL"] = strict.url
        environment["CONFORMANCE_ALLOWED_ORIGIN"] = ALLOWED_ORIGIN
        environment["CONFORMANCE_SOCKETS_PER_ADDRESS"] = STRICT_SETTINGS["MAX_SOCKETS_PER_ADDRESS"]
    outcomes = [_announced(job, environment) for job in jobs]
    return [*outcomes, _quiet(stacks)]


def _announced(job: Job, environment: dict[str, str]) -> Outcome:
    print(f"{job.name} ...", flush=True)
    outcome = run(job, environment)
    print(outcome.log if not outcome.ok else f"{job.name}: {outcome.passed} passed", flush=True)
    return outcome


def _quiet(stacks: list[RunningStack]) -> Outcome:
    """Whether the servers logged no defect meanwhile."""
    failures = [line for stack in stacks for line in stack.failures()]
    for line in failures[:20]:
        print(line[:2_000])
    return Outcome("no failure in the servers' logs", passed=0 if failures else 1, failed=len(failures))


if __name__ == "__main__":
    sys.exit(main())
