"""API and worker on the store of a newer release: refused at start, and reported by the probes if it appears later."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pymongo
import pytest

from schema.domain.errors import StoreTooNew
from schema.domain.snapshot.record import Snapshot
from server.lifecycle import Lifecycle
from server.live import LiveUpdates
from server.process.reasons import NEWER, in_words, reason_of
from server.storage.connect import Mongo, refusal_of_store
from server.storage.migrations.version import DOCUMENT_VERSION
from tests.fakes import FakeReads
from tests.processes import free_port, module
from tests.server.rest.world import make_client, world

REFUSAL = (
    f"the store has documents of version {DOCUMENT_VERSION + 1}, and this release reads versions up to "
    f"{DOCUMENT_VERSION}: run the release that wrote it, or a newer one"
)


def make_newer(mongo_uri: str, db_name: str) -> None:
    with pymongo.MongoClient(mongo_uri) as client:
        client[db_name]["head"].insert_one({"_id": "head", "document_version": DOCUMENT_VERSION + 1})


@pytest.mark.stack
@pytest.mark.parametrize("process", ["server", "jobs.worker"])
def test_a_start_on_a_newer_store_ends_with_status_2_and_one_line(
    process: str, mongo_uri: str, redis_url: str, db_name: str, tmp_path: Path
) -> None:
    make_newer(mongo_uri, db_name)
    env = {
        "PATH": os.environ["PATH"],
        "MONGO_URI": mongo_uri,
        "MONGO_DB": db_name,
        "REDIS_URL": redis_url,
        "PORT": str(free_port()),
        "IP_NODES": "127.0.0.1:1",
    }
    with module(process, log=tmp_path / "log", env=env) as started:
        assert started.wait() == 2
    said = [line for line in started.text().splitlines() if not line.startswith("{")]
    assert said == [REFUSAL]
    assert "Traceback" not in started.text()


async def test_a_store_that_may_be_used_is_no_reason(store_db: Mongo) -> None:
    assert await refusal_of_store(store_db) is None


async def test_a_store_that_is_away_is_no_reason(connect_db: Callable[..., Mongo]) -> None:
    away = Mongo("mongodb://127.0.0.1:1/", "nowhere", server_selection_seconds=0.1)
    assert await refusal_of_store(away) is None
    await away.close()


class Newer:
    """A store that a newer release wrote before the first read, and that is replaced before the second."""

    def __init__(self) -> None:
        self.looks: list[str | None] = []
        self.live = LiveUpdates(self, poll_seconds=0.0)
        self.seen = asyncio.Event()

    def current(self) -> Snapshot | None:
        return None

    async def refresh(self) -> None:
        self.looks.append(self.live.refusal)
        if len(self.looks) == 1:
            raise StoreTooNew(REFUSAL)
        if len(self.looks) == 3:
            self.seen.set()


async def test_live_updates_say_why_the_store_is_not_read_until_it_is() -> None:
    source = Newer()
    following = asyncio.create_task(source.live.run())
    await source.seen.wait()
    following.cancel()
    assert source.looks[:3] == [None, REFUSAL, None]


@pytest.mark.parametrize("path", ["/health/ready", "/health"])
def test_without_a_snapshot_the_probes_say_why(path: str) -> None:
    with make_client(FakeReads(), store_refusal=lambda: REFUSAL) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (503, REFUSAL)


def test_the_last_snapshot_is_served_and_the_check_of_the_store_fails() -> None:
    with make_client(world(), store_refusal=lambda: REFUSAL) as client:
        assert client.get("/health/ready").status_code == 200
        assert client.get("/health").json()["checks"]["store"] == {"status": "fail", "message": REFUSAL}


def test_the_reason_in_the_log_names_the_release() -> None:
    assert reason_of(StoreTooNew(REFUSAL)) == NEWER
    assert in_words(StoreTooNew(REFUSAL)) == f"{NEWER} ({REFUSAL})"


def test_a_refusal_makes_a_process_leave() -> None:
    left: list[str] = []
    lifecycle = Lifecycle()
    lifecycle.on_fail(lambda: left.append("left"))
    lifecycle.refuse(REFUSAL)
    assert (left, lifecycle.refusal, lifecycle.failure) == (["left"], REFUSAL, None)
