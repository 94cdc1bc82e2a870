"""A node between two cycles, and nodes that enter the snapshots: new, from the registry, or with a new id."""

from typing import NamedTuple

from schema.domain.base import UnixSeconds
from schema.domain.node.addresses import remember
from schema.domain.node.memory import NodeMemory
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import RegistryEntry


class Known(NamedTuple):
    """A node after the previous cycle: its memory, and its record if it was in that snapshot.

    `contact` is the last contact from the registry, used if there is no record.
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
    """The memory of a node that returns to the snapshots, restored from its registry entry."""
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
    """Merge the memory that a node had under another id (its address, before its key was known)."""
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
    """The newest time at which any address of this memory was listed; 0 if there is none."""
    return max((a.last_listed for memory in memories for a in memory.addresses), default=0)
