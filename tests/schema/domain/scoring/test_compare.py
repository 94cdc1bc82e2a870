import pytest
from hypothesis import given

from schema.domain.base import DAY, GIB
from schema.domain.errors import BadUserInput
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import Capacity, CapacityParts, PNode, PNodeStatus, Trust, TrustParts
from schema.domain.policy import POLICY_2_0
from schema.domain.scoring.compare import MAX_COMPARED, MIN_COMPARED, ComparedBy, compare
from tests.factories import SEEDS, pnode, score
from tests.schema.domain.strategies import network_settings, networks


def scored(number: int, composite: float, trust: float, capacity: float, **changes: object) -> PNode:
    no_trust = TrustParts(uptime=None, gossip_presence=None, version_compliance=None, gossip_consistency=None)
    no_capacity = CapacityParts(storage_committed=None, usage_balance=None, growth_trend=None)
    parts = {"trust": Trust(score=trust, parts=no_trust), "capacity": Capacity(score=capacity, parts=no_capacity)}
    return pnode(number, score=score(composite, **parts), **changes)


def test_each_category_has_its_winner():
    best = scored(1, 80, 70, 95, uptime=DAY, storage_committed=GIB)
    trusted = scored(2, 75, 90, 40, uptime=2 * DAY, storage_committed=2 * GIB, witnesses=SEEDS[:2])
    compared = compare([trusted, best])
    assert [(w.category, w.node_id, w.address, w.value) for w in compared.winners] == [
        (ComparedBy.OVERALL, best.id, best.address, 80),
        (ComparedBy.TRUST, trusted.id, trusted.address, 90),
        (ComparedBy.CAPACITY, best.id, best.address, 95),
        (ComparedBy.UPTIME, trusted.id, trusted.address, 2 * DAY),
        (ComparedBy.STORAGE, trusted.id, trusted.address, 2 * GIB),
        (ComparedBy.CONNECTIVITY, best.id, best.address, 3),
    ]
    assert compared.winner(ComparedBy.STORAGE).value == 2 * GIB
    assert compared.recommended == best
    assert compared.reason == f"{best.address} has the highest composite score, 80.00 of 100."
    assert compared.considerations == (f"{trusted.address} has more trust: 90.00 points",)
    assert (compared.all_online, compared.average_score) == (True, 77.5)


def estimated(
    number: int, rank: int | None, composite: float, low: float, *, loss: float = 0.01, stable: float = 0.5
) -> PNode:
    found = Estimate(
        expected_loss=loss,
        composite=composite,
        low=low,
        high=99,
        shares=(0.9, stable, 1, 1, 1),
        raw=(0.99,) * 5,
        policy_version="2.0",
        rank=rank,
    )
    return pnode(number, estimate=found)


def test_by_policy_2_0_the_best_rank_is_recommended_and_among_equal_ranks_the_least_expected_loss():
    large, sound, calm, unranked = (
        estimated(1, 7, 95, 90),
        estimated(2, 1, 80, 70),
        estimated(3, 1, 78, 60, loss=0.004, stable=0.4),
        estimated(4, None, 99, 98),
    )
    compared = compare([unranked, large, sound, calm], POLICY_2_0)
    assert compared.recommended == calm
    assert compared.reason == (
        f"{calm.place} has the best rank, 1, as 2 of them have, and the smallest expected loss of these, 0.40%. "
        "Its score is 78.00 of 100, and 60.00 at least."
    )
    assert compared.winner(ComparedBy.OVERALL).node_id == unranked.id
    assert compared.average_score == 88
    assert compared.considerations == (f"{unranked.place} has more stability: 22.50 points",)


def test_by_policy_2_0_equal_ranks_and_losses_leave_the_choice_to_the_score_and_its_lower_bound() -> None:
    wide, narrow = estimated(1, 1, 75, 38), estimated(2, 1, 75, 42)
    compared = compare([wide, narrow], POLICY_2_0)
    assert compared.recommended == narrow
    assert compared.reason == (
        f"{narrow.place} has the best rank, 1, as 2 of them have, and the highest score or lower bound of these. "
        "Its score is 75.00 of 100, and 42.00 at least."
    )
    assert compare([narrow, estimated(3, 2, 74, 40)], POLICY_2_0).reason == (
        f"{narrow.place} has the best rank, 1. Its score is 75.00 of 100, and 42.00 at least."
    )


def test_policy_2_0_has_its_own_parts_beside_trust_and_capacity():
    assert [w.category for w in compare([pnode(1), pnode(2)]).winners] == list(ComparedBy)[:6]
    assert [w.category for w in compare([pnode(1), pnode(2)], POLICY_2_0).winners] == list(ComparedBy)


def test_a_snapshot_from_before_policy_2_0_recommends_nobody_by_it():
    compared = compare([pnode(1), pnode(2)], POLICY_2_0)
    assert (compared.recommended, compared.average_score) == (None, None)
    assert compared.reason == "No node has a score by this policy."


def test_what_is_equal_speaks_for_nobody_else():
    first, best = scored(1, 70, 80, 60), scored(2, 75, 80, 70)
    assert compare([first, best]).considerations == ()


def test_the_first_named_wins_a_tie():
    first, second = pnode(1), pnode(2)
    assert {w.node_id for w in compare([second, first]).winners} == {second.id}
    assert compare([second, first]).nodes == (second, first)


def test_a_node_that_is_not_online_wins_by_its_storage_alone():
    gone = pnode(1, status=PNodeStatus.GHOST, storage_committed=900 * GIB, uptime=900 * DAY, witnesses=SEEDS * 2)
    alive = pnode(2)
    compared = compare([gone, alive])
    assert [w.category for w in compared.winners if w.node_id == gone.id] == [ComparedBy.STORAGE]
    assert compared.considerations == (f"not online: {gone.address}",)
    assert not compared.all_online


def test_where_nobody_is_online_nobody_is_recommended():
    gone = [pnode(n, status=PNodeStatus.OFFLINE, storage_committed=None) for n in (1, 2)]
    compared = compare(gone)
    assert {(w.node_id, w.address, w.value) for w in compared.winners} == {(None, None, 0)}
    assert (compared.recommended, compared.average_score) == (None, None)
    assert compared.reason == "No node has a score: none of them is online."


@pytest.mark.parametrize("numbers", [[], [1], [1, 1], [1, 2, 1], [1, 2, 3, 4, 5, 6]])
def test_two_to_five_different_nodes_can_be_compared(numbers: list[int]):
    with pytest.raises(BadUserInput, match="2 to 5 different ones"):
        compare([pnode(n) for n in numbers])


@network_settings
@given(networks())
def test_a_winner_has_the_greatest_value(network: list[PNode]):
    if not MIN_COMPARED <= len(network) <= MAX_COMPARED:
        return
    compared = compare(network)
    composites = [node.score.composite for node in network if node.score]
    assert compared.winner(ComparedBy.OVERALL).value == max(composites, default=0)
    storage = compared.winner(ComparedBy.STORAGE)
    assert storage.value == max(node.storage_committed or 0 for node in network)
    assert (storage.node_id is None) is (storage.value == 0)
