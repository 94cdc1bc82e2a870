"""The engine with compilation on and off gives the same responses."""

from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from schema.graphql.build import build_schema
from schema.graphql.execution.compiled import Compiler
from schema.graphql.execution.engine import Engine
from schema.graphql.execution.outcomes import Ready
from tests.schema.graphql.execution.compiled.worlds import NOW, WORLDS, context

QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("{ pnodes { nodes { id firstSeen score { composite } } } }", {}),
    ("query ($n: Int) { pnodes(first: $n) { totalCount } }", {"n": -1}),
    ("query ($n: Int) { pnodes(first: $n) { totalCount } }", {"n": "x"}),
    ('{ pnodes(first: 3) { nodes { history(from: "2027-01-15T07:00:00Z") { start } } } }', {}),
    ('{ __type(name: "PNode") { name } serviceConfig { network } }', {}),
]


async def responses(engine: Engine, world: str, query: str, variables: dict[str, Any]) -> list[Any]:
    reads = WORLDS[world]()
    answers: list[Any] = []
    for _ in range(3):
        ready = engine.ready(query, None, variables, NOW)
        assert isinstance(ready, Ready)
        with capture_logs():  # otherwise each traceback would be drawn
            result = await engine.run(ready, context(reads))
            answers.append((orjson.dumps(result.response), result.request_error, result.complete))
    return answers


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("query", "variables"), QUERIES)
async def test_the_switch_changes_no_response(world: str, query: str, variables: dict[str, Any]) -> None:
    compiler = Compiler()
    on = Engine(build_schema(), compile_operation=compiler.compile)
    off = Engine(build_schema())
    assert await responses(on, world, query, variables) == await responses(off, world, query, variables)
    assert compiler.tally.compiled + compiler.tally.refused > 0
