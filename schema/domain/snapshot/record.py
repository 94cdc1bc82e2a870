"""The whole network in one slot."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.node.coverage import Coverage
from schema.domain.node.observation import Failure, PodStats
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import Contact, place


class SeedReport(Record):
    """How one seed did in one cycle.

    `listed` is the number of pods in its answer; `coverage` the share (0..1) of the nodes listed by any seed that it
    lists; `agreement` the share of values about nodes listed by others too on which it agrees with the majority.
    `island` numbers the groups of seeds whose lists do not overlap. `clock_ahead` is in seconds, negative where
    the clock is behind. `latency_ms` is by method.
    `unsupported` counts nodes in its list that too few other seeds list, `refused` new ones beyond what one seed may bring.
    """

    seed: str
    host: str
    answered_at: UnixSeconds
    failure: Failure | None = None
    version: str | None = None
    stats: PodStats | None = None
    node_id: str | None = None
    listed: int = 0
    has_stats: bool = False
    coverage: float | None = None
    agreement: float | None = None
    island: int | None = None
    clock_ahead: int = 0
    dropped: Mapping[str, int] = {}
    latency_ms: Mapping[str, float] = {}
    unsupported: int = 0
    refused: int = 0

    @property
    def ok(self) -> bool:
        return self.failure is None


class CycleTiming(Record):
    """What a cycle cost up to its commit, in seconds by the monotonic clock."""

    started_at: UnixSeconds
    crawl_seconds: float = 0.0
    compute_seconds: float = 0.0
    total_seconds: float = 0.0


class ScorePolicy(Record):
    """The data behind the scores: version of the formulas, and the latest release with how it was found.

    `version` is that of the scores, `estimate_version` that of the estimates, None where there are none.
    """

    version: str
    latest_version: str | None
    latest_version_source: str
    estimate_version: str | None = None

    @property
    def newest_version(self) -> str:
        """The newest policy that the snapshot was scored with."""
        return self.estimate_version or self.version


class Adopted(Record):
    """When a release of a network passed the share of its nodes from which lag counts (`schema.domain.scoring.currency`).

    `network` is the name in its pre-releases, empty for the network that is watched. `since` is None where it had when
    watching began.
    """

    network: str
    release: tuple[int, ...]
    since: UnixSeconds | None = None


class NetworkStatus(StrEnum):
    """The network's state, from its health score."""

    HEALTHY = "HEALTHY"
    FAIR = "FAIR"
    DEGRADED = "DEGRADED"
    CRITICAL = "CRITICAL"
    UNKNOWN = "UNKNOWN"


class HealthFactors(Record):
    """Points of network health: availability 0..30, versions 0..25, node quality 0..25, connectivity 0..20."""

    availability: float
    version_consistency: float
    node_quality: float
    connectivity: float


class NetworkHealth(Record):
    """Network health 0..100. No nodes: score 0, status UNKNOWN, factors None."""

    score: float
    status: NetworkStatus
    factors: HealthFactors | None


class VersionCount(Record):
    """How many online nodes run a version; None where a node's version is unknown."""

    version: str | None
    count: int


class NetworkTotals(Record):
    """The network in figures: one point of its history. Sizes in bytes, over online nodes, one count per key.

    `public`, `private` and `public_unknown` (no seed says which) add up to `online`. Snapshots that were stored before
    `public_unknown` existed count it within `private`.

    Nodes that fewer than `min_witnesses` seeds support are left out, and counted as `unsupported`; None where fewer than
    three seeds answered, and every node counts. Medians are over the nodes that know the value. A trimmed sum is the mean
    without the least and the greatest tenth of the nodes, times their number: a tenth of them at extreme values does not
    move it.
    """

    total: int
    online: int
    ghost: int
    offline: int
    unknown: int
    public: int
    private: int
    storage_committed: int
    storage_used: int
    avg_uptime_seconds: float | None
    avg_witnesses: float | None
    avg_score: float | None
    avg_storage_usage_percent: float | None
    versions: tuple[VersionCount, ...]
    seeds_configured: int
    seeds_ok: int
    avg_cpu_percent: float | None = None
    avg_ram_used_percent: float | None = None
    active_streams: int | None = None
    bytes_processed: int | None = None
    public_unknown: int = 0
    min_witnesses: int | None = None
    unsupported: int = 0
    median_uptime_seconds: float | None = None
    median_score: float | None = None
    median_storage_committed: int | None = None
    median_storage_used: int | None = None
    trimmed_storage_committed: int | None = None
    trimmed_storage_used: int | None = None

    @property
    def in_gossip(self) -> int:
        """Nodes in gossip (`PNode.in_gossip`): all known ones but those that have left it."""
        return self.total - self.offline


class SnapshotHeader(Record):
    """Everything about a snapshot but its nodes: what the commit marker carries.

    `interval` is the CACHE_TTL in force. `promoted_seeds` are public nodes that were asked for their lists too. `content_hash` is over the nodes. `node_count` bounds what must be loaded.
    `coverage` is what was observed up to now, `adopted` since when releases are what the network runs (None: not known).
    """

    slot: Slot
    interval: int
    taken_at: UnixSeconds
    network: str
    policy: ScorePolicy
    seeds: tuple[SeedReport, ...]
    promoted_seeds: tuple[SeedReport, ...] = ()
    totals: NetworkTotals
    health: NetworkHealth
    timing: CycleTiming
    node_count: int
    content_hash: str
    coverage: Coverage = Coverage()
    adopted: tuple[Adopted, ...] | None = None


class Snapshot(Record):
    """One slot, whole: its header and its nodes, sorted by id."""

    header: SnapshotHeader
    nodes: tuple[PNode, ...]

    @property
    def slot(self) -> Slot:
        return self.header.slot

    @property
    def answering_seeds(self) -> int:
        """The number of seeds that gave a list; alerts about connectivity need at least three."""
        return sum(seed.ok for seed in self.header.seeds)

    @cached_property
    def by_id(self) -> dict[str, PNode]:
        """Each node by its id, and by ids that it had before its key was known."""
        index = {former: node for node in self.nodes for former in node.former_ids}
        index.update((node.id, node) for node in self.nodes)
        return index

    @cached_property
    def by_address(self) -> dict[str, PNode]:
        """Each node by every known address; a current address wins over one from the past, a live node over others."""
        index: dict[str, PNode] = {}
        for node in self.nodes:
            for change in node.previous_addresses:
                index.setdefault(change.address, node)
        for node in self.nodes:
            for sighting in node.sightings:
                index[sighting.address] = node
        for node in sorted(self.nodes, key=lambda n: n.is_online):
            index[node.place] = node
        return index

    @cached_property
    def contacts(self) -> tuple[Contact, ...]:
        """All nodes by their last contact, newest first."""
        return tuple(sorted((Contact(n.last_contact, n.place, n.id) for n in self.nodes), key=place))

    def find(self, key: str) -> PNode | None:
        """The node with this id, pubkey or address (any that it is known by), else None."""
        return self.by_id.get(key) or self.by_address.get(key)
