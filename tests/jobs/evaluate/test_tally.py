from jobs.evaluate.tally import Seen, Tally
from schema.domain.base import DAY, HOUR
from tests.factories import AT, key, pnode, snapshot
from tests.jobs.evaluate.past import hours


def tally_of(presence: dict[int, str]) -> Tally:
    tally = Tally()
    for each in hours(presence):
        tally.add(each)
    return tally


def test_observations_are_counted_since_the_node_was_first_seen() -> None:
    tally = tally_of({1: "##.#", 2: "  #."})
    now = AT + 4 * HOUR
    assert tally.recent(key(1), now) == Seen(online=3, expected=4)
    assert tally.recent(key(2), now) == Seen(online=1, expected=2)
    assert tally.recent("unheard of", now).share == 0


def test_a_node_that_a_snapshot_lacks_was_not_online_in_it() -> None:
    tally = tally_of({1: "####", 2: "#  #"})
    assert tally.recent(key(2), AT + 4 * HOUR) == Seen(online=2, expected=4)


def test_only_the_last_30_days_count() -> None:
    tally = Tally()
    for day in range(45):
        at = AT + day * DAY
        tally.add(snapshot([pnode(1)] if day >= 20 else [], at, taken_at=at))
    tally.nodes[key(1)].before = 0  # as if it had been monitored from the beginning
    seen = tally.recent(key(1), AT + 44 * DAY)
    assert seen == Seen(online=25, expected=30)


def test_memory_of_a_node_is_bounded_by_the_window() -> None:
    tally = Tally()
    for day in range(200):
        tally.add(snapshot([pnode(1)], AT + day * DAY, taken_at=AT + day * DAY))
    assert len(tally.nodes[key(1)].days) <= 31
    assert tally.recent(key(1), AT + 199 * DAY) == Seen(30, 30)


def test_a_node_keeps_its_observations_when_its_key_becomes_known() -> None:
    tally = Tally()
    tally.add(snapshot([pnode(1, pubkey=None, id="addr:45.0.1.7:9001")], AT, taken_at=AT))
    tally.add(snapshot([pnode(1, former_ids=("addr:45.0.1.7:9001",))], AT + HOUR, taken_at=AT + HOUR))
    assert tally.online("addr:45.0.1.7:9001") == tally.online(key(1)) == 2
    assert tally.recent(key(1), AT + HOUR) == Seen(2, 2)
