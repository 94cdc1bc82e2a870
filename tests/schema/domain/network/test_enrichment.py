from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.network.enrichment import (
    CREDITS_PER_DAY,
    CreditRow,
    Manager,
    Registration,
    credit_reference,
    credit_share,
    next_reset,
    projection,
    registered,
)
from schema.domain.node.pnode import PNodeStatus
from tests.factories import key, pnode


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def registration(number: int, **changes: object) -> Registration:
    fields: dict[str, object] = {
        "owner": key(900),
        "number": number,
        "devnet_key": key(number),
        "mainnet_key": None,
        "manager": None,
        "registered_at": 1_760_000_000,
        "commission": 0,
    }
    return Registration(**fields | changes)  # type: ignore[arg-type]  # a builder


def rows(*amounts: int) -> list[CreditRow]:
    return [CreditRow(key(number), amount) for number, amount in enumerate(amounts)]


def test_the_reference_is_the_95th_percentile_by_nearest_rank() -> None:
    assert credit_reference(rows(*range(1, 21))) == 19
    assert credit_reference(rows(7)) == 7
    assert credit_reference([]) is None


def test_a_share_of_nothing_is_not_known() -> None:
    assert credit_share(80, 100) == 0.8
    assert credit_share(5, 0) is credit_share(5, None) is None


@pytest.mark.parametrize(
    ("moment", "reset"),
    [("2026-01-17T12:00", "2026-02-01"), ("2026-12-31T23:59", "2027-01-01"), ("2026-02-01", "2026-03-01")],
)
def test_credits_begin_anew_with_each_month(moment: str, reset: str) -> None:
    assert next_reset(at(moment)) == at(reset)


def test_a_projection_by_hand() -> None:
    """10 of 30 days are over. 10,000 becomes 30,000 at the current pace, and at most 10,000 + 20 · 2,880."""
    found = projection(10_000, at("2026-04-11"))
    assert found == (at("2026-05-01"), 30_000, 10_000 + 20 * CREDITS_PER_DAY)


def test_nothing_is_projected_within_a_day_of_a_reset() -> None:
    assert projection(500, at("2026-04-01T23:59")) is None
    assert projection(500, at("2026-04-02")) is not None


@given(st.integers(0, 100_000), st.integers(at("2025-01-01"), at("2030-01-01")))
def test_a_projection_is_a_range_that_lies_after_now(earned: int, moment: int) -> None:
    found = projection(earned, moment)
    if found is not None:
        assert earned <= found.low <= found.high
        assert 0 < found.reset_at - moment <= 31 * DAY


def test_registrations_are_joined_with_gossip_by_key() -> None:
    nodes = [pnode(1), pnode(2, status=PNodeStatus.GHOST), pnode(3, status=PNodeStatus.OFFLINE), pnode(4)]
    registry = [registration(1), registration(2), registration(3), registration(5)]
    found = registered(registry, nodes, "devnet")
    assert [each.devnet_key for each in found.absent] == [key(3), key(5)]
    assert [node.id for node in found.unregistered] == [key(4)]
    assert found.present == 2


def test_the_key_of_the_network_counts() -> None:
    registry = [registration(1, devnet_key=key(7), mainnet_key=key(1)), registration(2)]
    on_mainnet = registered(registry, [pnode(1)], "mainnet-alpha")
    assert (on_mainnet.present, on_mainnet.absent) == (1, ())
    on_devnet = registered(registry, [pnode(1)], "devnet")
    assert (on_devnet.present, len(on_devnet.absent), len(on_devnet.unregistered)) == (0, 2, 1)


def test_a_node_without_a_key_is_neither_registered_nor_unregistered() -> None:
    found = registered([], [pnode(1, pubkey=None)], "devnet")
    assert found.unregistered == ()


def test_operators_are_counted_by_manager() -> None:
    registry = [
        registration(1, manager=key(50), commission=500),
        registration(2, manager=key(50), commission=700),
        registration(3, manager=key(50), commission=500),
        registration(4, manager=key(51)),
        registration(5),
    ]
    nodes = [pnode(1), pnode(2, status=PNodeStatus.GHOST), pnode(4)]
    assert registered(registry, nodes, "devnet").managers == (
        Manager(key(50), registered=3, in_gossip=2, online=1, commissions=(500, 700)),
        Manager(key(51), registered=1, in_gossip=1, online=1, commissions=(0,)),
    )


@given(st.permutations(range(1, 8)))
def test_order_changes_nothing(order: list[int]) -> None:
    registry = [registration(number, manager=key(number % 2 + 50)) for number in order]
    nodes = [pnode(number) for number in order if number > 3]
    usual = registered(
        [registration(number, manager=key(number % 2 + 50)) for number in range(1, 8)],
        [pnode(number) for number in range(4, 8)],
        "devnet",
    )
    assert registered(registry, nodes, "devnet") == usual
