from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, GIB
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0, Tier
from schema.domain.scoring.scores import (
    CapacityResult,
    TrustResult,
    capacity,
    composite,
    growth_trend,
    ranked,
    score_node,
    trust,
)
from tests.factories import pnode, score
from tests.schema.domain.strategies import LATEST, nodes
from tests.schema.domain.worked_examples import CAPACITY, COMPOSITE, TRUST, Example, points, shown

TRUST_DEFAULTS: dict[str, Any] = {"uptime": None, "version": None, "latest_version": LATEST, "consistency": 1.0}
CAPACITY_DEFAULTS: dict[str, Any] = {"storage_committed": None, "storage_usage_percent": None, "growth_trend": 0.5}
PERFECT_TRUST: dict[str, Any] = {
    "uptime": 30 * DAY,
    "witnesses": 3,
    "version": LATEST,
    "latest_version": LATEST,
    "consistency": 1.0,
}
PERFECT_CAPACITY: dict[str, Any] = {"storage_committed": 100 * GIB, "storage_usage_percent": 50.0, "growth_trend": 1.0}


def trust_with(changes: dict[str, Any]) -> TrustResult:
    """The trust of a perfect node with these changes."""
    return trust(**PERFECT_TRUST | changes)


def capacity_with(changes: dict[str, Any]) -> CapacityResult:
    """The capacity of a perfect node with these changes."""
    return capacity(**PERFECT_CAPACITY | changes)


@pytest.mark.parametrize("row", TRUST, ids=lambda row: shown(row.given))
def test_worked_examples_of_trust(row: Example):
    result = trust(**TRUST_DEFAULTS | dict(row.given)).trust
    parts = (part or 0.0 for part in result.parts.model_dump().values())
    assert points(result.score, *parts) == row.expected


@pytest.mark.parametrize("row", CAPACITY, ids=lambda row: shown(row.given))
def test_worked_examples_of_capacity(row: Example):
    result = capacity(**CAPACITY_DEFAULTS | dict(row.given)).capacity
    parts = (part or 0.0 for part in result.parts.model_dump().values())
    assert points(result.score, *parts) == row.expected


@pytest.mark.parametrize("row", COMPOSITE, ids=lambda row: shown(row.given))
def test_worked_examples_of_the_composite(row: Example):
    result = composite(**row.given)
    assert f"{result.value:g} {result.tier} {result.color} {result.emoji}" == row.expected


@pytest.mark.parametrize(
    ("missing", "part", "default"),
    [("uptime", "uptime", 0), ("version", "version_compliance", 0), ("consistency", "gossip_consistency", 10)],
)
def test_a_missing_input_of_trust_counts_its_default_and_is_named(missing: str, part: str, default: float):
    whole, partial = trust(**PERFECT_TRUST), trust_with({missing: None})
    assert getattr(partial.trust.parts, part) is None
    assert partial.missing == (missing,)
    assert partial.raw == pytest.approx(whole.raw - getattr(whole.trust.parts, part) + default)


@pytest.mark.parametrize(
    ("missing", "part", "name", "default"),
    [
        ("storage_committed", "storage_committed", "storage_committed", 0),
        ("storage_usage_percent", "usage_balance", "storage_usage_percent", 0),
        ("growth_trend", "growth_trend", "storage_growth", 15),
    ],
)
def test_a_missing_input_of_capacity_counts_its_default_and_is_named(
    missing: str, part: str, name: str, default: float
):
    whole, partial = capacity(**PERFECT_CAPACITY), capacity_with({missing: None})
    assert getattr(partial.capacity.parts, part) is None
    assert partial.missing == (name,)
    assert partial.raw == pytest.approx(whole.raw - getattr(whole.capacity.parts, part) + default)


def test_without_a_latest_release_no_version_earns_points():
    result = trust_with({"latest_version": None})
    assert (result.raw, result.trust.parts.version_compliance, result.missing) == (80, None, ("latest_version",))


def test_a_version_that_does_not_parse_is_known_but_earns_nothing():
    result = trust_with({"version": "newest"})
    assert (result.trust.parts.version_compliance, result.missing) == (0.0, ())


def test_an_older_patch_of_the_latest_minor_is_worth_as_much_as_one_minor_behind():
    parts = trust_with({"version": "0.8.0", "latest_version": "0.8.1"}).trust.parts
    assert parts.version_compliance == 10


@pytest.mark.parametrize(("growth", "trend"), [(None, None), (-1.0, 0.0), (0.0, 0.5), (1.0, 1.0)])
def test_growth_becomes_a_share(growth: float | None, trend: float | None):
    assert growth_trend(growth) == trend


def test_a_score_names_everything_that_was_missing():
    node = pnode(
        version=None,
        uptime=None,
        storage_committed=None,
        storage_used=None,
        storage_usage_percent=None,
        witnesses=(),
        consistency=None,
    )
    scored = score_node(node, latest_version=None)
    assert scored is not None
    assert scored.inputs_missing == (
        "uptime",
        "version",
        "latest_version",
        "consistency",
        "storage_committed",
        "storage_usage_percent",
        "storage_growth",
    )
    assert scored.composite == 0.6 * 10 + 0.4 * 15


def test_a_whole_node_is_scored_from_its_measurements():
    node = pnode(uptime=30 * DAY, storage_usage_percent=90.0, storage_growth=0.5)
    scored = score_node(node, latest_version=LATEST)
    assert scored is not None
    assert (scored.trust.score, scored.capacity.score, scored.composite) == (100, 72.5, 89)
    assert (scored.tier, scored.color, scored.policy_version) == (Tier.LOW_RISK, "#10b981", "1.0")
    assert (scored.inputs_missing, scored.rank, scored.percentile) == ((), None, None)


def test_a_policy_decides_the_weights():
    policy = POLICY_1_0.model_copy(update={"version": "test", "trust_weight": 1.0, "capacity_weight": 0.0})
    scored = score_node(pnode(uptime=30 * DAY), latest_version=LATEST, policy=policy)
    assert scored is not None
    assert (scored.composite, scored.policy_version) == (100, "test")


@pytest.mark.parametrize("status", [PNodeStatus.GHOST, PNodeStatus.OFFLINE, PNodeStatus.UNKNOWN])
def test_only_online_nodes_have_a_score(status: PNodeStatus):
    assert score_node(pnode(status=status), latest_version=LATEST) is None


def test_the_composite_is_computed_from_unrounded_parts():
    node = pnode(uptime=3600, witnesses=("198.18.1.1",), storage_committed=GIB)
    scored = score_node(node, latest_version=LATEST)
    assert scored is not None
    # 0.6·40.0555… + 0.4·55.3; from the rounded 40.06 it would be 46.16.
    assert (scored.trust.score, scored.capacity.score, scored.composite) == (40.06, 55.3, 46.15)


@given(nodes())
def test_scores_and_parts_stay_in_their_ranges(node: PNode):
    scored = score_node(node, latest_version=LATEST)
    assert (scored is not None) is (node.status is PNodeStatus.ONLINE)
    if scored is None:
        return
    bounds = {
        **dict(
            zip(
                ("uptime", "gossip_presence", "version_compliance", "gossip_consistency"), (40, 30, 20, 10), strict=True
            )
        ),
        **dict(zip(("storage_committed", "usage_balance", "growth_trend"), (30, 40, 30), strict=True)),
    }
    parts = scored.trust.parts.model_dump() | scored.capacity.parts.model_dump()
    assert all(value is None or 0 <= value <= bounds[name] for name, value in parts.items())
    assert all(0 <= value <= 100 for value in (scored.composite, scored.trust.score, scored.capacity.score))
    assert scored.tier is POLICY_1_0.band_for(scored.composite).tier


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 20), st.integers(0, 20))
def test_more_uptime_and_more_witnesses_never_cost_trust(a: float, b: float, few: int, many: int):
    less = trust_with({"uptime": min(a, b), "witnesses": min(few, many)})
    more = trust_with({"uptime": max(a, b), "witnesses": max(few, many)})
    assert less.raw <= more.raw


@given(st.floats(0, 1e18), st.floats(0, 1e18), st.floats(0, 1), st.floats(0, 1))
def test_more_storage_and_more_growth_never_cost_capacity(a: float, b: float, slow: float, fast: float):
    less = capacity_with({"storage_committed": min(a, b), "growth_trend": min(slow, fast)})
    more = capacity_with({"storage_committed": max(a, b), "growth_trend": max(slow, fast)})
    assert less.raw <= more.raw


@given(st.floats(0, 100), st.floats(0, 100))
def test_the_nearer_to_the_band_the_better_the_balance(a: float, b: float):
    def distance(usage: float) -> float:
        return max(20 - usage, usage - 80, 0)

    far, near = sorted((a, b), key=distance, reverse=True)
    worse = capacity_with({"storage_usage_percent": far})
    better = capacity_with({"storage_usage_percent": near})
    assert worse.raw <= better.raw + 1e-9


def test_equal_composites_share_a_rank():
    composites = (70.0, 90.0, 80.0, 80.0)
    places = [(each.rank, each.percentile) for each in ranked([score(value) for value in composites]) if each]
    assert places == [(4, 25.0), (1, 100.0), (2, 75.0), (2, 75.0)]


def test_who_has_no_score_has_no_place():
    first, nobody, last = ranked([score(9.0), None, score(8.0)])
    assert first
    assert last
    assert nobody is None
    assert (first.percentile, last.percentile) == (100.0, 50.0)


@given(st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=30))
def test_ranks_agree_with_a_plain_count(composites: list[float | None]):
    found = ranked([None if value is None else score(value) for value in composites])
    assert [each and each.composite for each in found] == composites
    known = [value for value in composites if value is not None]
    for each in found:
        if each is not None:
            better = sum(other > each.composite for other in known)
            assert each.rank == better + 1
            assert each.percentile == round(100 * (len(known) - better) / len(known), 2)
