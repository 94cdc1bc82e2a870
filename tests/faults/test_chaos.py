"""Store, Redis, worker and API are killed in turn under load: running APIs respond, and a fault costs one slot.

CHAOS_SECONDS sets the duration. The load is 200 requests a second and 50 subscribers.
"""

import asyncio
import contextlib
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import pytest

from tests.faults import rig as rigs
from tests.faults.conftest import Note
from tests.faults.load import LOAD, TTL
from tests.faults.reader import SUBSCRIPTION, Reader, check_kept
from tests.faults.rig import SLOT_SECONDS, START_SECONDS, Api, OwnMongo, percentile, until
from tests.processes import Process, connects, free_port, valkey

CHAOS_SECONDS = int(os.environ.get("CHAOS_SECONDS", "60"))
REQUESTS_PER_SECOND = 200
SUBSCRIBERS = 50
DOWN_SECONDS = 0.5
"""How long a supervisor waits before it restarts a dead process."""
SETTLED_SLOTS = 2
"""The number of slots that must be public after a fault before the next one."""

QUESTIONS = (
    ("POST", "{ pnodes(first: 20) { totalCount nodes { id address status score { composite tier } } } }"),
    ("POST", "{ networkHealth { score status } }"),
    ("POST", "{ recommendations(first: 5) { nodes { node { address } } } }"),
    ("GET", "/pnodes?limit=50"),
    ("GET", "/network/health"),
    ("GET", "/all-nodes"),
)
"""Queries about the present. Every tenth has a new form, so that no cache has its response."""


class Load:
    """Requests at a constant rate to all APIs in turn.

    `failed` records those that a running API did not answer. An API is in `excused` from before it is killed until it
    is ready again.
    """

    def __init__(self, apis: Sequence[Api], session: aiohttp.ClientSession) -> None:
        self._apis = apis
        self._session = session
        self.excused: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.failed: list[tuple[str, int]] = []
        self.seconds: list[float] = []

    async def run(self) -> None:
        began, loop = time.monotonic(), asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await asyncio.sleep(began + number / REQUESTS_PER_SECOND - time.monotonic())
                group.create_task(self._one(number, loop))

    async def _one(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        api = self._apis[number % len(self._apis)]
        excused = api.url in self.excused
        method, question = QUESTIONS[number // len(self._apis) % len(QUESTIONS)]
        fresh = number % 10 == 0
        began = loop.time()
        if method == "POST":
            answer = await api.post(f"{question} # {number}" if fresh else question)
        else:
            answer = await api.get(f"{question}{'&' if '?' in question else '?'}_={number}" if fresh else question)
        self.seconds.append(loop.time() - began)
        self.statuses[answer.status] += 1
        if answer.status != 200 and not (excused or api.url in self.excused):
            self.failed.append((f"{method} {question}", answer.status))


async def subscribe(api: Api, session: aiohttp.ClientSession, heard: Counter[str]) -> None:
    """Follow snapshots permanently, over a new connection whenever the last one ends. Slots only grow."""
    newest = 0
    while True:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with session.ws_connect(f"{api.url}/graphql", protocols=("graphql-transport-ws",)) as socket:
                await socket.send_json({"type": "connection_init"})
                await socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}})
                async for message in socket:
                    told = json.loads(message.data)
                    if told["type"] == "next":
                        slot = int(told["payload"]["data"]["snapshots"]["slot"])
                        assert slot >= newest, f"slot {slot} was told after {newest}"
                        newest = slot
                        heard[api.url] += 1
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def meanwhile(*work: Awaitable[None]) -> AsyncGenerator[None]:
    """Run these for the duration of the block. Fails if one of them ends."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def own_mongo(tmp_path: Path) -> AsyncIterator[OwnMongo]:
    async with OwnMongo(tmp_path / "mongo") as mongo:
        yield mongo


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[tuple[Process, int]]:
    port = free_port()
    with valkey(port, tmp_path / "valkey") as redis:
        await until(lambda: connects(port), START_SECONDS, "valkey listens")
        yield redis, port


async def test_whatever_is_killed_the_others_answer(
    tmp_path: Path, own_mongo: OwnMongo, own_redis: tuple[Process, int], db_name: str, note: Note
) -> None:
    redis, port = own_redis
    async with rigs.rig(tmp_path, own_mongo.uri, f"redis://127.0.0.1:{port}/0", db_name) as rig:
        worker = rig.worker()
        apis = [await rig.healthy_api(), rig.api("second-api")]
        await until(apis[1].ready, START_SECONDS, "the second API is ready")
        load, heard = Load(apis, rig.session), Counter[str]()

        async def restart_api(api: Api) -> None:
            load.excused.add(api.url)
            api.process.kill()
            await asyncio.sleep(DOWN_SECONDS)
            api.process.start()
            await until(api.ready, START_SECONDS, "the API is ready again")
            load.excused.discard(api.url)

        async def restart_mongo() -> None:
            await own_mongo.kill()
            await asyncio.sleep(DOWN_SECONDS)
            await own_mongo.start()

        async def restart(process: Process) -> None:
            process.kill()
            await asyncio.sleep(DOWN_SECONDS)
            process.start()

        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "store": restart_mongo,
            "worker": lambda: restart(worker),
            "Redis": lambda: restart(redis),
            # The reader uses the first API, and requires that it always responds.
            "API": lambda: restart_api(apis[1]),
        }
        made: Counter[str] = Counter()
        subscribers = [subscribe(apis[n % 2], rig.session, heard) for n in range(SUBSCRIBERS)]
        async with Reader(apis[0], rig.session) as reader, meanwhile(load.run(), *subscribers):
            end = time.monotonic() + CHAOS_SECONDS
            for name in itertools.cycle(faults):
                if time.monotonic() > end and len(made) == len(faults):
                    break
                await faults[name]()
                made[name] += 1
                after = reader.newest
                await until(
                    lambda: sum(slot > after for slot in reader.slots) >= SETTLED_SLOTS,  # noqa: B023  awaited here
                    SETTLED_SLOTS * SLOT_SECONDS,
                    f"two slots after: {name}",
                )
        compared = await check_kept(own_mongo.uri, db_name, reader)
        missed = [gap // TTL - 1 for gap in reader.gaps()]
        note(
            f"{dict(made)} killed; {load.statuses.total()} requests, statuses {dict(load.statuses)}, p99 "
            f"{percentile(load.seconds, 99) * 1e3:.0f} ms; {sum(heard.values())} news to {SUBSCRIBERS} subscribers; "
            f"{compared} slots whole, {sum(missed)} missed, at most {max(missed)} in a row"
        )
        assert load.failed == []
        assert reader.refused == []
        allowed = LOAD.gap(2) // TTL - 1
        assert max(missed) <= allowed
        assert sum(missed) <= allowed * made.total()
        assert min(heard[api.url] for api in apis) > 0
