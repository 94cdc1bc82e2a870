from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.network.advice import network_advice
from schema.domain.network.analytics import ConnectivityBuckets, Grade, StorageBuckets, analytics
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.snapshot.record import ScorePolicy, VersionCount
from tests.factories import SEEDS, pnode, seed_report, snapshot
from tests.schema.domain.strategies import MANY_SEEDS, network_settings, networks
from tests.schema.domain.worked_examples import NETWORK_ADVICE, Example, shown


@pytest.mark.parametrize("row", NETWORK_ADVICE, ids=lambda row: shown(row.given))
def test_worked_examples_of_network_advice(row: Example):
    advice = network_advice(**row.given)
    assert "; ".join(f"{entry.level} {entry.category}" for entry in advice) == row.expected
    assert all(entry.message and entry.recommendation and entry.action for entry in advice)


def test_the_population_is_counted():
    network = [pnode(1), pnode(2, is_public=False), pnode(3, is_public=None), pnode(4, status=PNodeStatus.GHOST)]
    population = analytics(snapshot(network)).population
    assert (population.total, population.online) == (4, 3)
    assert (population.public, population.private, population.public_unknown) == (1, 1, 1)
    assert population.public_percent == 33.33


def test_where_no_seed_says_who_is_public_the_share_is_not_known():
    population = analytics(snapshot([pnode(n, is_public=None) for n in (1, 2)])).population
    assert (population.public, population.private, population.public_unknown) == (0, 0, 2)
    assert population.public_percent is None


def test_versions_are_held_against_the_latest_of_the_network():
    versions = ["0.9.0"] * 3 + ["0.9.0-trynet.1", "0.8.0", "0.1.0", None]
    latest = ScorePolicy(version="1.0", latest_version="0.9.0", latest_version_source="network")
    found = analytics(snapshot([pnode(n, version=v) for n, v in enumerate(versions)], policy=latest)).versions
    assert (found.latest_version, found.latest_version_source) == ("0.9.0", "network")
    assert (found.latest_count, found.outdated_count, found.unknown_count) == (4, 2, 1)
    assert (found.compliance_percent, found.fragmentation_index) == (57.14, 4)
    assert found.distribution[0] == VersionCount(version="0.9.0", count=3)


@pytest.mark.parametrize(
    ("latest", "of", "grade"), [(71, 100, "GOOD"), (7, 10, "FAIR"), (51, 100, "FAIR"), (5, 10, "POOR"), (0, 0, "POOR")]
)
def test_versions_have_a_grade(latest: int, of: int, grade: str):
    network = [pnode(n, version="0.8.0" if n < latest else "0.7.0") for n in range(of)]
    assert analytics(snapshot(network)).versions.grade == grade


@pytest.mark.parametrize(
    ("usage", "bucket"),
    [
        (0.0, "empty"),
        (9.99, "empty"),
        (10.0, "low"),
        (29.99, "low"),
        (30.0, "optimal"),
        (69.99, "optimal"),
        (70.0, "high"),
        (89.99, "high"),
        (90.0, "critical"),
        (250.0, "critical"),
        (None, "unknown"),
    ],
)
def test_storage_falls_into_buckets(usage: float | None, bucket: str):
    found = analytics(snapshot([pnode(storage_usage_percent=usage)])).storage
    assert found.distribution == StorageBuckets(**{bucket: 1})


@pytest.mark.parametrize(
    ("usages", "percent", "grade"),
    [([50, 50, 95], 66.67, Grade.GOOD), ([50, 95], 50, Grade.FAIR), ([], 0, Grade.FAIR)],
)
def test_storage_is_good_where_more_nodes_are_well_used_than_full(usages: list[float], percent: float, grade: Grade):
    network = [pnode(n, storage_usage_percent=usage) for n, usage in enumerate(usages)]
    found = analytics(snapshot(network)).storage
    assert (found.optimal_percent, found.grade) == (percent, grade)


@pytest.mark.parametrize(
    ("witnesses", "bucket"),
    [(0, "isolated"), (1, "isolated"), (2, "weak"), (3, "good"), (4, "good"), (5, "excellent"), (9, "excellent")],
)
def test_connectivity_falls_into_buckets(witnesses: int, bucket: str):
    found = analytics(snapshot([pnode(witnesses=MANY_SEEDS[:witnesses])])).connectivity
    assert found.distribution == ConnectivityBuckets(**{bucket: 1})
    assert found.well_connected == (bucket in {"good", "excellent"})


@pytest.mark.parametrize(
    ("isolated", "of", "grade"), [(1, 11, Grade.GOOD), (1, 10, Grade.FAIR), (0, 1, Grade.GOOD), (0, 0, Grade.FAIR)]
)
def test_connectivity_is_good_where_few_are_isolated(isolated: int, of: int, grade: Grade):
    network = [pnode(n, witnesses=() if n < isolated else SEEDS) for n in range(of)]
    assert analytics(snapshot(network)).connectivity.grade is grade


@pytest.mark.parametrize(("answering", "categories"), [(3, ["connectivity"]), (2, ["general"])])
def test_isolation_is_advised_on_only_where_three_seeds_answered(answering: int, categories: list[str]):
    taken = snapshot([pnode(witnesses=SEEDS[:1])], seeds=tuple(seed_report(seed) for seed in SEEDS[:answering]))
    found = analytics(taken)
    assert found.connectivity.answering_seeds == answering
    assert [entry.category for entry in found.advice] == categories


@network_settings
@given(networks(), st.randoms())
def test_distributions_agree_with_a_plain_recount_in_any_order(network: list[PNode], random: Random):
    taken = snapshot(network)
    found = analytics(taken)
    online = len([node for node in network if node.is_online])
    population = found.population
    assert population.online == online
    assert online == population.public + population.private + population.public_unknown
    assert sum(entry.count for entry in found.versions.distribution) == online
    assert found.versions.latest_count + found.versions.outdated_count + found.versions.unknown_count == online
    assert sum(found.storage.distribution.model_dump().values()) == online
    assert sum(found.connectivity.distribution.model_dump().values()) == online
    assert (population.public_percent is None) == (population.public_unknown == online > 0)
    for percent in (
        population.public_percent or 0,
        found.versions.compliance_percent,
        found.storage.optimal_percent,
        found.connectivity.well_connected_percent,
    ):
        assert 0 <= percent <= 100
    shuffled = taken.model_copy(update={"nodes": tuple(random.sample(network, len(network)))})
    assert analytics(shuffled) == found
