"""One seed of nine reports false keys for nodes that the others list without a key, and takes over none of them."""

from collections.abc import Sequence

import pytest

from schema.domain.base import DAY
from schema.domain.cycle.advance import CycleOptions
from schema.domain.cycle.merge import address_id, assumed_address
from schema.domain.node.observation import Observation
from schema.domain.node.pnode import PNodeStatus
from tests.factories import AT, address, key, observation
from tests.schema.domain.cycle.test_liars import LIAR, SEEDS, Lie, facts
from tests.schema.domain.field import Field, reply

KEYED = range(1, 21)
KEYLESS = range(21, 41)
GHOSTS = range(1, 4)
POLLS = 5


def honest(at: int, keyless: range = KEYLESS) -> list[Observation]:
    """20 nodes with a key, three of them ghosts, and 20 nodes of a release that lists no keys."""
    return [
        observation(
            n,
            uptime=n * 4_000 + 5 * DAY + (0 if n in GHOSTS else at - AT),
            last_seen=at - (2_000 if n in GHOSTS else 4 + n % 9),
            pubkey=None if n in keyless else key(n),
        )
        for n in (*KEYED, *KEYLESS)
    ]


def given(keys: int, *, freshly: bool = True) -> Lie:
    """A key for each row without one. `keys` is the number of the first."""

    def lie(rows: Sequence[Observation], at: int) -> list[Observation]:
        return [
            row._replace(pubkey=key(keys + n), last_seen=at if freshly else row.last_seen)
            if row.pubkey is None
            else row
            for n, row in enumerate(rows)
        ]

    return lie


LIES: dict[str, Lie] = {
    "invented keys": given(9_000),
    "invented keys, not fresher": given(9_000, freshly=False),
    "other keys each poll": lambda rows, at: given(9_000 + at - AT)(rows, at),
    "keys in every second poll": lambda rows, at: given(9_000)(rows, at) if (at - AT) // 60 % 2 else list(rows),
    "one key for all": lambda rows, at: [r._replace(pubkey=r.pubkey or key(9_000), last_seen=at) for r in rows],
    "a row with a key beside each without": lambda rows, at: [*rows, *given(9_000)(rows, at)[len(KEYED) :]],
    "the keys of known nodes": lambda rows, at: [*rows, *given(-len(KEYED) + 1)(rows, at)[len(KEYED) :]],
    "the keys of ghosts": lambda rows, at: [
        *rows,
        *(observation(n, address=address(20 + n), uptime=9 * DAY + at - AT, last_seen=at) for n in GHOSTS),
    ],
    "keys on the hosts of seeds": lambda rows, at: [
        *rows,
        *(
            observation(9_000 + n, address=assumed_address(seed), uptime=DAY + at - AT, last_seen=at)
            for n, seed in enumerate(SEEDS)
            if seed != LIAR
        ),
    ],
    "the keys of ghosts on its own host": lambda rows, at: [
        *rows,
        *(observation(n, address=assumed_address(LIAR), uptime=DAY + at - AT, last_seen=at) for n in GHOSTS),
    ],
    "the key of a ghost on its own host": lambda rows, at: [
        *rows,
        observation(1, address=assumed_address(LIAR), uptime=DAY + at - AT, last_seen=at),
    ],
}


def run(lie: Lie | None = None) -> Field:
    field = Field(60)
    for poll in range(POLLS):
        at, rows = field.at, honest(field.at)
        # In the fourth poll, the honest seeds do not list some nodes without a key.
        heard = rows[:-5] if poll == 3 else rows
        field.answer(
            reply(seed, lie(rows, at) if lie and seed == LIAR else heard, at, version="0.8.0") for seed in SEEDS
        )
    return field


def told_of_honest(field: Field) -> list[dict[str, object]]:
    ids = [
        *map(key, KEYED),
        *(address_id(address(n)) for n in KEYLESS),
        *(address_id(assumed_address(seed)) for seed in SEEDS),
    ]
    return [
        {i: (*facts(node), node.pubkey, node.first_seen) if (node := c.snapshot.find(i)) else None for i in ids}
        for c in field.cycles
    ]


@pytest.fixture(scope="module")
def truth() -> Field:
    return run()


@pytest.mark.parametrize("name", LIES)
def test_one_seed_of_nine_gives_no_node_another_key(name: str, truth: Field) -> None:
    lied = run(LIES[name])
    assert told_of_honest(lied) == told_of_honest(truth)
    for expected, cycle in zip(truth.cycles, lied.cycles, strict=True):
        totals, honestly = cycle.snapshot.header.totals, expected.snapshot.header.totals
        assert (totals.total, totals.online, totals.ghost) == (honestly.total, honestly.online, honestly.ghost)


def keys_of(field: Field, lists: dict[str, int | None], n: int = 21) -> str | None:
    """The key of node `n` once each seed lists it with the key of this number. The id is its address or that key."""
    replies = [
        reply(
            seed,
            [r._replace(pubkey=key(number) if number else None) if r.address == address(n) else r
             for r in honest(field.at, range(0))],
            field.at,
        )
        for seed, number in lists.items()
    ]  # fmt: skip
    field.answer(replies)
    found = [node for node in field.cycles[-1].snapshot.nodes if node.address == address(n) and node.supported]
    assert len(found) == 1
    assert found[0].status is PNodeStatus.ONLINE
    return found[0].pubkey


def test_two_seeds_of_nine_make_a_key_known_with_the_history_of_the_address() -> None:
    field = Field(60)
    assert keys_of(field, dict.fromkeys(SEEDS, None)) is None
    assert keys_of(field, dict.fromkeys(SEEDS, None) | dict.fromkeys(SEEDS[:2], 21)) == key(21)
    node = field.node(key(21))
    assert node.former_ids == (address_id(address(21)),)
    assert len(node.witnesses) == len(SEEDS)


def test_a_key_that_was_known_stays_when_one_seed_gives_another() -> None:
    field = Field(60)
    assert keys_of(field, dict.fromkeys(SEEDS, 21)) == key(21)
    for _ in range(3):
        assert keys_of(field, dict.fromkeys(SEEDS, None) | {LIAR: 9_000}) == key(21)


def test_a_key_that_one_seed_gave_is_not_known_afterwards() -> None:
    field = Field(60)
    assert keys_of(field, dict.fromkeys(SEEDS, None) | {LIAR: 9_000}) is None
    assert keys_of(field, dict.fromkeys(SEEDS, None)) is None


def test_a_third_seed_does_not_choose_between_two_keys_by_its_time_stamp() -> None:
    field = Field(60)
    lists = dict.fromkeys(SEEDS, None) | dict.fromkeys(SEEDS[:3], 21) | dict.fromkeys(SEEDS[3:5], 9_000)
    old = [row._replace(last_seen=field.at - 500) if row.address == address(21) else row for row in honest(field.at)]
    liar = [row._replace(last_seen=field.at) if row.address == address(21) else row for row in old]
    field.answer(
        reply(
            seed,
            [r._replace(pubkey=key(number)) if r.address == address(21) and number else r
             for r in (liar if seed == LIAR else old if number == 9_000 else honest(field.at))],
            field.at,
        )
        for seed, number in lists.items()
    )  # fmt: skip
    assert len(field.node(key(21)).witnesses) == len(SEEDS) - 2


@pytest.mark.parametrize("answering", [1, 2])
def test_with_one_or_two_seeds_one_word_is_enough(answering: int) -> None:
    field = Field(60)
    seeds = SEEDS[:answering]
    assert keys_of(field, dict.fromkeys(seeds, None)) is None
    assert keys_of(field, dict.fromkeys(seeds, None) | {seeds[0]: 21}) == key(21)


def test_a_trusted_seed_makes_a_key_known_alone() -> None:
    field = Field(60, CycleOptions(interval=60, trusted_seeds=(SEEDS[0],)))
    assert keys_of(field, dict.fromkeys(SEEDS, None) | {SEEDS[0]: 21}) == key(21)
