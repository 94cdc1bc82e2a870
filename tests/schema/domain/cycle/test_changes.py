from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.cycle.changes import MAX_NAMED_ADDRESSES, derive
from schema.domain.cycle.events import Event, EventType
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import AddressSighting, PNode, PNodeStatus, Provenance
from tests.factories import AT, SEEDS, address, key, network, pnode, score, seed_report, snapshot

LATER = AT + 60


def later(**changes: Any) -> PNode:
    fields: dict[str, Any] = {"uptime": 20 * DAY + 60, "provenance": Provenance(seed=SEEDS[0], observed_at=LATER)}
    return pnode(**fields | changes)


def between(before: PNode | None, after: PNode | None) -> list[tuple[EventType, str | None, str | None]]:
    old = snapshot([before] if before else [])
    new = snapshot([after] if after else [], LATER)
    return [(event.type, event.before, event.after) for event in derive(old, new)]


def test_the_first_snapshot_of_a_store_has_no_events() -> None:
    assert derive(None, network(20)) == ()


def test_nothing_happens_while_uptime_moves_and_nothing_else() -> None:
    assert between(pnode(), later()) == []


def test_an_event_names_its_slot_its_time_its_subject_and_its_place() -> None:
    events = derive(snapshot(), snapshot([pnode(1), pnode(2)], LATER))

    assert [event.index for event in events] == [0, 1]
    assert events[0] == Event(
        slot=LATER,
        index=0,
        at=LATER + 2,
        type=EventType.JOINED,
        subject=min(key(1), key(2)),
        address=min(pnode(1), pnode(2), key=lambda n: n.id).address,
        after="ONLINE",
    )


OFFLINE = pnode(status=PNodeStatus.OFFLINE)
GHOST = pnode(status=PNodeStatus.GHOST)
UNKNOWN = pnode(status=PNodeStatus.UNKNOWN)
MOVED = address(1, 23_456)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, pnode(), [("JOINED", None, "ONLINE")], id="joins"),
        pytest.param(None, OFFLINE, [], id="is first heard of when gone"),
        pytest.param(pnode(), None, [("LEFT", "ONLINE", None)], id="is gone"),
        pytest.param(OFFLINE, None, [], id="had left before it is gone"),
        pytest.param(
            pnode(),
            OFFLINE,
            [
                ("LEFT", "ONLINE", None),
                ("TIER_CHANGED", "LOW_RISK", "OFFLINE"),
                ("STATUS_CHANGED", "ONLINE", "OFFLINE"),
            ],
            id="is listed by none",
        ),
        pytest.param(
            OFFLINE,
            later(),
            [
                ("JOINED", "OFFLINE", "ONLINE"),
                ("TIER_CHANGED", "OFFLINE", "LOW_RISK"),
                ("STATUS_CHANGED", "OFFLINE", "ONLINE"),
            ],
            id="comes back",
        ),
        pytest.param(
            pnode(),
            GHOST,
            [("TIER_CHANGED", "LOW_RISK", "OFFLINE"), ("STATUS_CHANGED", "ONLINE", "GHOST")],
            id="becomes a ghost",
        ),
        pytest.param(
            pnode(),
            UNKNOWN,
            [("TIER_CHANGED", "LOW_RISK", "UNKNOWN"), ("STATUS_CHANGED", "ONLINE", "UNKNOWN")],
            id="cannot be judged while seeds are down",
        ),
        pytest.param(pnode(), later(uptime=30), [("RESTARTED", str(20 * DAY), "30")], id="restarts"),
        pytest.param(pnode(uptime=None), later(uptime=30), [], id="gets an uptime"),
        pytest.param(pnode(), later(uptime=None), [], id="loses its uptime"),
        pytest.param(pnode(), later(version="0.8.1"), [("VERSION_CHANGED", "0.8.0", "0.8.1")], id="upgrades"),
        pytest.param(pnode(version=None), later(version="0.8.1"), [], id="gets a version"),
        pytest.param(pnode(), later(address=MOVED), [("ADDRESS_CHANGED", address(1), MOVED)], id="changes its port"),
        pytest.param(
            pnode(),
            later(address=MOVED, uptime=30),
            [("RESTARTED", str(20 * DAY), "30"), ("ADDRESS_CHANGED", address(1), MOVED)],
            id="restarts behind another port",
        ),
        pytest.param(
            pnode(),
            later(address=MOVED, uptime=19 * DAY),
            [("ADDRESS_CHANGED", address(1), MOVED)],
            id="moves and its uptime lags",
        ),
        pytest.param(pnode(address_assumed=True), later(address=MOVED), [], id="guess is replaced"),
        pytest.param(
            pnode(),
            later(uptime=20 * DAY - 300, provenance=Provenance(seed=SEEDS[1], observed_at=LATER)),
            [],
            id="another seed lags",
        ),
        pytest.param(
            pnode(),
            later(uptime=40, provenance=Provenance(seed=SEEDS[1], observed_at=LATER)),
            [("RESTARTED", str(20 * DAY), "40")],
            id="restarts, says another seed",
        ),
        pytest.param(
            pnode(storage_committed=10),
            later(storage_committed=20),
            [("COMMITTED_CHANGED", "10", "20")],
            id="commits more",
        ),
        pytest.param(pnode(storage_committed=10), later(storage_committed=None), [], id="committed is unknown"),
        pytest.param(
            pnode(score=score(85)),
            later(score=score(65)),
            [("TIER_CHANGED", "LOW_RISK", "MEDIUM_RISK")],
            id="falls to another tier",
        ),
        pytest.param(
            pnode(status=PNodeStatus.GHOST),
            later(status=PNodeStatus.GHOST, address=MOVED, uptime=3, version="0.7.3"),
            [],
            id="another record of the same ghost",
        ),
    ],
)
def test_each_change_of_a_node_is_told_once(
    before: PNode | None, after: PNode | None, expected: list[tuple[str, str | None, str | None]]
) -> None:
    assert between(before, after) == [(EventType(kind), old, new) for kind, old, new in expected]


def test_a_restart_is_judged_by_the_word_of_the_node_itself_where_it_gives_it() -> None:
    own = Provenance(seed=SEEDS[0], observed_at=LATER, own_fields=("uptime",))

    assert between(pnode(), later(uptime=20 * DAY - 10, provenance=own)) == []


def living_at(*addresses: str) -> tuple[AddressSighting, ...]:
    return tuple(AddressSighting(address=a, status=PNodeStatus.ONLINE) for a in addresses)


def test_a_key_conflict_is_told_when_it_begins_with_the_living_addresses() -> None:
    twice = later(key_conflict=True, sightings=living_at(address(2), address(1)))

    assert between(pnode(), twice) == [(EventType.KEY_CONFLICT, None, ",".join(sorted([address(1), address(2)])))]
    assert between(twice, twice) == []
    assert [kind for kind, _, _ in between(None, twice)] == [EventType.JOINED, EventType.KEY_CONFLICT]


def test_a_key_conflict_names_a_bounded_number_of_addresses() -> None:
    crowd = later(key_conflict=True, sightings=living_at(*(address(i) for i in range(100))))

    (_, _, named), *_ = between(pnode(), crowd)

    assert named is not None
    assert len(named.split(",")) == MAX_NAMED_ADDRESSES


def test_machines_that_take_turns_under_one_key_are_one_conflict_and_not_a_change_a_cycle() -> None:
    both = living_at(address(1), address(2))
    first = pnode(key_conflict=True, sightings=both)
    second = later(
        key_conflict=True, sightings=both, address=address(2), uptime=5, version="0.7.3", storage_committed=1
    )

    assert between(first, second) == []


def test_a_node_whose_key_becomes_known_is_the_same_node() -> None:
    nameless = pnode(pubkey=None)
    named = later(former_ids=(nameless.id,), version="0.8.1")

    events = derive(snapshot([nameless]), snapshot([named], LATER))

    assert [(e.type, e.subject) for e in events] == [(EventType.VERSION_CHANGED, named.id)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, FailureCategory.TIMEOUT, [(EventType.SEED_DOWN, "ok", "timeout")]),
        (FailureCategory.REFUSED, None, [(EventType.SEED_UP, "refused", "ok")]),
        (FailureCategory.REFUSED, FailureCategory.TIMEOUT, []),
        (None, None, []),
    ],
)
def test_a_seed_goes_up_and_down(
    before: FailureCategory | None,
    after: FailureCategory | None,
    expected: list[tuple[EventType, str, str]],
) -> None:
    old = snapshot(seeds=(seed_report(failure=before),))
    new = snapshot(slot=LATER, seeds=(seed_report(failure=after),))

    events = derive(old, new)

    assert [(e.type, e.before, e.after) for e in events] == expected
    assert all(e.subject == e.address == SEEDS[0] for e in events)


def test_a_seed_that_is_newly_configured_has_not_changed() -> None:
    down = seed_report(SEEDS[1], failure=FailureCategory.REFUSED)

    assert derive(snapshot(seeds=()), snapshot(slot=LATER, seeds=(down,))) == ()


variants: list[Callable[[int], PNode]] = [
    pnode,
    lambda i: pnode(i, status=PNodeStatus.OFFLINE),
    lambda i: pnode(i, status=PNodeStatus.GHOST),
    lambda i: pnode(i, version="0.8.1", uptime=5),
    lambda i: pnode(i, address=address(i, 7_777), storage_committed=5),
]
networks = st.dictionaries(st.integers(1, 8), st.sampled_from(variants), max_size=8).map(
    lambda chosen: [make(i) for i, make in chosen.items()]
)


@given(networks, networks)
def test_events_are_ordered_by_node_and_type_and_do_not_depend_on_the_order_of_nodes(
    before: list[PNode], after: list[PNode]
) -> None:
    events = derive(snapshot(before), snapshot(after, LATER))

    order = list(EventType)
    assert [e.index for e in events] == list(range(len(events)))
    assert [(e.subject, order.index(e.type)) for e in events] == sorted(
        (e.subject, order.index(e.type)) for e in events
    )
    assert events == derive(snapshot(before[::-1]), snapshot(after[::-1], LATER))


@given(networks)
def test_a_snapshot_compared_with_itself_has_no_events(nodes: list[PNode]) -> None:
    assert derive(snapshot(nodes), snapshot(nodes, LATER)) == ()
