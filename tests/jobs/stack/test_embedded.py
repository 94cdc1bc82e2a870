"""The embedded stores as a process: start, stop, one owner of a folder, and no data lost by a kill."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
import redis
from pymongo.errors import OperationFailure

from jobs.stack.embedded import LOCK_FILE, main
from jobs.stack.engine_watch import LOOK_SECONDS
from jobs.stack.folder import hold_folder
from schema.domain.errors import SnapshotUnavailable
from server.storage.connect import Mongo
from server.storage.snapshots.reads import SnapshotReads
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.embedded import EmbeddedStores
from tests.factories import AT
from tests.mongo_proxy import TRIED_ONCE, close_when_connected, prepared
from tests.patience import PATIENCE_SECONDS, patience
from tests.processes import REPOSITORY, free_port, wait_until
from tests.server.storage.builders import commit

pytestmark = pytest.mark.stack


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[EmbeddedStores]:
    stores = EmbeddedStores(tmp_path / "stores")
    yield stores
    if stores.child.poll() is None:
        stores.kill()
    assert wait_until(lambda: not is_running(stores.valkey_pid), "valkey ends with its parent")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def ping(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        return bool(client.ping())


async def test_both_answer_on_the_ports_asked_for_and_stop_with_their_parent(stores: EmbeddedStores) -> None:
    mongo_port, redis_port = free_port(), free_port()
    stores.start("--mongo-port", str(mongo_port), "--redis-port", str(redis_port))
    assert stores.mongo_uri == f"mongodb://127.0.0.1:{mongo_port}/"
    assert stores.redis_url == f"redis://127.0.0.1:{redis_port}/0"
    mongo = Mongo(stores.mongo_uri, "test")
    await mongo.ping()
    await mongo.close()
    assert ping(stores.redis_url)
    assert stores.stop() == 0
    assert not is_running(stores.valkey_pid)
    assert stores.errors() == ""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_both(stores: EmbeddedStores, asked: signal.Signals) -> None:
    stores.start()
    assert stores.terminate(asked) == 0
    assert not is_running(stores.valkey_pid)


def test_a_second_process_is_told_who_has_the_folder(stores: EmbeddedStores) -> None:
    stores.start()
    with pytest.raises(AssertionError, match=f"is in use by process {stores.child.pid}: stop it first"):
        EmbeddedStores(stores.folder).start()
    assert ping(stores.redis_url)
    stores.stop()


def test_a_folder_in_use_ends_with_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        with hold_folder(tmp_path, LOCK_FILE):
            assert main([str(tmp_path)]) == 1
    finally:
        for number, handler in zip((signal.SIGTERM, signal.SIGINT), handlers, strict=True):
            signal.signal(number, handler)
    assert f"{tmp_path} is in use" in capsys.readouterr().err


@pytest.mark.parametrize("taken", ["stores", "stores/mongo"])
def test_a_file_in_place_of_a_folder_is_one_line(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("", encoding="utf-8")
    command = (sys.executable, "-m", "jobs.stack.embedded", str(tmp_path / "stores"))
    ran = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"cannot use the folder {tmp_path / 'stores'}: File exists")


def test_it_ends_when_valkey_does(stores: EmbeddedStores) -> None:
    stores.start()
    os.kill(stores.valkey_pid, signal.SIGKILL)
    assert stores.wait() == 1
    assert "valkey has ended with code -9" in stores.errors()


@pytest.mark.whole
def test_an_engine_that_a_full_disk_broke_ends_once_there_is_room(stores: EmbeddedStores) -> None:
    stores.start()
    pid = stores.child.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    with pymongo.MongoClient[dict[str, Any]](stores.mongo_uri, timeoutMS=5_000) as client:
        client["test"]["x"].insert_one({})
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        with pytest.raises(OperationFailure):
            client["test"]["x"].insert_one({})
        with pytest.raises(subprocess.TimeoutExpired):
            stores.child.wait(2 * LOOK_SECONDS)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        with pytest.raises(OperationFailure):
            client["test"]["x"].find_one({})
    assert stores.wait() == 1
    assert "the MongoDB-compatible engine has failed" in (stores.folder / "stderr.log").read_text(encoding="utf-8")


async def test_nothing_acknowledged_is_lost_by_a_kill(stores: EmbeddedStores) -> None:
    """Commits continue until the kill. Each acknowledged one is there afterwards, whole."""
    port = str(free_port())
    stores.start("--mongo-port", port)
    killed = await prepared(
        Mongo(f"{stores.mongo_uri}?{TRIED_ONCE}", "test", server_selection_seconds=1, timeout_seconds=PATIENCE_SECONDS)
    )
    store = MongoSnapshotStore(killed)
    acknowledged: list[int] = []
    enough = asyncio.Event()

    async def collect() -> None:
        for slot in range(AT, AT + 60_000, 60):
            lease = await store.acquire("a", 0.0, 30.0)
            assert lease is not None
            await store.commit(lease, commit(slot, 40))
            acknowledged.append(slot)
            if len(acknowledged) == 8:
                enough.set()

    collecting = asyncio.create_task(collect())
    with redis.Redis.from_url(stores.redis_url) as client:
        client.set("kept", "yes")
    async with patience():
        await enough.wait()
    # The append-only file is synced each second. A kill of the process loses nothing; a kill of the machine may.
    stores.kill()
    with pytest.raises(SnapshotUnavailable):
        await collecting

    stores.start("--mongo-port", port)
    await close_when_connected(killed)
    with redis.Redis.from_url(stores.redis_url) as client:
        assert client.get("kept") == b"yes"
    mongo = Mongo(stores.mongo_uri, "test")
    reads = SnapshotReads(mongo, clock=lambda: AT + 100_000)
    newest = await reads.refresh()
    assert newest is not None
    assert newest.slot in {acknowledged[-1], acknowledged[-1] + 60}
    for slot in acknowledged:
        assert await reads.of_slot(slot) == commit(slot, 40).snapshot
    store = MongoSnapshotStore(mongo)
    lease = await store.acquire("b", 100.0, 30.0)
    assert lease is not None
    await store.commit(lease, commit(newest.slot + 60, 40))
    await mongo.close()
    assert stores.stop() == 0


def test_a_kill_takes_valkey_along(stores: EmbeddedStores) -> None:
    stores.start()
    stores.kill()
    assert wait_until(lambda: not is_running(stores.valkey_pid), "valkey ends with its parent")
    stores.start()
    assert ping(stores.redis_url)
    stores.stop()
