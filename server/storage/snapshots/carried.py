"""The carried data of a commit: the memory of each node for the next cycle, and the registry entries and events for a
repetition."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from schema.domain.base import Record, Slot
from schema.domain.cycle.events import Event
from schema.domain.node.memory import NodeMemory
from schema.domain.node.registry import RegistryEntry
from schema.writes import Commit
from server.storage.chunks import Chunks, ref_of
from server.storage.codec import CARRIED_LEVEL, ENCODING, Codec, check_encoding, dump_chunks, pack, unpack
from server.storage.connect import Mongo
from server.storage.damage import UNDECODABLE, Damaged
from server.storage.documents import Carried, CarriedDocument, ChunkRef

MEMORY = Codec(NodeMemory)
REGISTRY = Codec(RegistryEntry)
EVENTS = Codec(Event)

R = TypeVar("R", bound=Record)


class CarriedData:
    """The carried data of one store."""

    def __init__(self, mongo: Mongo) -> None:
        self._chunks = Chunks(mongo, CarriedDocument)
        self._collection = mongo.collection(CarriedDocument)

    async def write(self, commit: Commit, token: int, written: int) -> Carried:
        """Store the carried data of a commit, all at once."""
        slot = commit.snapshot.slot
        memory = await _payload(slot, token, "memory", MEMORY, commit.memory)
        registry = await _payload(slot, token, "registry", REGISTRY, commit.registry)
        events = await _payload(slot, token, "events", EVENTS, commit.events)
        await self._chunks.write(written, memory, registry, events)
        return Carried(encoding=ENCODING, memory=memory[0], registry=registry[0], events=events[0])

    async def load_memory(self, carried: Carried) -> tuple[NodeMemory, ...]:
        """Raises Damaged, UnknownEncoding."""
        check_encoding(carried.encoding)
        return await self._load(MEMORY, carried.memory)

    async def load_registry(self, carried: Carried) -> tuple[RegistryEntry, ...]:
        """Raises Damaged, UnknownEncoding."""
        check_encoding(carried.encoding)
        return await self._load(REGISTRY, carried.registry)

    async def load_events(self, carried: Carried) -> tuple[Event, ...]:
        """Raises Damaged, UnknownEncoding."""
        check_encoding(carried.encoding)
        return await self._load(EVENTS, carried.events)

    async def drop_before(self, slot: Slot) -> None:
        """Delete the carried data of earlier slots."""
        await self._collection.delete_many({"slot": {"$lt": slot}})

    async def _load(self, codec: Codec[R], ref: ChunkRef) -> tuple[R, ...]:
        records: list[R] = []
        for body in await self._chunks.read(ref):
            try:
                records.extend(codec.load(unpack(body)))
            except UNDECODABLE as error:
                raise Damaged(f"a chunk of {ref.kind} at slot {ref.slot} cannot be decoded") from error
            await asyncio.sleep(0)
        return tuple(records)


async def _payload(
    slot: Slot, token: int, kind: str, codec: Codec[R], records: Sequence[R]
) -> tuple[ChunkRef, list[bytes]]:
    bodies = [pack(raw, level=CARRIED_LEVEL) async for raw in dump_chunks(codec, records)]
    return ref_of(slot, token, kind, bodies, len(records)), bodies
