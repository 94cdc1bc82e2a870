"""`python -m tests.faults.upkeep`: roll up and delete everything due in a database, like a worker's jobs, and end."""

import asyncio
import os
import sys

from jobs.past import retention, rollup
from jobs.past.retention import Retention
from schema.domain.base import HOUR
from schema.domain.errors import SnapshotUnavailable
from server.storage.connect import Mongo
from server.storage.upkeep import MongoUpkeep

LONG_AGO = 2e10
TIGHT = Retention(raw=HOUR, m5=HOUR, hourly=5 * HOUR, events=HOUR)
BATCH = 7


async def work(uri: str, database: str, now: int) -> bool:
    """Whether all of it was completed."""
    mongo = Mongo(uri, database, server_selection_seconds=1, timeout_seconds=5)
    upkeep = MongoUpkeep(mongo, clock=lambda: LONG_AGO)
    try:
        rolled = await rollup.run(upkeep)
        return rolled.done and (await retention.run(upkeep, now, TIGHT, batch=BATCH)).done
    except SnapshotUnavailable:
        return False
    finally:
        await mongo.close()


if __name__ == "__main__":
    environment = os.environ
    done = asyncio.run(work(environment["MONGO_URI"], environment["MONGO_DB"], int(environment["NOW"])))
    sys.exit(0 if done else 1)
