"""The hours that are not rolled up yet, read from the snapshots themselves.

A query about a node needs one record of each slot. The chunks of all slots are fetched together and kept in stored
form, and only the one record is decoded. A committed slot never changes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import structlog

from schema.bounded import BoundedMap
from schema.domain.base import HOUR, Slot, UnixSeconds
from schema.domain.history.rollup import Beat, Sample, network_sample, node_sample
from server.storage.chunks import BATCH
from server.storage.codec import Unpacker
from server.storage.connect import Mongo
from server.storage.damage import UNDECODABLE, UNREADABLE
from server.storage.documents import ChunkDocument, Marker, SnapshotDocument
from server.storage.snapshots import payload as snapshots
from server.storage.snapshots.one_record import Place, find_record

MAX_HOURS = 3
MAX_SAMPLES = 40_000  # some 20 MB
MAX_NODES = 2_000
MAX_BODIES = 50_000
MAX_BODY_BYTES = 16 * 2**20  # three hours of 300 nodes take 2 MB
_YIELD_EVERY = 10  # slots decoded before the event loop runs, some ms

log = structlog.get_logger(__name__)


class _Slot(NamedTuple):
    """The kept parts of a marker: the keys of its chunks and of their bases, and its header until it is read. It takes
    a third of the marker's memory, and one object instead of four."""

    slot: Slot
    encoding: int
    header: bytes
    keys: tuple[str, ...]
    base_keys: tuple[str, ...]


class _Search(NamedTuple):
    """Where a node's record is searched in a slot: in chunk `place`, otherwise from `low` to `high`."""

    within: _Slot
    place: int
    low: int
    high: int


class OpenHours:
    """The newest slots of a store in one process: the keys of their chunks, chunks, and the requested samples."""

    def __init__(self, mongo: Mongo, *, max_samples: int = MAX_SAMPLES, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._documents = mongo.documents(SnapshotDocument)
        self._max_samples = max_samples
        self._slots: dict[Slot, _Slot] = {}
        self._network: dict[Slot, Sample] = {}
        self._samples: OrderedDict[str, dict[Slot, Sample | None]] = OrderedDict()
        self._places: dict[str, int] = {}
        self._held = 0
        self._bodies = _Bodies(mongo, max_body_bytes)
        self._unreadable: set[Slot] = set()
        self._refreshing = asyncio.Lock()

    async def refresh(self, start: UnixSeconds, committed: Slot) -> None:
        """Load the slots from `start` (at most `MAX_HOURS` hours) to the newest committed one."""
        start = max(start, committed // HOUR * HOUR - (MAX_HOURS - 1) * HOUR)
        async with self._refreshing:
            known = max(self._slots, default=start - 1)
            if committed < known:  # the store went back
                self._forget_all()
                known = start - 1
            if committed > known:
                new = {"marker.slot": {"$gt": max(known, start - 1), "$lte": committed}}
                found = await self._documents.find(new).to_list()
                self._add(sorted((one.marker for one in found), key=lambda marker: marker.slot))
            self._forget_before(start)

    def _add(self, markers: Iterable[Marker]) -> None:
        newest = next(reversed(self._slots.values()), None)
        base_keys = newest.base_keys if newest else ()
        for marker in markers:
            keys = tuple(marker.base.ids) if marker.base else ()
            if keys != base_keys:  # equal ones are shared by the slots of an hour
                base_keys = keys
            self._slots[marker.slot] = _Slot(
                marker.slot, marker.encoding, marker.header, tuple(marker.nodes.ids), base_keys
            )

    def beats(self, start: UnixSeconds, end: UnixSeconds) -> list[Beat]:
        """The committed slots in [start, end), in order."""
        return [Beat(sample.slot, sample.interval) for sample in self.network(start, end)]

    def network(self, start: UnixSeconds, end: UnixSeconds) -> list[Sample]:
        """The network's samples in [start, end), in order, without unreadable slots."""
        for slot in [slot for slot in self._slots if start <= slot < end and slot not in self._network]:
            try:
                self._network[slot] = network_sample(snapshots.header_of(self._slots[slot]))
            except UNREADABLE as error:
                self._note_unreadable(slot, error)
            else:
                self._slots[slot] = self._slots[slot]._replace(header=b"")
        return [self._network[slot] for slot in self._slots if start <= slot < end and slot in self._network]

    async def node(self, node_id: str, start: UnixSeconds, end: UnixSeconds) -> list[Sample]:
        """A node's samples in [start, end), in order, without unreadable slots."""
        known = self._samples.setdefault(node_id, {})
        self._samples.move_to_end(node_id)
        beats = self.beats(start, end)
        new = [beat for beat in beats if beat.slot not in known]
        slots = [slot for beat in new if (slot := self._slots.get(beat.slot)) and slot.keys]
        if slots and node_id not in self._places and max(len(slot.keys) for slot in slots) > 1:
            # Ids are sorted across the chunks: the node is in the same chunk in all slots, or in a neighbouring one.
            await self._search(node_id, slots[-1:], known, new)
        await self._search(node_id, [slot for slot in slots if slot.slot not in known], known, new)
        self._held = sum(map(len, self._samples.values()))
        while (self._held > self._max_samples or len(self._samples) > MAX_NODES) and len(self._samples) > 1:
            oldest, dropped = self._samples.popitem(last=False)
            self._places.pop(oldest, None)
            self._held -= len(dropped)
        return [sample for beat in beats if (sample := known.get(beat.slot)) is not None]

    async def _search(
        self, node_id: str, slots: Iterable[_Slot], known: dict[Slot, Sample | None], beats: Sequence[Beat]
    ) -> None:
        """Add the node's sample of each slot to `known`, None if it is in none of the chunks."""
        intervals = {beat.slot: beat.interval for beat in beats}
        guess = self._places.get(node_id, 0)
        left = [
            _Search(slot, min(guess, len(slot.keys) - 1), 0, len(slot.keys) - 1)
            for slot in slots
            if slot.slot not in self._unreadable
        ]
        while left:
            bodies = await self._bodies.fetch(key for each in left for key in _keys(each))
            unpacker = Unpacker()
            further: list[_Search] = []
            for number, each in enumerate(left):
                slot = each.within.slot
                try:
                    place, node = find_record(snapshots.NODES, _raw(each, bodies, unpacker), node_id)
                except (*UNDECODABLE, KeyError) as error:
                    self._note_unreadable(slot, error)
                    continue
                if place is Place.HERE:
                    self._places[node_id] = each.place
                    known[slot] = node_sample(node, slot, intervals[slot]) if node is not None else None
                elif (next_search := _elsewhere(each, place)) is not None:
                    further.append(next_search)
                else:
                    known[slot] = None
                if number % _YIELD_EVERY == 0:
                    await asyncio.sleep(0)
            left = further

    def _note_unreadable(self, slot: Slot, error: Exception) -> None:
        if slot not in self._unreadable:
            self._unreadable.add(slot)
            log.error("history.slot_unreadable", slot=slot, error=repr(error))

    def _forget_all(self) -> None:
        self._slots, self._network = {}, {}
        self._samples.clear()
        self._places.clear()
        self._unreadable.clear()

    def _forget_before(self, start: UnixSeconds) -> None:
        if not any(slot < start for slot in self._slots):
            return
        self._slots = {slot: kept for slot, kept in self._slots.items() if slot >= start}
        self._network = {slot: sample for slot, sample in self._network.items() if slot >= start}
        self._unreadable = {slot for slot in self._unreadable if slot >= start}
        for node_id, samples in list(self._samples.items()):
            self._samples[node_id] = {slot: sample for slot, sample in samples.items() if slot >= start}


class _Bodies:
    """A cache of chunks in stored form, by key, least recently used first out, bounded in bytes."""

    def __init__(self, mongo: Mongo, max_bytes: int) -> None:
        self._collection = mongo.collection(ChunkDocument)
        self._held = BoundedMap[str, bytes](max_entries=MAX_BODIES, max_size=max_bytes, largest=max_bytes, at_once=True)

    async def fetch(self, keys: Iterable[str]) -> Mapping[str, bytes]:
        """The existing ones of these chunks. Those not cached are read with one query for each `BATCH`."""
        wanted = list(dict.fromkeys(keys))
        found = {key: held for key in wanted if (held := self._held.get(key)) is not None}
        missing = [key for key in wanted if key not in found]
        for start in range(0, len(missing), BATCH):
            documents = self._collection.find({"_id": {"$in": missing[start : start + BATCH]}}, {"body": 1})
            for document in await documents.to_list():
                found[document["_id"]] = document["body"]
                self._held.put(document["_id"], document["body"], len(document["body"]))
        return found


def _keys(search: _Search) -> list[str]:
    """The keys of the chunk that is searched, and of its base."""
    slot, place = search.within, search.place
    return [keys[place] for keys in (slot.keys, slot.base_keys) if place < len(keys)]


def _raw(search: _Search, bodies: Mapping[str, bytes], unpacker: Unpacker) -> bytes:
    """The JSON of a chunk. Raises KeyError if it, or its base, is missing."""
    key, *base = _keys(search)
    return unpacker.unpack(bodies[key], bodies[base[0]] if base else None)


def _elsewhere(search: _Search, place: Place) -> _Search | None:
    """Where to search next. None if the record is in no chunk."""
    low = search.place + 1 if place is Place.AFTER else search.low
    high = search.place - 1 if place is Place.BEFORE else search.high
    return search._replace(place=(low + high) // 2, low=low, high=high) if low <= high else None
