"""The attacks of one client, all of them together: `python -m tests.faults.attacks HOST:PORT SECONDS`.

Each attack has CONNECTIONS connections, and opens another one when the server closes one. The rates are those of one
client over a usual line: a flood sends FLOOD_BYTES_PER_SECOND on each connection, and a connection with documents sends
at most DOCUMENTS_PER_SECOND. The bytes sent and the connections opened are printed as JSON.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.conformance.floods import UPGRADE, Place, frame

CONNECTIONS = 5
FLOOD_BYTES_PER_SECOND = 500_000
DOCUMENTS_PER_SECOND = 4
REOPEN_SECONDS = 0.5
SUBSCRIPTIONS = 50
_STEPS_PER_SECOND = 10
_SMALL_BUFFER = 4_096
# Different in each run. Otherwise the documents of a second run would be known already.
_number = count(time.time_ns() // 1_000)


class Line(NamedTuple):
    """One connection of an attack that lasts until a time of the loop's clock. `sent` counts for all connections."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    until: float
    name: str
    sent: Counter[str]

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until and not self.writer.is_closing()

    async def send(self, data: bytes) -> None:
        """Write, and wait for a bounded time until the other side accepts it."""
        self.writer.write(data)
        self.sent[self.name] += len(data)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self.until - time.monotonic())):
                await self.writer.drain()

    async def flood(self, data: bytes) -> None:
        """Send `data` repeatedly at the rate of a flood."""
        times = max(1, FLOOD_BYTES_PER_SECOND // _STEPS_PER_SECOND // len(data))
        while self.goes_on:
            await self.send(data * times)
            await asyncio.sleep(1 / _STEPS_PER_SECOND)

    async def silence(self) -> None:
        """Keep the connection open and read nothing, until the end or until the other side closes it."""
        while self.goes_on:  # noqa: ASYNC110  (only one task may wait for the end of a connection)
            await asyncio.sleep(1 / _STEPS_PER_SECOND)


Attack = Callable[[Line], Awaitable[None]]


async def _ask(line: Line, make: Callable[[int], dict[str, Any]]) -> None:
    """Send different documents, and read each response."""
    while line.goes_on:
        started = time.monotonic()
        body = json.dumps(make(next(_number))).encode()
        head = f"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        await line.send(head.encode() + body)
        answer = await line.reader.readuntil(b"\r\n\r\n")
        length = next(
            int(row.partition(b":")[2]) for row in answer.lower().split(b"\r\n") if row.startswith(b"content-length")
        )
        await line.reader.readexactly(length)
        await asyncio.sleep(max(0.0, started + 1 / DOCUMENTS_PER_SECOND - time.monotonic()))


_ORDERS = ("ADDRESS", "FIRST_SEEN", "LAST_SEEN", "SCORE", "STORAGE_COMMITTED", "STORAGE_USED", "UPTIME", "VERSION")


def _ordered(number: int, aliases: int, where: str) -> str:
    fields = " ".join(
        f"a{i}: pnodes(first: 1, where: {where}, orderBy: [{{field: {_ORDERS[i % 8]}}}, {{field: {_ORDERS[i // 8]}}}])"
        " { totalCount }"
        for i in range(aliases)
    )
    return f"query q{number}($w: PNodeWhere!) {{{fields}}}"


def _bomb(width: int) -> dict[str, Any]:
    return {"and": [{"and": [{}] * width}] * width}


async def where_variables(line: Line) -> None:
    """Empty groups in a variable: far too many, and the maximum that is accepted."""
    await _ask(
        line,
        lambda n: {"query": _ordered(n, 30, "$w"), "variables": {"w": _bomb(100 if n % 2 else 40)}},
    )


async def where_variables_in_literals(line: Line) -> None:
    """The same inside a literal."""
    await _ask(
        line,
        lambda n: {"query": _ordered(n, 30, "{or: [$w, $w]}"), "variables": {"w": _bomb(100 if n % 2 else 28)}},
    )


async def introspection(line: Line) -> None:
    """The schema under many aliases, and under the maximum that is accepted."""
    part = "__schema { types { name fields { name args { name type { name } } type { name } } } }"
    await _ask(
        line,
        lambda n: {"query": f"query q{n} {{" + " ".join(f"a{i}: {part}" for i in range(30 if n % 2 else 2)) + "}"},
    )


async def subjects(line: Line) -> None:
    """Events of a hundred subjects, under many aliases."""

    def make(number: int) -> dict[str, Any]:
        keys = json.dumps([f"{number}-{i}" for i in range(100)])
        part = f"events(first: 1, where: {{subject: {{in: {keys}}}}}) {{ totalCount nodes {{ subject }} }}"
        aliases = 30 if number % 2 else 1
        return {"query": f"query q{number} {{" + " ".join(f"a{i}: {part}" for i in range(aliases)) + "}"}

    await _ask(line, make)


def _text(message: dict[str, Any]) -> bytes:
    """A client's frame of any size up to 64 KiB, masked with zeros."""
    payload = json.dumps(message).encode()
    return b"\x81\xfe" + len(payload).to_bytes(2) + bytes(4) + payload


async def _opened(line: Line) -> None:
    await line.send(UPGRADE)
    await line.reader.readuntil(b"\r\n\r\n")


async def subscriptions(line: Line) -> None:
    """Fifty different subscriptions of 7 kB on a WebSocket, then others instead of them, and nothing is read."""
    await _opened(line)
    await line.send(_text({"type": "connection_init"}))
    while line.goes_on:
        for i in range(SUBSCRIPTIONS):
            query = f"subscription {{ a{next(_number)}: snapshots {{ slot }} }} #{'x' * 7_000}"
            await line.send(_text({"type": "subscribe", "id": f"s{i}", "payload": {"query": query}}))
        await asyncio.sleep(1)
        for i in range(SUBSCRIPTIONS):
            await line.send(_text({"type": "complete", "id": f"s{i}"}))


async def continuations(line: Line) -> None:
    """Empty continuation frames of an endless message."""
    await _opened(line)
    await line.send(frame(b"", final=False))
    await line.flood(frame(b"", 0, final=False) * 100)


async def pings(line: Line) -> None:
    """Pings of the subprotocol, whose responses nobody reads."""
    await _opened(line)
    await line.send(_text({"type": "connection_init"}))
    await line.flood(frame(b'{"type":"ping"}') * 100)


async def trailers(line: Line) -> None:
    """Endless trailers."""
    head = b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    await line.send(head + b"1\r\n{\r\n0\r\n")
    await line.flood(b"a:\r\n" * 1_000)


async def pipelines(line: Line) -> None:
    """Continuous requests, whose responses nobody reads."""
    await line.flood(b"GET /pnodes HTTP/1.1\r\nhost: a\r\n\r\n" * 100)


def _stream(query: str) -> bytes:
    return f"GET /graphql?query={quote(query)} HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n".encode()


_ABOUT = "pnode { id operator { pnodes { id address version status sightings { address } } } }"


async def event_streams(line: Line) -> None:
    """Event streams from the oldest cursor, which nobody reads."""
    newest = "{ events(direction: ASC, first: 1) { edges { cursor } } }"
    body = json.dumps({"query": newest}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    await line.send(head.encode() + body)
    answer = await line.reader.readuntil(b'"budget"')
    cursor = answer.partition(b'"cursor":"')[2].partition(b'"')[0].decode()
    await line.send(_stream(f'subscription {{ events(after: "{cursor}") {{ subject type at {_ABOUT} }} }}'))
    await line.silence()


async def large_answers(line: Line) -> None:
    """Large responses that are read at 4 kB a second."""
    await line.send(b"GET /all-nodes HTTP/1.1\r\nhost: a\r\n\r\n" * 10)
    while line.goes_on:
        await asyncio.sleep(1 / _STEPS_PER_SECOND)
        await line.reader.read(_SMALL_BUFFER // _STEPS_PER_SECOND)


ATTACKS: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        where_variables,
        where_variables_in_literals,
        introspection,
        subjects,
        subscriptions,
        continuations,
        pings,
        trailers,
        pipelines,
        event_streams,
        large_answers,
    )
}


@contextlib.asynccontextmanager
async def _connected(place: Place) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*place, limit=_SMALL_BUFFER)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _hold(place: Place, name: str, until: float, sent: Counter[str], opened: Counter[str]) -> None:
    """One connection of an attack, and another one whenever it is closed."""
    while time.monotonic() < until:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
            async with _connected(place) as (reader, writer):
                opened[name] += 1
                # The server may leave a response unsent as long as the attack lasts.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, until - time.monotonic())):
                        await ATTACKS[name](Line(reader, writer, until, name, sent))
        await asyncio.sleep(REOPEN_SECONDS)


async def attack(place: Place, seconds: float, names: list[str]) -> dict[str, Any]:
    """Run all of these attacks together. Returns the bytes sent and the connections opened."""
    until = time.monotonic() + seconds
    sent, opened = Counter[str](), Counter[str]()
    await asyncio.gather(*(_hold(place, name, until, sent, opened) for name in names for _ in range(CONNECTIONS)))
    return {"sent": sent, "opened": opened}


if __name__ == "__main__":
    at, lasting, *chosen = sys.argv[1:]
    address, _, port_text = at.partition(":")
    done = asyncio.run(attack(Place(address, int(port_text)), float(lasting), chosen or list(ATTACKS)))
    print(json.dumps(done))  # noqa: T201
