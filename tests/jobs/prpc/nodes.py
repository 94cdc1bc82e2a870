"""Nodes on loopback that respond as a test configures, correctly or not."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import orjson

from jobs.prpc.address import Seed
from tests.patience import patience


class Exchange:
    """One request to a node, and the way to answer it in raw bytes."""

    def __init__(self, node: "Node", head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.head = head
        self.call: dict[str, Any] = orjson.loads(body) if body else {}
        self._node = node
        self._writer = writer

    @property
    def method(self) -> str:
        return str(self.call.get("method"))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        self._node.sent += len(data)
        await self._writer.drain()

    async def answer(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        lines = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)

    async def result(self, value: Any) -> None:
        await self.answer(json.dumps({"error": None, "id": self.call.get("id"), "result": value}).encode())

    async def error(self, code: int, message: str = "Method not found") -> None:
        envelope = {"error": {"code": code, "message": message}, "id": self.call.get("id")}
        await self.answer(json.dumps(envelope).encode())

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self._writer.transport.abort()

    def close(self) -> None:
        self._writer.close()


Act = Callable[[Exchange], Awaitable[None]]


class Node:
    """A server on 127.0.0.1 with a free port. Records requests, connections and the bytes it sent."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.exchanges: list[Exchange] = []
        self._asked = asyncio.Condition()
        self.connections = 0
        self.sent = 0

    @property
    def methods(self) -> list[str]:
        return [exchange.method for exchange in self.exchanges]

    async def asked(self, count: int = 1) -> None:
        """Wait until `count` requests have arrived."""
        async with patience(), self._asked:
            await self._asked.wait_for(lambda: len(self.exchanges) >= count)

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def seed(self) -> Seed:
        return Seed(self.address, "127.0.0.1", self.port)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**20)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # the loop closes the sockets in its next turn

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
                )
                exchange = Exchange(self, head, await reader.readexactly(length), writer)
                self.exchanges.append(exchange)
                async with self._asked:
                    self._asked.notify_all()
                await self._act(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, which most of these tests cause
        finally:
            writer.close()


def pod(results: Mapping[str, Any]) -> Act:
    """A correct pod with these results by method. Other methods are unknown to it."""

    async def act(exchange: Exchange) -> None:
        if exchange.method in results:
            await exchange.result(results[exchange.method])
        else:
            await exchange.error(-32601)

    return act


def recorded(results: Mapping[str, Any]) -> Act:
    """A pod that repeats recorded exchanges by method name, with the requested id.

    A recording without a status (the connection failed) is repeated as a reset.
    """

    async def act(exchange: Exchange) -> None:
        recording = results[exchange.method]
        if "status" not in recording:
            exchange.reset()
            return
        body = str(recording["body"]).replace('"id":1,', f'"id":{exchange.call["id"]},')
        kept = {n: v for n, v in recording["headers"] if n != "content-length"}
        await exchange.answer(body.encode(), status=recording["status"], headers=kept)

    return act
