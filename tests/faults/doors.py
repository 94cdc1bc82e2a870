"""Doors in front of the seeds of a simulated network, each of which can be shut, blocked, or replaced by a liar."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self

LOOPBACK = "127.0.0.1"
MAX_BODY_BYTES = 2**26


class Ask:
    """One call to a seed, and the ways to handle it."""

    def __init__(self, head: bytes, body: bytes, writer: asyncio.StreamWriter, target: tuple[str, int]) -> None:
        self._head = head
        self._body = body
        self._writer = writer
        self._target = target
        self.call: dict[str, Any] = json.loads(body) if body else {}

    @property
    def method(self) -> str:
        return str(self.call.get("method"))

    async def truth(self) -> bytes:
        """The body of the seed's own response."""
        reader, writer = await asyncio.open_connection(*self._target)
        try:
            writer.write(self._head + self._body)
            await writer.drain()
            return (await _http(reader))[1]
        finally:
            writer.close()

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        told = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        await self.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)

    async def result(self, value: object) -> None:
        await self.answer(json.dumps({"jsonrpc": "2.0", "id": self.call.get("id"), "result": value}).encode())

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._writer.transport.abort()


Treat = Callable[[Ask], Awaitable[None]]


async def honest(ask: Ask) -> None:
    """Pass on the seed's own response."""
    await ask.answer(await ask.truth())


async def silent(_: Ask) -> None:
    """Accept the call, and never respond."""
    await asyncio.sleep(3_600)


async def resetting(ask: Ask) -> None:
    ask.reset()


async def dripping(ask: Ask) -> None:
    """Send the seed's own response, one byte every half second."""
    body = await ask.truth()
    await ask.send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body))
    for i in range(len(body)):
        await ask.send(body[i : i + 1])
        await asyncio.sleep(0.5)


class Door:
    """The door of one seed.

    `treat` decides how a call is handled. `calls` records the time and method of each, and `connections` counts the
    established ones. An opened door stays on its port in any case.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._server: asyncio.Server | None = None
        self._held: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.treat: Treat = honest
        self.calls: list[tuple[float, str]] = []
        self.connections = 0

    async def open(self) -> None:
        """Listen. Raises OSError if the network itself refuses, as some of its seeds do."""
        self._release()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port, reuse_address=True)
            self.port = int(self._server.sockets[0].getsockname()[1])

    async def refuse(self) -> None:
        """Refuse connections, like a host whose pod is down."""
        await self._shut()
        self._held.append(self._bound())

    async def blackhole(self) -> None:
        """Let connections hang, like a host behind a firewall that drops packets: the queue of the socket is full."""
        await self._shut()
        listener = self._bound()
        listener.listen(0)
        self._held.append(listener)
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect((LOOPBACK, self.port))
            self._held.append(filler)

    async def close(self) -> None:
        await self._shut()
        self._release()

    def calls_within(self, start: float, end: float, method: str = "get-pods-with-stats") -> int:
        """How often this seed was polled in [start, end) (unix seconds)."""
        return sum(start <= at < end and asked == method for at, asked in self.calls)

    def _bound(self) -> socket.socket:
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((LOOPBACK, self.port))
        return held

    def _release(self) -> None:
        for each in self._held:
            each.close()
        self._held.clear()

    async def _shut(self) -> None:
        self._release()
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._converse(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                ask = Ask(*await _http(reader), writer, self._target)
                self.calls.append((time.time(), ask.method))
                await self.treat(ask)


class Doors:
    """All doors of a simulated network.

    `dial_map` leads from its seeds and its public pods to their doors. Iteration yields the doors of the seeds, in
    their order.
    """

    def __init__(self, announced: Mapping[str, Any]) -> None:
        self._announced = announced
        self.of: dict[str, Door] = {}

    @property
    def dial_map(self) -> dict[str, str]:
        return {seed: f"{LOOPBACK}:{door.port}" for seed, door in self.of.items()}

    @property
    def seeds(self) -> list[str]:
        return [str(seed) for seed in self._announced["seeds"]]

    def __getitem__(self, index: int) -> Door:
        return self.of[self.seeds[index]]

    def __iter__(self) -> Any:
        return iter([self.of[seed] for seed in self.seeds])

    async def __aenter__(self) -> Self:
        for seed, target in self._announced["dial_map"].items():
            self.of[seed] = Door(target)
            await self.of[seed].open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for door in self.of.values():
            await door.close()


async def _http(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one message with a content-length."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
    return head, await reader.readexactly(min(length, MAX_BODY_BYTES))
