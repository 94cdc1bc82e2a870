"""Checks whether the store accepts writes, if nothing new is committed. A full store still answers reads."""

from collections.abc import Awaitable, Callable

import pymongo
from pymongo.errors import PyMongoError

from server.process.reasons import RIGHTS, reason_of
from server.storage.connect import Mongo
from server.storage.documents import UpkeepDocument

PROBE_SECONDS = 10.0
PATIENCE_SECONDS = 2.0
_KEY = "write probe"


async def write(mongo: Mongo, now: int) -> None:
    """Write a small document. Raises PyMongoError if the store does not accept it in time."""
    with pymongo.timeout(PATIENCE_SECONDS):
        await mongo.collection(UpkeepDocument).update_one({"_id": _KEY}, {"$set": {"at": now}}, upsert=True)


class WriteProbe:
    """Calls `write` with the time, at most every `PROBE_SECONDS`. `clock` returns unix seconds."""

    def __init__(self, clock: Callable[[], float], write: Callable[[int], Awaitable[None]]) -> None:
        self._clock = clock
        self._write = write
        self._asked_at: float | None = None
        self._fault: str | None = None

    async def fault(self) -> str | None:
        """Why the store accepts no writes. None if it does, or if that is not known."""
        now = self._clock()
        if self._asked_at is None or not 0 <= now - self._asked_at < PROBE_SECONDS:
            self._asked_at = now
            self._fault = await self._ask(int(now))
        return self._fault

    async def _ask(self, now: int) -> str | None:
        try:
            await self._write(now)
        except PyMongoError as error:
            reason = reason_of(error)
            return None if reason == RIGHTS else reason  # this process may only have read access
        return None
