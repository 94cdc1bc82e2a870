"""The body of `/all-nodes`: the shapes of two older clients in one."""

from pydantic import Field

from server.rest.models.base import Address, Body, Bytes, Count, Percent, Seconds, UnixTime


class AllNodesSummary(Body):
    total_nodes: Count = Field(description="Seeds configured")
    total_pnodes: Count = Field(description="Nodes in gossip that a configured seed lists or listed before")
    total_pnodes_raw: Count = Field(description="Rows of all seeds' lists together")
    total_bytes_processed: Bytes
    avg_cpu_percent: float = Field(description="Over the seeds that answered")
    avg_ram_used_percent: Percent = Field(description="Over the seeds that answered")
    total_active_streams: Count
    last_updated: UnixTime
    unique_pnodes: Count = Field(description="Nodes that are online: those of `merged_pnodes`")
    online_ip_nodes: Count = Field(description="Seeds that answered")
    offline_ip_nodes: Count = Field(description="Seeds that did not")


class SeedMetadata(Body):
    total_bytes: Bytes
    total_pages: Count
    last_updated: UnixTime
    file_size: Bytes


class SeedStats(Body):
    cpu_percent: float
    ram_used: Bytes
    ram_total: Bytes
    uptime: Seconds
    packets_received: Count
    packets_sent: Count
    active_streams: Count


class ListedPod(Body):
    """A node as one seed lists it, with its merged values. Unknown values are null."""

    address: Address
    pubkey: str = Field(description="The public key; the address if none is known")
    is_public: bool | None
    rpc_port: int | None
    storage_committed: Bytes | None
    storage_used: Bytes | None
    storage_usage_percent: Percent | None
    uptime: Seconds | None
    version: str = Field(description='"unknown" if not known')
    last_seen: UnixTime
    last_seen_timestamp: UnixTime
    source_ip: str = Field(description="The seed that lists the node; a seed that no other seed lists has itself here")


class MergedPod(ListedPod):
    """A node with all seeds that list it. A seed that no other seed lists has none."""

    peer_sources: list[str]
    peer_count: Count
    status: str = Field(description="ONLINE, GHOST or UNKNOWN")
    is_online: bool


class SeedNode(Body):
    """A seed with its own figures, which are 0 if it did not answer."""

    metadata: SeedMetadata
    stats: SeedStats
    pods_raw: None = Field(description="Always null: raw replies are not kept")
    pods_total_count: Count
    pods: list[ListedPod]


class IpNodeVersionResult(Body):
    version: str


class IpNodeVersion(Body):
    result: IpNodeVersionResult


class IpNodeStatsResult(Body):
    cpu_percent: float
    ram_used: Bytes
    ram_total: Bytes
    uptime: Seconds
    packets_received: Count
    packets_sent: Count
    active_streams: Count
    file_size: Bytes
    total_bytes: Bytes
    total_pages: Count
    current_index: Count
    last_updated: UnixTime


class IpNodeStats(Body):
    result: IpNodeStatsResult


class IpNodePod(Body):
    address: Address
    version: str
    last_seen: UnixTime
    last_seen_timestamp: UnixTime
    total_count: Count


class IpNode(Body):
    """A seed as a map of the network draws it."""

    status: str = Field(description="online or offline")
    version: IpNodeVersion | None = Field(description="Null if it did not report one")
    stats: IpNodeStats | None = Field(description="Null if it did not report one")
    pods: list[IpNodePod]


class MapPod(Body):
    """An online node as a map of the network draws it, under the seed that supplied its values."""

    address: Address
    version: str
    source_ip: str = Field(description="A key of `ip_nodes`")
    pubkey: str
    last_seen: UnixTime
    last_seen_timestamp: UnixTime


class AllNodesAnswer(Body):
    """Everything in one answer; with `version=raw` or `version=unique`, `version` and `nodes` (a list) alone."""

    version: str | None = Field(default=None, description="raw or unique, where asked for; absent otherwise")
    summary: AllNodesSummary | None = None
    nodes: dict[str, SeedNode] | list[ListedPod] | list[MergedPod] = Field(description="By seed; a list with `version`")
    merged_pnodes_raw: list[ListedPod] | None = None
    merged_pnodes_unique: list[MergedPod] | None = None
    ip_nodes: dict[str, IpNode] | None = None
    merged_pnodes: list[MapPod] | None = None
