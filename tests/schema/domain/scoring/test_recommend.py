import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.node.estimate import Estimate
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.scoring.recommend import Criteria, CriterionName, assess, diverse, meets, recommend, recommend_newest
from schema.domain.scoring.standing import group_of
from tests.factories import pnode, score, snapshot
from tests.schema.domain.strategies import LATEST, network_settings, networks, nodes

criteria = st.builds(
    Criteria,
    min_uptime_days=st.floats(0, 400),
    min_score=st.none() | st.floats(0, 100),
    require_public=st.booleans(),
)


def ids(network: list[PNode], demands: Criteria | None = None) -> list[str]:
    found = recommend(snapshot(network), demands or Criteria())
    return [item.node.id for item in found.items]


def test_the_best_comes_first_and_ties_go_by_address():
    best, second, third = (
        pnode(1, score=score(90), address="203.0.113.9:9001"),
        pnode(2, score=score(80), address="203.0.113.1:9001"),
        pnode(3, score=score(80), address="203.0.113.2:9001"),
    )
    assert ids([third, second, best]) == [best.id, second.id, third.id]


def test_by_policy_2_0_the_lower_expected_loss_comes_first_among_equal_ranks():
    def placed(number: int, rank: int | None, loss: float | None, composite: float = 90) -> PNode:
        found = Estimate(
            composite=composite,
            low=10,
            high=95,
            shares=(),
            raw=(1.0,) * 5,
            policy_version="2.0",
            rank=rank,
            expected_loss=loss,
        )
        return pnode(number, estimate=found)

    network = [
        placed(1, 1, 0.009),
        placed(2, 1, 0.003),
        placed(3, 6, 0.001),
        placed(4, None, 0.0),
        placed(5, 1, 0.009, 95),
        placed(6, 1, None),
    ]
    found = recommend_newest(snapshot(network), Criteria())
    assert [item.node.id for item in found.items] == [network[place].id for place in (1, 4, 0, 5, 2)]


@pytest.mark.parametrize("status", [PNodeStatus.GHOST, PNodeStatus.OFFLINE, PNodeStatus.UNKNOWN])
def test_only_living_nodes_are_recommended(status: PNodeStatus):
    assert ids([pnode(status=status)]) == []


@pytest.mark.parametrize(("uptime", "fits"), [(7 * DAY, True), (7 * DAY - 1, False), (None, False)])
def test_uptime_is_demanded_in_days(uptime: int | None, *, fits: bool):
    assert (ids([pnode(uptime=uptime)]) != []) is fits


@pytest.mark.parametrize(("composite", "fits"), [(85, True), (84.99, False)])
def test_a_score_can_be_demanded(composite: float, *, fits: bool):
    assert (ids([pnode(score=score(composite))], Criteria(min_score=85)) != []) is fits


@pytest.mark.parametrize(("is_public", "fits"), [(True, True), (False, False), (None, False)])
def test_being_public_can_be_demanded(is_public: bool | None, *, fits: bool):
    assert (ids([pnode(is_public=is_public)], Criteria(require_public=True)) != []) is fits
    assert ids([pnode(is_public=is_public)]) != []


def test_all_nodes_that_were_looked_at_are_counted():
    network = [pnode(1), pnode(2, uptime=0), pnode(3, status=PNodeStatus.OFFLINE)]
    found = recommend(snapshot(network), Criteria())
    assert (len(found.items), found.evaluated) == (1, 3)


def test_every_criterion_tells_what_was_found_and_what_would_pass():
    results = assess(pnode(version="0.7.3", is_public=None), Criteria(min_score=50), LATEST)
    assert [(r.name, r.passed, r.demanded, r.actual, r.expected, r.unit) for r in results] == [
        (CriterionName.ONLINE, True, True, "ONLINE", "ONLINE", None),
        (CriterionName.UPTIME, True, True, 20, 7, "days"),
        (CriterionName.SCORE, True, True, 85, 50, "points"),
        (CriterionName.PUBLIC, False, False, None, True, None),
        (CriterionName.VERSION, False, False, "0.7.3", "0.8.0", None),
        (CriterionName.CONSISTENCY, True, False, 1, 0.9, "share"),
        (CriterionName.WITNESSES, True, False, 3, 3, "witnesses"),
        (CriterionName.SUPPORTED, True, True, True, True, None),
        (CriterionName.ONE_PROCESS, True, True, True, True, None),
        (CriterionName.AVAILABILITY, False, False, None, 0.98, "share"),
    ]


def test_a_node_of_which_nothing_is_known_passes_only_what_would_speak_against_it():
    node = pnode(status=PNodeStatus.UNKNOWN, uptime=None, version=None, is_public=None, witnesses=(), consistency=None)
    results = assess(node, Criteria(), None)
    assert [result.name for result in results if result.passed] == [CriterionName.SUPPORTED, CriterionName.ONE_PROCESS]
    assert [result.actual for result in results] == ["UNKNOWN", None, None, None, None, None, 0, True, True, None]


def test_the_grounds_name_strengths_before_weak_points():
    node = pnode(is_public=False, version=None, witnesses=("198.18.1.1",))
    (item,) = recommend(snapshot([node]), Criteria()).items
    assert item.reasons == (
        "online",
        "up for 20 days",
        "score 85 of 100",
        "consistency 1",
        "listed by enough seeds",
        "one process with its key",
        "no public RPC known",
        "version unknown, latest 0.8.0",
        "listed by 1 seed",
        "observed availability unknown",
    )


def test_a_public_node_says_so():
    (item,) = recommend(snapshot([pnode()]), Criteria()).items
    assert "public RPC" in item.reasons


@given(nodes(), criteria)
def test_a_node_meets_the_demands_when_it_passes_each(node: PNode, demands: Criteria):
    results = assess(node, demands, LATEST)
    assert meets(node, demands) is all(result.passed for result in results if result.demanded)


@network_settings
@given(networks(), criteria)
def test_recommendations_are_those_who_meet_the_demands_in_order(network: list[PNode], demands: Criteria):
    found = recommend(snapshot(network), demands)
    assert {item.node.id for item in found.items} == {node.id for node in network if meets(node, demands)}
    composites = [item.node.score.composite for item in found.items if item.node.score]
    assert composites == sorted(composites, reverse=True)
    assert all(item.reasons and item.criteria[0].passed for item in found.items)
    assert found.evaluated == len(network)


@network_settings
@given(networks(), st.floats(0, 100), st.floats(0, 100))
def test_stricter_demands_never_admit_more(network: list[PNode], a: float, b: float):
    lax, strict = (set(ids(network, Criteria(min_uptime_days=0, min_score=score))) for score in sorted((a, b)))
    assert strict <= lax


@given(st.integers(1, 30), st.integers(-900, 900))
def test_whether_a_criterion_is_met_agrees_with_the_figure_that_is_shown(days: int, seconds: int):
    node = pnode(uptime=days * DAY + seconds)
    found = {one.name: one for one in assess(node, Criteria(min_uptime_days=days), "0.8.0")}[CriterionName.UPTIME]
    assert isinstance(found.actual, float)
    assert found.passed is (found.actual >= days) is (seconds >= 0)


@pytest.mark.parametrize(("score", "shown", "passed"), [(0.89994, 0.8999, False), (0.89996, 0.9, True)])
def test_consistency_is_judged_by_the_score_that_is_shown(score: float, shown: float, *, passed: bool):
    steady = pnode().consistency
    assert steady is not None
    node = pnode(consistency=steady.model_copy(update={"score": score}))
    found = {one.name: one for one in assess(node, Criteria(), "0.8.0")}[CriterionName.CONSISTENCY]
    assert (found.actual, found.passed) == (shown, passed)
    assert f"consistency {shown:g}" in recommend(snapshot([node]), Criteria(min_uptime_days=0)).items[0].reasons


def _group(node: PNode) -> str:
    return group_of(node.address)


def test_of_a_neighbourhood_only_the_first_few_are_left_and_the_order_stays() -> None:
    hosts = ["203.0.113.1", "203.0.113.2", "198.51.100.1", "203.0.113.3", "[2001:db8::1]", "[2001:db8::2]"]
    all_nodes = [pnode(number, address=f"{host}:9001") for number, host in enumerate(hosts, start=1)]
    assert [node.address for node in diverse(all_nodes, _group, 1)] == [f"{hosts[i]}:9001" for i in (0, 2, 4)]
    assert list(diverse(all_nodes, _group, 3)) == all_nodes
