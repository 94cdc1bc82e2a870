"""Pods that respond with arbitrary data: nothing raises, published data remains, and memory does not grow.

Responses go over real connections, through the client, the crawl, the cycle and the schema. MUTATED_ANSWERS sets their
number.
"""

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from graphql import ExecutionResult, GraphQLObjectType, parse
from graphql.execution import execute

from jobs.cycle.crawl import crawl
from jobs.prpc.client import Limits, PrpcClient
from jobs.prpc.dial import Dialler
from schema.domain.cycle.advance import CycleOptions, State, advance, identify
from schema.domain.node.observation import SeedReply
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT
from tests.jobs.prpc.nodes import Exchange, Node
from tests.mutation import damaged, mutated
from tests.schema.graphql.asking import Client
from tests.schema.graphql.everything import CORE, everything

ROOT = Path(__file__).parents[2]
RECORDINGS = [*sorted((ROOT / "tests/data/prpc").glob("exchanges-*.json"))]
REAL = [*sorted((ROOT.parent / "shared/data").glob("lab*/*.json"))]
"""Responses of the official binaries, beside the checkout if they are available."""

ANSWERS = int(os.environ.get("MUTATED_ANSWERS", "600"))
SEEDS = 4
CYCLES_OF_A_NETWORK = 12
WARM_ANSWERS = 3_000
"""After this number of responses, memory must not grow."""
ALLOWED_BYTES = 24 * 2**20
TOPICS = (
    "networkHealth",
    "networkAnalytics",
    "operators",
    "topology",
    "alerts",
    "recommendations",
    "consistency",
    "collector",
    "snapshot",
    "scorePolicy",
)


def bodies() -> dict[str, list[bytes]]:
    """Whole responses by method, of every recorded release."""
    found: dict[str, list[bytes]] = {}
    for place in (*RECORDINGS, *REAL):
        recording = json.loads(place.read_text())
        for name, exchange in recording.get("results", {}).items():
            if name.startswith("get-") and exchange.get("status") == 200 and isinstance(exchange.get("body"), str):
                found.setdefault(name, []).append(exchange["body"].encode())
    return found


class Liars:
    """Pods that answer every call with a mutated recording. Equal seeds give equal mutations."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  (chooses mutations, not secrets)
        self.answers = 0
        self._bodies = bodies()

    async def __call__(self, exchange: Exchange) -> None:
        self.answers += 1
        recorded = self._bodies.get(exchange.method, [b'{"error":null,"id":1,"jsonrpc":"2.0","result":null}'])
        body = self.random.choice(recorded).replace(b'"id":1', b'"id":%d' % exchange.call["id"], 1)
        kind = self.random.random()
        if kind < 0.2:
            await exchange.answer(body)
        elif kind < 0.9:
            await exchange.answer(
                mutated(body, self.random), status=200 if kind < 0.85 else self.random.choice((204, 301, 404, 500))
            )
        else:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
            await exchange.send(damaged(head, self.random) + body)
            exchange.close()


def questions() -> Iterator[str]:
    """Every topic with all of its fields."""
    query = cast("GraphQLObjectType", CORE.query_type)
    node = cast("GraphQLObjectType", CORE.type_map["PNode"])
    yield f"{{ pnodes(first: 500) {{ totalCount nodes {{ {everything(node, ('PNode',))} }} aggregate {{ count }} }} }}"
    for topic in TOPICS:
        kind: Any = query.fields[topic].type
        while hasattr(kind, "of_type"):
            kind = kind.of_type
        yield f"{{ {topic} {{ {everything(kind, (kind.name,))} }} }}"


QUESTIONS = [parse(text) for text in questions()]


async def check_published(snapshot: Snapshot) -> None:
    client = Client([snapshot])
    for document in QUESTIONS:
        result = execute(CORE, document, context_value=client.context())
        answer = result if isinstance(result, ExecutionResult) else await result
        assert answer.errors is None
        assert answer.data is not None
        assert None not in answer.data.values()


def advanced(state: State, replies: tuple[SeedReply, ...], at: int) -> State:
    merged = identify(state, replies)
    if not merged.answered:
        return state
    return advance(state, replies, merged, slot=at, at=at, options=CycleOptions()).state()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_mutated_answers_harm_nobody(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    liars = Liars(20_261_226)
    limits = Limits(call_seconds=2.0, seed_seconds=8.0, crawl_seconds=60.0)
    state, warm, usable = State(), 0, 0
    nodes = [Node(liars) for _ in range(SEEDS)]
    for node in nodes:
        await node.__aenter__()
    try:
        for cycle in count():
            if liars.answers >= ANSWERS:
                break
            at = AT + 60 * cycle
            async with PrpcClient(Dialler(), limits) as client:
                replies = await crawl(client, [node.seed for node in nodes], clock=lambda: at)  # noqa: B023  awaited here
            usable += sum(reply.failure is None for reply in replies)
            state = advanced(State() if cycle % CYCLES_OF_A_NETWORK == 0 else state, replies, at)
            if state.snapshot is not None and cycle % CYCLES_OF_A_NETWORK == CYCLES_OF_A_NETWORK - 1:
                await check_published(state.snapshot)
            if warm == 0 and liars.answers >= WARM_ANSWERS:
                warm = resident_bytes()
    finally:
        for node in nodes:
            await node.__aexit__(None, None, None)
    assert "crawl.seed_crashed" not in caplog.text + capsys.readouterr().out
    assert usable > ANSWERS // 40, "mutations leave something to read"
    if warm:
        assert resident_bytes() - warm < ALLOWED_BYTES
