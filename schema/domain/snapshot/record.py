"""The whole network in one slot."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from schema.domain.base import Record, Slot, UnixSeconds
from schema.domain.node.coverage import Coverage
from schema.domain.node.failure import Failure
from schema.domain.node.observation import PodStats
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import Contact, place


class SeedReport(Record):
    """The result of one seed in one cycle.

    `listed` is the number of pods in its answer. `coverage` is the share (0..1) of all listed nodes that it lists;
    `agreement` is the share of values on which it agrees with the majority, over nodes that other seeds list too.
    `island` numbers the groups of seeds whose lists do not overlap. `clock_ahead` is in seconds, negative if the clock
    is behind. `latency_ms` is by method. `unsupported` counts nodes in its list that too few other seeds list,
    `refused` new nodes beyond the number that one seed may add.
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
    """The cost of a cycle up to its commit, in seconds by the monotonic clock."""

    started_at: UnixSeconds
    crawl_seconds: float = 0.0
    compute_seconds: float = 0.0
    total_seconds: float = 0.0


class ScorePolicy(Record):
    """The data behind the scores: the version of the formulas, the latest release, and the source of that release.

    `version` is that of the scores, `estimate_version` that of the estimates (None if there are none).
    """

    version: str
    latest_version: str | None
    latest_version_source: str
    estimate_version: str | None = None

    @property
    def newest_version(self) -> str:
        """The newest policy by which the snapshot was scored."""
        return self.estimate_version or self.version


class Adopted(Record):
    """When a release of a network reached the share of nodes from which lag counts (`schema.domain.scoring.currency`).

    `network` is the name in its pre-releases, empty for the monitored network. `since` is None if the release had
    already reached the share when monitoring began.
    """

    network: str
    release: tuple[int, ...]
    since: UnixSeconds | None = None


class NetworkStatus(StrEnum):
    """The network's state, derived from its health score."""

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
    """Network health 0..100. Without nodes: score 0, status UNKNOWN, factors None."""

    score: float
    status: NetworkStatus
    factors: HealthFactors | None


class VersionCount(Record):
    """Number of online nodes that run a version. `version` is None for nodes whose version is unknown."""

    version: str | None
    count: int


class NetworkTotals(Record):
    """Totals of the network: one point of its history. Sizes are in bytes, over online nodes; each key counts once.

    `public`, `private` and `public_unknown` (no seed reports which) add up to `online`. Older snapshots, stored before
    `public_unknown` existed, count it as `private`.

    Nodes that fewer than `min_witnesses` seeds support are excluded and counted as `unsupported`. With fewer than three
    answering seeds both are None and every node counts. Medians are over the nodes with a known value. A trimmed sum is
    the mean without the lowest and the highest tenth of the nodes, multiplied by their number; extreme values in a
    tenth of the nodes do not change it.
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
        """Nodes in gossip (`PNode.in_gossip`): all known nodes except those that have left gossip."""
        return self.total - self.offline


class SnapshotHeader(Record):
    """Everything in a snapshot except its nodes. The commit marker carries it.

    `interval` is the `CACHE_TTL` in force. `promoted_seeds` are public nodes that were also asked for their lists.
    `content_hash` covers the nodes. `node_count` bounds how much must be loaded. `coverage` is the time observed so
    far, `adopted` when each release became the one that the network runs (None: not known).
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
    """One complete slot: the header, and the nodes sorted by id."""

    header: SnapshotHeader
    nodes: tuple[PNode, ...]

    @property
    def slot(self) -> Slot:
        return self.header.slot

    @property
    def answering_seeds(self) -> int:
        """The number of seeds that returned a list. Alerts about connectivity need at least three."""
        return sum(seed.ok for seed in self.header.seeds)

    @cached_property
    def by_id(self) -> dict[str, PNode]:
        """Each node by its id, and by the ids that it had before its key was known."""
        index = {former: node for node in self.nodes for former in node.former_ids}
        index.update((node.id, node) for node in self.nodes)
        return index

    @cached_property
    def by_address(self) -> dict[str, PNode]:
        """Each node by every known address. A current address takes precedence over a past one, and an online node over
        others."""
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
        """The node with this id, pubkey or known address, or None."""
        return self.by_id.get(key) or self.by_address.get(key)
