"""Evidence about nodes of an invented network, for tests of policy 2.0."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from schema.domain.base import DAY, GIB
from schema.domain.estimate_policy import EstimatePolicy
from schema.domain.node.coverage import Observed
from schema.domain.node.estimate import Estimate, Evidence
from schema.domain.scoring.estimates import adoption_of, estimates
from schema.domain.scoring.standing import group_of
from tests.factories import address, key

POLICY = EstimatePolicy()
MONTH = 30 * DAY


def windows(share: float = 1.0, watched: int = MONTH) -> dict[str, Observed]:
    """The windows of a node that was monitored for this many seconds, and online for a constant share of them."""
    spans = {"day": min(watched, DAY), "week": min(watched, 7 * DAY), "month": min(watched, MONTH)}
    return {name: Observed(span, round(span * share)) for name, span in spans.items()}


def evidence(number: int = 1, **changes: Any) -> Evidence:
    """A sound node on its own host, known for 40 days, that two of three seeds list."""
    fields: dict[str, Any] = {
        "id": key(number),
        "group": group_of(address(number)),
        "known_day": 0,
        **windows(),
        "watched": 40 * DAY,
        "claimed": 0,
        "disturbances": 0,
        "version": "0.8.0",
        "committed": number * GIB,
        "witnesses": 3,
        "could_list": 3,
    }
    return Evidence(**fields | changes)


def estimated(nodes: Sequence[Evidence], policy: EstimatePolicy = POLICY) -> list[Estimate]:
    adoption = adoption_of(nodes, policy, own="devnet", at=0)
    adoption.known_since(None)
    return estimates(nodes, policy, adoption, version="2.0")


VERSIONS = st.sampled_from(
    ["0.8.0", "0.8.0", "0.7.3", "0.6.0", "0.9.0", "0.8.0-trynet.20251226.9ea", "0.7.3-trynet.1", "unknown", None]
)
GROUPS = st.sampled_from([None, None, "203.0.113.0/24", "198.51.100.0/24"])
SIZES = st.sampled_from([None, 0, 1, GIB, 2 * GIB, 100 * GIB, 2**50])


Row = tuple[int, float, int, int, str | None, str | None, int | None]


def _node(number: int, row: Row) -> Evidence:
    days, share, seeds, calm, version, group, size = row
    watched = 60 + days * DAY // 10
    return evidence(
        number,
        **windows(share, watched),
        group=group or group_of(address(number)),
        known_day=days % 4,
        watched=watched,
        claimed=days * number % 30 * DAY,
        disturbances=calm,
        version=version,
        committed=size,
        witnesses=min(calm, seeds),
        could_list=seeds,
        disputed=calm % 4,
        confirmed=calm % 2 == 1,
    )


NODES = st.tuples(st.integers(0, 400), st.floats(0, 1), st.integers(0, 9), st.integers(0, 60), VERSIONS, GROUPS, SIZES)


def networks(least: int = 1, most: int = 12) -> st.SearchStrategy[list[Evidence]]:
    """Networks of nodes of any age and past, numbered from 1."""
    rows = st.lists(NODES, min_size=least, max_size=most)
    return rows.map(lambda drawn: [_node(number, row) for number, row in enumerate(drawn, 1)])
