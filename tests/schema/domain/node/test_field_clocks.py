"""Clocks and values from the field."""

from typing import Any

import pytest

from schema.domain.cycle.events import EventType
from schema.domain.node.clocks import clock_ahead
from schema.domain.node.pnode import PNodeStatus
from tests.factories import AT, key, pod_stats, seed_reply
from tests.schema.domain.field import Field, ordinary, reply, row

A, B = "203.0.113.201", "203.0.113.202"
HOME = "203.0.113.10:9001"


@pytest.mark.parametrize("lead", [600, -300, 6, -6])
def test_a_seeds_clock_comes_from_the_date_of_its_answer(lead: int) -> None:
    stale = [row(AT + lead, f"203.0.113.{n}:9001", 500, 3_000, key(n)) for n in range(1, 30)]
    assert clock_ahead(seed_reply(A, stale, at=AT, clock=AT + lead)) == lead


@pytest.mark.parametrize("lead", [5, 0, -5])
def test_a_few_seconds_are_no_lead(lead: int) -> None:
    assert clock_ahead(seed_reply(A, [], at=AT, clock=AT + lead)) == 0


def test_stale_rows_of_a_seed_that_is_ahead_stay_stale() -> None:
    field = Field(10)
    for _ in range(6):
        at = field.at
        honest = [row(at, HOME, 90_000, 3_000, storage_used=5)]
        ahead = [row(at + 600, HOME, 90_000, 3_100, storage_used=9)]
        many = [row(at + 600, f"198.51.100.{n}:9001", 500, 2_000, key(n)) for n in range(30, 60)]
        field.answer([reply(A, [*honest, *ordinary(at)], at), reply(B, [*ahead, *many], at, clock=at + 600.0)])
    assert [seed.clock_ahead for seed in field.cycles[-1].snapshot.header.seeds] == [0, 600]
    assert field.node().last_seen == field.at - 10 - 3_000
    assert field.node().storage_used == 5


def test_ages_of_a_slow_seed_are_by_its_own_clock() -> None:
    field = Field(60)
    for _ in range(3):
        rows = [row(field.at - 300, HOME, None, 4), *ordinary(field.at - 300)]
        field.answer([reply(A, rows, field.at, clock=field.at - 300.0, has_stats=False)])
    assert (field.node().status, field.node().last_seen) == (PNodeStatus.ONLINE, field.at - 60 - 4)


def test_a_stamp_beyond_the_seeds_own_now_is_never_a_contact() -> None:
    """A pod passes on the stamps of a peer with a fast clock. They stay, and are in the past later."""
    field = Field(60)
    frozen = AT + 597
    for _ in range(15):
        at = field.at
        field.poll({A: [row(at, HOME, 90_000, at - frozen), row(at, "203.0.113.11:9001", None, at - frozen, key(2))]})
        for name in (key(1), key(2)):
            assert field.node(name).last_seen is None
            assert not field.node(name).is_online


def test_a_row_without_is_public_is_neither_public_nor_private() -> None:
    field = Field(60)
    field.poll({A: [row(field.at, HOME, 100, is_public=None)]}, alone=True)
    totals = field.cycles[-1].snapshot.header.totals
    assert (totals.public, totals.private, totals.public_unknown) == (0, 0, totals.online)


def test_the_uptime_of_a_seed_is_the_one_in_gossip() -> None:
    """Pods of 1.4 report some seconds less in get-stats than in gossip. All nodes are measured by one rule."""
    field = Field(60)
    for _ in range(3):
        at, gossip = field.at, 50_000 + field.t
        listed = row(at, f"{B}:9001", gossip, pubkey=key(7))
        own = reply(B, ordinary(at), at, stats=pod_stats(uptime=gossip - 15), version="1.4.1")
        field.answer([reply(A, [listed, *ordinary(at)], at), own])
        assert field.node(key(7)).uptime == gossip
        assert "uptime" not in field.node(key(7)).provenance.own_fields


@pytest.mark.parametrize(
    ("committed", "told"),
    [
        ((10_485_760, 10_489_856), []),
        ((100 * 10**9, 100 * 10**9 + 65_536), []),
        ((100 * 10**9, 100 * 10**9 + 65_537), [EventType.COMMITTED_CHANGED]),
        ((10, 20), [EventType.COMMITTED_CHANGED]),
    ],
)
def test_a_few_blocks_more_are_no_change_of_what_is_committed(
    committed: tuple[int, int], told: list[EventType]
) -> None:
    field, changes = Field(60), dict[str, Any]()
    for value in committed:
        changes["storage_committed"] = value
        field.poll({A: [row(field.at, HOME, 900 + field.t, **changes)]})
    assert field.told(EventType.COMMITTED_CHANGED) == told
