import pytest

from schema.domain.node.liveness import default_grace, judge, observe
from schema.domain.node.memory import AddressMemory
from schema.domain.node.observation import Listing
from schema.domain.node.pnode import LivenessBasis, PNodeStatus
from tests.factories import AT, SEEDS, address, observation

GRACE = 180
HOME = address(1)


def listing(uptime: int | None, age: int | None = 5, seed: str = SEEDS[0], at: int = AT) -> Listing:
    seen = None if age is None else at - age
    return Listing(seed, seen, observation(1, uptime=uptime, last_seen=seen))


def history(*polls: tuple[int, list[Listing]]) -> AddressMemory:
    """The memory after polls at (seconds after AT, listings)."""
    memory = None
    for after, listings in polls:
        memory = observe(memory, HOME, listings, AT + after)
    assert memory is not None
    return memory


@pytest.mark.parametrize(("interval", "grace"), [(5, 120), (40, 120), (60, 180), (90, 270), (120, 360)])
def test_the_grace_is_three_polls_and_two_minutes_at_least(interval: int, grace: int) -> None:
    assert default_grace(interval) == grace


def test_a_rising_uptime_is_life() -> None:
    memory = history((0, [listing(100, age=3000)]), (60, [listing(160, age=3000)]))
    assert judge(memory, AT + 60, GRACE) == (PNodeStatus.ONLINE, LivenessBasis.UPTIME)


def test_a_falling_uptime_is_a_restart_and_life() -> None:
    memory = history((0, [listing(9_000, age=3000)]), (60, [listing(12, age=3000)]))
    assert judge(memory, AT + 60, GRACE) == (PNodeStatus.ONLINE, LivenessBasis.UPTIME)


def test_a_frozen_uptime_is_a_ghost_however_fresh_its_last_contact() -> None:
    memory = history(*((60 * n, [listing(777, age=1, at=AT + 60 * n)]) for n in range(6)))
    assert judge(memory, AT + 300, GRACE) == (PNodeStatus.GHOST, LivenessBasis.UPTIME)


def test_at_first_sight_a_fresh_contact_counts() -> None:
    assert judge(history((0, [listing(500, age=119)])), AT, GRACE) == (PNodeStatus.ONLINE, LivenessBasis.FIRST_SIGHT)


def test_at_first_sight_an_old_contact_proves_nothing() -> None:
    assert judge(history((0, [listing(500, age=120)])), AT, GRACE) == (PNodeStatus.UNKNOWN, LivenessBasis.NONE)


def test_a_fresh_contact_counts_at_first_sight_only() -> None:
    memory = history((0, [listing(500, age=3000)]), (60, [listing(500, age=1, at=AT + 60)]))
    assert judge(memory, AT + 60, GRACE) == (PNodeStatus.GHOST, LivenessBasis.UPTIME)


def test_a_live_node_keeps_its_status_within_the_grace_and_not_beyond() -> None:
    polls = [(0, [listing(100)]), (60, [listing(160)])]
    frozen = [(60 + 60 * n, [listing(160, at=AT + 60 + 60 * n)]) for n in range(1, 4)]
    assert judge(history(*polls, *frozen), AT + 60 + GRACE, GRACE)[0] is PNodeStatus.ONLINE
    assert judge(history(*polls, *frozen), AT + 61 + GRACE, GRACE)[0] is PNodeStatus.GHOST


def test_uptimes_of_different_seeds_are_never_compared() -> None:
    memory = history((0, [listing(100, age=3000, seed=SEEDS[0])]), (60, [listing(999, age=3000, seed=SEEDS[1])]))
    assert judge(memory, AT + 60, GRACE) == (PNodeStatus.UNKNOWN, LivenessBasis.NONE)


def test_one_seed_that_sees_it_move_is_enough() -> None:
    memory = history(
        (0, [listing(100, age=3000, seed=SEEDS[0]), listing(100, age=3000, seed=SEEDS[1])]),
        (60, [listing(100, age=3000, seed=SEEDS[0]), listing(160, age=3000, seed=SEEDS[1])]),
    )
    assert judge(memory, AT + 60, GRACE)[0] is PNodeStatus.ONLINE


@pytest.mark.parametrize("uptime", [None, 0])
@pytest.mark.parametrize(("age", "status"), [(119, PNodeStatus.ONLINE), (120, PNodeStatus.UNKNOWN)])
def test_where_no_uptime_is_known_the_gossip_age_decides(uptime: int | None, age: int, status: PNodeStatus) -> None:
    polls = [(60 * n, [listing(uptime, age=age, at=AT + 60 * n)]) for n in range(4)]
    assert judge(history(*polls), AT + 180, GRACE) == (status, LivenessBasis.GOSSIP_AGE)


@pytest.mark.parametrize("grace", [GRACE, 3_600])
def test_the_grace_does_not_lengthen_the_gossip_age(grace: int) -> None:
    memory = history(*((n, [listing(None, age=5 + n, at=AT + n)]) for n in (0, 60, 114)))
    assert judge(memory, AT + 114, grace)[0] is PNodeStatus.ONLINE
    assert judge(memory, AT + 115, grace) == (PNodeStatus.UNKNOWN, LivenessBasis.GOSSIP_AGE)


def test_without_uptime_and_without_a_contact_nothing_is_known() -> None:
    assert judge(history((0, [listing(None, age=None)])), AT, GRACE) == (PNodeStatus.UNKNOWN, LivenessBasis.GOSSIP_AGE)


def test_an_uptime_that_leaves_zero_moves() -> None:
    memory = history((0, [listing(0, age=3000)]), (60, [listing(60, age=3000)]))
    assert judge(memory, AT + 60, GRACE) == (PNodeStatus.ONLINE, LivenessBasis.UPTIME)


def test_a_ghost_that_is_listed_again_is_still_a_ghost() -> None:
    memory = history(
        (0, [listing(777, age=3000)]), (60, [listing(777, age=3000)]), (7_000, [listing(777, age=0, at=AT + 7_000)])
    )
    assert judge(memory, AT + 7_000, GRACE)[0] is PNodeStatus.GHOST
