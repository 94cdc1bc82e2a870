"""Reports on seeds: their coverage, their agreement with the others, and the islands that they form."""

from collections.abc import Iterable, Mapping

from schema.domain.cycle.agreement import agreement_of
from schema.domain.cycle.merge import Merged
from schema.domain.cycle.support import Support
from schema.domain.node.observation import SeedReply
from schema.domain.snapshot.record import SeedReport


def seed_reports(
    replies: Iterable[SeedReply],
    merged: Merged,
    support: Support | None = None,
    *,
    agreement: Mapping[str, float] | None = None,
    unsupported: frozenset[str] = frozenset(),
    refused: Mapping[str, int] | None = None,
) -> tuple[SeedReport, ...]:
    """One report for each seed, sorted by seed name. `unsupported` are the ids of nodes that too few seeds list.

    Pass `agreement` if `agreement_of` all nodes has already been computed.
    """
    support = support or Support(merged)
    listed, islands = support.lists, support.island
    agreement = agreement_of(merged.nodes.values()) if agreement is None else agreement
    everything = {node_id for node_ids in listed.values() for node_id in node_ids}
    reports = {reply.seed: reply for reply in replies if not reply.promoted}
    return tuple(
        SeedReport(
            seed=seed,
            host=reply.host,
            answered_at=int(reply.answered_at),
            failure=reply.failure,
            version=reply.version,
            stats=reply.stats,
            node_id=merged.seed_nodes.get(seed),
            listed=len(listed.get(seed, ())),
            has_stats=reply.has_stats,
            coverage=len(listed.get(seed, ())) / len(everything) if seed in merged.answered and everything else None,
            agreement=agreement.get(seed),
            island=islands.get(seed),
            unsupported=len(listed.get(seed, unsupported) & unsupported) if seed in listed else 0,
            refused=(refused or {}).get(seed, 0),
            clock_ahead=merged.clock_ahead.get(seed, 0),
            dropped={**reply.dropped, **merged.silent.get(seed, {})},
            latency_ms=reply.latency_ms,
        )
        for seed, reply in sorted(reports.items())
    )


def promoted_reports(replies: Iterable[SeedReply]) -> tuple[SeedReport, ...]:
    """One report for each promoted node that was asked, sorted by name. It says how the node answered and does not rate
    its list."""
    return tuple(
        SeedReport(
            seed=reply.seed,
            host=reply.host,
            answered_at=int(reply.answered_at),
            failure=reply.failure,
            version=reply.version,
            stats=reply.stats,
            listed=len(reply.observations or ()),
            has_stats=reply.has_stats,
            dropped=reply.dropped,
            latency_ms=reply.latency_ms,
        )
        for reply in sorted(replies, key=lambda reply: reply.seed)
        if reply.promoted
    )
