"""One node, one cycle: what was said now, joined with what is remembered.

Pure: a memory and this cycle's listings in, a new memory and an unscored node out.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

from schema.domain.addresses import (
    ListedAddress,
    listed_addresses,
    lives_twice,
    previous_addresses,
    remember,
    sightings,
)
from schema.domain.base import DAY, Record, UnixSeconds
from schema.domain.consistency import consistency_of
from schema.domain.liveness import default_grace
from schema.domain.measurements import measure
from schema.domain.memory import NodeMemory, UsedSample
from schema.domain.merge import Listing, MergedNode
from schema.domain.pnode import LivenessBasis, PNode, PNodeStatus, VersionChange
from schema.domain.policy import POLICY_1_0, CapacityPolicy
from schema.domain.presence import judge_presence, recent_changes, record_presence
from schema.domain.probe import Answered
from schema.domain.probing import probed
from schema.domain.registry import RegistryEntry

MAX_PREVIOUS_VERSIONS = 50
_MAX_SAMPLES = ceil(POLICY_1_0.capacity.growth_days) + 2


class Moment(Record):
    """What is the same for all nodes of one cycle.

    `at` is its time (unix seconds), `grace` in seconds; `answered` are the seeds that gave a list, `with_stats` those
    whose list has measurements. `known_seeds` are the ids of nodes that are seeds, `probes` the new answers of nodes that
    were asked directly, by id.
    """

    at: int
    grace: int
    answered: frozenset[str]
    with_stats: frozenset[str]
    known_seeds: frozenset[str] = frozenset()
    probes: Mapping[str, Answered] = {}
    window_days: int = POLICY_1_0.consistency.window_days

    @classmethod
    def of(cls, at: int, interval: int, answered: frozenset[str], with_stats: frozenset[str]) -> "Moment":
        """A moment with the default grace for this polling interval (seconds)."""
        return cls(at=at, grace=default_grace(interval), answered=answered, with_stats=with_stats)


class Known(NamedTuple):
    """A node as it was after the cycle before: its memory, and its record where it was in that snapshot.

    `contact` is its last one as the registry knows it, where there is no such record.
    """

    memory: NodeMemory
    node: PNode | None
    contact: UnixSeconds | None = None

    @property
    def last_seen(self) -> UnixSeconds | None:
        return self.node.last_seen if self.node is not None else self.contact


def newcomer(node_id: str, at: int) -> NodeMemory:
    """The memory of a node that has never been seen."""
    return NodeMemory(id=node_id, first_seen=at)


def returning(entry: RegistryEntry) -> NodeMemory:
    """The memory of a node that had left the snapshots, from what the registry kept of it."""
    return NodeMemory(
        id=entry.id,
        first_seen=entry.first_seen,
        source_ips=entry.source_ips,
        appearances=entry.appearances,
        disappearances=entry.disappearances,
        last_appearance=entry.last_appearance,
        last_drop=entry.last_drop,
    )


def absorb(memory: NodeMemory, former: NodeMemory) -> NodeMemory:
    """Join the memory that a node had under another id (its address, before its key was known)."""
    return memory.model_copy(
        update={
            "former_ids": tuple(sorted({*memory.former_ids, *former.former_ids, former.id})),
            "first_seen": min(memory.first_seen, former.first_seen),
            "addresses": remember((*former.addresses, *memory.addresses), (), max_listed(memory, former)),
            "previous_versions": former.previous_versions + memory.previous_versions,
            "source_ips": tuple(sorted({*memory.source_ips, *former.source_ips})),
            "witnesses": tuple(sorted({*memory.witnesses, *former.witnesses})),
            "present": memory.present or former.present,
            "appearances": memory.appearances + former.appearances,
            "disappearances": memory.disappearances + former.disappearances,
            "presence": memory.presence or former.presence,
            "present_since_window": memory.present_since_window or former.present_since_window,
            "used_samples": former.used_samples or memory.used_samples,
        }
    )


def max_listed(*memories: NodeMemory) -> int:
    """The newest time at which any address of these nodes was listed; 0 for none."""
    return max((a.last_listed for memory in memories for a in memory.addresses), default=0)


def accumulate(known: Known, merged: MergedNode, moment: Moment) -> Known:
    """A node that was listed, or that answered itself, in this cycle."""
    at = moment.at
    memory = record_presence(known.memory, at, present=True, window_days=moment.window_days)
    listed = listed_addresses(memory.addresses, merged.listings, at, moment.grace)
    status, basis = _verdict(listed, merged)
    address = listed[0].memory.address if listed else merged.assumed_address or memory.id.removeprefix("addr:")
    rows = _rows_of(listed)
    values, provenance = measure(rows, merged.own, at, moment.with_stats)
    witnesses = tuple(sorted({row.seed for row in rows}))
    remembered = remember(memory.addresses, listed, at)
    last_seen = at if merged.own is not None else _last_contact(listed[0].last_seen, known.last_seen)
    memory = memory.model_copy(
        update={
            # Who first listed it had heard of it before.
            "first_seen": memory.first_seen if last_seen is None else min(memory.first_seen, last_seen),
            "addresses": remembered,
            "previous_addresses": previous_addresses(memory.previous_addresses, remembered, address),
            "previous_versions": _versions(memory, known.node, values["version"], at),
            "witnesses": witnesses,
            "source_ips": _union(memory.source_ips, witnesses),
            "used_samples": _samples(memory.used_samples, values["storage_used"], at),
        }
    )
    alive_at = at if merged.own else max((a.memory.alive_at or 0 for a in listed), default=0) or None
    node = PNode(
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
        sightings=sightings(listed),
        key_conflict=lives_twice(listed),
        is_seed=merged.own is not None or memory.id in moment.known_seeds,
        provenance=provenance,
        probe=known.node.probe if known.node is not None else None,
        **_carried(memory, moment),
    )
    answered = moment.probes.get(memory.id)
    return Known(memory, node if answered is None else node.model_copy(update={"probe": probed(node, answered)}))


def pass_over(known: Known, moment: Moment) -> Known:
    """A node that nobody who answered lists: absent where that can be judged, else only older."""
    node = known.node
    is_seed = node is not None and node.is_seed
    presence = judge_presence(known.memory, moment.answered, is_seed=is_seed)
    memory = record_presence(known.memory, moment.at, present=presence, window_days=moment.window_days)
    if node is None:
        return Known(memory, None)
    gone = presence is False or (presence is None and node.status is PNodeStatus.OFFLINE)
    alive = node.alive_at is not None and moment.at - node.alive_at <= moment.grace
    if gone:
        status, basis = PNodeStatus.OFFLINE, LivenessBasis.ABSENCE
    elif alive and node.status is PNodeStatus.ONLINE:
        status, basis = node.status, node.liveness_basis
    else:
        status, basis = PNodeStatus.UNKNOWN, LivenessBasis.NONE
    update: dict[str, Any] = {
        "status": status,
        "liveness_basis": basis,
        "listed": False,
        "witnesses": (),
        "sightings": (),
        "key_conflict": False,
        "score": None,
        "versions_behind": None,
        **_carried(memory, moment),
    }
    return Known(memory, node.model_copy(update=update))


def growth(
    samples: Sequence[UsedSample], used: int | None, at: int, policy: CapacityPolicy = POLICY_1_0.capacity
) -> float | None:
    """The relative change of used storage over `growth_days`, -1..1; over less while younger than that.

    (used now - used then) / max(used then, `growth_floor_bytes`), clamped. None under `growth_min_days`. The floor keeps
    the first few kilobytes of an empty node from counting as growth without end.
    """
    if used is None or not samples or at - samples[0].at < policy.growth_min_days * DAY:
        return None
    old_enough = [sample for sample in samples if at - sample.at >= policy.growth_days * DAY]
    base = (old_enough[-1] if old_enough else samples[0]).used
    return max(-1.0, min(1.0, (used - base) / max(base, policy.growth_floor_bytes)))


def _verdict(listed: Sequence[ListedAddress], merged: MergedNode) -> tuple[PNodeStatus, LivenessBasis]:
    if merged.own is not None:
        return PNodeStatus.ONLINE, LivenessBasis.DIRECT
    return listed[0].status, listed[0].basis


def _rows_of(listed: Sequence[ListedAddress]) -> list[Listing]:
    """The rows about the address that speaks for the node, then those of other living addresses of it."""
    if not listed:
        return []
    rows = list(listed[0].listings)
    if listed[0].status is PNodeStatus.ONLINE:
        for other in listed[1:]:
            if other.status is PNodeStatus.ONLINE:
                rows.extend(other.listings)
    return rows


def _last_contact(*contacts: UnixSeconds | None) -> UnixSeconds | None:
    """The newest contact that is known: an older record takes back none that was told of before."""
    return max((contact for contact in contacts if contact is not None), default=None)


def _carried(memory: NodeMemory, moment: Moment) -> dict[str, Any]:
    """The fields of a node that come from its memory alone."""
    return {
        "former_ids": memory.former_ids,
        "source_ips": memory.source_ips,
        "previous_addresses": memory.previous_addresses,
        "previous_versions": memory.previous_versions,
        "state_changes": recent_changes(memory, moment.at),
        "consistency": consistency_of(memory, moment.at, moment.window_days),
    }


def _versions(memory: NodeMemory, before: PNode | None, version: str | None, at: int) -> tuple[VersionChange, ...]:
    if before is None or before.version is None or version is None or before.version == version:
        return memory.previous_versions
    kept = [change for change in memory.previous_versions if change.version != before.version]
    return (VersionChange(version=before.version, until=at), *kept)[:MAX_PREVIOUS_VERSIONS]


def _samples(samples: tuple[UsedSample, ...], used: int | None, at: int) -> tuple[UsedSample, ...]:
    """One sample a UTC day, as far back as growth looks, and one beyond."""
    if used is None or (samples and samples[-1].at // DAY == at // DAY):
        return samples
    return (*samples, UsedSample(at=at, used=used))[-_MAX_SAMPLES:]


def _union(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return old if set(new) <= set(old) else tuple(sorted({*old, *new}))
