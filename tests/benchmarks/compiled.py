"""Execution alone: graphql-core compared with compiled operations, for one list of nodes and each document.

`python -m tests.benchmarks.compiled` prints a table. Times are the best of many runs, in milliseconds, so other load
hardly affects them. The documents are already parsed, validated and priced.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from graphql import OperationDefinitionNode, execute, parse

from schema.graphql.build import build_schema
from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.compiled import Compiler
from schema.graphql.execution.context import Context
from tests.benchmarks.questions import LEAVES
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

SECONDS = 2.0
QUERIES = {
    "20 nodes × 9 leaves": f"{{ pnodes(first: 20) {{ nodes {{ {LEAVES} }} }} }}",
    "250 nodes × 9 leaves": f"{{ pnodes(first: 250) {{ nodes {{ {LEAVES} }} }} }}",
    "250 nodes × 5 objects": (
        "{ pnodes(first: 250) { nodes { score { tier trust { score parts { uptime } } } consistency { status }"
        " provenance { seed } sightings { address status } } } }"
    ),
    "20 nodes with availability": f"{{ pnodes(first: 20) {{ nodes {{ {LEAVES} availability(window: H24) {{ percent }} }} }} }}",
    "1 figure": "{ pnodes { totalCount } }",
}


class Row(NamedTuple):
    """Milliseconds of one execution by each, and of creating the functions once."""

    name: str
    core: float
    compiled: float
    making: float

    @property
    def ratio(self) -> float:
        return self.core / self.compiled


async def best(run: Callable[[Context], Any]) -> float:
    """The shortest of the runs of about two seconds, in milliseconds."""
    reads = FakeReads([network(300)])
    shortest, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        context = Context(reads=reads, updates=FakeUpdates(), now=AT + 5.0)
        start = time.perf_counter()
        await run(context)
        shortest = min(shortest, time.perf_counter() - start)
    return shortest * 1_000


async def measure(name: str, query: str) -> Row:
    """One row of the table."""
    schema, document = core_schema(build_schema()), parse(query)
    compiler = Compiler()
    operation = cast("OperationDefinitionNode", document.definitions[0])
    compiled = compiler.compile(schema, document, operation)
    if compiled is None:
        raise ValueError(f"{query} does not compile")

    async def anew(context: Context) -> None:
        compiler.forget()
        await cast("Any", compiled.execute(context, {}))

    async def by_core(context: Context) -> None:
        await cast("Any", execute(schema, document, context_value=context))

    core = await best(by_core)
    fast = await best(lambda context: cast("Any", compiled.execute(context, {})))
    return Row(name, core, fast, await best(anew) - fast)


def run() -> list[Row]:
    """All rows."""

    async def rows() -> list[Row]:
        return [await measure(name, query) for name, query in QUERIES.items()]

    return asyncio.run(rows())


def main() -> None:
    """Measure all, and print."""
    print(f"{'':28}{'graphql-core':>14}{'compiled':>11}{'ratio':>8}{'making it':>12}")
    for row in run():
        print(f"{row.name:28}{row.core:>11.3f} ms{row.compiled:>8.3f} ms{row.ratio:>7.1f}×{row.making:>9.3f} ms")


if __name__ == "__main__":
    main()
