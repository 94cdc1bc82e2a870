import pytest

from schema.domain.base import DAY
from schema.domain.cycle.advance import CycleOptions
from schema.domain.node.memory import NodeMemory
from schema.domain.node.observation import SeedReply
from schema.domain.node.pnode import LivenessBasis, PNodeStatus
from schema.domain.node.presence import judge_presence, recent_changes, record_presence
from tests.factories import AT, SEEDS, key, observation, seed_reply
from tests.schema.domain.field import Field, reply


def memory(**changes: object) -> NodeMemory:
    return NodeMemory.model_validate({"id": key(1), "first_seen": AT} | changes)


def after(*states: bool | None, start: NodeMemory | None = None, step: int = 60) -> NodeMemory:
    result = start or memory()
    for number, present in enumerate(states):
        result = record_presence(result, AT + step * number, present=present)
    return result


def test_the_first_appearance_counts() -> None:
    node = after(True)
    assert (node.appearances, node.disappearances, node.last_appearance) == (1, 0, AT)


def test_staying_is_no_event() -> None:
    assert after(True, True, True) == after(True)


def test_a_drop_and_a_return_count_once_each() -> None:
    node = after(True, False, False, True)
    assert (node.appearances, node.disappearances, node.last_drop, node.last_appearance) == (2, 1, AT + 60, AT + 180)


def test_a_cycle_that_cannot_judge_changes_nothing() -> None:
    assert after(True, None, None) == after(True)


@pytest.mark.parametrize(
    ("witnesses", "answered", "verdict"),
    [
        (SEEDS[:2], set(), None),
        (SEEDS[:2], {SEEDS[0]}, False),
        (SEEDS[:2], {SEEDS[2]}, None),
        ((), {SEEDS[2]}, None),
    ],
)
def test_absence_counts_only_against_seeds_that_listed_it_and_answered(
    witnesses: tuple[str, ...], answered: set[str], verdict: bool | None
) -> None:
    node = memory(witnesses=witnesses, present=True)
    assert judge_presence(node, frozenset(answered), is_seed=False) is verdict


def test_a_silent_seed_that_only_itself_made_known_is_absent_once_another_answers() -> None:
    node = memory(present=True)
    assert judge_presence(node, frozenset({SEEDS[1]}), is_seed=True) is False


def test_days_before_the_window_are_forgotten_but_not_that_it_was_there() -> None:
    node = after(True)
    later = record_presence(node, AT + 8 * DAY, present=True)
    assert (later.presence, later.present_since_window, later.appearances) == ((), True, 1)


def test_a_node_that_left_before_the_window_was_not_there_when_it_began() -> None:
    node = after(True, False)
    later = record_presence(node, AT + 8 * DAY, present=True)
    assert (later.present_since_window, later.presence[0].appearances) == (False, 1)


def test_recent_changes_leave_out_the_very_first_appearance() -> None:
    assert recent_changes(after(True), AT + 60) == 0
    assert recent_changes(after(True, False, True, False), AT + 300) == 3
    assert recent_changes(after(True, start=memory(first_seen=AT - 3 * DAY)), AT + 60) == 0
    assert recent_changes(after(True, start=memory(appearances=4, disappearances=4)), AT + 60) == 1
    assert recent_changes(after(True, False, True, False), AT + 3 * DAY) == 0


HOUR = 3_600


def lost_witness(hours: int, *, removed: bool, gap: int = 0) -> Field:
    """Hourly polls: only one seed lists a node, and is then removed or fails while another seed answers."""
    field = Field(HOUR, CycleOptions(interval=HOUR))

    def others() -> list[SeedReply]:
        rows = [observation(n, uptime=90_000 + field.t, last_seen=field.at - 3) for n in range(2, 12)]
        return [reply(SEEDS[0], rows, field.at)]

    for _ in range(2):
        mine = [observation(1, uptime=90_000 + field.t, last_seen=field.at - 3)]
        field.answer([*others(), reply(SEEDS[1], mine, field.at)])
    field.at += gap
    for _ in range(hours):
        lost = [] if removed else [seed_reply(SEEDS[1], None)]
        field.answer([*others(), *lost])
    return field


def test_a_seed_that_fails_holds_a_node_for_a_day() -> None:
    held, gone = lost_witness(20, removed=False).node(key(1)), lost_witness(30, removed=False).node(key(1))
    assert (held.status, held.in_gossip) == (PNodeStatus.UNKNOWN, True)
    assert (gone.status, gone.liveness_basis, gone.in_gossip) == (PNodeStatus.OFFLINE, LivenessBasis.ABSENCE, False)


def test_a_seed_that_the_operator_removed_holds_nothing() -> None:
    """The hours are those of the grace period, which every node has."""
    gone = lost_witness(4, removed=True).node(key(1))
    assert (gone.status, gone.liveness_basis, gone.in_gossip) == (PNodeStatus.OFFLINE, LivenessBasis.ABSENCE, False)
    assert lost_witness(4, removed=False).node(key(1)).in_gossip


def test_our_own_outage_does_not_count_as_one_of_the_witnesses() -> None:
    assert lost_witness(3, removed=False, gap=3 * DAY).node(key(1)).status is PNodeStatus.UNKNOWN


def test_a_node_that_is_listed_again_starts_anew() -> None:
    field = lost_witness(20, removed=False)
    field.answer([reply(SEEDS[1], [observation(1, uptime=99, last_seen=field.at)], field.at)])
    assert field.state.known()[key(1)].memory.unheard == 0
