"""The reports about periodic jobs."""

from schema.reads import JobReport
from server.storage.connect import Mongo
from server.storage.job_runs import MongoJobRuns

PERIOD = 1_800_000_000


async def claim(
    runs: MongoJobRuns, period: int = PERIOD, *, holder: str = "a", now: float = PERIOD, job: str = "j"
) -> bool:
    return await runs.claim(job, period, seconds=300, holder=holder, now=now, lasts=60)


async def test_reports_tell_when_each_job_began_and_last_succeeded(store_db: Mongo) -> None:
    runs = MongoJobRuns(store_db)
    assert await MongoJobRuns(store_db).reports() == ()
    await claim(runs, job="tidy", now=PERIOD + 5)
    assert await MongoJobRuns(store_db).reports() == (JobReport(name="tidy", began_at=PERIOD + 5),)
    await runs.finish("tidy", PERIOD, holder="a", now=PERIOD + 9, succeeded=True)
    await claim(runs, PERIOD + 300, job="tidy", now=PERIOD + 301)
    await runs.finish("tidy", PERIOD + 300, holder="a", now=PERIOD + 303, succeeded=False)
    assert await MongoJobRuns(store_db).reports() == (
        JobReport(name="tidy", began_at=PERIOD + 301, succeeded_at=PERIOD + 9),
    )
