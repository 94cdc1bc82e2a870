"""How each seed did: its reach, its agreement with the others, and the islands that the versions make."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median_low

from schema.domain.cycle.merge import Merged, MergedNode
from schema.domain.cycle.quorum import MIN_ANSWERING_SEEDS
from schema.domain.cycle.support import Support
from schema.domain.node.measurements import COMPARED, MOVING, all_equal, is_far_apart, said_of, tolerance
from schema.domain.node.observation import Listing, SeedReply
from schema.domain.snapshot.record import SeedReport


def seed_reports(
    replies: Iterable[SeedReply],
    merged: Merged,
    support: Support | None = None,
    *,
    unsupported: frozenset[str] = frozenset(),
    refused: Mapping[str, int] | None = None,
) -> tuple[SeedReport, ...]:
    """One report a seed, in the order of seed names; `unsupported` are the ids of nodes that too few seeds list."""
    support = support or Support(merged)
    listed, islands = support.lists, support.island
    agreement = _agreement(merged.nodes.values())
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
    """One report for each promoted node that was asked, in the order of names: how its list came, not what it is worth."""
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


def _agreement(nodes: Iterable[MergedNode]) -> dict[str, float]:
    """Each seed's agreement with the others.

    That is the share of its values that equal what most seeds say of the same address and field; of uptime and use, that
    are near the one in the middle. Only values on which at least one other seed has a word count; a tie has no majority,
    and counts for nobody. One walk over all rows, as each costs a wait for memory that a large network does not keep in
    the processor's caches.
    """
    agreed: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    for node in nodes:
        rows = node.listings
        if len(rows) < 2:  # noqa: PLR2004  (one word has nobody to agree with)
            continue
        first = rows[0].observation.address
        if all(row.observation.address == first for row in rows):
            _compare(rows, agreed, compared)
            continue
        by_address: dict[str, list[Listing]] = {}
        for row in rows:
            by_address.setdefault(row.observation.address, []).append(row)
        for of_address in by_address.values():
            if len(of_address) > 1:
                _compare(of_address, agreed, compared)
    return {seed: agreed[seed] / total for seed, total in compared.items() if total}


def _compare(rows: Sequence[Listing], agreed: Counter[str], compared: Counter[str]) -> None:
    """Count the words of these rows; fields of which all rows say one thing, which are nearly all, go together."""
    said = said_of(rows)
    together = 0
    for name in (*COMPARED, *MOVING):
        values, is_moving = said[name], name in MOVING
        if len(values) < (MIN_ANSWERING_SEEDS if is_moving else 2):
            continue
        is_one = not is_far_apart(name, values) if is_moving else all_equal(values)
        if is_one and len(values) == len(rows):
            together += 1
            continue
        accepted = set(values) if is_one else _near_middle(name, values) if is_moving else _majority(values)
        for row in rows if accepted else ():
            value = getattr(row.observation, name)
            if value is not None:
                compared[row.seed] += 1
                agreed[row.seed] += value in accepted
    for row in rows:
        compared[row.seed] += together
        agreed[row.seed] += together


def _near_middle(name: str, values: Sequence[int]) -> set[int]:
    """Of uptimes or uses that lie apart, those near the one in the middle."""
    middle = median_low(values)
    return {value for value in values if abs(value - middle) <= tolerance(name, middle)}


def _majority(values: Sequence[object]) -> set[object]:
    """The most frequent of different values; empty where two are equally frequent."""
    (value, count), (_, next_count) = Counter(values).most_common(2)
    return {value} if count > next_count else set()
