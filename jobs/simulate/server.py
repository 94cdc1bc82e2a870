"""The listeners: every seed of a source on its own loopback port, in one process."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from jobs.simulate import wire
from jobs.simulate.connection import IDLE_SECONDS, MAX_HEAD_BYTES, serve_connection
from jobs.simulate.source import Behaviour, Cached, Seed, Source
from jobs.simulate.wire import SimulatedReply

LOOPBACK = "127.0.0.1"
MAX_CONNECTIONS = 1_024
BACKLOG = 512
SETTLING_TURNS = 5


class Simulation:
    """Serves a source for the duration of an `async with`.

    `dial_map` maps the name of each reachable pod to `127.0.0.1:PORT`, `seeds` lists the names for IP_NODES. `now`
    gives unix seconds. Connections over `max_connections`, in total, are closed at once. After the block no socket is
    open and no task runs.
    """

    def __init__(
        self, source: Source, *, now: Callable[[], float] = time.time, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self._source = Cached(source)
        self._now = now
        self._max_connections = max_connections
        self._servers: list[asyncio.Server] = []
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.dial_map: dict[str, str] = {}

    @property
    def seeds(self) -> tuple[str, ...]:
        """The names of the configured seeds, in the order of the source."""
        return tuple(seed.name for seed in self._source.seeds if seed.configured)

    async def __aenter__(self) -> Self:
        try:
            for index, seed in enumerate(self._source.seeds):
                await self._open(index, seed)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _open(self, index: int, seed: Seed) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sockets.append(listener)
        listener.bind((LOOPBACK, 0))
        self.dial_map[seed.name] = f"{LOOPBACK}:{listener.getsockname()[1]}"
        # A bound socket that does not listen refuses connections, and keeps other programs from using its port.
        if seed.behaviour is not Behaviour.REFUSES:
            accept = self._acceptor(index, seed)
            server = await asyncio.start_server(accept, sock=listener, limit=MAX_HEAD_BYTES, backlog=BACKLOG)
            self._servers.append(server)

    def _acceptor(self, index: int, seed: Seed) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        async def respond(body: bytes) -> SimulatedReply:
            await asyncio.sleep(seed.delay)
            return wire.reply(body, lambda method: self._source.result(index, method, int(self._now())))

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if seed.behaviour is Behaviour.SILENT:
                await _listen_only(reader)
            else:
                await serve_connection(reader, writer, respond, self._now)
            await _close_gently(writer)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._closing or len(self._tasks) >= self._max_connections:
                writer.transport.abort()
                return
            task = asyncio.create_task(converse(reader, writer), name=f"seed {seed.name}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            # Not in a `finally` of the task: a task that is cancelled before its first step never reaches it.
            task.add_done_callback(lambda _: writer.transport.abort())

        return accept

    async def _close(self) -> None:
        self._closing = True
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Connections that are being accepted now, or were aborted above, end within a few iterations of the loop.
        # Before Python 3.12 the servers do not wait for them.
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)
        for server in self._servers:
            await server.wait_closed()
        for listener in self._sockets:
            listener.close()


async def _close_gently(writer: asyncio.StreamWriter) -> None:
    """Close once the peer has received the last response, within a bounded time."""
    writer.close()
    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(IDLE_SECONDS):
            await writer.wait_closed()


async def _listen_only(reader: asyncio.StreamReader) -> None:
    """Read and discard everything, without a response, until the peer gives up."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(2**16):
            pass
