"""A node between two cycles, and one that comes into the snapshots: new, from the registry, or under another id."""

from typing import NamedTuple

from schema.domain.base import UnixSeconds
from schema.domain.node.addresses import remember
from schema.domain.node.memory import NodeMemory
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import RegistryEntry


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
    return NodeMemory(id=node_id, first_seen=at, confirmed=False)


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
            "confirmed": memory.confirmed or former.confirmed,
            "present": memory.present or former.present,
            "appearances": memory.appearances + former.appearances,
            "disappearances": memory.disappearances + former.disappearances,
            "presence": memory.presence or former.presence,
            "present_since_window": memory.present_since_window or former.present_since_window,
            "used_samples": former.used_samples or memory.used_samples,
            "watch": former.watch or memory.watch,
            "standings": former.standings or memory.standings,
        }
    )


def max_listed(*memories: NodeMemory) -> int:
    """The newest time at which any address of these nodes was listed; 0 for none."""
    return max((a.last_listed for memory in memories for a in memory.addresses), default=0)
