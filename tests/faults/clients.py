"""Clients of every kind: with valid and invalid requests, and with and without a proper end."""

import asyncio
import itertools
from collections import Counter

import aiohttp

from schema.domain.base import written
from tests.faults.load import TTL
from tests.faults.rig import Api, unavailable

PAUSE_SECONDS = 0.02

PATHS = (
    "/pnodes?limit={n}&skip=3",
    "/pnodes?sort_by=score&limit={n}",
    "/network/history?hours=1",
    "/network/analytics?_={n}",
    "/registry?limit={n}",
    "/operators?_={n}",
)
AS_OF = '{{ networkAnalytics(asOf: "{past}") {{ __typename }} }}'
QUESTIONS = (
    "{{ pnodes(first: {n}) {{ nodes {{ id score {{ composite }} }} }} }}",
    "{{ events(first: {n}) {{ nodes {{ type }} }} }}",
    '{{ history(from: "{past}", to: "{end}") {{ points {{ start }} }} }}',
    AS_OF,
)
WORDS = (
    '{"type": "connection_init"}',
    '{"type": "subscribe", "id": "1", "payload": {"query": "subscription { snapshots { slot } }"}}',
    '{"type": "complete", "id": "1"}',
)
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)
NONSENSE_PATHS = ("/pnodes?limit=-{n}", "/no-such-path/{n}")
NONSENSE = (
    "{{ pnodes(first: -{n}) {{ nodes {{ id }} }} }}",
    "{{ nonsense{n} }}",
    "{{ half a document {n}",
    '{{ networkAnalytics(asOf: "{n}") {{ __typename }} }}',
)
KINDS_OF_QUESTION = 80
"""The number of variants of each. Together they exceed the caches of documents, which fill early."""


async def ask_on(api: Api, slots: list[int], asked: Counter[str]) -> None:
    """Send requests over REST and GraphQL, also as of these slots, valid and invalid. Counts the results.

    Each request has a response of about the same size at any time, or is sent in one form only. The cached data of a
    past that grows longer is not a leak.
    """
    end = written(slots[-1] + TTL)
    for n, slot in zip(itertools.cycle(range(1, KINDS_OF_QUESTION + 1)), itertools.cycle(slots), strict=False):
        answers = [await api.get(path.format(n=n)) for path in PATHS]
        answers += [await api.post(question.format(n=n, past=written(slot), end=end)) for question in QUESTIONS]
        for answer in answers:
            assert (answer.status, "errors" in answer.body) == (200, False) or unavailable(answer), answer
        asked.update("unavailable" if unavailable(answer) else "answered" for answer in answers)
        refused = [await api.get(path.format(n=n)) for path in NONSENSE_PATHS]
        refused += [await api.post(question.format(n=n)) for question in NONSENSE]
        for status, body in refused:
            assert status in {400, 404, 422} or (status, "errors" in body) == (200, True), body
        asked["refused"] += len(refused)
        await asyncio.sleep(PAUSE_SECONDS)


async def come_and_go(api: Api, session: aiohttp.ClientSession) -> None:
    """Subscribers that leave at every point, with and without a proper end, and clients that send only half a head."""
    for n in itertools.count():
        words = WORDS[: n % (len(WORDS) + 1)]
        async with session.ws_connect(f"{api.url}/graphql", protocols=("graphql-transport-ws",)) as socket:
            for word in words:
                await socket.send_str(word)
            await asyncio.sleep(PAUSE_SECONDS)
        await vanish(api, b"GET /pnodes HTTP/1.1\r\nhost:")
        await vanish(api, UPGRADE + b"".join(map(frame, words)))


async def vanish(api: Api, data: bytes) -> None:
    """Send this, and disconnect without a proper end, like a client that loses its network."""
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    try:
        writer.write(data)
        await asyncio.sleep(PAUSE_SECONDS)
    finally:
        writer.transport.abort()


def frame(text: str) -> bytes:
    """A WebSocket frame of a client (RFC 6455, 5.2), masked with zeros; for texts of up to 125 bytes."""
    data = text.encode()
    return bytes((0x81, 0x80 | len(data), 0, 0, 0, 0)) + data
