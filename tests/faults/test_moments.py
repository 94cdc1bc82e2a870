"""A worker that is killed at ten times of its cycle, while another process observes the store."""

import asyncio
import time

from server.storage.connect import Mongo
from server.storage.events.reads import EventReads
from server.storage.history.reads import HistoryReads
from server.storage.reads import MongoReads
from tests.faults.doors import Ask, honest
from tests.faults.load import LOAD, TTL
from tests.faults.rig import Rig, stop


class Reader:
    """Another process's view of the store, which must never have half a snapshot."""

    def __init__(self, mongo: Mongo) -> None:
        history = HistoryReads(mongo)
        self._reads = MongoReads(mongo, history, EventReads(mongo, history.earliest))
        self.slots: list[int] = []

    async def look(self) -> None:
        """Raises if the snapshot is damaged. Records its slot."""
        await self._reads.refresh()
        snapshot = self._reads.current()
        if snapshot is not None and (not self.slots or self.slots[-1] != snapshot.slot):
            assert len(snapshot.nodes) == snapshot.header.node_count
            assert len({node.id for node in snapshot.nodes}) == snapshot.header.node_count
            self.slots.append(snapshot.slot)

    async def look_until(self, when: float) -> None:
        """Read repeatedly until a time."""
        while time.time() < when:
            await self.look()


# Seconds after the lease was taken: in the crawl, at its end, and while the cycle is written.
MOMENTS = (0.0, 0.5, 1.0, 1.3, 1.4, 1.45, 1.5, 1.52, 1.55, 1.6)
CRAWL_SECONDS = 1.4
BEGUN_SECONDS = 1.25
"""The time after its start at which a slot must have its lease."""


async def slowly(ask: Ask) -> None:
    await asyncio.sleep(CRAWL_SECONDS)
    await honest(ask)


async def _token(mongo: Mongo) -> int:
    head = await mongo.database["head"].find_one({"_id": "head"})
    return int(head["token"]) if head else 0


async def test_ten_kills_in_the_middle_of_a_cycle(rig: Rig) -> None:
    rig.doors[0].treat = slowly
    mongo = Mongo(rig.mongo_uri, rig.database)
    reader, worker = Reader(mongo), rig.worker()
    slot = int(time.time() // TTL + 1) * TTL
    for moment in MOMENTS:
        token = await _token(mongo)
        await reader.look_until(slot)
        while (newest := await _token(mongo)) == token:
            await reader.look()
            assert time.time() < slot + LOAD.seconds(BEGUN_SECONDS), "the cycle after a kill begins on time"
        assert newest == token + 1
        await reader.look_until(time.time() + moment)
        worker.kill()
        worker.start()
        slot += TTL
    await reader.look_until(slot + TTL)
    assert slot in reader.slots, "the cycle after the last kill is committed"
    assert await stop(worker) == 0
    assert reader.slots == sorted(set(reader.slots))
    await mongo.close()
