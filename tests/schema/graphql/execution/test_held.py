"""The memory of an engine after many different documents: no more after hours than when its caches are full."""

import asyncio
import gc
from collections.abc import Iterable
from itertools import count

import pytest

from schema.graphql.execution.context import Context
from schema.graphql.execution.engine import MAX_DOCUMENTS, MAX_REFUSED, Engine
from schema.graphql.execution.outcomes import Ready
from tests import compiling
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

MINUTES = 8
COMES_BACK = 12
"""Documents of each form that are sent in each minute."""
NEW = 5
"""Documents of each form that are sent for the first time in each minute."""
ALLOWED = 200
"""Allowed growth in objects. Each leaked document would have about fifty."""

ACCEPTED = (
    "{{ a{n}: networkHealth {{ score }} }}",
    "query q($w: PNodeWhere) {{ b{n}: pnodes(first: 1, where: $w) {{ nodes {{ id }} }} }}",
    "subscription {{ c{n}: snapshots {{ slot }} }}",
    "{{ d{n}: pnodes(first: -1) {{ totalCount }} }}",
)
REFUSED = (
    "{{ nonsense{n} }}",
    "{{ half a document {n}",
    "{{ a{n}: pnodes(first: true) {{ totalCount }} }}",
    "{{ b{n}: pnodes(first: 500) {{ nodes {{ operator {{ pnodes {{ operator {{ pnodes {{ id }} }} }} }} }} }} }}",
)
READS = FakeReads([network(3)])


async def ask(engine: Engine, forms: Iterable[str], numbers: range, minute: int) -> None:
    """Send each form with each number twice: only repeated requests are cached. Variables change by the minute."""
    now = AT + 60.0 * minute
    for query in (form.format(n=n) for n in numbers for form in forms):
        for again in range(2):
            ready = engine.ready(query, None, {"w": {"score": {"gt": minute * 2 + again}}}, now)
            if isinstance(ready, Ready) and not ready.is_subscription:
                await engine.run(ready, Context(reads=READS, updates=FakeUpdates(), now=now))


async def held_after(engine: Engine, minutes: range) -> int:
    """The number of objects after these minutes of documents, which have the same length in each."""
    for minute in minutes:
        await ask(engine, ACCEPTED, range(10_000, 10_000 + COMES_BACK), minute)
        first = 20_000 + minute * NEW
        await ask(engine, ACCEPTED + REFUSED, range(first, first + NEW), minute)
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.whole
async def test_documents_that_come_for_hours_leave_no_more_objects_than_full_caches_hold() -> None:
    engine = compiling.engine()
    await ask(engine, ACCEPTED, range(30_000, 30_000 + MAX_DOCUMENTS // len(ACCEPTED) + 1), 0)
    await ask(engine, REFUSED, range(30_000, 30_000 + MAX_REFUSED // len(REFUSED) + 1), 0)
    held = [await held_after(engine, range(first, first + MINUTES)) for first in range(0, 4 * MINUTES, MINUTES)]
    assert held[3] - held[1] < ALLOWED, held


async def test_a_subscription_that_lasts_for_hours_does_not_grow() -> None:
    engine = compiling.engine()
    updates, minutes = FakeUpdates(), count()
    ready = engine.ready("subscription { snapshots { slot totals { online } } }", None, None, AT)
    assert isinstance(ready, Ready)
    results = engine.stream(ready, Context(reads=READS, updates=updates, now=AT), lambda: AT)

    async def held_after_some() -> int:
        for _ in range(50):
            assert (await anext(results)).complete
            updates.push(network(3, AT + 60 * next(minutes)))
        gc.collect()
        return len(gc.get_objects())

    first = asyncio.ensure_future(anext(results))
    await updates.listening()
    updates.push(network(3, AT + 60 * next(minutes)))
    updates.push(network(3, AT + 60 * next(minutes)))
    assert (await first).complete
    held = [await held_after_some() for _ in range(3)]
    await results.aclose()
    assert held[2] - held[1] < 50, held
