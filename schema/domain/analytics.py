"""The network's distributions: versions, use of storage, connectivity; and the advice drawn from them."""

from enum import StrEnum

from schema.domain.advice import Advice
from schema.domain.base import Record
from schema.domain.policy import POLICY_1_0, Policy
from schema.domain.snapshot import Snapshot, VersionCount


class Grade(StrEnum):
    """A distribution in a word."""

    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"


class Population(Record):
    """Whom the distributions are over: online nodes. `total` counts all known nodes; `private` is every online node
    that is not known to be public; `public_percent` is 0 without online nodes."""

    total: int
    online: int
    public: int
    private: int
    public_percent: float


class VersionAnalysis(Record):
    """Versions of online nodes, most common first.

    `latest_count` counts nodes on the latest release (or newer, or a pre-release or build of it), `outdated_count` those
    on older ones, `unknown_count` the rest. `compliance_percent` is the share of the first. `fragmentation_index` is
    the number of different versions that are known.
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
    """Online nodes by percent of storage used: empty < 10, low < 30, optimal < 70, high < 90, critical; unknown apart."""

    empty: int = 0
    low: int = 0
    optimal: int = 0
    high: int = 0
    critical: int = 0
    unknown: int = 0


class StorageAnalysis(Record):
    """Use of storage; `optimal_percent` is over online nodes."""

    distribution: StorageBuckets
    optimal_percent: float
    grade: Grade


class ConnectivityBuckets(Record):
    """Online nodes by witnesses: isolated 0 or 1, weak 2, good 3 or 4, excellent 5 and more."""

    isolated: int = 0
    weak: int = 0
    good: int = 0
    excellent: int = 0


class ConnectivityAnalysis(Record):
    """Connectivity as `answering_seeds` saw it; under three of them, few witnesses say little about a node."""

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


def network_advice(
    *,
    compliance_percent: float,
    empty: int,
    critical: int,
    isolated: int,
    total: int,
    policy: Policy = POLICY_1_0,
) -> tuple[Advice, ...]:
    """Advice on the whole network, in this order, each with its category and level.

    version: HIGH under 50 % compliance, MEDIUM under 70. storage: HIGH where more than 10 % of `total` are critical, LOW
    where more than 30 % are empty. connectivity: HIGH where more than 10 % are isolated. general: INFO, if none of these.
    """
    raise NotImplementedError


def analytics(snapshot: Snapshot, policy: Policy = POLICY_1_0) -> NetworkAnalytics:
    """The distributions of a snapshot. Connectivity advice needs three answering seeds."""
    raise NotImplementedError
