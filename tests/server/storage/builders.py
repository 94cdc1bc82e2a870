"""Commits for tests of the store: slots of a network that changes a little from slot to slot."""

from schema.domain.base import Slot
from schema.domain.cycle.events import Event, EventType
from schema.domain.node.memory import AddressMemory, NodeMemory, PresenceDay, UsedSample
from schema.domain.node.pnode import PNode
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot
from schema.writes import Commit
from tests.factories import AT, SEEDS, network, snapshot

HOLDER = "worker-1"


def commit(slot: Slot = AT, count: int = 5, *, interval: int = 60) -> Commit:
    """The commit of a cycle of this slot: `count` nodes, and an event for each of them."""
    whole = snapshot_of(slot, count, interval=interval)
    return Commit(
        snapshot=whole,
        memory=tuple(memory(node, slot) for node in whole.nodes),
        events=tuple(
            Event(slot=slot, index=i, at=slot, type=EventType.JOINED, subject=node.id, address=node.address)
            for i, node in enumerate(whole.nodes)
        ),
        registry=tuple(entry(node, slot) for node in whole.nodes),
    )


def snapshot_of(slot: Slot, count: int = 5, *, interval: int = 60) -> Snapshot:
    moved = [
        node.model_copy(update={"uptime": slot - AT + 1_000 + i, "alive_at": slot})
        for i, node in enumerate(network(count, slot).nodes)
    ]
    return snapshot(moved, slot, interval=interval)


def memory(node: PNode, slot: Slot) -> NodeMemory:
    return NodeMemory(
        id=node.id,
        first_seen=node.first_seen,
        addresses=(
            AddressMemory(
                address=node.address,
                first_listed=node.first_seen,
                last_listed=slot,
                alive_at=slot,
                uptimes=dict.fromkeys(SEEDS, node.uptime or 0),
                moved=True,
            ),
        ),
        source_ips=SEEDS,
        witnesses=SEEDS,
        present=True,
        appearances=2,
        disappearances=1,
        presence=(PresenceDay(day=slot // 86_400 * 86_400, appearances=1),),
        used_samples=(UsedSample(at=slot, used=node.storage_used or 0),),
        last_judged=slot,
        registered=f"mark-{slot}",
    )


def entry(node: PNode, slot: Slot, **changes: object) -> RegistryEntry:
    fields: dict[str, object] = {
        "id": node.id,
        "address": node.address,
        "pubkey": node.pubkey,
        "addresses": (node.address,),
        "first_seen": node.first_seen,
        "last_seen": slot,
        "appearances": 2,
        "disappearances": 1,
        "source_ips": SEEDS,
        "version": node.version,
        "uptime": node.uptime,
        "storage_committed": node.storage_committed,
        "updated_slot": slot,
    }
    return RegistryEntry.model_validate(fields | changes)
