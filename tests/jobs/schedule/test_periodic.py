"""Periodic jobs: each run is claimed, bounded, recorded, and never fatal."""

import asyncio

from jobs.schedule.periodic import PeriodicJob, PeriodicJobs
from schema.domain.errors import SnapshotUnavailable
from tests.fake_stores import FakeJobRuns


class Work:
    """Counts its runs. Raises `error` if one is set, and waits forever while `stuck`."""

    def __init__(self) -> None:
        self.runs = 0
        self.error: Exception | None = None
        self.stuck = False

    async def __call__(self) -> str:
        self.runs += 1
        if self.stuck:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return "some"


def jobs(work: Work, runs: FakeJobRuns, holder: str = "one", *, timeout: float = 60) -> PeriodicJobs:
    return PeriodicJobs([PeriodicJob("tidy", 300, timeout, work)], runs, holder=holder, clock=lambda: 1_210.0)


async def test_a_job_runs_once_in_its_period_whoever_asks() -> None:
    work, runs = Work(), FakeJobRuns()
    assert await jobs(work, runs).run("tidy", 1_200) == "done"
    assert await jobs(work, runs, "two").run("tidy", 1_200) == "not_ours"
    assert await jobs(work, runs, "two").run("tidy", 1_500) == "done"
    assert work.runs == 2
    assert runs.succeeded == {"tidy": 1_210}


async def test_a_job_that_fails_may_run_again_in_its_period() -> None:
    work, runs = Work(), FakeJobRuns()
    work.error = ZeroDivisionError("a fault of ours")
    assert await jobs(work, runs).run("tidy", 1_200) == "failed"
    assert runs.succeeded == {}
    work.error = None
    assert await jobs(work, runs, "two").run("tidy", 1_200) == "done"


async def test_a_job_that_takes_too_long_is_cut_off_and_has_failed() -> None:
    work, runs = Work(), FakeJobRuns()
    work.stuck = True
    assert await jobs(work, runs, timeout=0.01).run("tidy", 1_200) == "failed"


async def test_a_store_that_is_away_fails_the_run_without_an_exception() -> None:
    work, runs = Work(), FakeJobRuns()
    runs.error = SnapshotUnavailable("away")
    assert await jobs(work, runs).run("tidy", 1_200) == "failed"
    assert work.runs == 0
