"""Long work of many clients is spread over turns of the event loop, for every way of requesting it."""

import asyncio
import hashlib
from collections import Counter
from itertools import pairwise
from typing import Any

from schema.graphql.execution.outcomes import Ready
from server.graphql_http.operations import LONG_VALUES
from server.graphql_http.request import GraphQLRequest
from server.process.turns import LONG_COST, PASSES
from tests.factories import AT, network

PAGE = "pnodes(first: 500) { nodes { id address version status } }"
DEAR = f"query q($n: Int) {{ a: {PAGE} b: {PAGE} pnodes(first: $n) {{ totalCount }} }}"
OF_A_SNAPSHOT = " ".join(f"t{i}: totals {{ total online ghost offline }}" for i in range(25))
CLIENT = "203.0.113.1"


class Passes:
    """Counts the turns of the event loop while it is entered."""

    def __init__(self) -> None:
        self.now = 0

    async def __aenter__(self) -> "Passes":
        self._task = asyncio.create_task(self._count())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.now += 1


async def _ready(api: Any, query: str, variables: dict[str, Any] | None = None) -> Ready:
    ready = await api.operations.ready(GraphQLRequest(query, None, variables, {}), CLIENT)
    assert isinstance(ready, Ready)
    return ready


async def test_results_of_dear_queries_over_sockets_come_one_at_a_time(api: Any) -> None:
    """One document with different variables each time, so nothing has to be parsed."""
    sources = [api.operations.feed(await _ready(api, DEAR, {"n": number}))[1] for number in range(10)]
    assert (await _ready(api, DEAR, {"n": 1})).cost > LONG_COST
    made: list[int] = []

    async with Passes() as passes:

        async def one(source: Any) -> None:
            assert await anext(source())
            made.append(passes.now)

        await asyncio.gather(*map(one, sources))

    assert len(made) == 10
    assert min(later - earlier for earlier, later in pairwise(made)) >= PASSES


async def test_results_of_subscriptions_do_not_all_come_in_one_pass(api: Any) -> None:
    asked = [
        await _ready(api, f"subscription {{ s{number}: snapshots {{ {OF_A_SNAPSHOT} }} }}") for number in range(60)
    ]
    made = Counter[int]()

    async with Passes() as passes:

        async def one(source: Any) -> None:
            assert await anext(source())
            made[passes.now] += 1

        tasks = [asyncio.create_task(one(api.operations.feed(ready)[1])) for ready in asked]
        await api.updates.listening(len(asked))
        api.updates.push(network(20, AT + 60))
        await asyncio.gather(*tasks)

    assert made.total() == len(asked)
    assert max(made.values()) <= LONG_COST // asked[0].cost + 1
    assert len(asked) > 2 * (LONG_COST // asked[0].cost + 1)


async def test_long_variables_of_a_known_document_wait_for_their_turn(api: Any) -> None:
    query = "query q($w: PNodeWhere) { pnodes(first: 1, where: $w) { totalCount } }"
    for _ in range(2):  # a document is cached from its second request on
        await _ready(api, query, {})

    assert api.operations.known(GraphQLRequest(query, None, {"w": {}}, {})) is not None
    assert api.operations.known(GraphQLRequest(query, None, {"w": {"and": [{}] * LONG_VALUES}}, {})) is None


async def test_a_persisted_document_that_must_be_parsed_again_is_new(api: Any) -> None:
    query = "{ snapshot { slot } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}
    request = GraphQLRequest(query, None, None, extensions)
    assert isinstance(await api.operations.ready(request, CLIENT), Ready)
    named = request._replace(query=None)

    assert api.operations.is_new(named)
    for _ in range(2):
        await _ready(api, query)
    assert not api.operations.is_new(named)
