"""A proxy between one client and MongoDB that can observe, delay and disturb every command."""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Self, cast
from urllib.parse import urlsplit

import bson

OP_MSG = 2013
HEADER_BYTES = 16
REMEMBERED_COMMANDS = 1_000
BACKGROUND = frozenset(
    {"hello", "isMaster", "ismaster", "ping", "endSessions", "buildInfo", "saslStart", "saslContinue"}
)


class Command(NamedTuple):
    """A command in transit: its name, its collection (empty: none), and its first section."""

    name: str
    collection: str
    body: Mapping[str, Any]

    @property
    def commits(self) -> bool:
        """Whether this is the one update that makes a slot visible."""
        return self.name == "findAndModify" and "marker" in self.body.get("update", {}).get("$set", {})


Before = Callable[[Command], Awaitable[None]]
"""Called before a command is passed to the server, and awaited. Raises Lost if it must never arrive."""

After = Callable[[Command, Mapping[str, Any]], Awaitable[None]]
"""Called with the server's response before the client gets it. Raises Lost if it must never arrive."""


class Lost(Exception):
    """The connection breaks here."""


async def _nothing(*_: object) -> None:
    """No accident."""


class Wire:
    """Listens on loopback and forwards to the server of `uri`. `delay` is added to every command, in seconds.

    It runs in the event loop of the test, which must not block. `cut` ends all connections and refuses new ones until
    `mend`.
    """

    def __init__(self, uri: str) -> None:
        self._parts = urlsplit(uri)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.delay = 0.0
        self.before: Before = _nothing
        self.after: After = _nothing
        self.commands: deque[Command] = deque(maxlen=REMEMBERED_COMMANDS)

    @property
    def uri(self) -> str:
        """The address for clients, without discovery, which would bypass the proxy."""
        login, at, _ = self._parts.netloc.rpartition("@")
        return f"mongodb://{login}{at}127.0.0.1:{self._port}/?directConnection=true"

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def calm(self) -> None:
        """No accidents from now on."""
        self.before, self.after, self.delay = _nothing, _nothing, 0.0

    def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def mend(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
            self._port = int(self._server.sockets[0].getsockname()[1])

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        try:
            host, port = self._parts.hostname or "127.0.0.1", self._parts.port or 27_017
            up_reader, up_writer = await asyncio.open_connection(host, port)
            ends.add(up_writer)
            self._writers |= ends
            line = _Line(self, reader, writer, up_reader, up_writer)
            await line.run()
        except (OSError, asyncio.IncompleteReadError, Lost):
            pass  # the other end notices it
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()


class _Line:
    """One connection. Requests and responses flow independently, because a server may send unrequested messages."""

    def __init__(
        self,
        wire: Wire,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        self._wire = wire
        self._down = (reader, writer)
        self._up = (up_reader, up_writer)
        self._asked: dict[int, Command] = {}

    async def run(self) -> None:
        flows = [asyncio.create_task(self._requests()), asyncio.create_task(self._answers())]
        try:
            done, _ = await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
            for flow in done:
                flow.result()
        finally:
            for flow in flows:
                flow.cancel()
            await asyncio.gather(*flows, return_exceptions=True)

    async def _requests(self) -> None:
        while True:
            message = await _message(self._down[0])
            command = _command(message)
            if command is not None:
                self._wire.commands.append(command)
                await self._wire.before(command)
                await asyncio.sleep(self._wire.delay)
                self._asked[struct.unpack_from("<i", message, 4)[0]] = command
            self._up[1].write(message)
            await self._up[1].drain()

    async def _answers(self) -> None:
        while True:
            message = await _message(self._up[0])
            command = self._asked.pop(struct.unpack_from("<i", message, 8)[0], None)
            if command is not None:
                await self._wire.after(command, _body(message))
            self._down[1].write(message)
            await self._down[1].drain()


def _command(message: bytes) -> Command | None:
    """None for messages that only keep the connection."""
    (opcode,) = struct.unpack_from("<i", message, 12)
    if opcode != OP_MSG:
        return None
    body = _body(message)
    name, about = next(iter(body.items()))
    if name in BACKGROUND:
        return None
    collection = body.get("collection") if name == "getMore" else about
    return Command(name, collection if isinstance(collection, str) else "", body)


def _body(message: bytes) -> dict[str, Any]:
    """The first section of an OP_MSG."""
    start = HEADER_BYTES + 5
    size = int.from_bytes(message[start : start + 4], "little")
    decode = cast("Callable[[bytes], dict[str, Any]]", cast("Any", bson).decode)
    return decode(message[start : start + size])


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    with contextlib.suppress(ConnectionResetError):
        return head + await reader.readexactly(int.from_bytes(head, "little") - 4)
    raise asyncio.IncompleteReadError(head, None)
