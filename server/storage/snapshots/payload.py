"""Snapshots as markers and chunks, and back.

The first snapshot of a writer in a UTC hour is packed whole. The others of that hour are packed relative to it, at a
quarter of the size. A marker names its base, which retention keeps as long as any snapshot needs it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from schema.domain.base import HOUR, Slot
from schema.domain.node.pnode import PNode
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from server.storage.chunks import Chunks, ref_of
from server.storage.codec import ENCODING, KEPT_LEVEL, Codec, check_encoding, dump_chunks, pack, unpack
from server.storage.connect import Mongo
from server.storage.damage import UNDECODABLE, Damaged
from server.storage.documents import ChunkDocument, ChunkRef, Marker

NODES = Codec(PNode)

T = TypeVar("T")


class Step(Protocol):
    """Calls a function that builds many records, and returns its result."""

    def __call__(self, work: Callable[[], T], /) -> T: ...


class Headed(Protocol):
    """An object with the packed header of a snapshot: a marker, or the kept part of one."""

    @property
    def encoding(self) -> int: ...
    @property
    def slot(self) -> Slot: ...
    @property
    def header(self) -> bytes: ...


def plainly(work: Callable[[], T], /) -> T:
    """A step that only calls the function."""
    return work()


@dataclass(frozen=True, slots=True)
class _Base:
    ref: ChunkRef
    bodies: Sequence[bytes]


class SnapshotWriter:
    """Writes the nodes of snapshots, in order of their slots. Keeps the packed base of the hour.

    The store may have lost the base, so its existence is checked before anything is packed relative to it.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._damage = mongo.damage
        self._chunks = Chunks(mongo, ChunkDocument)
        self._base: _Base | None = None
        self._whole: _Base | None = None

    async def write(self, snapshot: Snapshot, token: int, written: int) -> Marker:
        """Store the nodes and return the marker. The nodes are not visible until the marker is published."""
        base = await self._base_for(snapshot.slot)
        bodies = await _packed(snapshot.nodes, base.bodies if base else ())
        ref = ref_of(snapshot.slot, token, "nodes", bodies, len(snapshot.nodes))
        await self._chunks.write(written, (ref, bodies))
        self._whole = None if base else _Base(ref, bodies)
        header = pack(snapshot.header.model_dump_json().encode(), level=KEPT_LEVEL)
        return Marker(encoding=ENCODING, slot=snapshot.slot, header=header, nodes=ref, base=base.ref if base else None)

    async def _base_for(self, slot: Slot) -> _Base | None:
        base = self._base
        if base is None or base.ref.slot >= slot or base.ref.slot // HOUR != slot // HOUR:
            return None
        if await self._chunks.present(base.ref):
            return base
        self._base = None
        self._damage.note("store.base_missing", slot=slot, base=base.ref.slot)
        return None

    def committed(self, slot: Slot | None) -> None:
        """Take note of the last committed slot of the store. A base that is newer was lost when the store was rolled
        back."""
        if self._base is not None and (slot is None or slot < self._base.ref.slot):
            self._base = None

    def published(self, marker: Marker) -> None:
        """Take note that the marker is committed, so its nodes may serve as a base."""
        if self._whole is not None and self._whole.ref == marker.nodes:
            self._base = self._whole


def decoded(marker: Marker, body: bytes, base: bytes | None) -> Sequence[PNode]:
    """The nodes of one chunk. `base` is the chunk relative to which it is packed, if any. Raises Damaged."""
    try:
        return NODES.load(unpack(body, base=unpack(base) if base is not None else None))
    except UNDECODABLE as error:
        raise Damaged(f"a chunk of nodes at slot {marker.slot} cannot be decoded") from error


def header_of(marker: Headed) -> SnapshotHeader:
    """The header alone. Raises Damaged, UnknownEncoding."""
    check_encoding(marker.encoding)
    try:
        return SnapshotHeader.model_validate_json(unpack(marker.header))
    except UNDECODABLE as error:
        raise Damaged(f"the header of slot {marker.slot} cannot be decoded") from error


async def _packed(nodes: Sequence[PNode], bases: Sequence[bytes]) -> list[bytes]:
    bodies: list[bytes] = []
    async for raw in dump_chunks(NODES, nodes):
        base = unpack(bases[len(bodies)]) if len(bodies) < len(bases) else None
        bodies.append(pack(raw, level=KEPT_LEVEL, base=base))
    return bodies
