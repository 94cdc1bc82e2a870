"""Any order of starts, and releases that read each other's documents."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.storage.connect import Mongo
from tests.faults import rig as rigs
from tests.faults.conftest import Note
from tests.faults.load import TTL
from tests.faults.reader import Reader
from tests.faults.rig import SLOT_SECONDS, Api, OwnMongo, Rig, commits, events, slot_start, stop, until
from tests.processes import Process, connects, free_port, valkey

ORDERS = (
    ("api", "worker", "redis", "mongo"),
    ("worker", "api", "mongo", "redis"),
    ("redis", "api", "worker", "mongo"),
    ("mongo", "api", "worker", "redis"),
    ("worker", "redis", "mongo", "api"),
    ("redis", "worker", "mongo", "api"),
)
APART_SECONDS = 2.5
RECOVERY_SECONDS = 15.0


class Absent:
    """A deployment in which only the network runs."""

    def __init__(self, rig: Rig, mongo: OwnMongo, redis: Process, redis_port: int) -> None:
        self._rig = rig
        self._mongo = mongo
        self._redis = redis
        self._redis_port = redis_port
        self.api: Api | None = None
        self.processes: list[Process] = []

    async def start(self, part: str) -> None:
        if part == "mongo":
            await self._mongo.start()
        elif part == "redis":
            self._redis.start()
            await until(lambda: connects(self._redis_port), 10, "valkey listens")
        elif part == "worker":
            self.processes.append(self._rig.worker())
        else:
            self.api = self._rig.api()
            self.processes.append(self.api.process)
            await until(self._live, 15, "the API is live")

    async def _live(self) -> bool:
        return self.api is not None and await self.api.status("/health/live") == 200


@pytest.fixture
async def absent(tmp_path: Path, db_name: str) -> AsyncIterator[Absent]:
    mongo, port = OwnMongo(tmp_path / "stores"), free_port()
    redis = valkey(port, tmp_path / "valkey")
    async with rigs.rig(tmp_path, mongo.uri, f"redis://127.0.0.1:{port}/0", db_name) as made:
        try:
            yield Absent(made, mongo, redis, port)
        finally:
            redis.__exit__()
            await mongo.__aexit__()


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_any_order_of_starting_ends_well(absent: Absent, note: Note, order: tuple[str, ...]) -> None:
    started = time.monotonic()
    for place, part in enumerate(order):
        await asyncio.sleep(APART_SECONDS if place else 0)
        started = time.monotonic()
        await absent.start(part)
        if absent.api is not None and place < len(order) - 1:
            complete = {"mongo", "worker"} <= set(order[: place + 1])
            assert await absent.api.status("/health/live") == 200
            if not complete:
                status, body = await absent.api.get("/health/ready")
                assert (status, body["status"]) == (503, "unready")
                assert await absent.api.status("/pnodes") == 503
    assert absent.api is not None
    await until(absent.api.healthy, RECOVERY_SECONDS, "healthy once everything is there")
    assert all(process.child.poll() is None for process in absent.processes), "nothing ended meanwhile"
    assert events(absent.api.process, "http.failed") == []
    note(f"{' '.join(order)}: healthy {time.monotonic() - started:.1f} s after the last start")


async def _as_a_later_release_wrote_it(mongo: Mongo) -> None:
    """Add fields that this release does not know to every document that it reads whole."""
    later: dict[str, Any] = {"later": {"nested": [1, {"deep": True}]}, "flag": True}
    database = mongo.database
    await database["head"].update_many(
        {},
        {"$set": {**later, "marker.later": 1, "marker.nodes.later": 2, "carried.later": 3, "collector.later": later}},
    )
    await database["snapshots"].update_many({}, {"$set": {**later, "marker.later": 1}})
    await database["registry"].update_many({}, {"$set": {**later, "entry.later": later}})
    await database["chunks"].update_many({}, {"$set": later})
    await database["carried"].update_many({}, {"$set": later})
    await database["events"].update_many({}, {"$set": later})


async def test_documents_of_a_later_release_are_read(rig: Rig, note: Note) -> None:
    """Old and new releases run side by side. Fields are only ever added, and unknown ones do no harm."""
    worker = rig.worker()
    api = await rig.healthy_api()
    await slot_start(1)
    assert await stop(worker) == 0
    mongo = Mongo(rig.mongo_uri, rig.database)
    await mongo.prepare()
    await _as_a_later_release_wrote_it(mongo)
    again, late = rig.worker("again"), rig.api("late")
    await until(late.ready, SLOT_SECONDS, "an API reads them")
    async with Reader(late, rig.session) as reader:
        newest = await api.newer_than(time.time(), SLOT_SECONDS)
        await slot_start(1)
        assert reader.refused == []
    past = await late.ask("{ events(first: 5) { nodes { type } } }")
    await mongo.close()
    assert past["events"]["nodes"]
    assert commits(again)[0] <= newest
    assert events(again, "cycle.failed") == events(again, "store.follow_failed") == []
    key = (await late.get("/pnodes?limit=1")).body["pnodes"][0]["address"]
    assert await late.status(f"/registry/{key}") == 200
    note(f"worker and API went on from slot {newest - TTL}")
