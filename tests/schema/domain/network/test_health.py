from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.domain.base import DAY, GIB, MAX_INT64
from schema.domain.network.advice import AdviceLevel
from schema.domain.network.health import network_alerts, network_health, network_totals
from schema.domain.node.failure import FailureCategory
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0
from schema.domain.scoring.scores import score_node
from schema.domain.snapshot.record import NetworkHealth, NetworkStatus, NetworkTotals, VersionCount
from tests.factories import SEEDS, pnode, pod_stats, seed_report
from tests.schema.domain.strategies import LATEST, MANY_SEEDS, network_settings, networks
from tests.schema.domain.worked_examples import HEALTH, Example, points, shown


def perfect(number: int, *, witnesses: int = 3, **changes: object) -> PNode:
    """A node with a composite of 94 by default, and no growth, which the earlier API did not have."""
    fields = {"uptime": 30 * DAY, "storage_committed": 100 * GIB, "witnesses": MANY_SEEDS[:witnesses], **changes}
    node = pnode(number, **fields)
    return node.model_copy(update={"score": score_node(node, latest_version=LATEST)})


def totals(**changes: object) -> NetworkTotals:
    counted = network_totals([pnode(n) for n in range(60)], [seed_report(seed) for seed in SEEDS])
    return counted.model_copy(update=changes)


def health(score: float = 90.0) -> NetworkHealth:
    return NetworkHealth(score=score, status=NetworkStatus.HEALTHY, factors=None)


@pytest.mark.parametrize("row", HEALTH, ids=lambda row: shown(row.given))
def test_worked_examples_of_network_health(row: Example):
    groups = [fields for count, fields in row.given["nodes"] for _ in range(count)]
    found = network_health([perfect(number, **fields) for number, fields in enumerate(groups)])
    factors = f"{points(found.score, *found.factors.model_dump().values())}" if found.factors else "0 without parts"
    assert f"{found.status} {factors}" == row.expected


@pytest.mark.parametrize(
    ("bounds", "status"),
    [
        ({"healthy": 98.5}, NetworkStatus.HEALTHY),
        ({"healthy": 98.51, "fair": 98.5}, NetworkStatus.FAIR),
        ({"healthy": 99, "fair": 98.51, "degraded": 98.5}, NetworkStatus.DEGRADED),
        ({"healthy": 99, "fair": 99, "degraded": 98.51}, NetworkStatus.CRITICAL),
    ],
)
def test_each_state_begins_at_its_bound(bounds: dict[str, float], status: NetworkStatus):
    policy = POLICY_1_0.model_copy(update={"health": POLICY_1_0.health.model_copy(update=bounds)})
    found = network_health([perfect(1)], policy)
    assert (found.score, found.status) == (98.5, status)


def test_a_version_that_is_not_known_is_no_common_version():
    network = [perfect(1), *(perfect(n, version=None) for n in (2, 3))]
    factors = network_health(network).factors
    assert factors is not None
    assert factors.version_consistency == 8.33


@network_settings
@given(networks())
def test_health_stays_in_its_range(network: list[PNode]):
    found = network_health(network)
    assert 0 <= found.score <= 100
    if found.factors is not None:
        bounds = zip(found.factors.model_dump().values(), (30, 25, 25, 20), strict=True)
        assert all(0 <= factor <= bound for factor, bound in bounds)
        assert found.score == pytest.approx(sum(found.factors.model_dump().values()), abs=0.03)


@network_settings
@given(networks(), st.randoms())
def test_neither_health_nor_totals_depend_on_the_order_of_nodes(network: list[PNode], random: Random):
    shuffled = random.sample(network, len(network))
    assert network_health(shuffled) == network_health(network)
    assert network_totals(shuffled, ()) == network_totals(network, ())


@network_settings
@given(networks())
def test_one_more_node_online_never_lowers_availability(network: list[PNode]):
    before, after = network_health(network).factors, network_health([*network, perfect(9_999)]).factors
    assert after is not None
    assert after.availability >= (before.availability if before else 0)


@network_settings
@given(networks())
def test_totals_agree_with_a_plain_recount(network: list[PNode]):
    counted = network_totals(network, ())
    online = [node for node in network if node.status is PNodeStatus.ONLINE]
    assert counted.total == len(network)
    assert counted.total == counted.online + counted.ghost + counted.offline + counted.unknown
    assert counted.online == counted.public + counted.private + counted.public_unknown == len(online)
    for value, count in ((True, counted.public), (False, counted.private), (None, counted.public_unknown)):
        assert count == len([node for node in online if node.is_public is value])
    assert sum(entry.count for entry in counted.versions) == counted.online
    for name, total in (
        ("storage_committed", counted.storage_committed),
        ("storage_used", counted.storage_used),
    ):
        known = [getattr(node, name) for node in online if getattr(node, name) is not None]
        assert total == min(sum(known), MAX_INT64)
    uptimes = [node.uptime for node in online if node.uptime is not None]
    assert counted.avg_uptime_seconds == (pytest.approx(sum(uptimes) / len(uptimes)) if uptimes else None)
    assert (counted.avg_witnesses is None) is (not online)
    assert (counted.avg_score is None) is (not online)


def test_versions_are_listed_by_count_then_newest_first():
    network = [pnode(n, version=v) for n, v in enumerate(["0.7.3", "0.10.0", "0.8.0", "0.8.0", None, "unheard-of"])]
    assert network_totals(network, ()).versions == (
        VersionCount(version="0.8.0", count=2),
        VersionCount(version="0.10.0", count=1),
        VersionCount(version="0.7.3", count=1),
        VersionCount(version="unheard-of", count=1),
        VersionCount(version=None, count=1),
    )


def test_seeds_are_averaged_over_those_that_answered():
    seeds = [
        seed_report(SEEDS[0], stats=pod_stats(cpu_percent=1.0, ram_used=GIB, ram_total=4 * GIB, total_bytes=10)),
        seed_report(SEEDS[1], stats=pod_stats(cpu_percent=3.0, ram_used=3 * GIB, ram_total=4 * GIB, total_bytes=30)),
        seed_report(SEEDS[2], failure=FailureCategory.TIMEOUT),
    ]
    counted = network_totals((), seeds)
    assert (counted.seeds_configured, counted.seeds_ok) == (3, 2)
    assert (counted.avg_cpu_percent, counted.avg_ram_used_percent) == (2.0, 50.0)
    assert (counted.active_streams, counted.bytes_processed) == (4, 40)


def test_what_no_seed_knows_is_not_known():
    stats = pod_stats(cpu_percent=None, ram_used=None, ram_total=0, active_streams=None, total_bytes=None)
    counted = network_totals((), [seed_report(stats=stats)])
    assert (counted.avg_cpu_percent, counted.avg_ram_used_percent) == (None, None)
    assert (counted.active_streams, counted.bytes_processed) == (None, None)


def test_sums_stop_where_the_store_does():
    network = [pnode(n, storage_committed=MAX_INT64) for n in range(2)]
    assert network_totals(network, ()).storage_committed == MAX_INT64


def test_a_sound_network_has_no_alerts():
    assert network_alerts(totals(), health()) == ()


@pytest.mark.parametrize(
    ("online", "expected"),
    [(29, [AdviceLevel.HIGH]), (30, [AdviceLevel.MEDIUM]), (49, [AdviceLevel.MEDIUM]), (50, [])],
)
def test_few_online_nodes_are_an_alert(online: int, expected: list[AdviceLevel]):
    alerts = network_alerts(totals(online=online), health())
    assert [(alert.level, alert.type, alert.value) for alert in alerts] == [
        (level, "low_node_count", online) for level in expected
    ]


def test_more_than_three_known_versions_are_an_alert():
    four = tuple(VersionCount(version=f"0.{n}.0", count=1) for n in range(4))
    three = (*four[1:], VersionCount(version=None, count=1))
    assert [alert.type for alert in network_alerts(totals(versions=four), health())] == ["version_fragmentation"]
    assert network_alerts(totals(versions=three), health()) == ()


def test_low_health_is_an_alert():
    assert [(a.level, a.type) for a in network_alerts(totals(), health(59.99))] == [
        (AdviceLevel.HIGH, "low_health_score")
    ]
    assert network_alerts(totals(), health(60)) == ()


def test_network_alerts_come_in_a_fixed_order():
    four = tuple(VersionCount(version=f"0.{n}.0", count=1) for n in range(4))
    alerts = network_alerts(totals(online=1, versions=four), health(10))
    assert [alert.type for alert in alerts] == ["low_node_count", "version_fragmentation", "low_health_score"]
    assert all(alert.message and alert.recommendation for alert in alerts)
