"""`JobRuns`: one run for each period, by any worker, and no job that can never run again."""

import asyncio

from schema.upkeep import JobRuns

PERIOD = 1_800_000_000
HOUR_AHEAD = PERIOD + 3_600


async def claim(runs: JobRuns, period: int = PERIOD, *, holder: str = "a", now: float = PERIOD, job: str = "j") -> bool:
    return await runs.claim(job, period, seconds=300, holder=holder, now=now, lasts=60)


async def test_of_many_who_claim_a_run_one_gets_it(runs: JobRuns) -> None:
    for period in (PERIOD, PERIOD + 300):
        claims = [claim(runs, period, holder=str(i), now=period) for i in range(6)]
        assert sum(await asyncio.gather(*claims)) == 1


async def test_jobs_do_not_meet(runs: JobRuns) -> None:
    assert await claim(runs, job="one")
    assert await claim(runs, job="other")


async def test_a_run_that_failed_or_never_ended_may_be_claimed_again(runs: JobRuns) -> None:
    assert await claim(runs)
    assert not await claim(runs, holder="b", now=PERIOD + 59)
    assert await claim(runs, holder="b", now=PERIOD + 60), "whoever had it is dead"
    await runs.finish("j", PERIOD, holder="b", now=PERIOD + 61, succeeded=False)
    assert await claim(runs, holder="c", now=PERIOD + 62)


async def test_a_run_that_succeeded_is_the_only_one_of_its_period(runs: JobRuns) -> None:
    assert await claim(runs)
    await runs.finish("j", PERIOD, holder="a", now=PERIOD + 1, succeeded=True)
    assert not await claim(runs, now=PERIOD + 299)
    assert await claim(runs, PERIOD + 300, now=PERIOD + 300)


async def test_claims_of_a_worker_whose_clock_was_ahead_hold_nobody_up(runs: JobRuns) -> None:
    assert await claim(runs, HOUR_AHEAD, now=HOUR_AHEAD)
    await runs.finish("j", HOUR_AHEAD, holder="a", now=HOUR_AHEAD, succeeded=True)
    assert await claim(runs)


async def test_an_older_period_is_not_run_after_a_newer_one(runs: JobRuns) -> None:
    assert await claim(runs, PERIOD + 300, now=PERIOD + 300)
    assert not await claim(runs, PERIOD, now=PERIOD + 301)


async def test_a_late_end_of_a_run_that_was_taken_over_changes_nothing(runs: JobRuns) -> None:
    await claim(runs)
    await claim(runs, holder="b", now=PERIOD + 100)
    await runs.finish("j", PERIOD, holder="a", now=PERIOD + 101, succeeded=True)
    assert not await claim(runs, holder="c", now=PERIOD + 102), "b has it still"
    assert await claim(runs, holder="c", now=PERIOD + 161)
