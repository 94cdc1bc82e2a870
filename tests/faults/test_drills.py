"""Drills of docs/operations.md: a crash, a corrupted store, a total loss. Each measures recovery time and lost data.

`make drills` runs them. The time starts when recovery begins, and ends when the API is healthy again.
"""

import asyncio
import hashlib
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from tests.faults import rig as rigs
from tests.faults.conftest import Note
from tests.faults.rig import START_SECONDS, Api, OwnMongo, Rig, commits, until
from tests.processes import Process, module

SLOTS = 4
"""The number of slots that are committed before each drill."""


class Deployment:
    """A worker, an API and a separate store, which a drill may destroy."""

    def __init__(self, rig: Rig, mongo: OwnMongo, folder: Path) -> None:
        self.rig, self.mongo, self.folder = rig, mongo, folder
        self.worker: Process = rig.worker()
        self.api: Api = rig.api()

    async def committed(self, slots: int) -> None:
        await until(lambda: len(commits(self.worker)) >= slots, START_SECONDS, f"{slots} slots are committed")

    async def command(self, *arguments: str) -> None:
        """A `pnodes` command that must succeed."""
        done = module("jobs", *arguments, log=self.rig.folder / f"{arguments[0]}.log", env=self.rig.environment)
        with done:
            assert await asyncio.to_thread(done.wait) == 0, done.text()

    async def kill_all(self) -> None:
        for process in (self.worker, self.api.process):
            await asyncio.to_thread(process.kill)
        await self.mongo.kill()

    async def start_all(self) -> None:
        """Start worker and API, and wait until the API has a later slot."""
        began = time.time()
        self.worker.start()
        self.api.process.start()
        await self.api.newer_than(began, START_SECONDS)
        await until(self.api.healthy, START_SECONDS, "the API is healthy again")

    def held(self) -> dict[str, dict[Any, str]]:
        """The SHA-256 of each marker and chunk in the store, by collection and key."""
        raw: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
        with pymongo.MongoClient(self.mongo.uri) as client:
            database = client[self.rig.database]
            return {
                name: {
                    one["_id"]: hashlib.sha256(one.raw).hexdigest()
                    for one in database.get_collection(name, codec_options=raw).find({})
                }
                for name in ("snapshots", "chunks")
            }


@pytest.fixture
async def deployment(tmp_path: Path, redis_url: str, db_name: str) -> AsyncIterator[Deployment]:
    folder = tmp_path / "store"
    async with OwnMongo(folder) as mongo, rigs.rig(tmp_path, mongo.uri, redis_url, db_name) as rig:
        made = Deployment(rig, mongo, folder)
        await made.committed(SLOTS)
        yield made


def only(held: dict[str, dict[object, str]], slots: set[int]) -> dict[str, dict[object, str]]:
    """The stored data of these slots. The key of a chunk begins with its slot."""
    return {
        "snapshots": {key: value for key, value in held["snapshots"].items() if key in slots},
        "chunks": {key: value for key, value in held["chunks"].items() if int(str(key).partition("-")[0]) in slots},
    }


async def test_after_a_crash_of_everything_nothing_committed_is_lost(deployment: Deployment, note: Note) -> None:
    made = set(commits(deployment.worker))
    await deployment.kill_all()
    began = time.monotonic()
    await deployment.mongo.start()
    await deployment.start_all()
    took = time.monotonic() - began
    assert made <= set(deployment.held()["snapshots"])
    note(f"healthy {took:.1f} s after the start; lost: no committed slot of {len(made)}, only those of the outage")


async def test_a_corrupted_store_is_replaced_by_the_newest_backup(deployment: Deployment, note: Note) -> None:
    backup = deployment.rig.folder / "pnodes.backup"
    await deployment.command("backup", str(backup))
    held = await asyncio.to_thread(deployment.held)
    await deployment.committed(SLOTS + 2)
    await deployment.kill_all()
    for file in (deployment.folder / "mongo").rglob("*.wt"):
        file.write_bytes(b"\xff" * file.stat().st_size)
    with pytest.raises(AssertionError, match="did not start"):
        await deployment.mongo.start()
    began = time.monotonic()
    await asyncio.to_thread(shutil.move, deployment.folder, deployment.folder.with_name("corrupted"))
    await deployment.mongo.start()
    await deployment.command("restore", str(backup))
    restored = set(await asyncio.to_thread(lambda: deployment.held()["snapshots"]))
    await deployment.start_all()
    took = time.monotonic() - began
    lost = sorted(set(commits(deployment.worker)) - set(deployment.held()["snapshots"]))
    assert restored <= set(held["snapshots"])
    assert all(slot > max(restored) for slot in lost)
    note(f"healthy {took:.1f} s after the decision; lost: {len(lost)} slots since the backup")


async def test_after_a_total_loss_every_slot_of_a_backup_under_load_is_back(deployment: Deployment, note: Note) -> None:
    backup = deployment.rig.folder / "pnodes.backup"
    await deployment.command("backup", str(backup))  # the worker continues meanwhile
    committed = commits(deployment.worker)
    held = await asyncio.to_thread(deployment.held)
    await deployment.committed(len(committed) + 1)
    await deployment.kill_all()
    shutil.rmtree(deployment.folder)
    began = time.monotonic()
    await deployment.mongo.start()
    await deployment.command("restore", str(backup))
    back = await asyncio.to_thread(deployment.held)
    newest = max(slot for slot in back["snapshots"] if isinstance(slot, int))
    expected = {slot for slot in committed if slot <= newest}
    assert set(back["snapshots"]) == expected
    assert only(back, expected) == only(held, expected)
    await deployment.start_all()
    took = time.monotonic() - began
    lost = [slot for slot in commits(deployment.worker) if slot > newest and slot not in deployment.held()["snapshots"]]
    note(f"healthy {took:.1f} s after the decision; lost: {len(lost)} slots since the backup")
