import pytest

from schema.domain.base import DAY
from schema.domain.memory import NodeMemory
from schema.domain.presence import judge_presence, recent_changes, record_presence
from tests.factories import AT, SEEDS, key


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
