"""Policy 2.0 distinguishes nodes: on simulated weeks with known truth, and on the recorded day."""

from collections import Counter
from functools import cache
from pathlib import Path
from statistics import quantiles

import pytest

from jobs.past.importer import reply_of
from jobs.past.recording import read_recording
from jobs.simulate.character import Character
from jobs.simulate.months import Months, Wish
from schema.domain.cycle.advance import CycleOptions, State, advance, identify
from schema.domain.node.estimate import Estimate
from schema.domain.policy import Tier
from schema.domain.snapshot.record import Snapshot

SERIES = Path(__file__).parents[4] / "shared" / "data" / "captures" / "series-20251226"
SPACING = 1_200
LEAST_SPREAD = 15


@cache
def simulated() -> tuple[Months, Snapshot]:
    """The network after twelve simulated days, one cycle an hour."""
    months = Months(Wish(days=12, nodes=60))
    *_, last = months.cycles()
    return months, last.snapshot


@cache
def recorded() -> Snapshot:
    """The network after the last list of the recorded day."""
    options, state = CycleOptions(interval=SPACING), State()
    for path in sorted(SERIES.glob("*.json")):
        reply = reply_of(read_recording(path))
        at = int(reply.answered_at)
        merged = identify(state, [reply], options)
        state = advance(state, [reply], merged, slot=at // SPACING * SPACING, at=at, options=options).state()
    assert state.snapshot is not None
    return state.snapshot


def estimates(snapshot: Snapshot) -> dict[str, Estimate]:
    return {node.id: node.estimate for node in snapshot.nodes if node.estimate is not None}


def tells_apart(snapshot: Snapshot, tiers: set[Tier]) -> None:
    found = estimates(snapshot).values()
    assert {tier for tier, count in Counter(each.tier for each in found).items() if count > 1} == tiers
    lower, _, upper = quantiles([each.composite for each in found], n=4)
    assert upper - lower >= LEAST_SPREAD


def test_all_tiers_occur_in_the_simulated_network_and_scores_lie_apart() -> None:
    tells_apart(simulated()[1], {Tier.LOW_RISK, Tier.MEDIUM_RISK, Tier.HIGH_RISK})


@pytest.mark.captures
@pytest.mark.skipif(not SERIES.is_dir(), reason="the recordings do not lie beside this checkout")
def test_scores_lie_apart_on_the_recorded_day_which_is_too_short_to_condemn_a_node() -> None:
    tells_apart(recorded(), {Tier.LOW_RISK, Tier.MEDIUM_RISK})
    assert {node.score.tier for node in recorded().nodes if node.score} == {Tier.HIGH_RISK}  # by policy 1.0


def test_flaky_nodes_score_less_than_good_ones() -> None:
    months, snapshot = simulated()
    found = estimates(snapshot)
    means = {
        character: sum(scores) / len(scores)
        for character in (Character.GOOD, Character.FLAKY)
        if (
            scores := [
                found[key].low
                for key, course in months.courses.items()
                if course.character is character and key in found
            ]
        )
    }
    assert means[Character.GOOD] - means[Character.FLAKY] > LEAST_SPREAD
