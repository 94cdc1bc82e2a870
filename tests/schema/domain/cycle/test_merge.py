import random

from hypothesis import given
from hypothesis import strategies as st

from schema.domain.cycle.merge import Merged, address_id, clock_ahead, merge
from schema.domain.node.observation import Observation, SeedReply
from tests.factories import AT, SEEDS, address, key, observation, seed_reply


def facts(merged: Merged) -> dict[str, object]:
    """The complete result of a merge, in a comparable form."""
    return {
        node.id: (node.pubkey, tuple(node.listings), node.own.seed if node.own else None, node.assumed_address)
        for node in merged.nodes.values()
    }


rows = st.builds(
    Observation,
    address=st.sampled_from([address(n) for n in range(4)] + ["198.18.1.1:9001", "198.18.1.1:9002"]),
    pubkey=st.sampled_from([None, key(1), key(2), key(3)]),
    version=st.sampled_from([None, "0.8.0", "0.7.3"]),
    last_seen=st.one_of(st.none(), st.integers(AT - 4000, AT + 4000)),
    uptime=st.one_of(st.none(), st.integers(0, 5)),
    storage_committed=st.one_of(st.none(), st.integers(0, 2)),
    storage_usage_percent=st.one_of(st.none(), st.floats(0, 100)),
)
replies = st.lists(
    st.builds(
        seed_reply,
        seed=st.sampled_from(SEEDS),
        observations=st.one_of(st.none(), st.lists(rows, max_size=6)),
    ),
    max_size=5,
)


@given(replies, st.randoms(use_true_random=False))
def test_the_order_of_replies_and_rows_does_not_matter(answers: list[SeedReply], rng: random.Random) -> None:
    shuffled = [
        answer._replace(observations=rows and tuple(rng.sample(rows, len(rows))))
        for answer in answers
        for rows in [answer.observations]
    ]
    rng.shuffle(shuffled)
    assert facts(merge(shuffled)) == facts(merge(answers))


@given(replies)
def test_a_reply_that_comes_twice_counts_once(answers: list[SeedReply]) -> None:
    assert facts(merge([*answers, *answers])) == facts(merge(answers))


@given(replies)
def test_every_row_belongs_to_exactly_one_node(answers: list[SeedReply]) -> None:
    merged = merge(answers)
    places = [(r.seed, r.observation.address, r.observation.pubkey) for n in merged.nodes.values() for r in n.listings]
    assert len(places) == len(set(places))
    for node in merged.nodes.values():
        assert all(r.observation.pubkey in (node.pubkey, None) for r in node.listings)


def test_one_key_on_two_addresses_is_one_node() -> None:
    merged = merge([seed_reply(SEEDS[0], [observation(1), observation(1, address=address(2))], host="203.0.113.9")])
    assert len(merged.nodes[key(1)].listings) == 2


def test_a_row_without_a_key_joins_the_key_that_another_seed_gives_for_its_address() -> None:
    merged = merge(
        [
            seed_reply(SEEDS[0], [observation(1)]),
            seed_reply(SEEDS[1], [observation(1, pubkey=None, version=None)]),
        ]
    )
    assert {r.seed for r in merged.nodes[key(1)].listings} == {SEEDS[0], SEEDS[1]}
    assert address_id(address(1)) not in merged.nodes


def test_a_row_without_a_key_joins_the_key_that_was_known_before() -> None:
    merged = merge([seed_reply(SEEDS[0], [observation(1, pubkey=None)])], {address(1): key(1)})
    assert merged.nodes[key(1)].listings[0].observation.pubkey is None


def test_of_two_rows_of_one_seed_with_and_without_the_key_the_one_with_the_key_counts() -> None:
    rows = [observation(1, last_seen=AT - 9), observation(1, pubkey=None, last_seen=AT - 3)]
    merged = merge([seed_reply(SEEDS[0], rows), seed_reply(SEEDS[1], [observation(1)])])
    listings = merged.nodes[key(1)].listings
    assert sorted(row.seed for row in listings) == [SEEDS[0], SEEDS[1]]
    assert [row.observation for row in listings if row.seed == SEEDS[0]] == [rows[0]]


@given(replies)
def test_no_seed_has_two_words_on_one_address_of_a_node(answers: list[SeedReply]) -> None:
    for node in merge(answers).nodes.values():
        words = [(row.seed, row.observation.address) for row in node.listings]
        assert len(words) == len(set(words))


def test_a_row_whose_key_nobody_knows_stands_under_its_address() -> None:
    merged = merge([seed_reply(SEEDS[0], [observation(1, pubkey=None)])])
    assert merged.nodes[address_id(address(1))].pubkey is None


def test_a_seed_completes_the_one_node_that_is_listed_on_its_host() -> None:
    merged = merge(
        [
            seed_reply(SEEDS[0], [observation(2, address=f"{SEEDS[1]}:9001")]),
            seed_reply(SEEDS[1], [observation(3)]),
        ]
    )
    assert merged.seed_nodes[SEEDS[1]] == key(2)
    own = merged.nodes[key(2)].own
    assert own is not None
    assert own.seed == SEEDS[1]


def test_a_seed_that_nobody_lists_stands_alone_under_an_assumed_address() -> None:
    merged = merge([seed_reply(SEEDS[0], [observation(1)])])
    node = merged.nodes[merged.seed_nodes[SEEDS[0]]]
    assert (node.id, node.assumed_address) == (f"addr:{SEEDS[0]}:9001", f"{SEEDS[0]}:9001")


def test_a_seed_on_a_host_with_two_nodes_is_not_guessed_to_be_either() -> None:
    listed = [observation(1, address=f"{SEEDS[0]}:9001"), observation(2, address=f"{SEEDS[0]}:9002")]
    merged = merge([seed_reply(SEEDS[1], listed), seed_reply(SEEDS[0], [])])
    assert merged.seed_nodes[SEEDS[0]] == f"addr:{SEEDS[0]}:9001"
    assert merged.nodes[key(1)].own is None


def test_a_seed_without_a_list_does_not_count_as_having_answered() -> None:
    merged = merge([seed_reply(SEEDS[0], None), seed_reply(SEEDS[1], [])])
    assert merged.answered == {SEEDS[1]}


def test_a_clock_that_is_ahead_is_taken_off_and_reported() -> None:
    ahead = [observation(n, last_seen=AT + 600 - n) for n in range(1, 6)]
    merged = merge([seed_reply(SEEDS[0], ahead)])
    assert merged.clock_ahead[SEEDS[0]] == 597
    assert merged.nodes[key(4)].listings[0].last_seen == AT - 1


def test_a_few_false_stamps_do_not_move_the_clock_and_prove_nothing() -> None:
    honest = [observation(n, last_seen=AT - n) for n in range(1, 6)]
    liar = observation(9, last_seen=AT + 10_000_000)
    reply = seed_reply(SEEDS[0], [*honest, liar])
    assert clock_ahead(reply) == 0
    assert merge([reply]).nodes[key(9)].listings[0].last_seen is None


def test_the_freshest_row_comes_first() -> None:
    merged = merge(
        [
            seed_reply(SEEDS[0], [observation(1, last_seen=AT - 50)]),
            seed_reply(SEEDS[1], [observation(1, last_seen=AT - 2)]),
        ]
    )
    assert [r.seed for r in merged.nodes[key(1)].listings] == [SEEDS[1], SEEDS[0]]


def test_two_seeds_on_one_host_are_one_node() -> None:
    merged = merge(
        [
            seed_reply("198.18.1.1:6000", [observation(1)], host="198.18.1.1"),
            seed_reply("198.18.1.1:6001", [observation(1)], host="198.18.1.1"),
        ]
    )
    assert merged.seed_nodes["198.18.1.1:6000"] == merged.seed_nodes["198.18.1.1:6001"]
    assert len(merged.nodes) == 2


def test_an_ipv6_seed_gets_brackets_in_its_assumed_address() -> None:
    merged = merge([seed_reply("[2001:db8::5]:6000", [], host="2001:db8::5")])
    assert "addr:[2001:db8::5]:9001" in merged.nodes
