"""The hours that are not rolled up yet, read from the snapshots themselves.

Only the chunks of nodes that are asked for are decoded, and their samples kept for the next question: of a slot that is
committed, nothing changes any more.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from schema.domain.base import HOUR, Slot, UnixSeconds
from schema.domain.rollup import Beat, Sample, network_sample, node_sample
from server.storage import snapshots
from server.storage.chunks import Damaged
from server.storage.codec import unpack
from server.storage.documents import ChunkDocument, ChunkRef, Marker, SnapshotDocument

MAX_HOURS = 3
MAX_SAMPLES = 40_000  # some 20 MB

_Chunk = Mapping[str, Sample]


class OpenHours:
    """The newest slots of one process's store: their markers, and the samples that were asked for."""

    def __init__(self, *, max_samples: int = MAX_SAMPLES) -> None:
        self._max_samples = max_samples
        self._markers: dict[Slot, Marker] = {}
        self._network: dict[Slot, Sample] = {}
        self._chunks: OrderedDict[tuple[Slot, int], _Chunk] = OrderedDict()
        self._held = 0
        self._refreshing = asyncio.Lock()

    async def refresh(self, start: UnixSeconds, committed: Slot) -> None:
        """Know the slots from `start` (no more than `MAX_HOURS` hours) to the newest committed one."""
        start = max(start, committed // HOUR * HOUR - (MAX_HOURS - 1) * HOUR)
        async with self._refreshing:
            known = max(self._markers, default=start - 1)
            if committed > known:
                new = {"marker.slot": {"$gt": max(known, start - 1), "$lte": committed}}
                found = await SnapshotDocument.find(new).to_list()
                self._markers |= {one.marker.slot: one.marker for one in sorted(found, key=lambda one: one.marker.slot)}
            self._forget_before(start)

    def beats(self, start: UnixSeconds, end: UnixSeconds) -> list[Beat]:
        """The committed slots in [start, end), in order."""
        return [Beat(sample.slot, sample.interval) for sample in self.network(start, end)]

    def network(self, start: UnixSeconds, end: UnixSeconds) -> list[Sample]:
        """The network's samples in [start, end), in order."""
        slots = [slot for slot in self._markers if start <= slot < end]
        for slot in slots:
            if slot not in self._network:
                self._network[slot] = network_sample(snapshots.header_of(self._markers[slot]))
        return [self._network[slot] for slot in slots]

    async def node(self, node_id: str, start: UnixSeconds, end: UnixSeconds) -> list[Sample]:
        """A node's samples in [start, end), in order."""
        found: list[Sample] = []
        place = 0
        for beat in self.beats(start, end):
            marker = self._markers.get(beat.slot)
            if marker is None or marker.nodes.chunks == 0:
                continue
            sample, place = await self._find(marker, beat, node_id, min(place, marker.nodes.chunks - 1))
            if sample is not None:
                found.append(sample)
        return found

    async def _find(self, marker: Marker, beat: Beat, node_id: str, guess: int) -> tuple[Sample | None, int]:
        """A node's sample in a slot and the chunk where it is, or would be. Ids are sorted through the chunks."""
        low, high, place = 0, marker.nodes.chunks - 1, guess
        while True:
            chunk = await self._chunk(marker, beat, place)
            ids = list(chunk)
            if node_id in chunk or not ids:
                return chunk.get(node_id), place
            if node_id < ids[0]:
                high = place - 1
            elif node_id > ids[-1]:
                low = place + 1
            else:
                return None, place
            if low > high:
                return None, place
            place = (low + high) // 2

    async def _chunk(self, marker: Marker, beat: Beat, place: int) -> _Chunk:
        key = (beat.slot, place)
        held = self._chunks.get(key)
        if held is not None:
            self._chunks.move_to_end(key)
            return held
        refs = [marker.nodes, *([marker.base] if marker.base and place < marker.base.chunks else [])]
        bodies = await _bodies(refs, place)
        base = unpack(bodies[1]) if len(bodies) > 1 else None
        nodes = snapshots.NODES.load(unpack(bodies[0], base=base))
        chunk = {node.id: node_sample(node, beat.slot, beat.interval) for node in nodes}
        await asyncio.sleep(0)
        if key not in self._chunks:
            self._held += len(chunk)
        self._chunks[key] = chunk
        while self._held > self._max_samples and len(self._chunks) > 1:
            self._held -= len(self._chunks.popitem(last=False)[1])
        return chunk

    def _forget_before(self, start: UnixSeconds) -> None:
        if any(slot < start for slot in self._markers):
            self._markers = {slot: marker for slot, marker in self._markers.items() if slot >= start}
            self._network = {slot: sample for slot, sample in self._network.items() if slot >= start}


async def _bodies(refs: Sequence[ChunkRef], place: int) -> list[bytes]:
    """One chunk of each payload. Raises Damaged."""
    keys = [ref.ids[place] for ref in refs]
    found = await ChunkDocument.find({"_id": {"$in": keys}}).to_list()
    bodies = {document.id: document.body for document in found}
    missing = [key for key in keys if key not in bodies]
    if missing:
        raise Damaged(f"chunk {missing[0]} is missing")
    return [bodies[key] for key in keys]
