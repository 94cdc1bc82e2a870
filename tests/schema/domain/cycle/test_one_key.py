"""An operator that runs many machines under one key has one node, which displaces nobody."""

import pytest

from schema.domain.base import DAY
from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, identify
from schema.domain.node.observation import Observation
from schema.domain.node.pnode import PNode
from tests.factories import AT, SEEDS, address, key, observation, seed_reply

HONEST = range(1, 61)
MACHINES = 50
POLLS = 5
ACTOR = key(999)
MOST_PLACES = 5


def rows(after: int, *, with_actor: bool, apart: int) -> list[Observation]:
    """The list of each seed. The machines of the actor started `apart` seconds after each other."""
    found = [observation(n, uptime=(1 + n * 37 % 60) * DAY + after, last_seen=AT + after - 3) for n in HONEST]
    if with_actor:
        found += [
            observation(
                pubkey=ACTOR,
                address=address(1_000 + n),
                uptime=60 * DAY + n * apart + after,
                last_seen=AT + after - n % 7,
                storage_committed=10**15,
            )
            for n in range(MACHINES)
        ]
    return found


def run(*, with_actor: bool, apart: int = 0) -> Cycle:
    state, options, cycle = State(), CycleOptions(), None
    for poll in range(POLLS):
        after = 60 * poll
        listed = rows(after, with_actor=with_actor, apart=apart)
        replies = [seed_reply(seed, listed, at=AT + after) for seed in SEEDS]
        merged = identify(state, replies, options)
        cycle = advance(state, replies, merged, slot=AT + after, at=AT + after + 1, options=options)
        state = cycle.state()
    assert cycle is not None
    return cycle


def rank(node: PNode) -> int:
    assert node.estimate is not None
    assert node.estimate.rank is not None
    return node.estimate.rank


@pytest.mark.parametrize("apart", [0, 3_600])
def test_fifty_machines_under_one_key_are_one_node_and_push_nobody_down(apart: int) -> None:
    before = run(with_actor=False).snapshot.by_id
    after = run(with_actor=True, apart=apart).snapshot.by_id
    assert len(after) == len(before) + 1
    assert after[ACTOR].key_conflict is (apart > 0)
    pushed = [rank(after[key(n)]) - rank(before[key(n)]) for n in HONEST]
    assert max(pushed) <= MOST_PLACES
    top = [node.id for node in after.values() if node.estimate and node.estimate.rank and node.estimate.rank <= 20]
    assert top.count(ACTOR) <= 1
    composites = [abs(_score(after[key(n)]) - _score(before[key(n)])) for n in HONEST]
    assert max(composites) <= 2


def _score(node: PNode) -> float:
    assert node.estimate is not None
    return node.estimate.composite
