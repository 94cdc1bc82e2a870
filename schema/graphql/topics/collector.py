"""The collector: its newest cycle, and each seed that it polls."""

from dataclasses import dataclass
from typing import NamedTuple

import strawberry
from strawberry.utils.str_converters import to_camel_case

from schema.derived import Tables
from schema.domain.base import Slot, UnixSeconds
from schema.domain.node.observation import PodStats
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.outage import Outage
from schema.domain.snapshot.record import CycleTiming, SeedReport
from schema.graphql.execution.context import Info
from schema.graphql.execution.tables import InSnapshot, in_snapshot
from schema.graphql.topics.pnodes import PNodeType
from schema.graphql.topics.snapshots import CycleTimingType, Header, SnapshotType
from schema.graphql.types.enums import FailureCategory
from schema.graphql.types.fields import Weight, attribute, fixed, published, resolved
from schema.graphql.types.scalars import BigInt, DateTime
from schema.reads import CollectorState, SeedAttempt, outage

SEEDS = Weight(items=fixed(9))


@dataclass(frozen=True, slots=True)
class Count:
    """A count of something."""

    name: str
    count: int


class Latency(NamedTuple):
    """How long a method took, in milliseconds."""

    method: str
    milliseconds: float


class SeedState(NamedTuple):
    """A seed in the newest attempt and in the newest snapshot."""

    attempt: SeedAttempt
    report: SeedReport | None
    tables: Tables | None


class CollectorView(NamedTuple):
    """The worker's report, and the newest snapshot if there is one."""

    state: CollectorState
    tables: Tables | None
    outage: Outage | None


async def collector(info: Info) -> CollectorView:
    context = info.context
    state, current = await context.reads.collector(), context.reads.current()
    return CollectorView(state, context.current_tables(), outage(state, current, context.now, context.service.interval))


def collector_cause(root: strawberry.Parent[CollectorView]) -> str | None:
    return root.outage.cause.value if root.outage is not None else None


def collector_cause_message(root: strawberry.Parent[CollectorView]) -> str | None:
    return root.outage.message if root.outage is not None else None


def collector_attempted_slot(root: strawberry.Parent[CollectorView]) -> Slot | None:
    return root.state.attempted_slot


def collector_attempted_at(root: strawberry.Parent[CollectorView]) -> UnixSeconds | None:
    return root.state.attempted_at


def collector_committed_slot(root: strawberry.Parent[CollectorView]) -> Slot | None:
    return root.state.committed_slot


def collector_outcome(root: strawberry.Parent[CollectorView]) -> str:
    return root.state.outcome


def collector_timing(root: strawberry.Parent[CollectorView]) -> CycleTiming | None:
    return root.tables.header.timing if root.tables is not None else None


def collector_snapshot(root: strawberry.Parent[CollectorView]) -> Header | None:
    return InSnapshot(root.tables.header, root.tables) if root.tables is not None else None


def collector_seeds(root: strawberry.Parent[CollectorView]) -> list[SeedState]:
    tables = root.tables
    reports = {report.seed: report for report in tables.header.seeds} if tables is not None else {}
    return [SeedState(attempt, reports.get(attempt.seed), tables) for attempt in root.state.seeds]


def promoted_seeds(root: strawberry.Parent[CollectorView]) -> list[InSnapshot[SeedReport]]:
    tables = root.tables
    return in_snapshot(tables.header.promoted_seeds, tables) if tables is not None else []


def seed_name(root: strawberry.Parent[SeedState]) -> str:
    return root.attempt.seed


def seed_reachable(root: strawberry.Parent[SeedState]) -> bool:
    return root.attempt.failure is None


def seed_attempted_at(root: strawberry.Parent[SeedState]) -> UnixSeconds:
    return root.attempt.attempted_at


def seed_succeeded_at(root: strawberry.Parent[SeedState]) -> UnixSeconds | None:
    return root.attempt.succeeded_at


def seed_failure(root: strawberry.Parent[SeedState]) -> FailureCategory | None:
    return root.attempt.failure


def seed_message(root: strawberry.Parent[SeedState]) -> str | None:
    return root.attempt.message


def seed_report(root: strawberry.Parent[SeedState]) -> InSnapshot[SeedReport] | None:
    if root.report is None or root.tables is None:
        return None
    return InSnapshot(root.report, root.tables)


def report_latency(root: strawberry.Parent[InSnapshot[SeedReport]]) -> list[Latency]:
    return [Latency(method, ms) for method, ms in sorted(root.record.latency_ms.items())]


def report_dropped(root: strawberry.Parent[InSnapshot[SeedReport]]) -> list[Count]:
    return [Count(to_camel_case(name), count) for name, count in sorted(root.record.dropped.items())]


def report_node(root: strawberry.Parent[InSnapshot[SeedReport]]) -> InSnapshot[PNode] | None:
    node = root.tables.snapshot.by_id.get(root.record.node_id or "")
    return InSnapshot(node, root.tables) if node is not None else None


def report_failure(root: strawberry.Parent[InSnapshot[SeedReport]]) -> FailureCategory | None:
    return root.record.failure.category if root.record.failure is not None else None


@published(Count, "Count", "A count of something.")
class CountType:
    name: str = attribute("Its name.")
    count: int = attribute("The number.")


@published(Latency, "Latency", "The response time of a method.")
class LatencyType:
    method: str = attribute("Name of the pRPC method.")
    milliseconds: float | None = attribute("Response time, in milliseconds.")


@published(PodStats, "SeedStats", "A seed's figures about itself. Packets are counted since its start.")
class SeedStatsType:
    cpu_percent: float | None = attribute("CPU load, in percent.")
    ram_used: BigInt | None = attribute("Memory used, in bytes.")
    ram_total: BigInt | None = attribute("Total memory, in bytes.")
    uptime: BigInt | None = attribute("Seconds since its start.")
    packets_received: BigInt | None = attribute("Number of packets received.")
    packets_sent: BigInt | None = attribute("Number of packets sent.")
    active_streams: BigInt | None = attribute("Number of active streams.")
    file_size: BigInt | None = attribute("Size of its storage file, in bytes.")
    total_bytes: BigInt | None = attribute("Bytes processed.")
    total_pages: BigInt | None = attribute("Number of pages.")
    current_index: BigInt | None = attribute("Index of its current page.")
    last_updated: DateTime | None = attribute("When it last updated these figures, by its own clock.")
    storage_version: BigInt | None = attribute("Version of its storage format.")


@published(SeedReport, "SeedReport", "The result of a seed in the cycle that took a snapshot.")
class SeedReportType:
    seed: str = attribute("Name under which it is configured.")
    host: str = attribute("Its host.")
    ok: bool = attribute("Whether it returned a list.")
    answered_at: DateTime = attribute("When its response was complete, or when it failed.")
    failure = resolved(report_failure, FailureCategory | None, "Why it returned no list; null if it did.")
    version: str | None = attribute("Version of its software; null if it did not report it.")
    stats: SeedStatsType | None = attribute("Its figures about itself; null if it did not report them.")
    listed: int = attribute("Number of nodes in its list.")
    has_stats: bool = attribute("Whether its list came with measurements.")
    coverage: float | None = attribute("Share of all listed nodes that it lists, 0 to 1; null if it returned no list.")
    agreement: float | None = attribute(
        "Share of its values that match the majority of seeds, 0 to 1; null if not comparable."
    )
    island: int | None = attribute("Number of the group of seeds whose lists overlap with its own.")
    unsupported: int = attribute("Number of nodes in its list that too few other seeds list.")
    refused: int = attribute(
        "Number of new unsupported nodes that were left out, because one seed may add only a limited number in a cycle."
    )
    clock_ahead: int | None = attribute(
        "How far its clock is ahead of the server's clock, in seconds; negative if it is behind."
    )
    dropped = resolved(
        report_dropped, list[CountType], "Counts of what validation removed from its list, by field or by pod."
    )
    latency = resolved(report_latency, list[LatencyType], "Its response times, by method.")
    pnode = resolved(report_node, PNodeType | None, "The node of the seed; null if it is not known.")


@published(SeedState, "SeedState", "The state of a seed after the newest attempt.")
class SeedStateType:
    seed = resolved(seed_name, str, "Name under which it is configured.")
    reachable = resolved(seed_reachable, bool, "Whether the newest attempt succeeded.")
    attempted_at = resolved(seed_attempted_at, DateTime, "When it was last polled.")
    succeeded_at = resolved(seed_succeeded_at, DateTime | None, "When it last answered; null if it has never answered.")
    failure = resolved(seed_failure, FailureCategory | None, "Why the newest attempt failed; null if it succeeded.")
    message = resolved(seed_message, str | None, "The failure in a sentence; null if there was none.")
    report = resolved(
        seed_report, SeedReportType | None, "Its result in the newest snapshot; null if the snapshot does not have one."
    )


@published(CollectorView, "Collector", "The collector, which polls the network: its newest cycle, and each seed.")
class CollectorType:
    attempted_slot = resolved(collector_attempted_slot, BigInt | None, "Slot of the newest cycle, in unix seconds.")
    attempted_at = resolved(collector_attempted_at, DateTime | None, "When the newest cycle ran.")
    committed_slot = resolved(
        collector_committed_slot, BigInt | None, "Slot of the newest cycle that was committed, in unix seconds."
    )
    outcome = resolved(collector_outcome, str, "The outcome of the newest cycle.")
    cause = resolved(
        collector_cause,
        str | None,
        "Why no new snapshots are taken: `STORE`, `WORKER`, `UPLINK`, `SEEDS` or `CLOCK`; never the nodes. Null while "
        "snapshots are taken.",
    )
    cause_message = resolved(
        collector_cause_message, str | None, "The cause in a sentence; null while snapshots are taken."
    )
    timing = resolved(collector_timing, CycleTimingType | None, "The duration of the newest committed cycle.")
    seeds = resolved(collector_seeds, list[SeedStateType], "Each configured seed.", weight=SEEDS)
    promoted_seeds = resolved(
        promoted_seeds,
        list[SeedReportType],
        "Public nodes that were also polled for their lists. Nodes that only they list are not part of totals.",
        weight=SEEDS,
    )
    snapshot = resolved(collector_snapshot, SnapshotType | None, "The newest snapshot; null before the first.")
