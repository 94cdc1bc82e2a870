"""A storage node as published: identity, liveness, measurements, scores, and the source of each."""

from enum import StrEnum

from schema.domain.base import Record, UnixSeconds
from schema.domain.node.estimate import Estimate
from schema.domain.node.probe import Probe
from schema.domain.policy import Tier


class PNodeStatus(StrEnum):
    """Whether a node is alive.

    ONLINE: proven alive within the grace. GHOST: still listed, but its uptime does not advance. OFFLINE: no answering
    seed lists it. UNKNOWN: there is no evidence for any of these.
    """

    ONLINE = "ONLINE"
    GHOST = "GHOST"
    OFFLINE = "OFFLINE"
    UNKNOWN = "UNKNOWN"


class LivenessBasis(StrEnum):
    """The evidence for the status.

    UPTIME: the uptime advanced, or did not, between two answers of the same seed. FIRST_SIGHT: seen for the first time,
    with a fresh gossip age. GOSSIP_AGE: no seed knows an uptime, so only the gossip age counts. DIRECT: the node
    answered this server. ABSENCE: no seed lists it. NONE: no evidence yet.
    """

    UPTIME = "UPTIME"
    FIRST_SIGHT = "FIRST_SIGHT"
    GOSSIP_AGE = "GOSSIP_AGE"
    DIRECT = "DIRECT"
    ABSENCE = "ABSENCE"
    NONE = "NONE"


class TrustParts(Record):
    """The parts of trust, in points: uptime 0..40, gossip presence 0..30, version 0..20, consistency 0..10."""

    uptime: float | None
    gossip_presence: float | None
    version_compliance: float | None
    gossip_consistency: float | None


class CapacityParts(Record):
    """The parts of capacity, in points: committed 0..30, balance of usage 0..40, growth 0..30."""

    storage_committed: float | None
    usage_balance: float | None
    growth_trend: float | None


class Trust(Record):
    """Trust 0..100: the sum of its parts, rounded to two decimals."""

    score: float
    parts: TrustParts


class Capacity(Record):
    """Capacity 0..100: the sum of its parts, rounded to two decimals."""

    score: float
    parts: CapacityParts


class Score(Record):
    """How far a node can be trusted with stake, 0..100, with all inputs of the computation.

    `rank` is 1 for the best online node, `percentile` the share of online nodes that score no higher (0..100).
    `inputs_missing` names the inputs that were unknown. A missing input adds its documented default to the composite.
    """

    composite: float
    tier: Tier
    color: str
    trust: Trust
    capacity: Capacity
    inputs_missing: tuple[str, ...] = ()
    policy_version: str
    rank: int | None = None
    percentile: float | None = None

    @property
    def low(self) -> None:
        """Policy 1.0 has no bounds, so `high`, `confidence` and `expected_loss` are not defined."""

    high = confidence = expected_loss = low


class Consistency(Record):
    """How steadily a node stays in gossip: appearances / (appearances + disappearances), 0..1.

    `score` covers the sliding window of `window_days`, `all_time` the time since first sight. Only answering seeds
    count.
    """

    score: float
    all_time: float
    appearances: int
    disappearances: int
    window_days: int
    last_appearance: UnixSeconds | None = None
    last_drop: UnixSeconds | None = None


class AddressSighting(Record):
    """One address at which a node is listed now, and whether it is live.

    `supported` tells whether enough of the seeds that list the node list it there.
    """

    address: str
    status: PNodeStatus
    last_seen: UnixSeconds | None = None
    uptime: int | None = None
    witness_count: int = 0
    supported: bool = True


class AddressChange(Record):
    """An address at which a node was seen besides its current one, and when it was last listed there."""

    address: str
    until: UnixSeconds


class VersionChange(Record):
    """A version that a node ran before, and when it was last seen running it."""

    version: str
    until: UnixSeconds


class Disagreement(Record):
    """A field on which seeds differ: each value (as text) with the seeds that report it."""

    field: str
    values: tuple[tuple[str, tuple[str, ...]], ...]


class MissingReason(StrEnum):
    """Why a measurement is null."""

    NOT_REPORTED = "NOT_REPORTED"
    INVALID = "INVALID"
    NOT_IN_PROTOCOL = "NOT_IN_PROTOCOL"
    NOT_LISTED = "NOT_LISTED"


class MissingField(Record):
    """A measurement that is null, and the reason."""

    field: str
    reason: MissingReason


class Provenance(Record):
    """The source of a node's measurements.

    `seed` reported the values at `observed_at`. The fields in `own_fields` come from the node's own answer instead. For
    a node that is not listed now, these are the last known values with the time of that observation.
    """

    seed: str | None
    observed_at: UnixSeconds
    own_fields: tuple[str, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()
    missing: tuple[MissingField, ...] = ()


class PNode(Record):
    """A storage node in one slot.

    `id` is its pubkey, or `addr:HOST:PORT` if no valid key is known. `address` is the most recently seen live address
    (gossip host and port, not the RPC endpoint); in a conflict it is the one known longest. It is empty if no usable
    address is known. `address_assumed` marks a seed that no seed lists, whose port is a guess.

    Measurements are None if no answering seed knows them. Sizes are in bytes, uptime in seconds,
    `storage_usage_percent` in 0..100. `listed` tells whether an answering seed lists the node in this slot; `witnesses`
    names those seeds, sorted. `source_ips` are all seeds that ever listed it. `alive_at` is the last proof of life.
    `first_seen` is when it was first listed, or an earlier contact that was reported by then. `supported` tells whether
    enough seeds list it to count in network figures.

    `key_conflict` marks a key that is live at two addresses at once. `storage_growth` is the relative change of
    `storage_used` over seven days, -1..1; None with less than a day of data. `state_changes` counts appearances and
    disappearances of yesterday and today, without the very first appearance. `probe` is the last direct request to the
    node's own pRPC, None if there was none. `score` is by policy 1.0, `estimate` by policy 2.0, None in older
    snapshots.
    """

    id: str
    address: str
    address_assumed: bool = False
    pubkey: str | None
    status: PNodeStatus
    liveness_basis: LivenessBasis
    listed: bool
    is_public: bool | None = None
    rpc_port: int | None = None
    version: str | None = None
    versions_behind: int | None = None
    first_seen: UnixSeconds
    last_seen: UnixSeconds | None = None
    alive_at: UnixSeconds | None = None
    uptime: int | None = None
    storage_committed: int | None = None
    storage_used: int | None = None
    storage_usage_percent: float | None = None
    storage_growth: float | None = None
    witnesses: tuple[str, ...] = ()
    source_ips: tuple[str, ...] = ()
    sightings: tuple[AddressSighting, ...] = ()
    previous_addresses: tuple[AddressChange, ...] = ()
    previous_versions: tuple[VersionChange, ...] = ()
    former_ids: tuple[str, ...] = ()
    key_conflict: bool = False
    is_seed: bool = False
    supported: bool = True
    state_changes: int = 0
    consistency: Consistency | None = None
    provenance: Provenance
    probe: Probe | None = None
    score: Score | None = None
    estimate: Estimate | None = None

    @property
    def is_online(self) -> bool:
        """Whether the node is online. All surfaces use this rule."""
        return self.status is PNodeStatus.ONLINE

    @property
    def place(self) -> str:
        """The address, or the id if no usable address is known. The text can be used to find the node."""
        return self.address or self.id

    def says_alone(self, field: str) -> bool:
        """Whether a measurement is the node's own claim rather than a seed's. For usage: whether any part of it is."""
        own = self.provenance.own_fields
        if not own:
            return False
        return field in own or (
            field == "storage_usage_percent" and bool({"storage_committed", "storage_used"} & {*own})
        )

    @property
    def in_gossip(self) -> bool:
        """Whether the node is part of the network now, alive or not: every status except OFFLINE.

        A node leaves gossip when a seed that listed it answers without it. While no such seed answers, it has not left.
        """
        return self.status is not PNodeStatus.OFFLINE

    @property
    def last_contact(self) -> UnixSeconds:
        """The last contact by gossip. If no seed reports one, the time of the last observation."""
        return self.provenance.observed_at if self.last_seen is None else self.last_seen

    @property
    def witness_count(self) -> int:
        return len(self.witnesses)

    @property
    def newest_score(self) -> Estimate | Score | None:
        """The score by the newest policy of the snapshot. None if the node is not online."""
        return self.score if self.estimate is None else self.estimate

    @property
    def newest_tier(self) -> Tier:
        """The tier of that score; OFFLINE or UNKNOWN if there is none."""
        return self.tier if self.estimate is None else self.estimate.tier

    @property
    def tier(self) -> Tier:
        """The tier by policy 1.0; OFFLINE or UNKNOWN if there is no score."""
        if self.score is not None:
            return self.score.tier
        return Tier.UNKNOWN if self.status is PNodeStatus.UNKNOWN else Tier.OFFLINE
