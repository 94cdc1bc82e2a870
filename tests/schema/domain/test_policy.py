import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.policy import POLICIES, POLICY_1_0, Policy, Tier
from schema.domain.scoring.scores import tier_color
from tests.schema.domain.worked_examples import TIER_COLOURS, Example


@pytest.mark.parametrize("row", TIER_COLOURS, ids=lambda row: row.given["tier"])
def test_worked_examples_of_tier_colours(row: Example):
    assert tier_color(Tier(row.given["tier"].upper())) == row.expected


def test_a_policy_survives_being_stored():
    assert Policy.model_validate_json(POLICY_1_0.model_dump_json()) == POLICY_1_0


def test_policies_are_found_by_their_version():
    assert {version: policy.version for version, policy in POLICIES.items()} == {"1.0": "1.0", "2.0": "2.0"}


def test_the_points_of_each_score_add_up_to_a_hundred():
    trust, capacity, health = POLICY_1_0.trust, POLICY_1_0.capacity, POLICY_1_0.health
    assert trust.uptime_points + trust.presence_points + trust.version_points + trust.consistency_points == 100
    assert capacity.committed_points + capacity.balance_points + capacity.growth_points == 100
    assert POLICY_1_0.trust_weight + POLICY_1_0.capacity_weight == 1
    assert (
        health.availability_points + health.version_points + health.quality_points + health.connectivity_points == 100
    )


def test_every_tier_has_one_band():
    assert sorted(band.tier for band in POLICY_1_0.tiers) == sorted(Tier)


@given(st.floats(0, 100))
def test_every_composite_has_a_band(composite: float):
    band = POLICY_1_0.band_for(composite)
    expected = Tier.LOW_RISK if composite >= 80 else Tier.MEDIUM_RISK if composite >= 60 else Tier.HIGH_RISK
    assert band.tier is expected
