"""Update one node in one cycle: combine this cycle's listings with the node's memory.

Pure: takes a memory and this cycle's listings, and returns a new memory and an unscored node.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from schema.domain.base import Record, UnixSeconds
from schema.domain.cycle.known import Known, max_listed
from schema.domain.cycle.merge import MergedNode
from schema.domain.cycle.watching import watched
from schema.domain.lean import unchecked
from schema.domain.node.addresses import (
    ListedAddress,
    goes_on_unlisted,
    listed_addresses,
    lived_at,
    lives_twice,
    previous_addresses,
    recent_addresses,
    remember,
    sightings,
)
from schema.domain.node.coverage import Coverage
from schema.domain.node.liveness import default_grace
from schema.domain.node.measurements import MEASURED, measure
from schema.domain.node.memory import NodeMemory
from schema.domain.node.observation import Listing
from schema.domain.node.pnode import Consistency, LivenessBasis, PNode, PNodeStatus, VersionChange
from schema.domain.node.presence import judge_presence, recent_changes, record_presence, wait_for_witnesses
from schema.domain.node.probe import Answered
from schema.domain.node.probing import probed
from schema.domain.node.process import Process, is_old_record, process_of_node
from schema.domain.node.said import Place, places_of
from schema.domain.node.usage import growth, sampled
from schema.domain.policy import POLICY_1_0
from schema.domain.scoring.consistency import consistency_of

MAX_PREVIOUS_VERSIONS = 50
_node = unchecked(PNode)
_OF_THE_ADDRESS = (
    "address",
    "status",
    "liveness_basis",
    "storage_usage_percent",
    "previous_versions",
    "provenance",
)


class Moment(Record):
    """The values that all nodes of one cycle share.

    `at` is the time of the cycle (unix seconds), `grace` is in seconds. `answered` are the seeds whose lists prove an
    absence, `with_stats` those whose lists include measurements, `asked` all seeds that were asked (None: not known).
    `known_seeds` are the ids of nodes that are seeds, `probes` the new answers to direct probes, by node id. `quorum`
    seeds are needed to prove that a node is alive. `step` is the time since the previous cycle (seconds), `is_same_day`
    whether that cycle was on the same UTC day. `observed` is the part of that time that this cycle covers (seconds),
    `coverage` all time observed so far.
    """

    at: int
    grace: int
    answered: frozenset[str]
    with_stats: frozenset[str]
    asked: frozenset[str] | None = None
    known_seeds: frozenset[str] = frozenset()
    probes: Mapping[str, Answered] = {}
    quorum: int = 1
    step: int = 0
    is_same_day: bool = False
    observed: int = 0
    coverage: Coverage = Coverage()
    window_days: int = POLICY_1_0.consistency.window_days

    @classmethod
    def of(cls, at: int, interval: int, answered: frozenset[str], with_stats: frozenset[str]) -> "Moment":
        """A moment with the default grace for this polling interval (seconds)."""
        return cls(at=at, grace=default_grace(interval), answered=answered, with_stats=with_stats)


def accumulate(
    known: Known,
    merged: MergedNode,
    moment: Moment,
    *,
    supported: bool = True,
    places: Mapping[str, Place] | None = None,
) -> Known:
    """Update a node that was listed, or that answered itself, in this cycle. `supported`: enough seeds listed it.

    Pass `places` if `places_of(merged.listings)` has already been computed.
    """
    at = moment.at
    places = places_of(merged.listings) if places is None else places
    memory = record_presence(known.memory, at, present=True, window_days=moment.window_days)
    current = known.node.address if known.node is not None else None
    listed = listed_addresses(memory.addresses, places, at, moment.grace, quorum=moment.quorum, current=current)
    status, basis = _verdict(listed, merged)
    address = listed[0].memory.address if listed else merged.assumed_address or memory.id.removeprefix("addr:")
    recent = recent_addresses(memory.addresses, listed, at, moment.grace)
    rows = _rows_of(listed)
    spoken = listed[0] if listed else None
    values, provenance = measure(
        rows,
        merged.own,
        at,
        moment.with_stats,
        process=_steady(known.node, spoken) if spoken else None,
        moving=spoken.moving if spoken else frozenset(),
        said=places[address].said if spoken and len(rows) == len(spoken.listings) else None,
    )
    witnesses = tuple(sorted({row.seed for row in rows if not row.relative}))
    remembered = remember(memory.addresses, listed, at)
    last_seen = at if merged.own is not None else _last_contact(listed[0].contact(moment.quorum), known.last_seen)
    memory = memory.model_copy(
        update={
            # The first seed that listed the node had already been in contact with it.
            "first_seen": memory.first_seen if last_seen is None else min(memory.first_seen, last_seen),
            "addresses": remembered,
            "previous_addresses": previous_addresses(memory.previous_addresses, remembered, address),
            "previous_versions": _versions(memory, known.node, values["version"], at),
            "witnesses": witnesses,
            "confirmed": memory.confirmed or supported,
            "supported_at": at if supported else memory.supported_at,
            "unheard": 0,
            "source_ips": _union(memory.source_ips, witnesses),
            "used_samples": sampled(memory.used_samples, values["storage_used"], at),
        }
    )
    alive_at = at if merged.own else lived_at(listed, moment.quorum)
    node = _node(
        id=memory.id,
        address=address,
        address_assumed=not listed,
        pubkey=merged.pubkey,
        status=status,
        liveness_basis=basis,
        listed=bool(listed),
        first_seen=memory.first_seen,
        last_seen=last_seen,
        alive_at=alive_at,
        **values,
        storage_growth=growth(memory.used_samples, values["storage_used"], at),
        witnesses=witnesses,
        sightings=sightings(listed, moment.quorum),
        key_conflict=lives_twice((*listed, *recent), moment.quorum),
        is_seed=merged.own is not None or memory.id in moment.known_seeds,
        supported=_is_supported(memory, moment),
        provenance=provenance,
        probe=known.node.probe if known.node is not None else None,
        **_carried(memory, moment, known),
    )
    if known.node is not None and goes_on_unlisted(current, listed, recent):
        node = _as_before(known.node, node)
    memory = _watching(memory, known, node, moment)
    answered = moment.probes.get(memory.id)
    return Known(memory, node if answered is None else node.model_copy(update={"probe": probed(node, answered)}))


def _watching(memory: NodeMemory, known: Known, node: PNode, moment: Moment) -> NodeMemory:
    """Add this cycle's observation of the node to its memory."""
    watch = watched(
        memory.watch,
        known.node,
        node,
        at=moment.at,
        seconds=moment.observed,
        coverage=moment.coverage,
        dropped=memory.disappearances > known.memory.disappearances,
    )
    return memory if watch is memory.watch else memory.model_copy(update={"watch": watch})


def _is_supported(memory: NodeMemory, moment: Moment) -> bool:
    """Whether enough seeds listed the node within the grace."""
    return memory.supported_at is not None and moment.at - memory.supported_at <= moment.grace


def _as_before(before: PNode, now: PNode) -> PNode:
    """Keep the published values of a node whose address is not listed now, while another process with its key is."""
    return now.model_copy(
        update={name: getattr(before, name) for name in (*MEASURED, *_OF_THE_ADDRESS)}
        | {"key_conflict": now.key_conflict or before.key_conflict}
    )


def pass_over(known: Known, moment: Moment) -> Known:
    """Update a node that no answering seed lists: absent if that can be judged, otherwise only older."""
    node = known.node
    is_seed = node is not None and node.is_seed
    since = moment.at - (node.provenance.observed_at if node is not None else max_listed(known.memory))
    memory, presence = known.memory, None
    if since > moment.grace:
        memory = wait_for_witnesses(memory, moment.answered, min(moment.step, moment.grace))
        presence = judge_presence(memory, moment.answered, moment.asked, is_seed=is_seed)
    memory = record_presence(memory, moment.at, present=presence, window_days=moment.window_days)
    if node is None:
        return Known(memory, None)
    gone = presence is False or (presence is None and node.status is PNodeStatus.OFFLINE)
    alive = node.alive_at is not None and moment.at - node.alive_at <= moment.grace
    if gone:
        status, basis = PNodeStatus.OFFLINE, LivenessBasis.ABSENCE
    elif alive if node.is_online else since <= moment.grace:
        status, basis = node.status, node.liveness_basis
    else:
        status, basis = PNodeStatus.UNKNOWN, LivenessBasis.NONE
    update: dict[str, Any] = {
        "status": status,
        "liveness_basis": basis,
        "listed": False,
        "supported": memory.confirmed,
        "witnesses": node.witnesses if since <= moment.grace else (),
        "sightings": (),
        "key_conflict": node.key_conflict and since <= moment.grace,
        "score": None,
        "estimate": None,
        "versions_behind": None,
        **_carried(memory, moment, known),
    }
    passed = node.model_copy(update=update)
    return Known(_watching(memory, known, passed, moment), passed)


def _verdict(listed: Sequence[ListedAddress], merged: MergedNode) -> tuple[PNodeStatus, LivenessBasis]:
    if merged.own is not None:
        return PNodeStatus.ONLINE, LivenessBasis.DIRECT
    return listed[0].status, listed[0].basis


def _steady(before: PNode | None, listed: ListedAddress) -> Process | None:
    """The process at an address. Keeps the known uptime if the new one is an older record of the same process."""
    after = listed.process
    if before is None or before.uptime is None or after is None or listed.status is not PNodeStatus.ONLINE:
        return after
    known = process_of_node(before)
    return after._replace(uptime=before.uptime) if known is not None and is_old_record(known, after) else after


def _rows_of(listed: Sequence[ListedAddress]) -> Sequence[Listing]:
    """The rows about the published address. If it is online, the rows about the node's other live addresses follow."""
    if not listed:
        return ()
    if len(listed) == 1 or listed[0].status is not PNodeStatus.ONLINE:
        return listed[0].listings
    return [row for each in listed if each.status is PNodeStatus.ONLINE for row in each.listings]


def _last_contact(*contacts: UnixSeconds | None) -> UnixSeconds | None:
    """The newest known contact. An older record does not move it back."""
    return max((contact for contact in contacts if contact is not None), default=None)


def _carried(memory: NodeMemory, moment: Moment, before: Known) -> dict[str, Any]:
    """The fields that come only from a node's memory. `before` is the node before this cycle."""
    return {
        "former_ids": memory.former_ids,
        "source_ips": memory.source_ips,
        "previous_addresses": memory.previous_addresses,
        "previous_versions": memory.previous_versions,
        **_steadiness(memory, moment, before),
    }


def _steadiness(memory: NodeMemory, moment: Moment, before: Known) -> dict[str, Any]:
    """The fields derived from appearances and disappearances, by UTC day.

    If none is counted and the day is the same, the previous values are reused. This is the case for most nodes.
    """
    node = before.node
    known = node.consistency if node is not None and moment.is_same_day else None
    if node is None or known is None or not _is_of(known, memory, before.memory, moment):
        consistency = consistency_of(memory, moment.at, moment.window_days)
        return {"state_changes": recent_changes(memory, moment.at), "consistency": consistency}
    return {"state_changes": node.state_changes, "consistency": known}


def _is_of(known: Consistency, memory: NodeMemory, before: NodeMemory, moment: Moment) -> bool:
    """Whether a consistency computed on the same day matches this memory. It may not if another id was absorbed."""
    return (
        memory.presence is before.presence
        and known.appearances == memory.appearances
        and known.disappearances == memory.disappearances
        and known.last_appearance == memory.last_appearance
        and known.last_drop == memory.last_drop
        and known.window_days == moment.window_days
    )


def _versions(memory: NodeMemory, before: PNode | None, version: str | None, at: int) -> tuple[VersionChange, ...]:
    if before is None or before.version is None or version is None or before.version == version:
        return memory.previous_versions
    kept = [change for change in memory.previous_versions if change.version != before.version]
    return (VersionChange(version=before.version, until=at), *kept)[:MAX_PREVIOUS_VERSIONS]


def _union(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return old if set(new) <= set(old) else tuple(sorted({*old, *new}))
