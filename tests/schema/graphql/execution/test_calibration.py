"""Prices follow the work: the price of an operation bounds the calls that it makes.

Function calls are counted instead of time, so the machine does not matter. `python -m tests.benchmarks.worst` measures
the CPU of the same documents, including passes over rows, which make no calls.
"""

import asyncio
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.derived import tables_of
from schema.graphql.execution.context import Context
from schema.graphql.execution.outcomes import Ready
from tests.benchmarks.drafts import Draft, Drafter
from tests.compiling import engine as make_engine
from tests.factories import AT, network
from tests.fakes import FakeReads, FakeUpdates

ENGINE = make_engine()
READS = FakeReads([network(60)])
# A call takes about 0.07 microseconds, and a unit of price represents 0.7.
CALLS_PER_UNIT = 10
# The calls of any operation, including the loop around it.
FIXED_CALLS = 4_000


def calls_of(act: Callable[[], object]) -> int:
    """The number of function calls of `act`, in Python and into C."""
    count = 0

    def profile(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(before)
    return count


def work_of(ready: Ready) -> int:
    """The calls of one run, with a compiled document and existing columns of the snapshot."""

    def run() -> None:
        context = Context(reads=READS, updates=FakeUpdates(), now=AT + 5)
        orjson.dumps(asyncio.run(ENGINE.run(ready, context)).response)

    run()
    tables = tables_of(READS.snapshots[0])
    tables.lists.clear()
    tables.facts.lists.clear()
    return calls_of(run)


def accepted(parts: list[Draft]) -> Ready | None:
    """The operation of these selections, each under a different alias. None if it is refused."""
    types = {name: type_ for part in parts for name, type_ in part.types.items()}
    values = {name: value for part in parts for name, value in part.values.items()}
    head = f"query q({', '.join(f'${n}: {t}' for n, t in types.items())}) " if types else ""
    text = " ".join(f"a{number}: {part.text}" for number, part in enumerate(parts))
    ready = ENGINE.ready(f"{head}{{ {text} }}", None, values, AT + 5)
    return ready if isinstance(ready, Ready) else None


def holds(ready: Ready) -> bool:
    return work_of(ready) <= FIXED_CALLS + CALLS_PER_UNIT * ready.cost


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_no_accepted_document_takes_more_calls_than_its_price(seed: int, aliases: int) -> None:
    draft = Drafter(ENGINE.core, Random(seed)).draft()  # noqa: S311  (chance, not secrecy)
    ready = accepted([draft] * aliases) or accepted([draft])

    assert ready is None or holds(ready), draft


GROUPS: list[Any] = [{} for _ in range(100)]


@pytest.mark.parametrize(
    "draft",
    [
        Draft("pnodes(where: $w) { totalCount }", {"w": "PNodeWhere"}, {"w": {"and": GROUPS}}),
        Draft("pnodes(where: {or: $w}) { totalCount }", {"w": "[PNodeWhere!]"}, {"w": GROUPS}),
        Draft(
            "pnodes(where: {or: [{not: $w}, {not: $w}]}) { totalCount }",
            {"w": "PNodeWhere"},
            {"w": {"or": GROUPS[:40]}},
        ),
        Draft("recommendations(where: {pnode: {or: $w}}) { totalCount }", {"w": "[PNodeWhere!]"}, {"w": GROUPS}),
        Draft("alerts(where: {or: $w}) { totalCount }", {"w": "[AlertWhere!]"}, {"w": GROUPS}),
        Draft("events(where: {subject: {in: $s}}) { totalCount }", {"s": "[String!]"}, {"s": ["x"] * 100}),
        Draft('pnodes(first: 10) { nodes { id score(policy: "9") { tier } } }', {}, {}),
        Draft(
            "pnodes(first: 0) { aggregate { groupBy(key: SUBNET, top: 50) { aggregate { uptime { p50 } } } } }", {}, {}
        ),
        Draft("__schema { types { name fields { name } } }", {}, {}),
        Draft("__schema { types { kind } } ", {}, {}),
    ],
)
def test_what_was_once_cheap_is_priced(draft: Draft) -> None:
    for aliases in range(30, 0, -1):
        ready = accepted([draft] * aliases)
        if ready is not None:
            assert holds(ready), (aliases, ready.cost, work_of(ready))
            return
    pytest.fail("not even one of it is accepted")
