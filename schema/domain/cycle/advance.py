"""One cycle as a pure function: the previous state and the replies of the seeds in, the next state out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from pydantic import TypeAdapter

from schema.domain.base import DAY, Record, Slot, UnixSeconds
from schema.domain.cycle.accumulate import Moment
from schema.domain.cycle.fold import fold, is_retired
from schema.domain.cycle.known import Known
from schema.domain.cycle.merge import Merged, merge
from schema.domain.cycle.quorum import MIN_WITNESSES, Quorum
from schema.domain.cycle.scored import scored
from schema.domain.cycle.seeds import promoted_reports, seed_reports
from schema.domain.cycle.support import MAX_NEWCOMERS, Support
from schema.domain.network.health import network_health, network_totals
from schema.domain.node.coverage import Coverage
from schema.domain.node.liveness import default_grace
from schema.domain.node.memory import NodeMemory
from schema.domain.node.observation import NO_ADDRESS, SeedReply
from schema.domain.node.pnode import PNode
from schema.domain.node.presence import proves_absence
from schema.domain.node.probe import Answered
from schema.domain.node.reach import Reach, reach_of
from schema.domain.node.registry import RegistryEntry
from schema.domain.scoring.estimated import Scene, remembering
from schema.domain.scoring.evidence import Listers
from schema.domain.scoring.scores import POLICY_1_0
from schema.domain.snapshot.record import CycleTiming, Snapshot, SnapshotHeader

_NODES = TypeAdapter(tuple[PNode, ...])
_HASHED_AT_ONCE = 1_000


class CycleOptions(Record):
    """The settings of a cycle, in seconds, days and shares. `grace_seconds` None means the default for the interval.

    `min_witnesses` seeds must list a node; a trusted seed is enough by itself. Each seed may add at most
    `max_newcomers` nodes per cycle that too few seeds list (`schema.domain.cycle.support`).
    """

    network: str = "devnet"
    interval: int = 60
    grace_seconds: int | None = None
    latest_version: str | None = None
    latest_version_min_share: float = POLICY_1_0.latest_min_share
    consistency_window_days: int = POLICY_1_0.consistency.window_days
    retire_after_days: int = 30
    min_witnesses: int = MIN_WITNESSES
    trusted_seeds: tuple[str, ...] = ()
    max_newcomers: int = MAX_NEWCOMERS

    def quorum(self) -> Quorum:
        """The number of seeds that must agree, and the trusted seeds."""
        return Quorum(self.min_witnesses, frozenset(self.trusted_seeds))


class State(Record):
    """The state that one cycle passes to the next: the snapshot, and the memory of each node."""

    snapshot: Snapshot | None = None
    memory: tuple[NodeMemory, ...] = ()

    def known(self) -> dict[str, Known]:
        nodes = {node.id: node for node in self.snapshot.nodes} if self.snapshot else {}
        return {memory.id: Known(memory, nodes.get(memory.id)) for memory in self.memory}


class Cycle(Record):
    """The result of a cycle: the new state, and the new or changed registry entries to write."""

    snapshot: Snapshot
    memory: tuple[NodeMemory, ...]
    registry: tuple[RegistryEntry, ...]

    def timed(self, timing: CycleTiming) -> "Cycle":
        """The same result with its timing."""
        header = self.snapshot.header.model_copy(update={"timing": timing})
        snapshot = Snapshot.model_construct(header=header, nodes=self.snapshot.nodes)
        return Cycle.model_construct(snapshot=snapshot, memory=self.memory, registry=self.registry)

    def state(self) -> State:
        return State.model_construct(snapshot=self.snapshot, memory=self.memory)


def identify(before: State, replies: Sequence[SeedReply], options: CycleOptions | None = None) -> Merged:
    """Identify the nodes in these replies, using the keys that earlier cycles learned for addresses."""
    quorum = (options or CycleOptions()).quorum()
    answering = sum(reply.observations is not None and not reply.promoted for reply in replies)
    return merge(replies, _known_ids(before, quorum.min_witnesses if quorum.applies(answering) else 1), quorum)


def _known_ids(before: State, quorum: int) -> dict[str, str]:
    """The ids of nodes with a key, by address.

    If several seeds must agree, an address counts if it is the node's published address or if that many seeds listed
    the node there. A node's current address takes precedence over a past address of another node.
    """
    known: dict[str, tuple[bool, UnixSeconds, str]] = {}
    current = {node.id: node.address for node in before.snapshot.nodes} if before.snapshot else {}
    for memory in before.memory:
        if memory.id.startswith("addr:") or (quorum > 1 and not memory.confirmed):
            continue
        for address in memory.addresses:
            spot = address.address
            is_current = current.get(memory.id) == spot
            if (quorum > 1 and not is_current and len(address.uptimes) < quorum) or reach_of(spot) is Reach.LOCAL:
                continue
            known[spot] = max(known.get(spot, (False, 0, "")), (is_current, address.last_listed, memory.id))
    return {spot: memory_id for spot, (_, _, memory_id) in known.items()}


def unknown_ids(before: State, merged: Merged) -> frozenset[str]:
    """The ids in these replies that the state does not know. The registry may have entries for them."""
    return frozenset(merged.nodes) - {memory.id for memory in before.memory}


def advance(
    before: State,
    replies: Sequence[SeedReply],
    merged: Merged,
    *,
    slot: Slot,
    at: UnixSeconds,
    options: CycleOptions,
    recalled: Mapping[str, RegistryEntry] | None = None,
    probes: Mapping[str, Answered] | None = None,
) -> Cycle:
    """Compute the network after these replies, at time `at`.

    `merged` is `identify(before, replies, options)`, `recalled` the registry entries of `unknown_ids(before, merged)`,
    and `probes` the answers to direct probes since the previous cycle. At least one seed must have returned a list: a
    cycle without any list changes no node and has no snapshot.
    """
    if not merged.answered:
        raise ValueError("no seed returned a list, so there is no next snapshot")
    grace = options.grace_seconds if options.grace_seconds is not None else default_grace(options.interval)
    support = Support(merged, options.min_witnesses, options.trusted_seeds)
    last = before.snapshot.header if before.snapshot else None
    step = max(0, at - last.taken_at) if last else 0
    observed = min(step, max(options.interval, grace)) if last else options.interval
    coverage = (last.coverage if last else Coverage()).after(at, observed)
    moment = Moment(
        at=at,
        grace=grace,
        answered=frozenset(reply.seed for reply in replies if proves_absence(reply, grace)),
        asked=frozenset(reply.seed for reply in replies),
        with_stats=frozenset(reply.seed for reply in replies if reply.has_stats),
        known_seeds=frozenset(merged.seed_nodes.values()),
        window_days=options.consistency_window_days,
        probes=probes or {},
        quorum=support.quorum,
        step=step,
        is_same_day=last is not None and last.taken_at // DAY == at // DAY,
        observed=observed,
        coverage=coverage,
    )
    known = before.known()
    folded = fold(known, merged, moment, support, recalled or {}, max_newcomers=options.max_newcomers)
    after = {i: each for i, each in folded.nodes.items() if not is_retired(each, at, options.retire_after_days)}
    scene = Scene(
        at, coverage, Listers(support.island, merged.seed_nodes), options.network, last.adopted if last else None
    )
    nodes, policy, adopted = scored(
        after, scene, min_share=options.latest_version_min_share, override=options.latest_version
    )
    memories = [remembering(each.memory, node.estimate, at) for each, node in zip(after.values(), nodes, strict=True)]
    memory, registry = _register(memories, nodes, known, slot)
    unsupported = frozenset(node.id for node in nodes if not node.supported)
    reports = seed_reports(
        replies,
        merged,
        support,
        agreement=folded.agreement,
        unsupported=unsupported,
        refused=folded.refused,
    )
    header = SnapshotHeader(
        slot=slot,
        interval=options.interval,
        taken_at=at,
        network=options.network,
        policy=policy,
        seeds=reports,
        promoted_seeds=promoted_reports(replies),
        totals=network_totals(nodes, reports, min_witnesses=options.min_witnesses if support.applies else None),
        health=network_health(nodes),
        timing=CycleTiming(started_at=at),
        node_count=len(nodes),
        content_hash=content_hash(nodes),
        coverage=coverage,
        adopted=adopted,
    )
    snapshot = Snapshot.model_construct(header=header, nodes=nodes)
    return Cycle.model_construct(snapshot=snapshot, memory=memory, registry=registry)


def content_hash(nodes: tuple[PNode, ...]) -> str:
    """SHA-256 (hex) over the nodes in order. Two hashes are equal if and only if all published values are equal."""
    digest = hashlib.sha256(b"[")
    for start in range(0, len(nodes), _HASHED_AT_ONCE):
        digest.update(b"," if start else b"")
        digest.update(_NODES.dump_json(nodes[start : start + _HASHED_AT_ONCE])[1:-1])
    digest.update(b"]")
    return digest.hexdigest()


def _register(
    memories: Iterable[NodeMemory], nodes: Iterable[PNode], known: Mapping[str, Known], slot: Slot
) -> tuple[tuple[NodeMemory, ...], tuple[RegistryEntry, ...]]:
    """The registry entries that changed, and the memories updated with the hashes of the written entries.

    `known` are the nodes before this cycle.
    """
    by_id = {node.id: node for node in nodes}
    kept: list[NodeMemory] = []
    entries: list[RegistryEntry] = []
    for memory in memories:
        node = by_id[memory.id]
        if not memory.confirmed or _is_registered(memory, node, known.get(memory.id)):
            kept.append(memory)
            continue
        mark = _mark(_lasting_facts(memory, node))
        if mark == memory.registered:
            kept.append(memory)
            continue
        kept.append(memory.model_copy(update={"registered": mark}))
        entries.append(registry_entry(memory, by_id, slot))
    return tuple(kept), tuple(entries)


def registry_entry(memory: NodeMemory, nodes: Mapping[str, PNode], slot: Slot) -> RegistryEntry:
    """The registry entry of a node, as of this slot. `nodes` are all nodes of the snapshot by id, with this one."""
    node = nodes[memory.id]
    addresses = {node.place, *(a.address for a in memory.addresses), *(a.address for a in memory.previous_addresses)}
    return RegistryEntry(
        id=memory.id,
        address=node.place,
        pubkey=node.pubkey,
        addresses=tuple(sorted(addresses - {NO_ADDRESS})),
        first_seen=memory.first_seen,
        last_seen=node.last_seen,
        appearances=memory.appearances,
        disappearances=memory.disappearances,
        last_appearance=memory.last_appearance,
        last_drop=memory.last_drop,
        source_ips=memory.source_ips,
        version=node.version,
        is_public=node.is_public,
        rpc_port=node.rpc_port,
        uptime=node.uptime,
        storage_committed=node.storage_committed,
        storage_used=node.storage_used,
        storage_usage_percent=node.storage_usage_percent,
        updated_slot=slot,
        former_ids=tuple(former for former in memory.former_ids if former not in nodes),
    )


def _is_registered(memory: NodeMemory, node: PNode, before: Known | None) -> bool:
    """Whether nothing changed since the previous cycle wrote an up-to-date entry."""
    if before is None or before.node is None or memory.registered is None or not before.memory.confirmed:
        return False
    is_written = memory.registered == before.memory.registered
    return is_written and _lasting_facts(memory, node) == _lasting_facts(before.memory, before.node)


def _mark(facts: tuple[object, ...]) -> str:
    """A short hash that is equal for equal values."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _lasting_facts(memory: NodeMemory, node: PNode) -> tuple[object, ...]:
    """The values that decide whether an entry is rewritten; measurements are refreshed once a day.

    Each node is refreshed at its own time of day, so that a single cycle does not write all entries.
    """
    own_hour = crc32(memory.id.encode()) % DAY
    return (
        node.status,
        node.address,
        node.version,
        memory.appearances,
        memory.disappearances,
        memory.former_ids,
        len(memory.previous_addresses),
        memory.source_ips,
        ((node.last_seen or 0) + own_hour) // DAY,
    )
