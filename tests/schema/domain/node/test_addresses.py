import itertools
from typing import Any

from schema.domain.node.addresses import (
    MAX_REMEMBERED_ADDRESSES,
    REMEMBER_SECONDS,
    listed_addresses,
    lives_twice,
    previous_addresses,
    remember,
    sightings,
)
from schema.domain.node.memory import AddressMemory
from schema.domain.node.observation import Listing
from schema.domain.node.pnode import AddressChange, PNodeStatus
from schema.domain.node.said import places_of
from tests.factories import AT, SEEDS, address, observation

GRACE = 180
OLD, NEW = address(1), address(2)


def row(home: str, uptime: int, at: int, *, age: int = 5, seed: str = SEEDS[0]) -> Listing:
    return Listing(seed, at - age, observation(1, address=home, uptime=uptime, last_seen=at - age))


def polls(*each: list[Listing], step: int = 60) -> tuple[list[Any], tuple[AddressMemory, ...]]:
    memory: tuple[AddressMemory, ...] = ()
    listed: list[Any] = []
    for number, rows in enumerate(each):
        listed = listed_addresses(memory, places_of(rows), AT + step * number, GRACE)
        memory = remember(memory, listed, AT + step * number)
    return listed, memory


def test_a_living_address_comes_before_a_ghost_with_a_newer_contact() -> None:
    listed, _ = polls(
        *([row(OLD, 700, AT + 60 * n, age=0), row(NEW, 100 + 60 * n, AT + 60 * n, age=90)] for n in range(5))
    )
    assert [(each.memory.address, each.status) for each in listed] == [
        (NEW, PNodeStatus.ONLINE),
        (OLD, PNodeStatus.GHOST),
    ]


def test_of_two_living_addresses_the_one_seen_last_comes_first() -> None:
    listed, _ = polls([row(OLD, 100, AT, age=9), row(NEW, 100, AT, age=3)])
    assert listed[0].memory.address == NEW


def test_an_address_at_first_sight_does_not_speak_before_one_whose_uptime_moves() -> None:
    """A relayed record, or a copied key, comes and goes. The node has not moved."""
    lived = [[row(OLD, 100 + 60 * n, AT + 60 * n, age=9)] for n in range(2)]
    listed, _ = polls(*lived, [row(OLD, 220, AT + 120, age=9), row(NEW, 150, AT + 120, age=1)])
    assert [(each.memory.address, each.status) for each in listed] == [
        (OLD, PNodeStatus.ONLINE),
        (NEW, PNodeStatus.ONLINE),
    ]


def test_a_node_that_moved_speaks_from_its_new_address_at_once_or_from_its_second_listing_on() -> None:
    lived = [[row(OLD, 100 + 60 * n, AT + 60 * n)] for n in range(2)]
    for last in (160, 180):  # at its old address, it shows life before the move, or also in the next poll
        moving = [row(OLD, last, AT + 120, age=30), row(NEW, 3, AT + 120)]
        listed, _ = polls(*lived, moving)
        assert listed[0].memory.address == (NEW if last == 160 else OLD)
        listed, _ = polls(*lived, moving, [row(OLD, last, AT + 180, age=90), row(NEW, 63, AT + 180)])
        assert listed[0].memory.address == NEW
        assert not lives_twice(listed)


def test_one_key_on_two_living_hosts_keeps_the_address_that_was_there_first() -> None:
    first = [[row(OLD, 100 + 60 * n, AT + 60 * n, age=9)] for n in range(2)]
    for fresher in (0, 1):
        both = [
            [
                row(OLD, 100 + 60 * n, AT + 60 * n, age=9 if (n + fresher) % 2 else 3),
                row(NEW, 900 + 60 * n, AT + 60 * n, age=5),
            ]
            for n in range(2, 6)
        ]
        listed, _ = polls(*first, *both)
        assert lives_twice(listed)
        assert [each.memory.address for each in listed] == [OLD, NEW]


def test_of_a_dead_node_the_address_where_it_lived_last_speaks_whatever_its_contacts() -> None:
    lived = [[row(OLD, 700, AT, age=0)], [row(OLD, 700, AT + 60), row(NEW, 10, AT + 60)]]
    moved = [[row(OLD, 700, AT + 120), row(NEW, 70, AT + 120)]]
    for fresher in (0, 1):
        dead = [
            [
                row(OLD, 700, AT + 60 * n, age=(n + fresher) % 2),
                row(NEW, 70, AT + 60 * n, age=(n + fresher + 1) % 2),
            ]
            for n in range(3, 9)
        ]
        listed, _ = polls(*lived, *moved, *dead)
        assert {each.status for each in listed} == {PNodeStatus.GHOST}
        assert listed[0].memory.address == NEW


def test_sightings_say_what_each_address_shows() -> None:
    listed, _ = polls([row(OLD, 100, AT, seed=SEEDS[0], age=9), row(OLD, 101, AT, seed=SEEDS[1], age=4)])
    (sighting,) = sightings(listed)
    assert (sighting.address, sighting.last_seen, sighting.uptime, sighting.witness_count) == (OLD, AT - 4, 100, 2)


def test_two_hosts_that_both_move_are_a_conflict() -> None:
    listed, _ = polls(*([row(OLD, 100 + 60 * n, AT + 60 * n), row(NEW, 900 + 60 * n, AT + 60 * n)] for n in range(2)))
    assert lives_twice(listed)


def test_a_node_that_moved_is_no_conflict() -> None:
    listed, _ = polls(
        [row(OLD, 100, AT)],
        [row(OLD, 160, AT + 60)],
        [row(OLD, 160, AT + 120), row(NEW, 3, AT + 120)],
        [row(OLD, 160, AT + 180), row(NEW, 63, AT + 180)],
    )
    assert len([each for each in listed if each.status is PNodeStatus.ONLINE]) == 2
    assert not lives_twice(listed)


def test_two_ports_of_one_host_are_no_conflict() -> None:
    other_port = OLD.replace(":9001", ":31000")
    listed, _ = polls(
        *([row(OLD, 100 + 60 * n, AT + 60 * n), row(other_port, 100 + 60 * n, AT + 60 * n)] for n in range(3))
    )
    assert not lives_twice(listed)


def test_an_address_is_remembered_for_a_week_after_it_was_listed_last() -> None:
    _, memory = polls([row(OLD, 100, AT)], [row(NEW, 3, AT + 60)])
    assert {each.address for each in memory} == {OLD, NEW}
    later = AT + REMEMBER_SECONDS + 30
    assert {each.address for each in remember(memory, (), later)} == {NEW}


def test_the_number_of_remembered_addresses_is_bounded_and_the_newest_stay() -> None:
    old = [AddressMemory(address=address(n), first_listed=AT - n, last_listed=AT - n) for n in range(1, 200)]
    kept = remember(old, (), AT)
    assert [each.address for each in kept] == [address(n) for n in range(1, MAX_REMEMBERED_ADDRESSES + 1)]


def test_previous_addresses_are_all_but_the_current_newest_first_at_most_a_hundred() -> None:
    remembered = (
        AddressMemory(address=NEW, first_listed=AT, last_listed=AT),
        AddressMemory(address=OLD, first_listed=AT - 900, last_listed=AT - 60),
    )
    known = tuple(AddressChange(address=address(n), until=AT - n) for n in range(100, 250))
    previous = previous_addresses(known, remembered, NEW)
    assert (len(previous), previous[0]) == (100, AddressChange(address=OLD, until=AT - 60))
    assert all(earlier.until >= later.until for earlier, later in itertools.pairwise(previous))


def test_an_address_that_becomes_current_again_leaves_the_previous_ones() -> None:
    known = (AddressChange(address=OLD, until=AT - 10),)
    assert previous_addresses(known, (AddressMemory(address=OLD, first_listed=AT, last_listed=AT),), OLD) == ()
