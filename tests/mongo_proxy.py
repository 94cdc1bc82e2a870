"""A proxy between a client and MongoDB that can be cut at a chosen command, before or after the server gets it."""

import asyncio
import contextlib
import struct
from collections.abc import Callable
from typing import Any, Literal, Protocol, Self, cast
from urllib.parse import urlsplit

import bson
from pymongo.errors import PyMongoError

from schema.domain.errors import SnapshotUnavailable
from server.storage.connect import Mongo
from tests.patience import PATIENCE_SECONDS, patience

OP_MSG = 2013
BACKGROUND = {"hello", "isMaster", "ismaster", "ping", "endSessions", "buildInfo"}

IMPATIENT_SECONDS = 0.2
"""How long an impatient client looks for a server that is gone."""

TRIED_ONCE = "retryWrites=false&retryReads=false"

Loss = Literal["request", "answer"]


class Client(Protocol):
    async def ping(self) -> None: ...

    async def close(self) -> None: ...


class MongoProxy:
    """Forward to a server on loopback, and record the commands. Once cut, nothing passes until `mend`."""

    def __init__(self, uri: str) -> None:
        target = urlsplit(uri)
        self._target = (target.hostname or "127.0.0.1", target.port or 27_017)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut_at: int | None = None
        self._loss: Loss = "request"
        self._port = 0
        self.commands: list[str] = []

    @property
    def uri(self) -> str:
        # A driver that discovers the replica set would bypass the proxy. It checks the server only after a failed
        # command, because a check that is late on a busy machine would count as a failure.
        quiet = "serverMonitoringMode=poll&heartbeatFrequencyMS=3600000"
        return f"mongodb://127.0.0.1:{self._port}/?directConnection=true&{quiet}"

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()

    def cut_at(self, command: int, loss: Loss) -> None:
        """Lose the `command`-th command from now (1 is the next) or its response, and everything after it."""
        self.commands.clear()
        self._cut_at, self._loss = command, loss

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    def client(self, database: str, *, patient: bool = True) -> Mongo:
        """A client behind the proxy. One that is not `patient` gives up soon after the proxy is cut, but not before."""
        # A retry that runs until its time is over would wait as long as a busy machine may take.
        uri = self.uri if patient else f"{self.uri}&{TRIED_ONCE}"
        selection = PATIENCE_SECONDS if patient else IMPATIENT_SECONDS
        return Mongo(uri, database, server_selection_seconds=selection, timeout_seconds=PATIENCE_SECONDS)

    async def close(self, client: Client) -> None:
        """Mend the proxy, and close a client that was cut off."""
        await self.mend()
        await close_when_connected(client)

    async def mend(self) -> None:
        """Listen again at the previous port."""
        self._cut_at = None
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = int(self._server.sockets[0].getsockname()[1])

    def request(self, message: bytes) -> bytes:
        """What the server gets. A subclass may change it."""
        return message

    def answer(self, message: bytes) -> bytes:
        """What the client gets. A subclass may change it."""
        return message

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, up_writer}
        self._writers |= ends
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer, up_reader, up_writer)
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        """Handle one request and its response, as the driver sends them."""
        while True:
            request = await _message(reader)
            lost = self._count(request)
            if lost and self._loss == "request":
                self.cut()
                return
            up_writer.write(self.request(request))
            await up_writer.drain()
            answer = await _message(up_reader)
            if lost:
                self.cut()
                return
            writer.write(self.answer(answer))
            await writer.drain()

    def _count(self, request: bytes) -> bool:
        name = command_name(request)
        if name is None or name in BACKGROUND:
            return False
        self.commands.append(name)
        return len(self.commands) == self._cut_at


async def prepared(client: Mongo) -> Mongo:
    """A client with bound documents, even if it gives up several times on a busy machine."""
    async with patience():
        while True:
            with contextlib.suppress(PyMongoError):
                await client.prepare()
                return client


async def connected(client: Client) -> None:
    """Wait until a client's server responds again."""
    async with patience():
        while True:
            with contextlib.suppress(SnapshotUnavailable):
                await client.ping()
                break


async def close_when_connected(client: Client) -> None:
    """Close a client once its server responds again. Otherwise the driver would leak a half-open socket."""
    await connected(client)
    await client.close()


def command_name(message: bytes) -> str | None:
    """The command of an OP_MSG. None for other messages, which only perform the handshake."""
    (opcode,) = struct.unpack_from("<i", message, 12)
    if opcode != OP_MSG:
        return None
    size = int.from_bytes(message[21:25], "little")
    decode = cast("Callable[[bytes], dict[str, Any]]", bson.decode)
    return next(iter(decode(message[21 : 21 + size])))


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head, "little") - 4)
