"""Hypothesis strategies for nodes and networks, over all values that validation accepts."""

from hypothesis import settings
from hypothesis import strategies as st

from schema.domain.base import DAY
from schema.domain.node.pnode import Consistency, PNode, PNodeStatus
from schema.domain.scoring.scores import score_node
from tests.factories import AT, SEEDS, address, key, pnode
from tests.nightly import EXAMPLES

LATEST = "0.8.0"
# Networks take long to draw, and each has several nodes.
network_settings = settings(max_examples=EXAMPLES * 4 // 5)
MANY_SEEDS = tuple(sorted({*SEEDS, *(f"198.18.2.{number}" for number in range(1, 8))}))

versions = st.sampled_from(
    (None, "unknown", "0.8.0", "0.8.1", "v0.8.0", "0.8.0-trynet.1.abc", "0.7.3", "0.7.9+build", "0.6.0", "1.0.0")
)
sizes = st.none() | st.integers(0, 2**62)
shares = st.floats(0, 1)
consistencies = st.none() | st.builds(
    Consistency,
    score=shares,
    all_time=shares,
    appearances=st.integers(0, 10_000),
    disappearances=st.integers(0, 10_000),
    window_days=st.just(7),
    last_drop=st.none() | st.integers(AT - 10 * DAY, AT),
)


@st.composite
def nodes(draw: st.DrawFn, number: int | None = None) -> PNode:
    """A node with any measurements, scored as a cycle would score it."""
    n = draw(st.integers(1, 10_000)) if number is None else number
    keyed = draw(st.booleans())
    node = pnode(
        n,
        address=address(n),
        pubkey=key(n) if keyed else None,
        status=draw(st.sampled_from(PNodeStatus)),
        is_public=draw(st.none() | st.booleans()),
        version=draw(versions),
        first_seen=draw(st.integers(AT - 90 * DAY, AT)),
        last_seen=draw(st.none() | st.integers(AT - 90 * DAY, AT + 10)),
        alive_at=draw(st.none() | st.integers(AT - 90 * DAY, AT)),
        uptime=draw(st.none() | st.integers(0, 2**40)),
        storage_committed=draw(sizes),
        storage_used=draw(sizes),
        storage_usage_percent=draw(st.none() | st.floats(0, 1e6)),
        storage_growth=draw(st.none() | st.floats(-1, 1)),
        witnesses=tuple(sorted(draw(st.sets(st.sampled_from(MANY_SEEDS))))),
        state_changes=draw(st.integers(0, 9)),
        is_seed=draw(st.booleans()),
        consistency=draw(consistencies),
        score=None,
    )
    return node.model_copy(update={"score": score_node(node, latest_version=LATEST)})


@st.composite
def networks(draw: st.DrawFn, max_size: int = 8) -> list[PNode]:
    """Different nodes in any order."""
    numbers = draw(st.lists(st.integers(1, 500), unique=True, max_size=max_size))
    return [draw(nodes(number)) for number in numbers]
