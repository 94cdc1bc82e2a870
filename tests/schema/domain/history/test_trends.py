import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, HOUR
from schema.domain.history.points import METRIC_SCALE, HistoryPoint, Stat
from schema.domain.history.trends import (
    Change,
    Growth,
    Trend,
    change,
    covers,
    growth_since,
    history_summary,
    node_trends,
)
from schema.domain.node.pnode import PNodeStatus
from tests.factories import AT, SEEDS, pnode, score, snapshot


def point(hour: int, versions: tuple[str | None, ...] = (), **metrics: float) -> HistoryPoint:
    """An hour in which each metric ended at this value, in its published unit."""
    stored = {name: round(value * METRIC_SCALE[name]) for name, value in metrics.items()}
    stats = {name: Stat(n=2, sum=value, min=0, max=value, last=value) for name, value in stored.items()}
    start = AT + hour * HOUR
    return HistoryPoint(
        start=start,
        end=start + HOUR,
        samples=2,
        expected=60,
        stats=stats,
        versions=tuple((version, 1) for version in versions),
    )


@pytest.mark.parametrize(
    ("start", "end", "delta", "percent", "trend"),
    [
        (100, 110, 10, 10.0, Trend.UP),
        (3, 2, -1, -33.33, Trend.DOWN),
        (5, 5, 0, 0.0, Trend.LEVEL),
        (0, 5, 5, None, Trend.UP),
        (0, 0, 0, None, Trend.LEVEL),
        (2.5, 3.0, 0.5, 20.0, Trend.UP),
    ],
)
def test_a_change_has_a_size_a_share_and_a_direction(
    start: float, end: float, delta: float, percent: float | None, trend: Trend
):
    assert change(start, end) == Change(start=start, end=end, delta=delta, percent=percent, trend=trend)


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_whole_numbers_stay_whole_and_the_way_back_is_the_opposite(start: int, end: int):
    there, back = change(start, end), change(end, start)
    assert (type(there.start), type(there.delta)) == (int, int)
    assert there.start + there.delta == end
    assert there.delta == -back.delta
    assert (there.trend is Trend.UP) is (back.trend is Trend.DOWN)


@given(st.floats(0, 100), st.floats(-1e-3, 1e-3))
def test_the_direction_of_a_change_is_the_sign_of_its_size(start: float, by: float):
    found = change(start, start + by)
    assert found.trend is (Trend.UP if found.delta > 0 else Trend.DOWN if found.delta < 0 else Trend.LEVEL)
    assert math.copysign(1, found.delta) == 1 or found.delta < 0
    assert found.percent is None or math.copysign(1, found.percent) == 1 or found.percent < 0


def test_an_artefact_of_the_arithmetic_is_no_change():
    assert change(0.3, 0.1 + 0.2) == Change(start=0.3, end=0.1 + 0.2, delta=0.0, percent=0.0, trend=Trend.LEVEL)


def test_growth_lies_between_two_snapshots():
    before = snapshot([pnode(1, score=score(80))], slot=AT)
    after = snapshot(
        [
            pnode(1, score=score(90)),
            pnode(2, score=score(80), witnesses=SEEDS[:1]),
            pnode(3, status=PNodeStatus.OFFLINE),
        ],
        slot=AT + HOUR,
    )
    found = growth_since(before.header, after.header, hours=1)
    assert (found.hours, found.seconds, found.start, found.end) == (1, HOUR, AT + 2, AT + HOUR + 2)
    assert found.total == change(1, 3)
    assert found.in_gossip == change(1, 2)
    assert found.online == change(1, 2)
    assert found.storage_committed == change(
        before.header.totals.storage_committed, after.header.totals.storage_committed
    )
    assert found.storage_used == change(before.header.totals.storage_used, 2 * before.header.totals.storage_used)
    assert found.witnesses == change(3.0, 2.0)
    assert found.score == change(80.0, 85.0)
    assert found.health == change(90.0, 90.0)


def test_what_is_in_gossip_can_fall_while_all_nodes_stay_known():
    before = snapshot([pnode(1), pnode(2), pnode(3, status=PNodeStatus.GHOST)], slot=AT)
    left = [pnode(number, status=PNodeStatus.OFFLINE) for number in (1, 2)]
    after = snapshot([*left, pnode(3, status=PNodeStatus.GHOST)], slot=AT + HOUR)
    found = growth_since(before.header, after.header, hours=1)
    assert (found.total, found.in_gossip) == (change(3, 3), change(3, 1))
    history = history_summary([point(0, total=3, offline=0), point(1, total=3, offline=2)])
    assert history is not None
    assert (history.total, history.in_gossip) == (change(3, 3), change(3, 1))
    unknown = history_summary([point(0, total=3), point(1, total=3, offline=2)])
    assert unknown is not None
    assert unknown.in_gossip is None


@pytest.mark.parametrize(
    ("hours", "minutes", "known"), [(1, 60, True), (1, 59, False), (168, 24, False), (24, 1_440, True)]
)
def test_a_shorter_time_than_was_asked_for_is_not_covered(hours: int, minutes: int, known: bool) -> None:
    base, newest = snapshot(slot=AT - minutes * 60).header, snapshot().header
    assert covers(growth_since(base, newest, hours), 60) is known
    assert covers(growth_since(None, newest, hours), 60) is False


def test_growth_from_an_empty_network_has_no_averages():
    found = growth_since(snapshot().header, snapshot([pnode(1)], slot=AT + DAY).header, hours=24)
    assert (found.witnesses, found.score) == (None, None)
    assert found.total == change(0, 1)
    assert change(0, 1).percent is None


@pytest.mark.parametrize(
    ("hours", "lag", "known"),
    [
        (24, 0, True),
        (24, 2.4 * HOUR, True),
        (24, 2.4 * HOUR + 60, False),
        (24, -23 * HOUR, True),
        (168, 16 * HOUR, True),
        (168, 17 * HOUR, False),
        (1, 6 * 60, True),
        (1, 7 * 60, False),
    ],
)
def test_growth_begins_near_the_time_asked_or_with_a_younger_store(hours: int, lag: float, known: bool) -> None:
    now = snapshot([pnode(1)], slot=AT)
    base = snapshot([pnode(1)], slot=AT - hours * HOUR - int(lag))
    found = growth_since(base.header, now.header, hours)
    assert (found.seconds is not None) == known
    if not known:
        assert found == Growth(hours=hours, end=now.header.taken_at)


def test_a_long_interval_is_no_gap() -> None:
    now, base = snapshot(slot=AT, interval=600), snapshot(slot=AT - HOUR - 1_200, interval=600)
    assert growth_since(base.header, now.header, 1).seconds == HOUR + 1_200


def test_without_anything_earlier_growth_is_not_known() -> None:
    now = snapshot([pnode(1)]).header
    assert growth_since(None, now, 24) == growth_since(now, now, 24) == Growth(hours=24, end=now.taken_at)


def test_a_history_is_summed_up_by_its_ends():
    points = [
        point(0, ("0.7.3", "0.8.0", None), total=10, online=8, storage_committed=100, avg_witnesses=2.5),
        point(1, ("0.9.0",), total=99, online=99, storage_committed=999, avg_witnesses=9),
        point(2, ("0.8.0",), total=12, online=8, storage_committed=50, avg_witnesses=3.0),
    ]
    found = history_summary(points)
    assert found is not None
    assert (found.start, found.end) == (AT, AT + 3 * HOUR)
    assert found.total == change(10, 12)
    assert found.online == change(8, 8)
    assert found.storage_committed == change(100, 50)
    assert found.witnesses == change(2.5, 3.0)
    assert found.versions == change(2, 1)


def test_a_change_is_not_known_where_one_end_is_not():
    found = history_summary([point(0, total=10), point(1, online=8)])
    assert found is not None
    assert (found.total, found.online, found.storage_committed, found.witnesses) == (None, None, None, None)


def test_a_node_changes_between_the_points_at_which_it_was_known():
    points = [point(0, score=80.25), point(1, uptime=3600, storage_used=5), point(2, uptime=7200, score=85.5), point(3)]
    found = node_trends(points)
    assert found is not None
    assert found.uptime == change(3600, 7200)
    assert found.storage_used == change(5, 5)
    assert found.score == change(80.25, 85.5)


def test_a_node_that_was_never_measured_has_no_trends():
    found = node_trends([point(0)])
    assert found is not None
    assert (found.uptime, found.storage_used, found.score) == (None, None, None)


def test_without_points_nothing_is_known():
    assert history_summary([]) is None
    assert node_trends([]) is None
