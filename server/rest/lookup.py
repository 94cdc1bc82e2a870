"""Finds one node by address, pubkey or id, in the snapshot or else in the registry."""

from schema.domain.node.pnode import Consistency, LivenessBasis, PNode, PNodeStatus, Provenance
from schema.domain.node.registry import RegistryEntry
from server.rest.view import View, Views


async def find_node(views: Views, view: View, key: str) -> PNode | None:
    """The node with this address (current or former), pubkey or id. None if it has never been seen.

    Nodes of the snapshot are found in memory. Raises SnapshotUnavailable if the store is needed and does not answer.
    """
    node = view.snapshot.find(key)
    if node is not None:
        return node
    entry = await views.reads.registry_entry(key)
    return None if entry is None else known(view, entry)


def known(view: View, entry: RegistryEntry) -> PNode:
    """The node of a registry entry: from the snapshot, or with its last known values if it has left."""
    return view.snapshot.find(entry.id) or departed(entry)


def as_node(entry: PNode | RegistryEntry) -> PNode:
    """An entry of a page of the registry as a node."""
    return entry if isinstance(entry, PNode) else departed(entry)


def departed(entry: RegistryEntry) -> PNode:
    """A node that has left the snapshots, as its registry entry remembers it."""
    total = entry.appearances + entry.disappearances
    return PNode(
        id=entry.id,
        address=entry.address,
        pubkey=entry.pubkey,
        status=PNodeStatus.OFFLINE,
        liveness_basis=LivenessBasis.ABSENCE,
        listed=False,
        is_public=entry.is_public,
        rpc_port=entry.rpc_port,
        version=entry.version,
        first_seen=entry.first_seen,
        last_seen=entry.last_seen,
        uptime=entry.uptime,
        storage_committed=entry.storage_committed,
        storage_used=entry.storage_used,
        storage_usage_percent=entry.storage_usage_percent,
        source_ips=entry.source_ips,
        consistency=Consistency(
            score=0.0,
            all_time=entry.appearances / total if total else 1.0,
            appearances=entry.appearances,
            disappearances=entry.disappearances,
            window_days=0,
            last_appearance=entry.last_appearance,
            last_drop=entry.last_drop,
        ),
        provenance=Provenance(seed=None, observed_at=entry.last_contact),
    )
