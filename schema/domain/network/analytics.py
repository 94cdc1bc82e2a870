"""The network's distributions (versions, storage usage, connectivity), and the advice derived from them."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from schema.domain.base import Record
from schema.domain.network.advice import Advice, network_advice
from schema.domain.network.health import count_versions
from schema.domain.node.pnode import PNode
from schema.domain.policy import POLICY_1_0, AnalyticsPolicy, Policy
from schema.domain.snapshot.record import ScorePolicy, Snapshot, VersionCount
from schema.domain.versions import Compliance, compliance


class Grade(StrEnum):
    """The grade of a distribution."""

    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"


class Population(Record):
    """The nodes that the distributions cover, which are the online ones.

    `total` counts all known nodes, `in_gossip` those that have not left gossip. `public`, `private` and
    `public_unknown` (no seed reports which) add up to `online`. `public_percent` is the share of `public` in `online`:
    0 without online nodes, None if it is unknown for all of them.
    """

    total: int
    in_gossip: int
    online: int
    public: int
    private: int
    public_unknown: int
    public_percent: float | None


class VersionAnalysis(Record):
    """Versions of online nodes, most common first.

    `latest_count` counts nodes on the latest release (or newer, or a pre-release or build of it), `outdated_count`
    those on older ones, `unknown_count` the rest. `compliance_percent` is the share of the first. `fragmentation_index`
    is the number of distinct known versions.
    """

    distribution: tuple[VersionCount, ...]
    latest_version: str | None
    latest_version_source: str
    latest_count: int
    outdated_count: int
    unknown_count: int
    compliance_percent: float
    fragmentation_index: int
    grade: Grade


class StorageBuckets(Record):
    """Online nodes by percent of storage used: empty < 10, low < 30, optimal < 70, high < 90, critical; unknown
    separately."""

    empty: int = 0
    low: int = 0
    optimal: int = 0
    high: int = 0
    critical: int = 0
    unknown: int = 0


class StorageAnalysis(Record):
    """Storage usage. `optimal_percent` is over online nodes."""

    distribution: StorageBuckets
    optimal_percent: float
    grade: Grade


class ConnectivityBuckets(Record):
    """Online nodes by number of witnesses: isolated 0 or 1, weak 2, good 3 or 4, excellent 5 or more."""

    isolated: int = 0
    weak: int = 0
    good: int = 0
    excellent: int = 0


class ConnectivityAnalysis(Record):
    """Connectivity as observed by `answering_seeds`. With fewer than three, a low number of witnesses means little."""

    distribution: ConnectivityBuckets
    well_connected: int
    well_connected_percent: float
    answering_seeds: int
    grade: Grade


class NetworkAnalytics(Record):
    """All distributions of one snapshot, with advice."""

    population: Population
    versions: VersionAnalysis
    storage: StorageAnalysis
    connectivity: ConnectivityAnalysis
    advice: tuple[Advice, ...]


def analytics(snapshot: Snapshot, policy: Policy = POLICY_1_0) -> NetworkAnalytics:
    """The distributions of a snapshot, over nodes that enough seeds list. Connectivity advice needs three answering
    seeds."""
    nodes = [node for node in snapshot.nodes if node.supported]
    online = [node for node in nodes if node.is_online]
    public = Counter(node.is_public for node in online)
    versions = _versions(online, snapshot.header.policy, policy.analytics)
    storage = _storage(online, policy.analytics)
    connectivity = _connectivity(online, snapshot.answering_seeds, policy.analytics)
    enough_seeds = snapshot.answering_seeds >= policy.alerts.min_answering_seeds
    return NetworkAnalytics(
        population=Population(
            total=len(nodes),
            in_gossip=sum(node.in_gossip for node in nodes),
            online=len(online),
            public=public[True],
            private=public[False],
            public_unknown=public[None],
            public_percent=None if online and public[None] == len(online) else _percent(public[True], len(online)),
        ),
        versions=versions,
        storage=storage,
        connectivity=connectivity,
        advice=network_advice(
            compliance_percent=versions.compliance_percent,
            empty=storage.distribution.empty,
            critical=storage.distribution.critical,
            isolated=connectivity.distribution.isolated if enough_seeds else 0,
            total=len(online),
            policy=policy,
        ),
    )


def _versions(online: Sequence[PNode], latest: ScorePolicy, rules: AnalyticsPolicy) -> VersionAnalysis:
    standing = Counter(compliance(node.version, latest.latest_version) for node in online)
    share = _percent(standing[Compliance.LATEST], len(online))
    distribution = count_versions(node.version for node in online)
    return VersionAnalysis(
        distribution=distribution,
        latest_version=latest.latest_version,
        latest_version_source=latest.latest_version_source,
        latest_count=standing[Compliance.LATEST],
        outdated_count=standing[Compliance.BEHIND] + standing[Compliance.OUTDATED],
        unknown_count=standing[Compliance.UNKNOWN],
        compliance_percent=share,
        fragmentation_index=sum(entry.version is not None for entry in distribution),
        grade=_version_grade(share, rules),
    )


def _version_grade(share: float, rules: AnalyticsPolicy) -> Grade:
    if share > rules.compliance_good:
        return Grade.GOOD
    return Grade.FAIR if share > rules.compliance_fair else Grade.POOR


def _storage(online: Sequence[PNode], rules: AnalyticsPolicy) -> StorageAnalysis:
    bounds = (rules.storage_low, rules.storage_optimal, rules.storage_high, rules.storage_critical)
    names = ("empty", "low", "optimal", "high", "critical")
    counts = Counter(
        "unknown" if node.storage_usage_percent is None else names[bisect_right(bounds, node.storage_usage_percent)]
        for node in online
    )
    distribution = StorageBuckets(**counts)
    return StorageAnalysis(
        distribution=distribution,
        optimal_percent=_percent(distribution.optimal, len(online)),
        grade=Grade.GOOD if distribution.optimal > distribution.critical else Grade.FAIR,
    )


def _connectivity(online: Sequence[PNode], answering_seeds: int, rules: AnalyticsPolicy) -> ConnectivityAnalysis:
    bounds = (rules.witnesses_weak, rules.witnesses_good, rules.witnesses_excellent)
    names = ("isolated", "weak", "good", "excellent")
    distribution = ConnectivityBuckets(**Counter(names[bisect_right(bounds, node.witness_count)] for node in online))
    well_connected = distribution.good + distribution.excellent
    few_isolated = 100 * distribution.isolated < rules.isolated_share * len(online)
    return ConnectivityAnalysis(
        distribution=distribution,
        well_connected=well_connected,
        well_connected_percent=_percent(well_connected, len(online)),
        answering_seeds=answering_seeds,
        grade=Grade.GOOD if few_isolated else Grade.FAIR,
    )


def _percent(part: int, whole: int) -> float:
    """part / whole in percent with two decimals; 0 if the whole is 0."""
    return round(100 * part / whole, 2) if whole else 0.0
