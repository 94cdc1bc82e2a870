"""The API as a process: its responses without stores, how it finds them, and how it stops."""

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.cycle.announce import RedisAnnouncer
from jobs.schedule.job_queue import queue_client
from server.storage.connect import Mongo
from server.storage.snapshots.writes import MongoSnapshotStore
from tests.embedded import EmbeddedStores
from tests.factories import AT
from tests.patience import PATIENCE_SECONDS
from tests.processes import Process, descendants, fetch, free_port, module, wait_until
from tests.server.storage.builders import HOLDER, commit

pytestmark = pytest.mark.stack

DATABASE = "test_api"


class Api:
    """A running API, and the ports of its stores."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port, self.mongo_port, self.redis_port = free_port(), free_port(), free_port()
        env = {
            "PATH": os.environ["PATH"],
            "MONGO_URI": f"mongodb://127.0.0.1:{self.mongo_port}/",
            "MONGO_DB": DATABASE,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "PORT": str(self.port),
            "CACHE_TTL": "60",
            "DRAIN_SECONDS": "0.3",
            "SHUTDOWN_SECONDS": "120",
            **settings,
        }
        self.process: Process = module("server", log=folder / "api.log", env=env)

    def get(self, path: str) -> tuple[int, Any]:
        status, body = fetch(f"http://127.0.0.1:{self.port}{path}")
        return status, json.loads(body) if body else None

    def status(self, path: str) -> int:
        return self.get(path)[0]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    running = Api(tmp_path)
    with running.process:
        wait_until(lambda: running.status("/health/live") == 200, "the API is live")
        yield running


def test_without_stores_it_is_live_and_not_ready_and_never_500(api: Api) -> None:
    assert api.status("/health/live") == 200
    for path in ("/health/ready", "/health", "/pnodes", "/network/health", "/network/history", "/registry/x"):
        assert api.status(path) == 503, path
    assert api.get("/health")[1]["reason"] == "No snapshot available"
    assert (api.status("/"), fetch(f"http://127.0.0.1:{api.port}/metrics")[0]) == (200, 200)
    assert api.process.stop() == 0


async def _store_one(stores: EmbeddedStores) -> None:
    mongo = Mongo(stores.mongo_uri, DATABASE)
    store = MongoSnapshotStore(mongo)
    lease = await store.acquire(HOLDER, AT, 60)
    assert lease is not None
    await store.commit(lease, commit(AT, 7))
    await mongo.close()
    client = queue_client(stores.redis_url, patient=False)
    await RedisAnnouncer(client).announce(AT)
    await client.aclose()


def test_it_finds_its_stores_by_itself_and_outlives_them(api: Api, tmp_path: Path) -> None:
    stores = EmbeddedStores(tmp_path / "stores")
    stores.start("--mongo-port", str(api.mongo_port), "--redis-port", str(api.redis_port))
    try:
        asyncio.run(_store_one(stores))
        wait_until(lambda: api.status("/health/ready") == 200, "the API is ready")
    finally:
        stores.kill()
    assert api.get("/pnodes?status=all")[1]["summary"]["total_pnodes"] == 7
    assert api.status("/health/ready") == 200
    assert api.process.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.nightly)])
def test_a_request_under_way_is_answered_before_it_leaves(api: Api, number: signal.Signals) -> None:
    body = json.dumps({"query": "{ __typename }"}).encode()
    with socket.create_connection(("127.0.0.1", api.port), PATIENCE_SECONDS) as slow:
        slow.sendall(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(body) + body[:5]
        )
        assert api.status("/health/live") == 200
        api.process.child.send_signal(number)
        wait_until(lambda: api.status("/health/live") == 0, "it accepts nobody any more")
        slow.sendall(body[5:])
        assert slow.recv(65_536).startswith(b"HTTP/1.1 200")
    assert api.process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.nightly)])
def test_while_it_drains_it_answers_and_says_so_until_a_second_signal(tmp_path: Path, number: signal.Signals) -> None:
    """The drain has its maximum duration: a probe has a minute to see it, and the second signal ends it."""
    api = Api(tmp_path, DRAIN_SECONDS="60")
    with api.process:
        wait_until(lambda: api.status("/health/live") == 200, "the API is live")
        api.process.child.send_signal(number)
        wait_until(lambda: api.get("/health/ready")[1] == {"status": "unready", "reason": DRAINING}, "it drains")
        assert api.status("/health/live") == 200
        api.process.child.send_signal(number)
        api.process.wait()


DRAINING = "The process is starting or draining"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with module("server", "--port", str(port), log=tmp_path / "api.log") as process:
            assert process.wait() == 1
    assert f"cannot listen on 127.0.0.1:{port}" in process.text()


@pytest.mark.parametrize("port", ["99999", pytest.param("0", marks=pytest.mark.nightly)])
def test_a_port_that_cannot_be_is_named(port: str, tmp_path: Path) -> None:
    with module("server", "--port", port, log=tmp_path / "api.log") as process:
        assert process.wait() == 2
    assert f"'{port}': expected a port from 1 to 65535" in process.text()


def test_bad_settings_are_named(tmp_path: Path) -> None:
    with module("server", log=tmp_path / "api.log", env={**os.environ, "CACHE_TTL": "1"}) as process:
        assert process.wait() == 2
    assert process.text() == "CACHE_TTL=1: expected a whole number of seconds from 5 to 3600\n"


@pytest.mark.whole
def test_several_processes_share_the_port_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    api = Api(tmp_path, WEB_CONCURRENCY="2")

    def answering() -> set[str]:
        text = fetch(f"http://127.0.0.1:{api.port}/metrics")[1].decode()
        return set(re.findall(r'^process_start_time_seconds{process="(\d)"}', text, re.MULTILINE))

    def both() -> bool:
        seen: set[str] = set()
        wait_until(lambda: seen.update(answering()) or seen == {"1", "2"}, "both processes answer")
        return True

    with api.process:
        assert both()
        dead = min(descendants(api.process.child.pid))
        os.kill(dead, signal.SIGKILL)
        assert api.status("/health/live") == 200
        wait_until(lambda: len(descendants(api.process.child.pid) - {dead}) == 2, "another takes its place")
        assert both()
        assert api.process.stop() == 0
