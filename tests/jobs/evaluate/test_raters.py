import pytest

from jobs.evaluate.raters import RATERS, Look, Rating, raters
from jobs.evaluate.tally import Seen
from schema.domain.base import DAY
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNodeStatus, Tier
from schema.domain.policy import POLICIES
from tests.factories import pnode, score


def look(online: int, expected: int, **changes: object) -> Look:
    return Look(pnode(1, **changes), Seen(online, expected), 24.0)


def points(name: str, seen: Look) -> float | None:
    rating = RATERS[name].rate(seen)
    return None if rating is None else rating.points


def test_policy_1_0_is_what_was_stored_with_its_tier() -> None:
    assert RATERS["1.0"].rate(look(1, 1, score=score(41.5))) == Rating(41.5, Tier.HIGH_RISK)
    assert RATERS["1.0"].rate(look(1, 1, status=PNodeStatus.OFFLINE)) is None


def estimate(composite: float = 70.0, low: float = 50.0, high: float = 90.0, rank: int | None = 3) -> Estimate:
    return Estimate(
        composite=composite, low=low, high=high, shares=(), raw=(), policy_version="2.0", expected_loss=0.02, rank=rank
    )


def test_policy_2_0_is_what_was_published_and_is_ordered_by_its_rank() -> None:
    node = look(1, 1, estimate=estimate())
    assert RATERS["2.0"].rate(node) == Rating(70.0, Tier.MEDIUM_RISK, 50.0, 90.0, 0.6, 3, 0.02)
    assert RATERS["2.0"].rate(look(1, 1, estimate=None)) is None


def test_a_rank_orders_before_points_do() -> None:
    assert Rating(70.0, rank=1).order > Rating(90.0, rank=2).order
    assert Rating(70.0).order < Rating(90.0).order


def test_among_equal_ranks_the_least_expected_loss_is_chosen() -> None:
    assert Rating(70.0, rank=1, loss=0.001).choice > Rating(90.0, rank=1, loss=0.009).choice
    assert Rating(90.0, rank=1, loss=0.009).choice > Rating(90.0, rank=2, loss=0.001).choice
    assert Rating(90.0).choice > Rating(70.0).choice


def test_the_points_of_policy_2_0_are_an_order_of_their_own() -> None:
    assert RATERS["2.0-points"].rate(look(1, 1, estimate=estimate())) == Rating(70.0, Tier.MEDIUM_RISK)
    assert RATERS["2.0-points"].rate(look(1, 1, estimate=None)) is None


def test_the_newest_policy_stands_first_so_that_its_requirements_are_shown() -> None:
    assert next(iter(RATERS)) == max(POLICIES)


def test_plain_uptime_is_the_share_of_observations() -> None:
    assert points("uptime", look(30, 40)) == 75


def test_a_prior_pulls_a_new_node_to_90_percent_and_leaves_an_old_one() -> None:
    """(1 + 0.9·48)/(1 + 48), and (600 + 0.9·48)/(720 + 48), of 100."""
    assert points("uptime-prior", look(1, 1)) == pytest.approx(100 * 44.2 / 49)
    assert points("uptime-prior", look(600, 720)) == pytest.approx(100 * 643.2 / 768)


def test_the_claimed_uptime_is_full_at_30_days_and_not_known_without_one() -> None:
    assert points("claimed", look(0, 0, uptime=15 * DAY)) == 50
    assert points("claimed", look(0, 0, uptime=300 * DAY)) == 100
    assert points("claimed", look(0, 0, uptime=None)) is None


def test_the_simple_raters_condemn_below_85_percent_and_a_claim_condemns_nobody() -> None:
    assert Rating(84.9).condemned
    assert not Rating(85.0).condemned
    assert not Rating(0.0, Tier.UNKNOWN).condemned
    assert Rating(59.0, Tier.HIGH_RISK).condemned


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"policy='9.9': expected one of .*1\.0"):
        raters(["1.0", "9.9"])


def test_without_names_all_are_compared_and_a_name_counts_once() -> None:
    assert [rater.name for rater in raters([])] == list(RATERS)
    assert [rater.name for rater in raters(["uptime", "1.0", "uptime"])] == ["uptime", "1.0"]
