"""A seed that invents keys for a day: the state, the snapshot and the registry stay within named bounds."""

from typing import Any

import pytest

from schema.domain.cycle.advance import CycleOptions, advance, identify
from schema.domain.cycle.support import MAX_LONE_SHARE, MAX_UNCONFIRMED_SHARE
from schema.domain.node.registry import RegistryEntry
from tests.factories import AT, observation
from tests.nightly import NIGHTLY
from tests.schema.domain.field import Field, reply

SEEDS = tuple(f"203.0.113.{n}" for n in range(201, 210))
LIAR = SEEDS[0]
HONEST = range(1, 21)
CYCLES = 1_440 if NIGHTLY else 70
INVENTED = 600 if NIGHTLY else 60
LIMIT = 20 if NIGHTLY else 1


def day(answering: int, *, outages: int = 0) -> tuple[Field, int]:
    """The entries written for invented nodes in a day of polls; each `outages`th poll has two answering seeds."""
    field = Field(60, CycleOptions(interval=60, max_newcomers=LIMIT))
    written = 0
    honest_ids: set[str] = set()
    for poll in range(CYCLES):
        at = field.at
        rows = [observation(n, uptime=90_000 + n + at - AT, last_seen=at - 3) for n in HONEST]
        first = 10_000 + poll * INVENTED
        new = [observation(n, uptime=80_000, last_seen=at) for n in range(first, first + INVENTED if poll else first)]
        seeds = SEEDS[:2] if outages and poll % outages == 1 else SEEDS[:answering]
        field.answer(reply(seed, [*rows, *new] if seed == LIAR else rows, at) for seed in seeds)
        cycle = field.cycles.pop()
        honest_ids = honest_ids or {node.id for node in cycle.snapshot.nodes}
        written += sum(entry.id not in honest_ids for entry in cycle.registry)
        extra = len(cycle.snapshot.nodes) - len(honest_ids)
        assert len(cycle.memory) == len(cycle.snapshot.nodes)
        assert extra <= LIMIT * (MAX_LONE_SHARE if answering < 3 or outages else MAX_UNCONFIRMED_SHARE)
        if poll:
            refused = {report.seed: report.refused for report in cycle.snapshot.header.seeds}
            assert refused[LIAR] >= INVENTED - LIMIT
        if poll == CYCLES - 1:
            field.cycles.append(cycle)
    return field, written


def test_with_nine_seeds_nothing_invented_is_kept() -> None:
    field, written = day(9)
    assert written == 0
    assert field.cycles[-1].snapshot.header.totals.total == len(HONEST) + len(SEEDS)


@pytest.mark.parametrize("answering", [1, 2])
def test_with_one_or_two_seeds_what_is_invented_is_bounded_in_total(answering: int) -> None:
    field, written = day(answering)
    # Each node is written when it is new, when it leaves, and when its measurements are refreshed for the day.
    assert 0 < written <= LIMIT * MAX_LONE_SHARE * 4
    refused = {report.seed: report.refused for report in field.cycles[-1].snapshot.header.seeds}
    assert refused[LIAR] == INVENTED


def test_outages_of_the_honest_seeds_do_not_let_more_in() -> None:
    _, written = day(9, outages=4)
    assert written <= LIMIT * MAX_LONE_SHARE * 8


def test_a_new_node_of_both_of_two_seeds_comes_in_when_one_seed_has_brought_all_it_may() -> None:
    field, _ = day(2)
    at = field.at
    rows = [observation(n, uptime=90_000 + n + at - AT, last_seen=at - 3) for n in (*HONEST, 50)]
    field.answer(reply(seed, rows, at) for seed in SEEDS[:2])
    assert field.node(observation(50).pubkey or "").supported


def test_nodes_that_return_from_the_registry_are_held_to_the_total_only() -> None:
    field = Field(60, CycleOptions(interval=60, max_newcomers=1))
    honest = [observation(n, last_seen=AT) for n in HONEST]
    field.answer([reply(LIAR, honest, AT)])
    back = [observation(n, last_seen=field.at) for n in range(1_000, 1_100)]
    replies = [reply(LIAR, [*honest, *back], field.at)]
    once: dict[str, Any] = {"first_seen": AT, "last_seen": AT, "appearances": 1, "disappearances": 1}
    entries = {
        name: RegistryEntry(id=name, address=row.address, addresses=(), pubkey=name, updated_slot=AT, **once)
        for row in back
        if (name := row.pubkey) is not None
    }
    merged = identify(field.state, replies)
    cycle = advance(field.state, replies, merged, slot=field.at, at=field.at, options=field.options, recalled=entries)
    returned = sum(node.id in entries for node in cycle.snapshot.nodes)
    assert returned == MAX_LONE_SHARE - len(HONEST)
