"""Roll-up, retention or their store is killed at any point: the stored result is the same, byte by byte.

`tests/jobs/past/test_rollup.py` and `test_retention.py` lose every single write; here whole processes are killed.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schema.domain.base import HOUR
from server.storage.connect import Mongo
from tests.faults.conftest import Note
from tests.faults.rig import QUIET, OwnMongo
from tests.faults.wire import Command, Lost, Wire
from tests.pasts import MIDNIGHT, commit_all, moment
from tests.processes import Process, module

INTERVAL = 600
START, END = MIDNIGHT - 4 * HOUR, MIDNIGHT + 4 * HOUR
KEPT = ("history", "snapshots", "chunks", "events", "event_days", "upkeep")
WRITES = frozenset({"update", "insert", "delete", "findAndModify"})
MAX_RUNS = 60
SEED = 20_260_101


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnMongo]:
    async with OwnMongo(tmp_path / "stores") as mongo:
        yield mongo


async def fill(uri: str, database: str) -> None:
    """Eight hours of snapshots over midnight."""
    mongo = Mongo(uri, database)
    await mongo.prepare()
    await commit_all(mongo, [moment(slot, interval=INTERVAL) for slot in range(START, END + 1, INTERVAL)])
    await mongo.close()


async def kept(uri: str, database: str) -> dict[str, list[Any]]:
    """Everything that the jobs write or delete, without the times when chunks were written."""
    mongo = Mongo(uri, database)
    found: dict[str, list[Any]] = {}
    for name in KEPT:
        documents = await mongo.database[name].find({}).to_list()
        for document in documents:
            document.pop("written", None)
        found[name] = sorted(documents, key=lambda document: str(document["_id"]))
    await mongo.close()
    return found


class Upkeep:
    """Runs of the jobs, each in a separate process."""

    def __init__(self, folder: Path, uri: str, database: str) -> None:
        settings = {**QUIET, "MONGO_URI": uri, "MONGO_DB": database, "NOW": str(END)}
        self.process: Process = module("tests.faults.upkeep", log=folder / "upkeep.log", env=settings)

    async def run(self) -> int:
        """The exit status: 0 when everything is done."""
        with self.process:
            return await asyncio.to_thread(self.process.child.wait, 60)


@pytest.mark.parametrize("victim", ["job", "store"])
async def test_killed_anywhere_it_leaves_the_same_bytes(tmp_path: Path, own: OwnMongo, note: Note, victim: str) -> None:
    await fill(own.uri, "whole")
    assert await Upkeep(tmp_path, own.uri, "whole").run() == 0
    whole = await kept(own.uri, "whole")
    assert len(whole["history"]) > 10

    await fill(own.uri, "killed")
    chance = random.Random(SEED)  # noqa: S311  the same kills every time
    met: list[str] = []
    done = False
    async with Wire(own.uri) as wire:
        upkeep = Upkeep(tmp_path, wire.uri, "killed")
        for _ in range(MAX_RUNS):
            left = chance.randint(3, 9)

            async def meet(command: Command, answered: bool) -> None:
                nonlocal left
                left -= command.name in WRITES and command.collection in KEPT
                if left == 0:
                    left = -1
                    met.append(f"{command.name} {command.collection}{' answered' if answered else ''}")
                    await (own.kill() if victim == "store" else asyncio.to_thread(upkeep.process.kill))
                    raise Lost

            before = chance.random() < 0.5
            wire.calm()
            if before:
                wire.before = lambda command: meet(command, answered=False)
            else:
                wire.after = lambda command, _: meet(command, answered=True)
            done = await upkeep.run() == 0
            if not own.runs:
                await own.start()
            if done:
                break
        assert done
    assert await kept(own.uri, "killed") == whole
    assert len(met) > 10
    note(
        f"{len(met)} kills of the {victim}, at {len(set(met))} kinds of moments; {sum(map(len, whole.values()))} documents equal"
    )
