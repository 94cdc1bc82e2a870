"""Compiled operations compared with graphql-core: the same bytes for thousands of random documents.

`COMPILED_DOCUMENTS` sets their number (800, and 4,800 in `make nightly`), `COMPILED_SEED` the first seed (1).
"""

import asyncio
import gc
import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from graphql import GraphQLSchema

from schema.graphql.execution.checks import core_schema
from schema.graphql.execution.compiled import Compiler
from tests.nightly import NIGHTLY
from tests.schema.graphql.execution.compiled.answers import CORE, by_core, operation_of, parsed, settled, valid, written
from tests.schema.graphql.execution.compiled.documents import draft
from tests.schema.graphql.execution.compiled.playground import playground
from tests.schema.graphql.execution.compiled.worlds import CHOICES, WORLDS, context

DOCUMENTS = int(os.environ.get("COMPILED_DOCUMENTS", "4800" if NIGHTLY else "800"))
SEED = int(os.environ.get("COMPILED_SEED", "1"))
PARTS = 8
# Validation takes longer than everything else. Generated documents are valid or invalid for the same few reasons.
VALIDATED = 5


class Trial:
    """A compiler and generated documents of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.compiler = Compiler()
        self.without_rows = Compiler(keep_rows=False)
        self.introspecting = 0
        self.asked = 0
        self.with_errors = 0
        self.with_data = 0

    async def ask(self, number: int, make_context: Any, times: int = 1) -> None:
        """Compare the results of one generated document, of an execution without kept rows and of `times` with them."""
        random = Random(f"{SEED}/{number}")  # noqa: S311  (chance, not secrecy)
        query, variables, introspects = draft(self.schema, random)
        document = valid(query, self.schema) if number % VALIDATED == 0 else parsed(query)
        found = self.compiler.compile(self.schema, document, operation_of(document))
        self.introspecting += introspects
        assert introspects or found is not None, query
        if found is None:
            return
        bare = self.without_rows.compile(self.schema, document, operation_of(document))
        assert bare is not None
        name, make = make_context(random)
        by_graphql_core = written(await by_core(document, make(), variables, self.schema))
        compiled = None
        for execute in (bare.execute, *[found.execute] * times):
            compiled = await settled(execute(make(), dict(variables)))
            assert written(compiled) == by_graphql_core, f"{SEED}/{number}, {name}: {query}\n{variables}"
        assert compiled is not None
        self.asked += 1
        self.with_errors += bool(compiled.errors)
        self.with_data += compiled.data is not None


@pytest.mark.parametrize("part", range(PARTS))
async def test_documents_about_networks(part: int) -> None:
    trial = Trial(CORE)
    reads = {name: make() for name, make in WORLDS.items()}

    def choose(random: Random) -> Any:
        name = random.choice(CHOICES)
        return name, lambda: context(reads[name])

    numbers = range(part, DOCUMENTS * 3 // 4, PARTS)
    for number in numbers:
        await trial.ask(number, choose, times=3)
    tally = trial.compiler.tally
    assert tally.compiled >= 0.9 * (len(numbers) - trial.introspecting)
    assert tally.uncompiled < 0.1 * 3 * trial.asked
    assert trial.with_errors > 0.1 * trial.asked
    assert trial.with_data > 0.4 * trial.asked


async def left_behind() -> None:
    """Wait for tasks that errors left running."""
    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others)


@pytest.fixture
def collected_once() -> Iterator[None]:
    """Leave garbage for the end of a test. Python cannot warn about it inside a named tuple, which has no builtins."""
    gc.disable()
    yield
    gc.enable()


# If an error cancels a task before it starts, graphql-core never awaits it, and neither does compiled code.
@pytest.mark.usefixtures("collected_once")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("part", range(PARTS))
async def test_documents_in_which_anything_fails(part: int) -> None:
    trial = Trial(core_schema(playground()))

    def choose(random: Random) -> Any:
        return "playground", lambda: {"a": 1, "b": 2}

    for number in range(part, DOCUMENTS // 4, PARTS):
        await trial.ask(number, choose)
    assert trial.compiler.tally.uncompiled < 0.1 * trial.asked
    assert trial.with_errors > 0.2 * trial.asked
    assert trial.with_data > 0.3 * trial.asked
    await left_behind()
    gc.collect()  # while its warnings are ignored
