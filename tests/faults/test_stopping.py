"""An API that is stopped under load: every accepted request is answered, and no client is cut off."""

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.faults.conftest import Note
from tests.faults.rig import Api, Rig, slot_start, until
from tests.faults.wire import Wire
from tests.processes import REPOSITORY

IN_FLIGHT = 80
FROM_STORE = 20
SOCKETS = 20
SETTINGS = {"DRAIN_SECONDS": "1.5", "SHUTDOWN_SECONDS": "10"}
SUBSCRIPTION = "subscription { snapshots { slot } }"


class HalfAsked:
    """A request of which the server has the head and half of the body."""

    def __init__(self, number: int) -> None:
        self._body = json.dumps({"query": f"query Q{number} {{ snapshot {{ slot nodeCount }} }}"}).encode()

    async def begin(self, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(self._body)}"
        )
        self._writer.write(head.encode() + b"\r\nconnection: close\r\n\r\n" + self._body[:9])
        await self._writer.drain()

    async def finish(self) -> bytes:
        """The status line, and everything after it."""
        self._writer.write(self._body[9:])
        await self._writer.drain()
        answer = await self._reader.read()
        self._writer.close()
        return answer


class Subscriber:
    """A client that follows the snapshots until the server announces its end."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.results = 0

    async def follow(self) -> int | None:
        """The code with which the connection was closed."""
        await self._socket.send_json({"type": "connection_init"})
        await self._socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIPTION}})
        async for message in self._socket:
            kind = json.loads(message.data)["type"]
            assert kind in {"connection_ack", "next", "complete"}
            self.results += kind == "next"
        return self._socket.close_code


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGTERM, marks=pytest.mark.quick), signal.SIGINT],
    ids=lambda number: number.name,
)
async def test_a_hundred_requests_and_twenty_sockets_under_way(rig: Rig, note: Note, number: signal.Signals) -> None:
    rig.worker()
    async with Wire(rig.mongo_uri) as wire, AsyncExitStack() as open_sockets:
        api = await rig.healthy_api(MONGO_URI=wire.uri, **SETTINGS)
        sockets = [
            await open_sockets.enter_async_context(
                rig.session.ws_connect(f"{api.url}/graphql", protocols=("graphql-transport-ws",))
            )
            for _ in range(SOCKETS)
        ]
        subscribers = [Subscriber(socket) for socket in sockets]
        following = [asyncio.create_task(subscriber.follow()) for subscriber in subscribers]
        await until(lambda: all(one.results for one in subscribers), 15, "every subscriber has heard of a slot")
        await slot_start(1)
        half = [HalfAsked(n) for n in range(IN_FLIGHT)]
        await asyncio.gather(*(one.begin(api.port) for one in half))
        wire.delay = 0.6
        start = int(time.time()) - 3_600
        paths = [f"/network/history?hours=1&resolution=raw&_={start + n}" for n in range(FROM_STORE)]
        asked = [asyncio.create_task(api.get(path)) for path in paths]
        await until(lambda: any(c.collection == "history" for c in wire.commands), 5, "the store is being asked")

        api.process.child.send_signal(number)
        left = time.monotonic()
        await until(lambda: _draining(api), 1, "/health/ready says that it drains")
        assert await api.status("/pnodes") == 200, "while it drains it still answers"
        await until(lambda: _closed(api), 5, "it accepts nobody any more")
        answers = await asyncio.gather(*(one.finish() for one in half))
        assert [answer.split(b"\r\n", 1)[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * IN_FLIGHT
        assert all(b'"nodeCount"' in answer for answer in answers)
        assert [answer.status for answer in await asyncio.gather(*asked)] == [200] * FROM_STORE
        codes = await asyncio.gather(*following)
        assert set(codes) <= {1001, 1012}
        assert await asyncio.to_thread(api.process.child.wait, 15) == 0
        note(
            f"{number.name}: {IN_FLIGHT + FROM_STORE} of {IN_FLIGHT + FROM_STORE} answered, {SOCKETS} sockets closed with "
            f"{set(codes)}, gone after {time.monotonic() - left:.1f} s"
        )


async def _draining(api: Api) -> bool:
    status, body = await api.get("/health/ready")
    return status == 503 and body["reason"] == "The process is starting or draining"


async def _closed(api: Api) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    except OSError:
        return True
    writer.close()
    return False


class Balancer:
    """A typical load balancer: it probes /health/ready, and sends requests to ready backends."""

    def __init__(self, *backends: Api) -> None:
        self._backends = list(backends)
        self._ready: list[Api] = []
        self.statuses: list[int] = []

    def add(self, api: Api) -> None:
        self._backends.append(api)

    async def watch(self) -> None:
        while True:
            known = tuple(self._backends)  # another may be added meanwhile
            words = await asyncio.gather(*(api.ready() for api in known))
            self._ready = [api for api, ready in zip(known, words, strict=True) if ready]
            await asyncio.sleep(0.1)

    async def client(self, number: int) -> None:
        while True:
            if self._ready:
                api = self._ready[number % len(self._ready)]
                self.statuses.append(await api.status(f"/pnodes?limit=10&skip={len(self.statuses) % 20}"))
            await asyncio.sleep(0.002)


async def test_a_rolling_restart_under_load_loses_no_request(rig: Rig, note: Note) -> None:
    """The next process starts, the last one drains, and so on: four times, with twenty clients."""
    rig.worker()
    old = await rig.healthy_api(**SETTINGS)
    balancer = Balancer(old)
    work = [asyncio.create_task(balancer.watch()), *(asyncio.create_task(balancer.client(n)) for n in range(20))]
    try:
        for generation in range(4):
            new = rig.api(f"api-{generation}", tree=REPOSITORY, **SETTINGS)
            balancer.add(new)
            await until(new.ready, 15, "the new process is ready")
            await asyncio.sleep(0.5)
            old.process.child.terminate()
            assert await asyncio.to_thread(old.process.child.wait, 15) == 0
            old = new
    finally:
        for task in work:
            task.cancel()
        ends = await asyncio.gather(*work, return_exceptions=True)
    assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []
    assert set(balancer.statuses) == {200}
    note(f"4 restarts, {len(balancer.statuses)} requests, all answered")
