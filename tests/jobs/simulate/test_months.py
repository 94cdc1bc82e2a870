from collections import Counter

import pytest

from jobs.simulate.character import SOUND, Character
from jobs.simulate.months import FALSE_COMMITTED, Months, Wish
from schema.domain.base import DAY, HOUR
from schema.domain.cycle.advance import Cycle
from schema.domain.node.pnode import PNodeStatus

SMALL = Wish(days=20, nodes=40, interval=HOUR, seed=3)


@pytest.fixture(scope="module")
def months() -> Months:
    return Months(SMALL)


@pytest.fixture(scope="module")
def cycles(months: Months) -> list[Cycle]:
    return list(months.cycles())


def test_the_same_wish_gives_the_same_months(months: Months) -> None:
    again = Months(SMALL)
    assert again.pods == months.pods
    assert again.replies(months.start + DAY) == months.replies(months.start + DAY)
    assert Months(SMALL._replace(seed=4)).pods != months.pods


@pytest.mark.parametrize("wish", [Wish(days=1), Wish(nodes=11), Wish(nodes=5_001), Wish(interval=59), Wish(days=1_001)])
def test_a_figure_out_of_bounds_is_refused_by_name(wish: Wish) -> None:
    with pytest.raises(ValueError, match=r"(days|nodes|interval)=\d+: expected \d+ to \d+"):
        Months(wish)


def test_the_smallest_months_have_every_character() -> None:
    assert {pod.course.character for pod in Months(Wish(days=2, nodes=12)).pods} == set(Character)


def test_there_is_one_cycle_for_each_slot_in_which_the_collector_runs(months: Months, cycles: list[Cycle]) -> None:
    slots = [cycle.snapshot.slot for cycle in cycles]
    assert slots == [slot for slot in months.slots() if any(r.failure is None for r in months.replies(slot))]
    assert 0.9 * SMALL.days * 24 < len(slots) <= SMALL.days * 24
    assert {cycle.snapshot.header.network for cycle in cycles} == {"simulated"}


def test_nodes_that_are_up_are_found_online_and_those_that_are_down_are_not(
    months: Months, cycles: list[Cycle]
) -> None:
    """Within three slots of grace after a change. Nodes that a seed confirms are excluded."""
    vouched = {pod.pubkey for pod in months.pods if pod.vouched}
    judged: Counter[bool] = Counter()
    for cycle in cycles[10:]:
        at = cycle.snapshot.slot
        for node in cycle.snapshot.nodes:
            course = months.courses.get(node.id)
            if course is None:
                continue  # a seed that too few others listed in this slot has its address as its id
            settled = course.share_up(at - 5 * HOUR, at)
            if node.id not in vouched and settled in (0.0, 1.0):
                judged[node.is_online == bool(settled)] += 1
    assert judged[True] > 10_000
    assert judged[False] < 0.01 * judged[True]


def test_a_lying_node_shows_an_uptime_and_a_size_that_are_false(months: Months, cycles: list[Cycle]) -> None:
    liars = {pod.pubkey for pod in months.pods if pod.lies}
    shown = [node for node in cycles[-1].snapshot.nodes if node.id in liars and node.is_online]
    assert shown
    assert all((node.uptime or 0) > 200 * DAY for node in shown)
    assert {node.storage_committed for node in shown} == {FALSE_COMMITTED}


def test_one_vouching_seed_does_not_make_a_dead_node_live() -> None:
    months = Months(Wish(days=30, nodes=400, interval=HOUR))
    liar = next(pod for pod in months.pods if pod.vouched and len(pod.course.processes) > 3)
    down_at = next(
        process.end + 2 * HOUR
        for process, later in zip(liar.course.processes, liar.course.processes[1:], strict=False)
        if later.start - process.end > 3 * HOUR and process.end > months.start
    )
    first, second = (liar.row(seed, down_at) for seed in (0, 1))
    assert first is not None
    assert second is not None
    assert first.uptime is not None
    assert second.uptime is not None
    assert first.uptime > second.uptime


def test_a_node_that_is_down_circulates_as_a_ghost_for_hours_or_days_and_then_goes(months: Months) -> None:
    dead = next(pod for pod in months.pods if pod.course.character is Character.DEAD)
    died = dead.course.processes[-1].end
    rows = [dead.row(1, at) for at in range(died + HOUR, died + 8 * DAY, HOUR)]
    listed = [row for row in rows if row is not None]
    assert 1 <= len(listed) < len(rows)
    assert rows[-1] is None
    assert len({row.uptime for row in listed}) == 1


def test_each_kind_of_status_occurs(cycles: list[Cycle]) -> None:
    statuses = {node.status for cycle in cycles for node in cycle.snapshot.nodes}
    assert statuses >= {PNodeStatus.ONLINE, PNodeStatus.GHOST, PNodeStatus.OFFLINE}


def test_use_is_as_small_as_in_the_real_network(cycles: list[Cycle]) -> None:
    percent = sorted(node.storage_usage_percent or 0.0 for node in cycles[-1].snapshot.nodes)
    assert percent[len(percent) // 2] < 0.001
    assert percent[-1] < 1


def test_sound_characters_make_up_most_of_the_network(months: Months) -> None:
    sound = sum(pod.course.character in SOUND for pod in months.pods)
    assert 0.4 * len(months.pods) < sound < 0.9 * len(months.pods)


def test_every_node_is_one_of_the_months_and_the_seeds_are_among_them(months: Months, cycles: list[Cycle]) -> None:
    nodes = cycles[-1].snapshot.nodes
    assert {node.id for node in nodes} <= set(months.courses)
    assert sum(node.is_seed for node in nodes) == 4
