"""Three API processes and two workers behind nginx, over one store and one Redis, as on several machines."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from server.storage.connect import Mongo
from tests.deploy_check.site import NGINX, OPENSSL, Site
from tests.faults import rig as rigs
from tests.faults.rig import SLOT_SECONDS, TTL, Rig, commits, slot_start, until
from tests.patience import PATIENCE_SECONDS
from tests.processes import Process, fetch, free_port, wait_until

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (nginx-light)"),
    pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed"),
]

SLOTS = 6
CLIENTS = 6
QUERY = {"query": "{ snapshot { slot } }"}


class Fleet(NamedTuple):
    """The parts of a deployment."""

    rig: Rig
    site: Site
    workers: list[Process]


@pytest.fixture
async def fleet(tmp_path: Path, mongo_uri: str, redis_url: str, db_name: str) -> AsyncIterator[Fleet]:
    async with rigs.rig(tmp_path, mongo_uri, redis_url, db_name) as rig:
        workers = [rig.worker("one"), rig.worker("two")]
        # Without Redis, the last API sees a new slot only at its next look at the store.
        site = Site(tmp_path, rig.environment, last={"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
        with ExitStack() as stack:
            for process in (*site.apis, site.nginx):
                stack.enter_context(process)
            stack.callback(site.nginx.stop)
            for port in site.ports:
                url = f"http://127.0.0.1:{port}/health/ready"
                await asyncio.to_thread(wait_until, lambda at=url: fetch(at)[0] == 200, "an API is ready")
            await asyncio.to_thread(wait_until, lambda: fetch(f"{site.url}/health/ready")[0] == 200, "nginx passes on")
            yield Fleet(rig, site, workers)


class Client:
    """One client with an address of its own, which notes the snapshot of each answer, in order, by the place asked."""

    def __init__(self, address: str, url: str) -> None:
        self._address = address
        self._url = url
        self.slots: dict[str, list[int]] = {"/graphql": [], "/": []}

    async def run(self, stop: asyncio.Event) -> None:
        # A connection for each request: kept ones would stay with one worker of nginx.
        connector = aiohttp.TCPConnector(local_addr=(self._address, 0), force_close=True)
        timeout = aiohttp.ClientTimeout(PATIENCE_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            while not stop.is_set():
                async with session.post(f"{self._url}/graphql", json=QUERY) as answer:
                    self.slots["/graphql"].append(int((await answer.json())["data"]["snapshot"]["slot"]))
                async with session.get(f"{self._url}/") as answer:
                    shown: Any = (await answer.json())["system_status"]["last_updated"]
                    self.slots["/"].append(int(shown) // TTL * TTL)

    def steps_back(self, place: str) -> list[tuple[int, int]]:
        slots = self.slots[place]
        return [(before, after) for before, after in pairwise(slots) if after < before]


async def test_a_client_never_sees_an_older_slot_after_a_newer_one(fleet: Fleet) -> None:
    stop = asyncio.Event()
    clients = [Client(f"127.0.0.{number + 2}", fleet.site.url) for number in range(CLIENTS)]
    done = asyncio.gather(*(client.run(stop) for client in clients))
    await until(
        lambda: done.done() or all(len(set(client.slots["/graphql"])) > SLOTS for client in clients),
        SLOTS * SLOT_SECONDS,
        "every client has seen several slots",
    )
    stop.set()
    await done
    asked = [sum(line.get("path") == "/graphql" for line in fleet.site.requests_of(api)) for api in fleet.site.apis]
    assert len([count for count in asked if count]) > 1, "clients of several addresses use several APIs"
    assert [client.steps_back("/graphql") for client in clients] == [[] for _ in clients]
    assert [client.steps_back("/") for client in clients] == [[] for _ in clients]


async def test_each_slot_has_one_cycle(fleet: Fleet) -> None:
    first = await slot_start()
    await slot_start((SLOTS - 1) * TTL - 0.5)
    slots = commits(*fleet.workers)
    assert slots == list(range(slots[0], slots[-1] + 1, TTL)), "each slot once, and none left out"
    for seed, door in zip(fleet.rig.doors.seeds, fleet.rig.doors, strict=True):
        for slot in range(first, first + (SLOTS - 1) * TTL, TTL):
            assert door.calls_within(slot - 0.5, slot + TTL - 0.5) == 1, f"{seed} in slot {slot}"


async def test_the_other_worker_takes_over_from_a_killed_one(fleet: Fleet) -> None:
    mongo = Mongo(fleet.rig.mongo_uri, fleet.rig.database)
    await slot_start(0.1)
    head = await mongo.database["head"].find_one({"_id": "head"})
    await mongo.close()
    assert head is not None
    holder = int(str(head["holder"]).split(":")[1])
    (victim,) = [worker for worker in fleet.workers if worker.child.pid == holder]
    (other,) = [worker for worker in fleet.workers if worker is not victim]
    killed = time.time()
    victim.kill()

    def taken_over() -> bool:
        return bool([slot for slot in commits(other) if slot > killed])

    await until(taken_over, 2 * SLOT_SECONDS, "the other worker commits a slot")
    await until(lambda: fetch(f"{fleet.site.url}/health")[0] == 200, SLOT_SECONDS, "the site is healthy")
