"""A cache of decoded snapshots of the past. Each is loaded once for all concurrent requests."""

import asyncio
from collections.abc import Awaitable, Callable

from schema.bounded import BoundedMap
from schema.domain.base import Slot
from schema.domain.snapshot.record import Snapshot
from server.process.supervisor import owned

MAX_SNAPSHOTS = 64
MAX_NODES = 6_000  # some 30 MB
PARALLEL_LOADS = 2


class SnapshotCache:
    """Least recently used snapshots by slot, bounded in snapshots and in nodes (one is always held).

    `load` loads a slot that is not held. Its errors are raised to all callers that wait, and are not cached.
    """

    def __init__(
        self,
        load: Callable[[Slot], Awaitable[Snapshot]],
        *,
        max_snapshots: int = MAX_SNAPSHOTS,
        max_nodes: int = MAX_NODES,
    ) -> None:
        self._load = load
        self._max_nodes = max_nodes
        self._held = BoundedMap[Slot, Snapshot](
            max_entries=max_snapshots, max_size=max_nodes, largest=max_nodes, at_once=True
        )
        self._loading: dict[Slot, asyncio.Task[Snapshot]] = {}
        self._permits = asyncio.Semaphore(PARALLEL_LOADS)

    def __len__(self) -> int:
        return len(self._held)

    async def get(self, slot: Slot) -> Snapshot:
        """The snapshot of exactly this slot."""
        held = self.peek(slot)
        if held is not None:
            return held
        task = self._loading.get(slot)
        if task is None:
            task = self._loading[slot] = owned(self._fetch(slot), name=f"load {slot}")
            task.add_done_callback(lambda done: self._loaded(slot, done))
        # One caller may be cancelled while others still wait for the same load.
        return await asyncio.shield(task)

    def peek(self, slot: Slot) -> Snapshot | None:
        """The snapshot if it is held."""
        return self._held.get(slot)

    def put(self, snapshot: Snapshot) -> None:
        """Hold a snapshot, and drop the least recently used ones."""
        self._held.put(snapshot.slot, snapshot, min(len(snapshot.nodes), self._max_nodes))

    async def _fetch(self, slot: Slot) -> Snapshot:
        async with self._permits:
            return await self._load(slot)

    def _loaded(self, slot: Slot, task: asyncio.Task[Snapshot]) -> None:
        self._loading.pop(slot, None)
        if not task.cancelled() and task.exception() is None:
            self.put(task.result())
