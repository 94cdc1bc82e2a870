"""Promoted nodes show nodes that no seed lists, and prove nothing, neither one of them nor all together."""

from collections.abc import Sequence

import pytest

from schema.domain.cycle.advance import CycleOptions, State, advance, identify
from schema.domain.node.observation import Observation, SeedReply
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT, SEEDS, key, observation, seed_reply

HONEST = range(1, 21)
INVENTED = range(900, 940)
PROMOTED = [f"45.77.{number}.1:6000" for number in range(12)]


def rows(numbers: Sequence[int], at: int, **changes: object) -> list[Observation]:
    return [observation(n, uptime=at - AT + 10**6, last_seen=at - 3, **changes) for n in numbers]


def promoted_reply(seed: str, listed: list[Observation], at: int) -> SeedReply:
    return seed_reply(seed, listed, at=at, version=None, stats=None)._replace(promoted=True)


def watched(promoted: Sequence[str], seeds: Sequence[str] = SEEDS, slots: int = 6) -> Snapshot:
    """The network after some slots in which seeds report the truth, and all promoted nodes the same lie."""
    state = State()
    for slot in range(AT, AT + slots * 60, 60):
        lies = [
            *rows(INVENTED, slot, version="99.0.0", storage_committed=2**63 - 1),
            *rows(HONEST, slot, version="0.0.1", storage_used=0, address="6.6.6.6:9001"),
        ]
        replies = [seed_reply(seed, rows(HONEST, slot), at=slot) for seed in seeds]
        replies += [promoted_reply(seed, lies, slot) for seed in promoted]
        state = advance(state, replies, identify(state, replies), slot=slot, at=slot, options=CycleOptions()).state()
    assert state.snapshot is not None
    return state.snapshot


@pytest.mark.parametrize("seeds", [SEEDS, SEEDS[:2], SEEDS[:1]])
def test_nothing_that_promoted_nodes_say_together_moves_anything(seeds: Sequence[str]) -> None:
    plain, discovered = watched((), seeds), watched(PROMOTED, seeds)
    honest = {key(number) for number in HONEST}
    before = {node.id: node for node in plain.nodes}
    after = {node.id: node for node in discovered.nodes}
    assert {i: after[i] for i in honest} == {i: before[i] for i in honest}
    assert discovered.header.health == plain.header.health
    assert discovered.header.policy == plain.header.policy
    ignored = {"unsupported"}
    assert discovered.header.totals.model_dump(exclude=ignored) == plain.header.totals.model_dump(exclude=ignored)
    assert discovered.header.seeds == plain.header.seeds


def test_what_only_promoted_nodes_list_is_shown_and_marked() -> None:
    discovered = watched(PROMOTED)
    invented = [node for node in discovered.nodes if node.id in {key(number) for number in INVENTED}]
    assert len(invented) == len(INVENTED)
    assert not any(node.supported for node in invented)
    assert [(report.seed, report.listed) for report in discovered.header.promoted_seeds] == [
        (seed, len(INVENTED) + len(HONEST)) for seed in sorted(PROMOTED)
    ]


def test_a_node_that_the_seeds_dropped_is_not_kept_alive_by_promoted_nodes() -> None:
    state = State()
    for number in range(12):
        slot = AT + number * 60
        listed = HONEST if number < 4 else HONEST[:-1]
        replies = [seed_reply(seed, rows(listed, slot), at=slot) for seed in SEEDS]
        replies += [promoted_reply(seed, rows(HONEST, slot), slot) for seed in PROMOTED]
        state = advance(state, replies, identify(state, replies), slot=slot, at=slot, options=CycleOptions()).state()
    assert state.snapshot is not None
    assert not state.snapshot.by_id[key(HONEST[-1])].is_online


def test_a_cycle_in_which_only_promoted_nodes_answered_is_none() -> None:
    replies = [promoted_reply(PROMOTED[0], rows(HONEST, AT), AT), seed_reply(SEEDS[0], None)]
    assert not identify(State(), replies).answered
