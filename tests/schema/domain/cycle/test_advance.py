import hashlib
from collections.abc import Sequence

import pytest
from pydantic import TypeAdapter

from schema.domain.base import DAY
from schema.domain.cycle.advance import Cycle, CycleOptions, State, advance, content_hash, identify, unknown_ids
from schema.domain.cycle.agreement import agreement_of
from schema.domain.node.observation import SeedReply
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.node.presence import recent_changes
from schema.domain.scoring.consistency import consistency_of
from tests.factories import AT, SEEDS, address, key, network, observation, seed_reply

OPTIONS = CycleOptions()


def step(before: State, replies: Sequence[SeedReply], after: int = 0, options: CycleOptions = OPTIONS) -> Cycle:
    merged = identify(before, replies)
    return advance(before, replies, merged, slot=AT + after, at=AT + after + 1, options=options)


def answers(after: int, *numbers: int, seeds: Sequence[str] = SEEDS, **changes: object) -> list[SeedReply]:
    rows = [observation(n, **{"uptime": 10 * DAY + after, "last_seen": AT + after - 3} | changes) for n in numbers]
    return [seed_reply(seed, rows, at=AT + after) for seed in seeds]


def run(*polls: list[SeedReply], options: CycleOptions = OPTIONS) -> Cycle:
    state = State()
    cycle = None
    for number, replies in enumerate(polls):
        cycle = step(state, replies, 60 * number, options)
        state = cycle.state()
    assert cycle is not None
    return cycle


def node(cycle: Cycle, number: int) -> PNode:
    found = cycle.snapshot.by_id.get(key(number))
    assert found is not None
    return found


def test_a_cycle_scores_ranks_and_counts_the_network() -> None:
    cycle = run(answers(0, 1, 2), answers(60, 1, 2))
    header = cycle.snapshot.header
    assert (header.totals.total, header.totals.online, header.node_count) == (5, 5, 5)  # two nodes and three seeds
    assert header.policy.latest_version == "0.8.0"
    assert node(cycle, 1).score is not None
    assert [seed.coverage for seed in header.seeds] == [1.0, 1.0, 1.0]


def test_nodes_are_sorted_by_id_and_the_hash_is_over_them() -> None:
    cycle = run(answers(0, 3, 1, 2))
    nodes = cycle.snapshot.nodes
    assert [n.id for n in nodes] == sorted(n.id for n in nodes)
    assert cycle.snapshot.header.content_hash == content_hash(nodes)


def test_the_hash_is_over_the_json_of_all_nodes_as_one_list() -> None:
    nodes = network(2_100).nodes
    assert content_hash(nodes) == hashlib.sha256(TypeAdapter(tuple[PNode, ...]).dump_json(nodes)).hexdigest()
    assert content_hash(()) == hashlib.sha256(b"[]").hexdigest()


def test_the_same_answers_give_the_same_snapshot_in_any_order() -> None:
    polls = [answers(0, 1, 2, 3), answers(60, 3, 2, 1)]
    forwards = run(*polls)
    backwards = run(*(list(reversed(replies)) for replies in polls))
    assert forwards.snapshot == backwards.snapshot
    assert forwards.memory == backwards.memory


def test_storage_is_counted_once_for_a_key_with_several_addresses() -> None:
    rows = [observation(1), observation(1, address=address(2)), observation(1, address=address(3))]
    cycle = run([seed_reply(seed, rows) for seed in SEEDS])
    listed = [n for n in cycle.snapshot.nodes if n.pubkey == key(1)]
    assert len(listed) == 1
    assert cycle.snapshot.header.totals.storage_committed == observation(1).storage_committed


@pytest.mark.parametrize(("answering", "counted"), [(2, 2), (3, 0)])
def test_what_seeds_alone_say_of_their_storage_counts_while_there_is_nobody_to_compare_with(
    answering: int, counted: int
) -> None:
    cycle = run([seed_reply(seed, [observation(1)]) for seed in SEEDS[:answering]])
    own = [n.storage_committed or 0 for n in cycle.snapshot.nodes if n.is_seed]
    total = (observation(1).storage_committed or 0) + sum(own[:counted])
    assert cycle.snapshot.header.totals.storage_committed == total


def test_a_node_whose_key_becomes_known_is_rekeyed_once_and_found_by_its_old_id() -> None:
    cycle = run(answers(0, 1, pubkey=None), answers(60, 1), answers(120, 1))
    old = f"addr:{address(1)}"
    assert node(cycle, 1).former_ids == (old,)
    assert cycle.snapshot.by_id[old] == node(cycle, 1)
    assert len([n for n in cycle.snapshot.nodes if n.address == address(1)]) == 1
    assert node(cycle, 1).first_seen == AT - 3


def test_the_registry_hears_of_the_id_that_a_node_no_longer_has() -> None:
    (entry,) = run(answers(0, 1, pubkey=None), answers(60, 1)).registry
    assert entry.former_ids == (f"addr:{address(1)}",)


def test_every_known_address_finds_a_node() -> None:
    moved = address(1, port=31_000)
    cycle = run(answers(0, 1), answers(60, 1, address=moved))
    assert cycle.snapshot.find(address(1)) == cycle.snapshot.find(moved) == node(cycle, 1)


def test_an_absent_node_stays_in_the_snapshot_as_offline() -> None:
    cycle = run(answers(0, 1, 2), *(answers(60 * n, 2) for n in range(1, 5)))
    assert node(cycle, 1).status is PNodeStatus.OFFLINE
    assert node(cycle, 1).score is None


def test_a_node_that_is_silent_for_long_leaves_the_snapshot_and_can_be_recalled() -> None:
    state = run(answers(0, 1, 2)).state()
    gone = step(state, answers(60, 2), 60).state()
    late = 31 * DAY
    cycle = step(gone, answers(late, 2), late)
    assert key(1) not in cycle.snapshot.by_id
    replies = answers(late + 60, 1, 2)
    assert unknown_ids(cycle.state(), identify(cycle.state(), replies)) == {key(1)}


def test_the_registry_hears_of_a_node_when_something_lasting_changes_and_not_else() -> None:
    first = run(answers(0, 1))
    assert key(1) in {entry.id for entry in first.registry}
    quiet = step(first.state(), answers(60, 1), 60)
    assert quiet.registry == ()
    moved = step(quiet.state(), answers(120, 1, address=address(7)), 120)
    (entry,) = moved.registry
    assert (entry.id, entry.address, set(entry.addresses)) == (key(1), address(7), {address(1), address(7)})


def test_the_registry_is_refreshed_once_a_day_and_not_for_all_nodes_at_once() -> None:
    numbers = range(1, 41)
    state = run(answers(0, *numbers)).state()
    written: list[int] = []
    for hour in range(1, 25):
        cycle = step(state, answers(hour * 3_600, *numbers), hour * 3_600)
        state = cycle.state()
        written.append(sum(entry.pubkey is not None for entry in cycle.registry))
    assert sum(written) == len(numbers)
    assert max(written) < len(numbers) // 2


def test_a_cycle_without_any_list_is_refused() -> None:
    with pytest.raises(ValueError, match="no seed returned a list"):
        run([seed_reply(seed, None) for seed in SEEDS])


def test_a_silent_seed_that_is_only_known_by_itself_goes_offline_when_others_answer() -> None:
    without = [[*answers(60 * n, 1, seeds=SEEDS[:2]), seed_reply(SEEDS[2], None, at=AT + 60 * n)] for n in range(1, 5)]
    cycle = run(answers(0, 1), *without)
    assert cycle.snapshot.by_id[f"addr:{SEEDS[2]}:9001"].status is PNodeStatus.OFFLINE


def test_a_seed_that_lists_a_live_node_with_and_without_its_key_ends_no_cycle() -> None:
    def twice(after: int) -> list[SeedReply]:
        first, *others = answers(after, 1, 2)
        keyless = [row._replace(pubkey=None) for row in first.observations or ()]
        return [first._replace(observations=(*(first.observations or ()), *keyless)), *others]

    cycle = run(answers(0, 1, 2), twice(60), twice(120), twice(180))
    assert node(cycle, 1).status is PNodeStatus.ONLINE
    assert node(cycle, 1).uptime == 10 * DAY + 180


def test_what_follows_from_appearances_is_the_same_whether_it_is_computed_or_carried_over() -> None:
    """Nodes leave and return, some of them over midnight, and the key of one becomes known."""
    keyless = [observation(9, pubkey=None, uptime=10 * DAY)]
    polls: list[tuple[int, list[SeedReply]]] = []
    for number, after in enumerate(range(0, 2 * DAY, 7_000)):
        replies = answers(after, *(n for n in range(1, 6) if number % (n + 2)))
        known = keyless if number < 5 else [observation(9, uptime=10 * DAY + after)]
        polls.append((after, [r._replace(observations=(*(r.observations or ()), *known)) for r in replies]))
    state = State()
    for after, replies in polls:
        cycle = step(state, replies, after)
        state = cycle.state()
        by_id = {memory.id: memory for memory in cycle.memory}
        at = cycle.snapshot.header.taken_at
        for each in cycle.snapshot.nodes:
            assert each.consistency == consistency_of(by_id[each.id], at)
            assert each.state_changes == recent_changes(by_id[each.id], at)


def test_the_agreement_of_seeds_is_over_all_that_they_list() -> None:
    def differing(after: int) -> list[SeedReply]:
        first, *others = answers(after, *range(1, 6))
        rows = [row._replace(version=None if n == 1 else "9.9.9") for n, row in enumerate(first.observations or ())]
        return [first._replace(observations=tuple(rows)), *others]

    state = run(answers(0, 1, 2, 3)).state()
    merged = identify(state, differing(60))
    cycle = advance(state, differing(60), merged, slot=AT + 60, at=AT + 61, options=OPTIONS)
    expected = agreement_of(merged.nodes.values())
    assert {report.seed: report.agreement for report in cycle.snapshot.header.seeds} == expected
    assert expected[SEEDS[0]] < 1.0
