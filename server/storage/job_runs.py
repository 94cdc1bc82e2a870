"""When each periodic job last ran: one small document for each, separate from the progress of the jobs that have
one."""

from typing import Any

from pymongo.errors import DuplicateKeyError

from schema.domain.base import UnixSeconds
from schema.reads import JobReport
from server.storage.connect import Mongo
from server.storage.documents import UpkeepDocument

_PREFIX = "run:"


class MongoJobRuns:
    """`JobRuns` over MongoDB. Raises SnapshotUnavailable while the store does not answer."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._collection = mongo.collection(UpkeepDocument)

    async def claim(
        self, job: str, period: UnixSeconds, *, seconds: int, holder: str, now: float, lasts: float
    ) -> bool:
        run = {"period": period, "holder": holder, "began_at": int(now), "until": now + lasts, "succeeded": False}
        free: list[dict[str, Any]] = [
            {"run.period": {"$lt": period}},
            {"run.period": period, "run.succeeded": False, "run.until": {"$lte": now}},
            # Claims of a worker whose clock was ahead must not keep the job from running until then.
            {"run.period": {"$gt": period + seconds}},
        ]
        async with self._mongo.answering():
            change = {"$set": {f"run.{name}": value for name, value in run.items()}}
            taken = await self._collection.update_one({"_id": _PREFIX + job, "$or": free}, change)
            if taken.matched_count:
                return True
            try:
                await self._collection.insert_one({"_id": _PREFIX + job, "run": run})
            except DuplicateKeyError:
                return False
            return True

    async def finish(self, job: str, period: UnixSeconds, *, holder: str, now: float, succeeded: bool) -> None:
        end: dict[str, Any] = {"run.until": now, "run.succeeded": succeeded}
        if succeeded:
            end["run.succeeded_at"] = int(now)
        async with self._mongo.answering():
            ours = {"_id": _PREFIX + job, "run.period": period, "run.holder": holder}
            await self._collection.update_one(ours, {"$set": end})

    async def reports(self) -> tuple[JobReport, ...]:
        """The jobs with a known run, by name."""
        documents = await self._collection.find({"run": {"$exists": True}}, {"run": 1}).to_list()
        found = (
            JobReport(
                name=document["_id"].removeprefix(_PREFIX),
                began_at=document["run"]["began_at"],
                succeeded_at=document["run"].get("succeeded_at"),
            )
            for document in documents
        )
        return tuple(sorted(found, key=lambda report: report.name))
