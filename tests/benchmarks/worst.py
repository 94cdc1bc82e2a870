"""Search for the most expensive document that is accepted: `python -m tests.benchmarks.worst [ROUNDS [NODES]]`.

Random root selections are measured alone (`tests.benchmarks.drafts`: filters and orders of any nesting, in variables
and literals, figures, groups, events, histories of minutes to two years at each resolution, past snapshots,
introspection). Those that take most CPU for their price are then packed into one document under different aliases,
until a limit refuses more. The worst documents are measured again, as the minimum of many runs.

A measured request has a parsed and compiled document, and a snapshot whose columns and tables exist, as for all but the
first request. The measurement covers coercing variables, preparing and applying filters, and serialising the response.
Data derived by clients' choices and unpacked history are dropped before each run. The exit status is 1 if the bound is
exceeded.
"""

import asyncio
import json
import sys
import time
from random import Random
from typing import NamedTuple

import orjson

from schema.graphql.execution.context import Context
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.outcomes import Ready, Rejected
from tests.benchmarks.drafts import MOMENTS, Draft, Drafter
from tests.benchmarks.packed_past import PackedReads
from tests.compiling import engine as make_engine
from tests.factories import AT, network
from tests.fakes import FakeUpdates

BOUND_MS = 50.0
UNITS = 40
MAX_PARTS = 30
FINALISTS = 5
FINAL_RUNS = 15
UNTIL = AT + 5.0
# What a unit of cost takes at most, three times what it stands for, and what a document takes whatever it asks.
MAX_MICROSECONDS_PER_UNIT = 3 * 0.7
FIXED_MICROSECONDS = 300.0


class Unit(NamedTuple):
    """A selection at the root, with the price that it was given and the CPU that it took (seconds)."""

    draft: Draft
    cost: int
    seconds: float


class Found(NamedTuple):
    """A document: its text and variables, its price, and its CPU (ms)."""

    document: str
    variables: str
    cost: int
    cpu_ms: float

    @property
    def us_per_unit(self) -> float:
        return round(max(0.0, self.cpu_ms * 1_000 - FIXED_MICROSECONDS) / max(1, self.cost), 3)


class Search:
    """One search, over a network of so many nodes."""

    def __init__(self, nodes: int, seed: int) -> None:
        self._engine: Engine = make_engine()
        self._reads = PackedReads(network(nodes), [network(nodes, slot) for slot in sorted(MOMENTS)])
        self._drafter = Drafter(self._engine.core, Random(seed))  # noqa: S311 — a search, not a secret
        self.accepted = self.refused = 0

    async def run(self, rounds: int) -> list[Found]:
        """The worst of the packed documents, and of those that take most for their price, measured again."""
        found: list[Found] = []
        for _ in range(rounds):
            units = [unit for _ in range(UNITS) if (unit := await self._unit()) is not None]
            units.sort(key=lambda unit: unit.seconds / unit.cost, reverse=True)
            packed = [await self._packed(top) for top in (units[:1], units[1:2], units[:4], units)]
            found += [one for one in packed if one is not None]
        by_cpu = sorted(found, key=lambda one: -one.cpu_ms)[:FINALISTS]
        by_price = sorted(found, key=lambda one: -one.us_per_unit)[:FINALISTS]
        return [await self._again(one) for one in {one.document: one for one in (*by_cpu, *by_price)}.values()]

    async def _unit(self) -> Unit | None:
        draft = self._drafter.draft()
        ready = self._ready([draft])
        if isinstance(ready, Rejected):
            self.refused += 1
            return None
        self.accepted += 1
        return Unit(draft, max(1, ready.cost), await self._seconds(ready, times=2))

    async def _packed(self, units: list[Unit]) -> Found | None:
        """A document of these units, over and over under other aliases, for as long as it is accepted."""
        parts: list[Draft] = []
        accepted: Ready | None = None
        for number in range(MAX_PARTS if units else 0):
            parts.append(units[number % len(units)].draft)
            ready = self._ready(parts)
            if isinstance(ready, Rejected):
                parts.pop()
                if len(units) == 1:
                    break
            else:
                accepted = ready
        if accepted is None:
            return None
        seconds = await self._seconds(accepted, times=3)
        written = orjson.dumps(accepted.variables).decode()
        return Found(_document(parts), written, accepted.cost, round(seconds * 1_000, 2))

    async def _again(self, found: Found) -> Found:
        ready = self._engine.ready(found.document, None, json.loads(found.variables), UNTIL)
        assert isinstance(ready, Ready)
        return found._replace(cpu_ms=round(await self._seconds(ready, times=FINAL_RUNS) * 1_000, 2))

    def _ready(self, drafts: list[Draft]) -> Ready | Rejected:
        values = {name: value for draft in drafts for name, value in draft.values.items()}
        return self._engine.ready(_document(drafts), None, values, UNTIL)

    async def _seconds(self, ready: Ready, *, times: int) -> float:
        """The least CPU of some executions: what the document takes, not what the machine was doing besides."""
        least = float("inf")
        for _ in range(times + 1):
            self._reads.forget()
            context = Context(reads=self._reads, updates=FakeUpdates(), now=UNTIL)
            for moment in (None, *MOMENTS):
                tables = await context.tables(moment)
                tables.lists.clear()
                tables.facts.lists.clear()
            began = time.process_time()
            orjson.dumps((await self._engine.run(ready, context)).response)
            least = min(least, time.process_time() - began)
        return least


def _document(drafts: list[Draft]) -> str:
    types = {name: type_ for draft in drafts for name, type_ in draft.types.items()}
    head = f"query q({', '.join(f'${n}: {t}' for n, t in types.items())}) " if types else ""
    return head + "{ " + " ".join(f"a{number}: {draft.text}" for number, draft in enumerate(drafts)) + " }"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    nodes = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    search = Search(nodes, seed)
    found = asyncio.run(search.run(rounds))
    worst = max(found, key=lambda one: one.cpu_ms)
    dearest = max(found, key=lambda one: one.us_per_unit)
    print(json.dumps({"nodes": nodes, "accepted": search.accepted, "refused": search.refused, "bound_ms": BOUND_MS}))
    for name, one in (("most CPU", worst), ("most CPU for its price", dearest)):
        shown = {"cpu_ms": one.cpu_ms, "cost": one.cost, "us_per_unit": one.us_per_unit}
        print(json.dumps({name: shown, "document": one.document[:600], "variables": one.variables[:200]}))
    sys.exit(worst.cpu_ms > BOUND_MS or dearest.us_per_unit > MAX_MICROSECONDS_PER_UNIT)


if __name__ == "__main__":
    main()
