import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.cycle.accumulate import Moment, accumulate, growth, pass_over
from schema.domain.cycle.advance import CycleOptions
from schema.domain.cycle.known import Known, absorb, newcomer, returning
from schema.domain.cycle.merge import MergedNode, merge
from schema.domain.node.memory import UsedSample
from schema.domain.node.observation import Observation, SeedReply
from schema.domain.node.pnode import LivenessBasis, PNodeStatus, VersionChange
from schema.domain.node.registry import RegistryEntry
from schema.domain.policy import POLICY_1_0, CapacityPolicy
from tests.factories import AT, SEEDS, address, key, observation, seed_reply

ALL = frozenset(SEEDS)


def moment(after: int = 0, answered: frozenset[str] = ALL) -> Moment:
    return Moment.of(AT + after, 60, answered, ALL)


def told(*rows: Observation, seeds: tuple[str, ...] = SEEDS, at: int = AT) -> MergedNode:
    replies = [seed_reply(seed, rows, at=at, host=f"203.0.113.{n}") for n, seed in enumerate(seeds)]
    return merge(replies).nodes[key(1)]


def poll(known: Known, after: int, **changes: object) -> Known:
    row = observation(1, **{"uptime": 1_000 + after, "last_seen": AT + after - 5} | changes)
    return accumulate(known, told(row, at=AT + after), moment(after))


def lived(*afters: int) -> Known:
    known = Known(newcomer(key(1), AT), None)
    for after in afters:
        known = poll(known, after)
    return known


def test_a_new_node_was_first_seen_at_the_contact_that_is_told_of_it() -> None:
    node = poll(Known(newcomer(key(1), AT), None), 0, last_seen=AT - 3_000).node
    assert node is not None
    assert (node.first_seen, node.last_seen, node.status) == (AT - 3_000, AT - 3_000, PNodeStatus.UNKNOWN)


def test_a_new_node_without_a_contact_is_first_seen_now() -> None:
    known = poll(Known(newcomer(key(1), AT), None), 0, last_seen=None)
    assert known.node is not None
    assert (known.node.first_seen, known.node.last_seen) == (AT, None)
    later = poll(known, 60, last_seen=AT - 600).node
    assert later is not None
    assert (later.first_seen, later.last_seen) == (AT - 600, AT - 600)


@pytest.mark.parametrize("stamp", [1, AT - DAY - 1])
def test_a_stamp_that_gossip_cannot_remember_takes_no_node_back_in_time(stamp: int) -> None:
    node = poll(Known(newcomer(key(1), AT), None), 0, last_seen=stamp).node
    assert node is not None
    assert (node.first_seen, node.last_seen) == (AT, None)


def test_a_contact_is_not_taken_back_by_an_older_record() -> None:
    node = poll(lived(0), 60, last_seen=AT - 1_800).node
    assert node is not None
    assert (node.first_seen, node.last_seen) == (AT - 5, AT - 5)


def test_a_node_lives_while_its_uptime_moves() -> None:
    node = lived(0, 60, 120).node
    assert node is not None
    assert (node.status, node.liveness_basis, node.alive_at) == (PNodeStatus.ONLINE, LivenessBasis.UPTIME, AT + 120)
    assert (node.witnesses, node.listed, node.consistency and node.consistency.score) == (SEEDS, True, 1.0)


def test_a_ghost_is_told_from_a_live_node() -> None:
    known = lived(0, 60)
    for after in (120, 180, 240, 300):
        known = poll(known, after, uptime=1_060, last_seen=AT + after)
    assert known.node is not None
    assert known.node.status is PNodeStatus.GHOST


def test_a_null_never_overwrites_what_another_seed_knows() -> None:
    legacy = seed_reply(SEEDS[0], [observation(1, uptime=None, storage_used=None, last_seen=AT)], host="203.0.113.1")
    modern = seed_reply(SEEDS[1], [observation(1, last_seen=AT - 40)], host="203.0.113.2")
    node = accumulate(Known(newcomer(key(1), AT), None), merge([legacy, modern]).nodes[key(1)], moment()).node
    assert node is not None
    assert node.storage_used == observation(1).storage_used


def test_a_new_port_is_the_same_node_and_the_old_one_is_kept_as_previous() -> None:
    known = lived(0, 60)
    moved = address(1, port=40_001)
    known = poll(known, 120, address=moved, uptime=1_120)
    assert known.node is not None
    assert (known.node.address, [a.address for a in known.node.previous_addresses]) == (moved, [address(1)])


def test_a_ghost_row_under_another_address_does_not_add_witnesses_or_measurements() -> None:
    known = lived(0, 60)
    live = observation(1, uptime=1_120, last_seen=AT + 100)
    ghost = observation(1, address=address(2), uptime=5, storage_committed=7, last_seen=AT + 119)
    first = accumulate(known, told(live, ghost, seeds=SEEDS[:1], at=AT + 120), moment(120))
    live = live._replace(uptime=1_400, last_seen=AT + 395)
    known = accumulate(first, told(live, ghost, seeds=SEEDS[:1], at=AT + 400), moment(400))
    assert known.node is not None
    assert (known.node.address, known.node.storage_committed) == (address(1), live.storage_committed)
    assert [s.status for s in known.node.sightings] == [PNodeStatus.ONLINE, PNodeStatus.GHOST]


def test_a_seed_that_answers_is_online_by_its_own_word() -> None:
    reply = seed_reply(SEEDS[0], [])
    merged = merge([reply]).nodes[f"addr:{SEEDS[0]}:9001"]
    node = accumulate(Known(newcomer(merged.id, AT), None), merged, moment()).node
    assert node is not None
    assert (node.status, node.liveness_basis, node.address_assumed, node.is_seed, node.last_seen, node.listed) == (
        PNodeStatus.ONLINE,
        LivenessBasis.DIRECT,
        True,
        True,
        AT,
        False,
    )


def test_a_node_that_its_witnesses_no_longer_list_is_offline_and_keeps_its_last_values() -> None:
    known = pass_over(lived(0, 60), moment(60 + 181))
    assert known.node is not None
    assert (known.node.status, known.node.liveness_basis, known.node.score) == (
        PNodeStatus.OFFLINE,
        LivenessBasis.ABSENCE,
        None,
    )
    assert (known.node.uptime, known.node.provenance.observed_at) == (1_060, AT + 60)
    assert (known.memory.disappearances, known.node.witnesses, known.node.listed) == (1, (), False)


@pytest.mark.parametrize("after", [120, 60 + 180])
def test_one_list_without_a_node_proves_no_absence(after: int) -> None:
    known = pass_over(lived(0, 60), moment(after))
    assert known.node is not None
    assert (known.node.status, known.node.witnesses, known.node.listed) == (PNodeStatus.ONLINE, SEEDS, False)
    assert known.memory.disappearances == 0


def test_a_ghost_that_one_list_leaves_out_stays_a_ghost_within_the_grace() -> None:
    known = lived(0, 60)
    for after in (120, 180, 240, 300):
        known = poll(known, after, uptime=1_060, last_seen=AT + after)
    left_out = pass_over(known, moment(360)).node
    assert left_out is not None
    assert left_out.status is PNodeStatus.GHOST


def test_an_outage_of_its_witnesses_is_no_disappearance() -> None:
    known = pass_over(lived(0, 60), moment(120, frozenset({"198.18.9.9"})))
    assert known.node is not None
    assert (known.node.status, known.memory.disappearances) == (PNodeStatus.ONLINE, 0)
    later = pass_over(known, moment(60 + 181, frozenset({"198.18.9.9"})))
    assert later.node is not None
    assert (later.node.status, later.memory.disappearances) == (PNodeStatus.UNKNOWN, 0)


def test_an_offline_node_stays_offline_while_its_witnesses_are_silent() -> None:
    gone = pass_over(lived(0, 60), moment(60 + 181))
    still = pass_over(gone, moment(300, frozenset({"198.18.9.9"})))
    assert still.node is not None
    assert (still.node.status, still.memory.disappearances) == (PNodeStatus.OFFLINE, 1)


def test_a_version_that_changes_is_kept_as_previous() -> None:
    known = poll(lived(0), 60, version="1.0.0")
    assert known.node is not None
    assert known.node.previous_versions == (VersionChange(version="0.8.0", until=AT + 60),)


def test_a_node_that_comes_back_from_the_registry_keeps_what_accumulated() -> None:
    entry = RegistryEntry(
        id=key(1),
        address=address(1),
        pubkey=key(1),
        addresses=(address(1),),
        first_seen=AT - 400 * DAY,
        last_seen=AT - 60 * DAY,
        appearances=5,
        disappearances=5,
        updated_slot=AT - 60 * DAY,
    )
    known = poll(Known(returning(entry), None, entry.last_seen), 0)
    assert known.node is not None
    assert (known.node.first_seen, known.memory.appearances) == (AT - 400 * DAY, 6)
    older = poll(Known(returning(entry), None, AT - 50), 0, last_seen=AT - 900).node
    assert older is not None
    assert (older.first_seen, older.last_seen) == (AT - 400 * DAY, AT - 50)


def test_a_node_keeps_its_past_when_its_key_becomes_known() -> None:
    former = lived(0).memory.model_copy(update={"id": f"addr:{address(1)}", "first_seen": AT - DAY})
    joined = absorb(newcomer(key(1), AT), former)
    assert (joined.id, joined.former_ids, joined.first_seen) == (key(1), (f"addr:{address(1)}",), AT - DAY)
    assert joined.addresses == former.addresses


MIB = 2**20


@pytest.mark.parametrize(
    ("samples", "used", "expected"),
    [
        ([], 10 * MIB, None),
        ([(DAY - 1, 5 * MIB)], 10 * MIB, None),
        ([(DAY, 5 * MIB)], None, None),
        ([(DAY, 5 * MIB)], 10 * MIB, 1.0),
        ([(DAY, 8 * MIB)], 10 * MIB, 0.25),
        ([(DAY, 10 * MIB)], 5 * MIB, -0.5),
        ([(DAY, 0)], MIB // 2, 0.5),
        ([(9 * DAY, 1 * MIB), (7 * DAY, 8 * MIB), (6 * DAY, 10 * MIB)], 10 * MIB, 0.25),
        ([(DAY, MIB)], 100 * MIB, 1.0),
    ],
)
def test_growth_is_relative_to_a_week_ago(
    samples: list[tuple[int, int]], used: int | None, expected: float | None
) -> None:
    assert growth([UsedSample(at=AT - age, used=u) for age, u in samples], used, AT) == expected


def test_growth_and_the_window_are_as_the_policy_says() -> None:
    samples = [UsedSample(at=AT - days * DAY, used=used) for days, used in ((9, 100), (4, 200), (2, 400))]
    policy = CapacityPolicy(growth_days=3, growth_min_days=1, growth_floor_bytes=1)

    assert growth(samples, 300, AT, policy) == 0.5
    assert growth(samples, 100, AT, policy.model_copy(update={"growth_floor_bytes": 1_000})) == -0.1
    assert growth(samples, 300, AT, policy.model_copy(update={"growth_min_days": 10})) is None
    window = POLICY_1_0.consistency.window_days
    assert Moment.of(AT, 60, frozenset(), frozenset()).window_days == window == CycleOptions().consistency_window_days


reports = st.lists(
    st.tuples(
        st.lists(st.integers(0, 2), max_size=3, unique=True),
        st.one_of(st.none(), st.integers(0, 100)),
        st.one_of(st.none(), st.integers(-100, 4_000), st.integers(DAY - 600, AT)),
    ),
    min_size=1,
    max_size=12,
)


@given(reports)
def test_whatever_seeds_say_a_node_stays_consistent(history: list[tuple[list[int], int | None, int | None]]) -> None:
    known = Known(newcomer(key(1), AT), None)
    for number, (listing_seeds, uptime, age) in enumerate(history):
        now = AT + 60 * number
        row = observation(1, uptime=uptime, last_seen=None if age is None else now - age)
        replies: list[SeedReply] = [
            seed_reply(s, [row] if n in listing_seeds else [], at=now, host=f"203.0.113.{n}", version=None, stats=None)
            for n, s in enumerate(SEEDS)
        ]
        merged = merge(replies).nodes.get(key(1))
        known = accumulate(known, merged, moment(60 * number)) if merged else pass_over(known, moment(60 * number))
        node = known.node
        if node is None:
            assert not listing_seeds
            continue
        assert node.listed == bool(listing_seeds)
        assert node.is_online <= (node.alive_at is not None)
        assert node.last_seen is None or node.first_seen <= node.last_seen <= now
        assert node.first_seen <= now
        assert known.memory.appearances - known.memory.disappearances == int(known.memory.present)
        assert 0 <= (node.consistency.score if node.consistency else 0) <= 1
