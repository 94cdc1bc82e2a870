"""Pasts for tests of history: snapshots in which all values change a little, committed slot by slot."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from schema.domain.base import DAY, GIB, HOUR, Slot
from schema.domain.cycle.changes import derive
from schema.domain.node.pnode import PNodeStatus, Provenance
from schema.domain.snapshot.record import Snapshot
from schema.writes import Commit
from server.storage.connect import Mongo
from server.storage.documents import HistoryDocument
from server.storage.events.log import EventLog
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.factories import AT, SEEDS, pnode, score, snapshot

MIDNIGHT = AT // DAY * DAY + DAY
LEASE_SECONDS = 1e9


def moment(slot: Slot, count: int = 3, *, interval: int = 60, **changes: Any) -> Snapshot:
    """`count` nodes as of a slot: uptimes grow, figures vary, and the last node is offline in every other hour."""
    step = slot // interval
    nodes = []
    for number in range(1, count + 1):
        away = number == count and slot // HOUR % 2 == 1
        nodes.append(
            pnode(
                number,
                status=PNodeStatus.OFFLINE if away else PNodeStatus.ONLINE,
                uptime=slot - AT + 40 * DAY + number * 1_000 - step % 7,
                storage_used=(10 + step % 13) * GIB,
                storage_usage_percent=5.0 + step % 13 / 2,
                score=None if away else score(round(60 + (step * 7 + number) % 40 + 0.25, 2)),
                provenance=Provenance(seed=SEEDS[0], observed_at=slot - HOUR if away else slot),
            )
        )
    return snapshot(nodes, slot, interval=interval, **changes)


async def commit_all(mongo: Mongo, snapshots: Iterable[Snapshot]) -> None:
    """Commit snapshots, in order, as a worker does."""
    store = MongoSnapshotStore(mongo, [EventLog(mongo)])
    lease = await store.acquire("a-worker", 0.0, LEASE_SECONDS)
    assert lease is not None
    before: Snapshot | None = None
    for each in snapshots:
        await store.commit(lease, Commit(snapshot=each, memory=(), events=derive(before, each), registry=()))
        before = each


class Copies:
    """Databases that are filled once. Later requests for the same contents get a copy of every document."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, list[dict[str, Any]]]] = {}

    async def fill(self, mongo: Mongo, name: str, make: Callable[[], Awaitable[object]]) -> None:
        """Fill an empty database by `make`, or with a copy of what `make` wrote earlier under this name."""
        database = mongo.database
        if name not in self._kept:
            await make()
            collections = await database.list_collection_names()
            self._kept[name] = {each: await database[each].find({}).to_list() for each in collections}
            return
        for collection, documents in self._kept[name].items():
            if documents:
                await database[collection].insert_many(documents)


async def dump(mongo: Mongo) -> Mapping[str, Any]:
    """Every complete document of history, by its key."""
    await mongo.prepare()
    return {document["_id"]: document async for document in mongo.collection(HistoryDocument).find({})}
