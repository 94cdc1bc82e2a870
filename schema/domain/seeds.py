"""How each seed did: its reach, its agreement with the others, and the islands that the versions make."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from schema.domain.measurements import COMPARED, compared_values
from schema.domain.merge import Listing, Merged, MergedNode
from schema.domain.observation import SeedReply
from schema.domain.snapshot import SeedReport

# Two lists belong to one mesh when they share at least this part of the shorter one; a stray record does not join them.
ISLAND_OVERLAP = 0.1


def seed_reports(replies: Iterable[SeedReply], merged: Merged) -> tuple[SeedReport, ...]:
    """One report a seed, in the order of seed names."""
    listed, agreement = _reach_and_agreement(merged.nodes.values())
    everything = {node_id for node_ids in listed.values() for node_id in node_ids}
    islands = _islands({seed: listed.get(seed, set()) for seed in merged.answered})
    reports = {reply.seed: reply for reply in replies}
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
            clock_ahead=merged.clock_ahead.get(seed, 0),
            dropped={**reply.dropped, **merged.silent.get(seed, {})},
            latency_ms=reply.latency_ms,
        )
        for seed, reply in sorted(reports.items())
    )


def _reach_and_agreement(nodes: Iterable[MergedNode]) -> tuple[dict[str, set[str]], dict[str, float]]:
    """Per seed, the ids of the nodes that it lists, and its agreement with the others.

    That is the share of its values that equal what most seeds say of the same address and field. Only values on which
    at least one other seed has a word count; a tie has no majority, and counts for nobody. One walk over all rows, as
    each costs a wait for memory that a large network does not keep in the processor's caches.
    """
    listed: dict[str, set[str]] = {}
    agreed: Counter[str] = Counter()
    compared: Counter[str] = Counter()
    for node in nodes:
        by_address: dict[str, list[Listing]] = {}
        for row in node.listings:
            listed.setdefault(row.seed, set()).add(node.id)
            by_address.setdefault(row.observation.address, []).append(row)
        for rows in by_address.values():
            if len(rows) > 1:
                _compare(rows, agreed, compared)
    return listed, {seed: agreed[seed] / total for seed, total in compared.items() if total}


def _compare(rows: Sequence[Listing], agreed: Counter[str], compared: Counter[str]) -> None:
    values = {compared_values(row.observation) for row in rows}
    if len(values) == 1:
        known = len(COMPARED) - values.pop().count(None)
        for row in rows:
            compared[row.seed] += known
            agreed[row.seed] += known
        return
    for name in COMPARED:
        said = [(row.seed, v) for row in rows if (v := getattr(row.observation, name)) is not None]
        majority = _majority([value for _, value in said]) if len(said) > 1 else None
        if majority is None:
            continue
        for seed, value in said:
            compared[seed] += 1
            agreed[seed] += value == majority


def _majority(values: Sequence[object]) -> object | None:
    """The most frequent value; None where two are equally frequent."""
    first = values[0]
    if all(value == first for value in values):
        return first
    ranked = Counter(values).most_common(2)
    return ranked[0][0] if ranked[0][1] > ranked[1][1] else None


def _islands(lists: Mapping[str, set[str]]) -> dict[str, int]:
    """The number of each seed's mesh, counted from 0 in the order of seed names; seeds with empty lists have none."""
    island: dict[str, int] = {}
    members: list[list[str]] = []
    for seed in sorted(lists):
        if not lists[seed]:
            continue
        touching = [
            number
            for number, group in enumerate(members)
            if any(_overlap(lists[seed], lists[other]) for other in group)
        ]
        joined = [seed, *(other for number in touching for other in members[number])]
        members = [group for number, group in enumerate(members) if number not in touching]
        members.append(joined)
    for number, group in enumerate(sorted(sorted(group) for group in members)):
        island.update(dict.fromkeys(group, number))
    return island


def _overlap(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= ISLAND_OVERLAP * min(len(one), len(other))
