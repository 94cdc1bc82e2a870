"""The health of the network, its totals, and its alerts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum
from statistics import median, median_low
from typing import Any

from schema.domain.base import Record, rounded
from schema.domain.network.advice import AdviceLevel
from schema.domain.network.sums import mean as _mean
from schema.domain.network.sums import own_figures, trimmed_sum
from schema.domain.network.sums import total as _sum
from schema.domain.node.pnode import PNode, PNodeStatus
from schema.domain.policy import POLICY_1_0, HealthPolicy, Policy
from schema.domain.snapshot.record import (
    HealthFactors,
    NetworkHealth,
    NetworkStatus,
    NetworkTotals,
    SeedReport,
    VersionCount,
)
from schema.domain.versions import sort_key
from schema.domain.words import counted, plain_number


class NetworkAlert(Record):
    """A network alert: `level` HIGH or MEDIUM, `type` one of low_node_count, version_fragmentation, low_health_score.
    `value` is the measured value, `threshold` the bound that it crossed."""

    level: AdviceLevel
    type: str
    message: str
    value: float
    threshold: float
    recommendation: str


def network_health(nodes: Iterable[PNode], policy: Policy = POLICY_1_0) -> NetworkHealth:
    """Health 0..100 = 30·online/all + 25·largest version share + 25·mean composite/100 + 20·min(mean witnesses/3, 1).

    Only nodes that enough seeds list count. All parts except availability are over online nodes, and an unknown version
    does not count as a version. Status: healthy ≥ 80, fair ≥ 60, degraded ≥ 40, otherwise critical, on the rounded
    score. Without nodes: score 0, UNKNOWN, no factors.
    """
    known = [node for node in nodes if node.supported]
    if not known:
        return NetworkHealth(score=0.0, status=NetworkStatus.UNKNOWN, factors=None)
    rules = policy.health
    online = [node for node in known if node.is_online]
    versions = Counter(node.version for node in online if node.version is not None)
    count = max(len(online), 1)
    witnesses = sum(node.witness_count for node in online) / count
    composite = fsum(node.score.composite for node in online if node.score) / count
    points = (
        rules.availability_points * len(online) / len(known),
        rules.version_points * max(versions.values(), default=0) / count,
        rules.quality_points * composite / 100,
        rules.connectivity_points * min(witnesses / rules.connectivity_full, 1.0),
    )
    score = round(sum(points), 2)
    availability, version_consistency, node_quality, connectivity = (round(point, 2) for point in points)
    return NetworkHealth(
        score=score,
        status=_status(score, rules),
        factors=HealthFactors(
            availability=availability,
            version_consistency=version_consistency,
            node_quality=node_quality,
            connectivity=connectivity,
        ),
    )


def network_totals(
    nodes: Iterable[PNode], seeds: Sequence[SeedReport], *, min_witnesses: int | None = None
) -> NetworkTotals:
    """The totals of the network. Sizes, averages, versions and visibility are over online nodes that enough seeds list.

    An average is over the nodes (or seeds) with a known value, None if there are none. Versions: most common first,
    ties by version, newest first. Sums are capped at 2^63 − 1. If `min_witnesses` are needed, values that only the node
    itself reports count in no figure. The seeds' reports on themselves count by their median if there are three or
    more.
    """
    everyone = list(nodes)
    known = [node for node in everyone if node.supported]
    online = [node for node in known if node.is_online]
    by_status = Counter(node.status for node in known)
    public = Counter(node.is_public for node in online)

    # Few nodes report values about themselves, so the other nodes need no check for each figure.
    alone = [node for node in online if node.provenance.own_fields] if min_witnesses is not None else []
    listed = [node for node in online if not node.provenance.own_fields] if alone else online

    def figures(name: str) -> list[Any]:
        said = [*listed, *(node for node in alone if not node.says_alone(name))]
        return [value for node in said if (value := getattr(node, name)) is not None]

    committed, used = figures("storage_committed"), figures("storage_used")
    uptimes = figures("uptime")
    scores = [node.score.composite for node in online if node.score]
    return NetworkTotals(
        total=len(known),
        online=len(online),
        ghost=by_status[PNodeStatus.GHOST],
        offline=by_status[PNodeStatus.OFFLINE],
        unknown=by_status[PNodeStatus.UNKNOWN],
        public=public[True],
        private=public[False],
        public_unknown=public[None],
        storage_committed=_sum(committed) or 0,
        storage_used=_sum(used) or 0,
        avg_uptime_seconds=_mean(uptimes),
        avg_witnesses=_mean(node.witness_count for node in online),
        avg_score=_mean(scores),
        avg_storage_usage_percent=_mean(figures("storage_usage_percent")),
        versions=count_versions(node.version for node in online),
        seeds_configured=len(seeds),
        seeds_ok=sum(seed.ok for seed in seeds),
        **own_figures([seed.stats for seed in seeds if seed.stats is not None]),
        min_witnesses=min_witnesses,
        unsupported=len(everyone) - len(known),
        median_uptime_seconds=median(uptimes) if uptimes else None,
        median_score=median(scores) if scores else None,
        median_storage_committed=median_low(committed) if committed else None,
        median_storage_used=median_low(used) if used else None,
        trimmed_storage_committed=trimmed_sum(committed),
        trimmed_storage_used=trimmed_sum(used),
    )


def count_versions(versions: Iterable[str | None]) -> tuple[VersionCount, ...]:
    """How often each version occurs: most common first, ties by version, newest first, and None last."""
    counts = Counter(versions)
    newest_first = sorted(counts, key=sort_key, reverse=True)
    ordered = sorted(newest_first, key=lambda version: -counts[version])
    return tuple(VersionCount(version=version, count=counts[version]) for version in ordered)


def network_alerts(
    totals: NetworkTotals, health: NetworkHealth, policy: Policy = POLICY_1_0
) -> tuple[NetworkAlert, ...]:
    """The network's alerts, in a fixed order: too few online nodes (HIGH under 30, MEDIUM under 50), more than 3
    versions online (MEDIUM), a health score under 60 (HIGH)."""
    rules = policy.health
    alerts: list[NetworkAlert] = []
    if totals.online < rules.low_nodes:
        alerts.append(
            NetworkAlert(
                level=AdviceLevel.HIGH if totals.online < rules.very_low_nodes else AdviceLevel.MEDIUM,
                type="low_node_count",
                message=f"{counted(totals.online, 'node is', 'nodes are')} online; {rules.low_nodes} or more are wanted",
                value=totals.online,
                threshold=rules.low_nodes,
                recommendation="Find out which operators have left, and bring nodes back or add new ones.",
            )
        )
    versions = sum(entry.version is not None for entry in totals.versions)
    if versions > rules.max_versions:
        alerts.append(
            NetworkAlert(
                level=AdviceLevel.MEDIUM,
                type="version_fragmentation",
                message=f"{counted(versions, 'different version is', 'different versions are')} online; at most {rules.max_versions} are wanted",
                value=versions,
                threshold=rules.max_versions,
                recommendation="Ask operators to move to the latest release.",
            )
        )
    if health.score < rules.low_score:
        alerts.append(
            NetworkAlert(
                level=AdviceLevel.HIGH,
                type="low_health_score",
                message=f"network health is {health.score:.2f} of 100; {rules.low_score:g} or more is wanted",
                value=health.score,
                threshold=rules.low_score,
                recommendation="Look at the health factors: the one farthest from its maximum matters most.",
            )
        )
    return tuple(alerts)


def underutilized(nodes: Iterable[PNode], policy: Policy = POLICY_1_0) -> NetworkAlert | None:
    """An alert that the network's storage is hardly used, raised once instead of for each node.

    The median usage of online nodes that enough seeds list is under `alerts.underutilized_percent`. None if it is not,
    or if no usage is known.
    """
    known = [
        n.storage_usage_percent for n in nodes if n.is_online and n.supported and n.storage_usage_percent is not None
    ]
    bound = policy.alerts.underutilized_percent
    used = median(known) if known else None
    if used is None or used >= bound:
        return None
    return NetworkAlert(
        level=AdviceLevel.INFO,
        type="underutilized",
        message=f"half of the nodes use {plain_number(used, 2)} % of their storage or less; under {bound:g} % is little",
        value=rounded(used, 4),
        threshold=bound,
        recommendation="Nothing: there is room for data. It lowers no score.",
    )


def _status(score: float, rules: HealthPolicy) -> NetworkStatus:
    if score >= rules.healthy:
        return NetworkStatus.HEALTHY
    if score >= rules.fair:
        return NetworkStatus.FAIR
    return NetworkStatus.DEGRADED if score >= rules.degraded else NetworkStatus.CRITICAL
