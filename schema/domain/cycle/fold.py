"""All nodes of one cycle: those that were listed now, and those that were known before."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.cycle.accumulate import Known, Moment, absorb, accumulate, newcomer, pass_over, returning
from schema.domain.cycle.merge import Merged, MergedNode, address_id, assumed_address
from schema.domain.cycle.support import Newcomers, Support
from schema.domain.node.registry import RegistryEntry


class Folded(NamedTuple):
    """The nodes after a cycle, by id and in its order, and the newcomers that were refused, by seed."""

    nodes: dict[str, Known]
    refused: Counter[str]


def fold(
    known: dict[str, Known],
    merged: Merged,
    moment: Moment,
    support: Support,
    recalled: Mapping[str, RegistryEntry],
    *,
    max_newcomers: int,
) -> Folded:
    """Join what was said with what is known.

    New nodes that too few seeds list are let in within `max_newcomers` (`Newcomers`); the first list of all is, where nothing is known
    yet and nobody can be compared. A node that enough seeds listed before, and that only too few of an island list now,
    is as good as unlisted: their word does not change it. One that never had enough leaves when it is no longer listed.
    """
    after: dict[str, Known] = {}
    absorbed: set[str] = set()
    newcomers = Newcomers(max_newcomers, (each.memory for each in known.values()))
    for node in merged.nodes.values():
        mine = known.get(node.id)
        supported = support.of(node)
        if mine is None:
            entry = recalled.get(node.id)
            mine = (
                Known(returning(entry), None, entry.last_seen) if entry else Known(newcomer(node.id, moment.at), None)
            )
            is_checked = support.applies or bool(known)
            alone = not supported or (not support.applies and len(node.listings) == 1 and node.own is None)
            if is_checked and alone and not newcomers.admit(node, returning=entry is not None):
                continue
        elif not supported and mine.memory.confirmed and mine.node is not None and support.is_minority(node):
            after[node.id] = pass_over(mine, moment)
            continue
        for former in _former_ids(node, known, merged.nodes, moment.quorum):
            mine = Known(absorb(mine.memory, known[former].memory), mine.node or known[former].node, mine.contact)
            absorbed.add(former)
        after[node.id] = accumulate(mine, node, moment, supported=supported)
    for node_id, mine in known.items():
        if node_id not in after and node_id not in absorbed:
            passed = pass_over(mine, moment)
            if mine.memory.confirmed or _was_listed_lately(passed, moment):
                after[node_id] = passed
    return Folded({node_id: after[node_id] for node_id in sorted(after)}, newcomers.refused)


def is_retired(known: Known, at: int, days: int) -> bool:
    """Whether a node has been silent for so long that only the registry keeps it."""
    node = known.node
    if node is None:
        return True
    newest = max(node.alive_at or 0, node.last_seen or 0, node.provenance.observed_at)
    return not node.listed and not node.is_online and at - newest > days * DAY


def _was_listed_lately(known: Known, moment: Moment) -> bool:
    node = known.node
    return node is not None and moment.at - node.provenance.observed_at <= moment.grace


def _former_ids(
    node: MergedNode, known: Mapping[str, Known], merged: Mapping[str, MergedNode], quorum: int
) -> list[str]:
    """The ids under which a node with a key was known while only its address was.

    A node that enough seeds listed is taken over only by a key that enough seeds give for its address.
    """
    if node.pubkey is None:
        return []
    seeds: dict[str, set[str]] = {}
    for row in node.listings:
        if not row.relative:
            seeds.setdefault(row.observation.address, set()).add(row.seed)
    own = assumed_address(node.own.host) if node.own is not None else None
    if own is not None:
        seeds.setdefault(own, set())
    candidates = [(address_id(address), len(seeds[address]) >= quorum or address == own) for address in sorted(seeds)]
    return [
        former
        for former, proven in candidates
        if former in known and former not in merged and (proven or not known[former].memory.confirmed)
    ]
