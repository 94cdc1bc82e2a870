"""Policy 2.0: what changes an estimate, and what must not."""

from statistics import quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, GIB, HOUR, MINUTE
from schema.domain.estimate_policy import CommitmentPolicy
from schema.domain.node.coverage import Observed
from schema.domain.node.estimate import Estimate, Evidence, PartName
from schema.domain.policy import POLICY_2_0, Tier
from schema.domain.scoring import shares
from tests.schema.domain.scoring.estimating import POLICY, estimated, evidence, networks, windows

PARTS = list(PartName)


def share(found: Estimate, part: PartName) -> float | None:
    return found.shares[PARTS.index(part)]


def network(count: int = 40) -> list[Evidence]:
    """Sound nodes of different sizes, each on its own host."""
    return [evidence(number) for number in range(1, count + 1)]


def beside(node: Evidence, count: int = 40) -> Estimate:
    """The estimate of a node among sound ones. It is the last one, so its number must be higher than theirs."""
    return estimated([*network(count), node])[-1]


def test_points_add_up_to_100() -> None:
    points = [
        getattr(POLICY, name).points for name in ("availability", "stability", "currency", "commitment", "agreement")
    ]
    assert sum(points) == 100


def test_a_perfect_node_has_every_point_and_the_first_rank() -> None:
    best = beside(evidence(99, confirmed=True, witnesses=9, could_list=9))
    assert (best.composite, best.rank, best.percentile) == (100.0, 1, 100.0)


def test_low_usage_is_no_input() -> None:
    assert not any("use" in name for name in Evidence._fields)


def test_nodes_are_not_compared_with_nobody() -> None:
    assert estimated([]) == []


@given(networks())
def test_bounds_hold_the_estimate(nodes: list[Evidence]) -> None:
    for found in estimated(nodes):
        assert 0 <= found.low <= found.composite <= found.high <= 100
        assert 0 <= found.confidence <= 1


@given(networks())
def test_the_order_in_which_nodes_arrive_changes_nothing(nodes: list[Evidence]) -> None:
    forward = dict(zip([node.id for node in nodes], estimated(nodes), strict=True))
    backward = dict(zip([node.id for node in reversed(nodes)], estimated(nodes[::-1]), strict=True))
    assert forward == backward


@given(networks(), st.data())
def test_more_availability_never_lowers_a_score(nodes: list[Evidence], data: st.DataObject) -> None:
    before = estimated(nodes)[0]
    node = nodes[0]
    more = {
        name: Observed(seen.expected, data.draw(st.integers(seen.online, seen.expected)))
        for name in ("day", "week", "month")
        for seen in [getattr(node, name)]
    }
    after = estimated([node._replace(**more), *nodes[1:]])[0]
    assert (after.composite, after.low) >= (before.composite, before.low)
    assert after.low >= before.low


@given(networks(), st.integers(1, 30))
def test_more_witnesses_never_lower_a_score(nodes: list[Evidence], more: int) -> None:
    node = nodes[0]
    missing = node.could_list - node.witnesses
    before = estimated(nodes)[0]
    by_silent_seeds = node._replace(witnesses=node.witnesses + min(more, missing))
    by_new_seeds = node._replace(witnesses=node.witnesses + more, could_list=node.could_list + more)
    for changed in (by_silent_seeds, by_new_seeds):
        after = estimated([changed, *nodes[1:]])[0]
        if node.could_list or changed.could_list == 0:
            assert after.composite >= before.composite
        assert after.low >= before.low


@given(networks(), st.integers(1, 50))
def test_fewer_disturbances_never_lower_a_score(nodes: list[Evidence], fewer: int) -> None:
    before = estimated(nodes)[0]
    calm = nodes[0]._replace(disturbances=max(nodes[0].disturbances - fewer, 0))
    after = estimated([calm, *nodes[1:]])[0]
    assert after.composite >= before.composite
    assert after.low >= before.low


@given(networks())
def test_names_of_keys_and_groups_change_nothing(nodes: list[Evidence]) -> None:
    """Each group has its own name, and the ids of nodes keep the order of equal ones."""
    renamed = [node._replace(id=f"other-{place:03}", group=f"of {node.group}") for place, node in enumerate(nodes)]
    ordered = [node._replace(id=f"{place:03}") for place, node in enumerate(nodes)]
    assert estimated(renamed) == estimated(ordered)


@given(networks(), st.integers(2, 1_000))
def test_scaling_all_storage_changes_nothing(nodes: list[Evidence], factor: int) -> None:
    scaled = [node._replace(committed=node.committed and node.committed * factor) for node in nodes]
    assert estimated(scaled) == estimated(nodes)


@given(networks(least=2))
def test_what_is_not_known_lowers_no_estimate_by_itself_and_widens_its_bounds(nodes: list[Evidence]) -> None:
    """The other parts are replaced by their mean: an unknown part of a node counts like its known parts."""
    before = estimated(nodes)[0]
    after = estimated([nodes[0]._replace(version=None), *nodes[1:]])[0]
    assert share(after, PartName.VERSION) is None
    known = share(before, PartName.VERSION)
    if known is not None and known <= before.composite / 100:
        assert after.composite >= before.composite - 0.01
    assert after.low <= max(before.low, after.composite - before.composite + before.low) + 0.01
    assert after.high - after.composite >= (before.high - before.composite) * 0.99 - 0.02 or after.high == 100.0


def test_a_private_prpc_costs_no_points_and_an_answer_narrows_the_bounds() -> None:
    private, answered = beside(evidence(99)), beside(evidence(99, confirmed=True))
    assert private.composite == answered.composite
    assert private.confidence < answered.confidence
    assert private.low < answered.low


def test_a_young_node_is_not_known_to_be_sound_yet() -> None:
    young = beside(evidence(99, **windows(watched=600), watched=600, claimed=30 * DAY))
    old = beside(evidence(99))
    assert young.composite < 80 <= old.composite
    assert young.confidence < old.confidence - 0.2
    assert (young.rank or 0) > (old.rank or 0)


def test_two_percent_of_downtime_are_forgiven() -> None:
    assert share(beside(evidence(99, **windows(0.98))), PartName.AVAILABILITY) == 1
    less = share(beside(evidence(99, **windows(0.95))), PartName.AVAILABILITY)
    assert less is not None
    assert less < 0.9


def test_a_restart_a_month_costs_nothing_and_a_restart_a_day_nearly_all() -> None:
    assert share(beside(evidence(99, disturbances=1)), PartName.STABILITY) == 1
    daily = share(beside(evidence(99, disturbances=30)), PartName.STABILITY)
    assert daily is not None
    assert daily < 0.1


def test_what_we_expected_counts_and_not_what_we_received() -> None:
    """Two nodes were seen online for one day. One was absent for the other 29 days, the other unobserved."""
    gone = beside(evidence(99, month=Observed(30 * DAY, DAY)))
    unknown = beside(evidence(99, month=Observed(DAY, DAY)))
    assert gone.composite < unknown.composite


def test_one_seed_of_three_that_lies_costs_no_more_than_two_points() -> None:
    honest = beside(evidence(99))
    for lie in ({"witnesses": 2}, {"witnesses": 2, "disputed": 0}, {"witnesses": 2, "could_list": 2}):
        assert abs(beside(evidence(99, **lie)).composite - honest.composite) <= 2
        assert abs(beside(evidence(99, **lie)).low - honest.low) <= 2


def test_an_upgrade_costs_less_than_two_points() -> None:
    """Half an hour of absence a day ago, and nothing else. The restart does not count."""
    short = {
        "day": Observed(DAY, DAY - 30 * MINUTE),
        "week": Observed(7 * DAY, 7 * DAY - 30 * MINUTE),
        "month": Observed(30 * DAY, 30 * DAY - 30 * MINUTE),
    }
    for age in (3 * DAY, 30 * DAY):
        before = beside(evidence(99, **windows(watched=age), watched=age))
        spans = {
            name: Observed(min(seen.expected, age), min(seen.expected, age) - 30 * MINUTE)
            for name, seen in short.items()
        }
        after = beside(evidence(99, **spans, watched=age))
        assert before.composite - after.composite <= 2


@pytest.mark.parametrize("count", [50, 200])
@pytest.mark.parametrize("shape", ["perfect", "huge", "ordinary"])
def test_fifty_nodes_of_one_neighbourhood_push_nobody_down_by_more_than_five_places(count: int, shape: str) -> None:
    honest = [
        evidence(
            number, disturbances=number % 9, committed=(number * 37 % 101 + 1) * GIB, **windows(1 - number % 7 / 100)
        )
        for number in range(1, 201)
    ]
    worth = {"perfect": 10_000, "huge": 10**9, "ordinary": 50}[shape]
    sybils = [
        evidence(1_000 + number, group="203.0.113.0/24", committed=worth * GIB, known_day=100, confirmed=True)
        for number in range(count)
    ]
    before = estimated(honest)
    after = estimated([*honest, *sybils])
    pushed = [(now.rank or 0) - (was.rank or 0) for was, now in zip(before, after, strict=False)]
    assert max(pushed) <= 5
    assert sum((found.rank or 0) <= 20 for found in after[len(honest) :]) <= POLICY.places_per_group


def test_newcomers_do_not_take_the_places_of_their_neighbours() -> None:
    neighbours = [evidence(n, group="203.0.113.0/24", disturbances=3) for n in (1, 2, 3)]
    others = [evidence(n) for n in range(10, 30)]
    sybils = [evidence(n, group="203.0.113.0/24", known_day=9, committed=10**6 * GIB) for n in range(100, 150)]
    before, after = estimated([*neighbours, *others]), estimated([*neighbours, *others, *sybils])
    assert all((now.rank or 0) <= (was.rank or 0) for was, now in zip(before[:3], after[:3], strict=True))


def test_scores_of_live_nodes_of_a_first_day_lie_apart() -> None:
    """An inter-quartile range of 15 points. The nodes differ in size, and in uptime like those of a recorded day."""
    days = (1.6, 4.0, 6.8, 9.0, 10.7, 11.5, 11.8, 11.8)
    live = [
        evidence(number, **windows(watched=9 * HOUR), watched=9 * HOUR, claimed=round(days[number * 37 % 8] * DAY))
        for number in range(1, 201)
    ]
    lower, _, upper = quantiles([found.composite for found in estimated(live)], n=4)
    assert upper - lower >= 15


def test_sizes_alone_tell_sound_nodes_little_apart() -> None:
    """Committed storage does not predict availability."""
    found = [node.composite for node in estimated(network(200))]
    assert max(found) - min(found) <= 5


def test_sound_nodes_share_the_first_rank_and_a_node_that_loses_more_has_a_later_one() -> None:
    calm, restless, away = evidence(97, disturbances=4), evidence(98, disturbances=12), evidence(99, **windows(0.97))
    found = estimated([*network(), calm, restless, away])
    assert {node.rank for node in found[:-2]} == {1}
    assert [node.rank for node in found[-2:]] == [42, 43]


def test_a_node_is_not_among_the_sound_ones_before_it_was_watched_for_a_day() -> None:
    found = [beside(evidence(99, **windows(watched=hours * HOUR), watched=hours * HOUR)).rank for hours in (1, 23, 24)]
    assert found == [41, 41, 1]


def test_what_a_node_claims_moves_no_rank() -> None:
    """Only the node itself reports its uptime and its size."""
    modest, boaster = (
        beside(evidence(99, disturbances=9, claimed=days * DAY, committed=size))
        for days, size in ((0, GIB), (30, 2**60))
    )
    assert (modest.rank, modest.expected_loss) == (boaster.rank, boaster.expected_loss)
    assert modest.composite < boaster.composite


def test_what_only_gossip_says_of_storage_raises_the_lower_bound_to_that_of_the_median_at_most() -> None:
    rules = POLICY.commitment
    whole = shares.commitment(99.0, POLICY, confirmed=True)
    claimed = shares.commitment(99.0, POLICY, confirmed=False)
    assert whole == (1.0, 1.0, 1.0)
    assert claimed == (1.0, rules.unconfirmed_percentile / rules.full_percentile, 1.0)
    assert shares.commitment(20.0, POLICY, confirmed=False)[1] == shares.commitment(20.0, POLICY, confirmed=True)[1]


@pytest.mark.parametrize(("count", "fewest", "most"), [(1, 0.105, 2.303), (2, 0.532, 3.890), (10, 6.221, 14.206)])
def test_the_bounds_of_a_count_are_those_of_the_gamma_distribution(count: int, fewest: float, most: float) -> None:
    """One in ten is below and one above: the quantiles of the tables, to three hundredths."""
    assert shares.plausible(count, POLICY.deviations) == pytest.approx((fewest, most), abs=0.03)


@pytest.mark.parametrize(
    ("low", "composite", "high", "tier"),
    [
        (40.0, 50.0, 59.99, Tier.HIGH_RISK),
        (20.0, 50.0, 60.0, Tier.MEDIUM_RISK),
        (20.0, 79.99, 90.0, Tier.MEDIUM_RISK),
        (20.0, 80.0, 90.0, Tier.LOW_RISK),
    ],
)
def test_a_node_is_condemned_only_where_its_upper_bound_is(
    low: float, composite: float, high: float, tier: Tier
) -> None:
    found = beside(evidence(99)).model_copy(update={"low": low, "composite": composite, "high": high})
    assert (found.tier, found.color) == (tier, POLICY_2_0.band(tier).color)


@given(networks(), st.data())
def test_more_availability_and_fewer_disturbances_never_cost_a_rank(nodes: list[Evidence], data: st.DataObject) -> None:
    node = nodes[0]._replace(supported=True)
    month = Observed(node.month.expected, data.draw(st.integers(node.month.online, node.month.expected)))
    better = node._replace(month=month, disturbances=data.draw(st.integers(0, node.disturbances)))
    before, after = estimated([node, *nodes[1:]])[0], estimated([better, *nodes[1:]])[0]
    assert (after.rank or 0) <= (before.rank or 0)


def test_a_node_that_too_few_seeds_list_has_a_score_and_moves_nobody() -> None:
    alone = evidence(99, supported=False, committed=10**9 * GIB, version="9.9.9")
    *others, found = estimated([*network(), alone])
    assert others == estimated(network())
    assert (found.rank, found.percentile) == (None, None)
    assert found.composite > 0


def test_a_policy_is_data() -> None:
    without = POLICY.model_copy(update={"commitment": CommitmentPolicy(points=0)})
    assert len({found.composite for found in estimated(network(), without)}) == 1


def test_in_the_first_hours_ranks_go_by_the_lower_bound() -> None:
    hours = [evidence(n, **windows(1.0, 3 * 3_600), watched=3 * 3_600, claimed=n * DAY) for n in range(1, 12)]
    found = estimated(hours)
    lows = [each.low for each in found]
    assert len(set(lows)) > 5
    assert [each.rank for each in found] == [1 + sum(other > low for other in lows) for low in lows]


def test_a_node_that_is_known_to_be_sound_comes_before_all_that_are_not_known_yet() -> None:
    known = evidence(1, **windows(1.0, 2 * DAY), watched=2 * DAY, committed=1)
    new = [evidence(n, **windows(1.0, 3_600), watched=3_600, claimed=30 * DAY) for n in range(2, 6)]
    lossy = evidence(9, **windows(0.9), watched=40 * DAY)
    found = estimated([known, *new, lossy])
    assert found[0].rank == 1
    assert all(each.rank is not None and 1 < each.rank < 6 for each in found[1:-1])
    assert found[-1].rank == 6
