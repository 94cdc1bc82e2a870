"""The snapshot of a response, and the totals of the network."""

import strawberry

from schema.domain.snapshot.freshness import age_seconds, answer_time
from schema.domain.snapshot.record import (
    CycleTiming,
    NetworkTotals,
    SnapshotHeader,
    VersionCount,
)
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot
from schema.graphql.types.fields import attribute, published, resolved
from schema.graphql.types.scalars import BigInt, DateTime

Header = InSnapshot[SnapshotHeader]


def slot_start(root: strawberry.Parent[Header]) -> int:
    return root.record.slot


def snapshot_age(root: strawberry.Parent[Header], info: Info) -> int:
    header = root.record
    return age_seconds(header.taken_at, answer_time(header.taken_at, header.interval, info.context.now))


def is_stale(root: strawberry.Parent[Header], info: Info) -> bool:
    return snapshot_age(root, info) >= info.context.service.stale_after


def policy_version(root: strawberry.Parent[Header]) -> str:
    return root.record.policy.version


def latest_version(root: strawberry.Parent[Header]) -> str | None:
    return root.record.policy.latest_version


@published(VersionCount, "VersionCount", "Number of online nodes that run a version.")
class VersionCountType:
    version: str | None = attribute("The version as reported; null for nodes whose version is not known.")
    count: int = attribute("Number of online nodes.")


@published(NetworkTotals, "NetworkTotals", "The network in figures. Sums and averages are over online nodes.")
class NetworkTotalsType:
    total: int = attribute("Number of known nodes of any status. One key is one node.")
    in_gossip: int = attribute("Number of nodes in gossip, alive or not: `total` minus `offline`.")
    online: int = attribute("Number of online nodes.")
    ghost: int = attribute("Number of ghosts: still listed, with an uptime that does not advance.")
    offline: int = attribute("Number of nodes that no answering seed lists.")
    unknown: int = attribute("Number of nodes without evidence that they are alive or dead.")
    public: int = attribute("Number of online nodes with a public RPC.")
    private: int = attribute("Number of online nodes with a private RPC.")
    public_unknown: int = attribute("Number of online nodes for which no seed reports whether their RPC is public.")
    min_witnesses: int | None = attribute(
        "Number of seeds that must list a node for it to count here. Null if fewer than three seeds answered; then "
        "every node counts."
    )
    unsupported: int = attribute(
        "Number of nodes that too few seeds list. They are shown, and not part of any other total."
    )
    median_uptime_seconds: float | None = attribute("Median uptime, in seconds; null if no node's uptime is known.")
    median_score: float | None = attribute("Median composite score, in points; null if no node has one.")
    median_storage_committed: BigInt | None = attribute("Median committed storage, in bytes.")
    median_storage_used: BigInt | None = attribute("Median used storage, in bytes.")
    trimmed_storage_committed: BigInt | None = attribute(
        "Committed storage in bytes: the mean without the lowest and the highest tenth of the nodes, multiplied by "
        "their number."
    )
    trimmed_storage_used: BigInt | None = attribute(
        "Used storage in bytes: the mean without the lowest and the highest tenth of the nodes, multiplied by their "
        "number."
    )
    storage_committed: BigInt = attribute("Committed storage, in bytes.")
    storage_used: BigInt = attribute("Used storage, in bytes.")
    avg_uptime_seconds: float | None = attribute("Mean uptime, in seconds; null if no node's uptime is known.")
    avg_witnesses: float | None = attribute("Mean number of seeds that list a node; null if no node is online.")
    avg_score: float | None = attribute("Mean composite score, 0 to 100 points; null if no node has one.")
    avg_storage_usage_percent: float | None = attribute("Mean storage usage, in percent; null if not known.")
    versions: list[VersionCountType] = attribute("Versions that online nodes run, the most common first.")
    seeds_configured: int = attribute("Number of configured seeds.")
    seeds_ok: int = attribute("Number of seeds that answered.")
    avg_cpu_percent: float | None = attribute("Mean CPU load of the seeds that report it, in percent.")
    avg_ram_used_percent: float | None = attribute("Mean memory usage of the seeds that report it, in percent.")
    active_streams: BigInt | None = attribute("Sum of active streams over the seeds that report them.")
    bytes_processed: BigInt | None = attribute("Sum of bytes processed over the seeds that report them.")


@published(CycleTiming, "CycleTiming", "Durations of the cycle that took a snapshot.")
class CycleTimingType:
    started_at: DateTime = attribute("When it began.")
    crawl_seconds: float | None = attribute("Duration of polling the seeds, in seconds.")
    compute_seconds: float | None = attribute("Duration of merging and scoring, in seconds.")
    total_seconds: float | None = attribute("Total duration, in seconds.")


@published(SnapshotHeader, "Snapshot", "The state of the network in one slot. Every response is read from a snapshot.")
class SnapshotType:
    slot: BigInt = attribute("Start of its polling interval in unix seconds, UTC; identifies the snapshot.")
    slot_start = resolved(slot_start, DateTime, "Start of its polling interval: `slot` as a time, usable as `asOf`.")
    taken_at: DateTime = attribute("When all seeds had answered or failed.")
    age_seconds = resolved(
        snapshot_age, int, "Age in seconds, in whole polling intervals, so that responses can be cached in between."
    )
    stale = resolved(is_stale, bool, "Whether it is older than `serviceConfig.staleAfterSeconds`.")
    interval: int = attribute("The polling interval, in seconds, when it was taken.")
    network: str = attribute("Name of the network, such as `devnet`.")
    policy_version = resolved(policy_version, str, "Version of the policy that it was scored with.")
    latest_version = resolved(
        latest_version, str | None, "The network's latest release in this slot; null if it is not known."
    )
    node_count: int = attribute("Number of nodes in it.")
    totals: NetworkTotalsType = attribute("The network in figures.")
    timing: CycleTimingType = attribute("Durations of the cycle that took it.")
    content_hash: str = attribute("Hash of its nodes: equal hashes mean equal nodes.")
