"""Combine all nodes listed in a cycle with all nodes known before it."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from schema.domain.base import DAY
from schema.domain.cycle.accumulate import Moment, accumulate, pass_over
from schema.domain.cycle.agreement import Agreement
from schema.domain.cycle.known import Known, absorb, newcomer, returning
from schema.domain.cycle.merge import Merged, MergedNode, address_id, assumed_address
from schema.domain.cycle.support import Newcomers, Support
from schema.domain.node.registry import RegistryEntry
from schema.domain.node.said import Place, places_of


class Folded(NamedTuple):
    """The nodes after a cycle, sorted by id, and the number of refused new nodes per seed.

    `agreement` is how closely each seed agrees with the others, 0..1.
    """

    nodes: dict[str, Known]
    refused: Counter[str]
    agreement: Mapping[str, float]


def fold(
    known: dict[str, Known],
    merged: Merged,
    moment: Moment,
    support: Support,
    recalled: Mapping[str, RegistryEntry],
    *,
    max_newcomers: int,
) -> Folded:
    """Combine the merged replies with the known nodes.

    New nodes that too few seeds list are admitted up to `max_newcomers` (`Newcomers`). The very first list is admitted
    whole if there is nothing to compare it with. If enough seeds listed a node before, and now only a minority of its
    island lists it, the node counts as unlisted and the minority's rows do not change it. A node that never had enough
    seeds is removed when it is no longer listed.
    """
    after: dict[str, Known] = {}
    absorbed: set[str] = set()
    newcomers = Newcomers(max_newcomers, (each.memory for each in known.values()))
    agreement = Agreement()
    for node in merged.nodes.values():
        # Iterating over the rows of a large network is slow (cache misses), so all comparisons of one node's rows run
        # together.
        places = places_of(node.listings)
        for place in places.values():
            agreement.add(place)
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
        for former in _former_ids(node, places, known, merged.nodes, moment.quorum):
            mine = Known(absorb(mine.memory, known[former].memory), mine.node or known[former].node, mine.contact)
            absorbed.add(former)
        after[node.id] = accumulate(mine, node, moment, supported=supported, places=places)
    for node_id, mine in known.items():
        if node_id not in after and node_id not in absorbed:
            passed = pass_over(mine, moment)
            if mine.memory.confirmed or _was_listed_lately(passed, moment):
                after[node_id] = passed
    nodes = {node_id: after[node_id] for node_id in sorted(after)}
    return Folded(nodes, newcomers.refused, agreement.shares())


def is_retired(known: Known, at: int, days: int) -> bool:
    """Whether a node has been silent so long that only the registry keeps it."""
    node = known.node
    if node is None:
        return True
    newest = max(node.alive_at or 0, node.last_seen or 0, node.provenance.observed_at)
    return not node.listed and not node.is_online and at - newest > days * DAY


def _was_listed_lately(known: Known, moment: Moment) -> bool:
    node = known.node
    return node is not None and moment.at - node.provenance.observed_at <= moment.grace


def _former_ids(
    node: MergedNode,
    places: Mapping[str, Place],
    known: Mapping[str, Known],
    merged: Mapping[str, MergedNode],
    quorum: int,
) -> list[str]:
    """The ids under which a node with a key was known when only its address was known.

    If enough seeds listed the node under its address, it is merged only into a key that enough seeds report there.
    """
    if node.pubkey is None:
        return []
    own = assumed_address(node.own.host) if node.own is not None else None
    found: list[str] = []
    for address in sorted(places if own is None else {*places, own}):
        former = address_id(address)
        if former not in known or former in merged:
            continue
        rows = places[address].listings if address in places else ()
        seeds = {row.seed for row in rows if not row.relative}
        proven = len(seeds) >= quorum or address == own
        if (seeds or address == own) and (proven or not known[former].memory.confirmed):
            found.append(former)
    return found
