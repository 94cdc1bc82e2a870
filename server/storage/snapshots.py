"""Snapshots as markers and chunks, and back.

The first snapshot that a writer makes in a UTC hour is packed whole; the others of that hour are packed against it, at a
quarter of the size. A marker names its base, which retention keeps as long as anything needs it.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from schema.domain.base import HOUR, Slot
from schema.domain.pnode import PNode
from schema.domain.snapshot import Snapshot, SnapshotHeader
from server.storage import chunks
from server.storage.codec import ENCODING, KEPT_LEVEL, Codec, check_encoding, dump_chunks, pack, unpack
from server.storage.documents import ChunkDocument, ChunkRef, Marker

NODES = Codec(PNode)


@dataclass(frozen=True, slots=True)
class _Base:
    ref: ChunkRef
    bodies: Sequence[bytes]


class SnapshotWriter:
    """Writes the nodes of snapshots, in order of their slots. Remembers the base of the hour, packed."""

    def __init__(self) -> None:
        self._base: _Base | None = None
        self._whole: _Base | None = None

    async def write(self, snapshot: Snapshot, token: int, written: int) -> Marker:
        """Store the nodes and give the marker to publish; until that is done, nobody sees them."""
        base = self._base_for(snapshot.slot)
        bodies = await _packed(snapshot.nodes, base.bodies if base else ())
        ref = chunks.ref_of(snapshot.slot, token, "nodes", bodies, len(snapshot.nodes))
        await chunks.write(ChunkDocument, written, (ref, bodies))
        self._whole = None if base else _Base(ref, bodies)
        header = pack(snapshot.header.model_dump_json().encode(), level=KEPT_LEVEL)
        return Marker(encoding=ENCODING, slot=snapshot.slot, header=header, nodes=ref, base=base.ref if base else None)

    def _base_for(self, slot: Slot) -> _Base | None:
        base = self._base
        return base if base and base.ref.slot < slot and base.ref.slot // HOUR == slot // HOUR else None

    def published(self, marker: Marker) -> None:
        """The marker is committed, so that its nodes may serve as a base."""
        if self._whole is not None and self._whole.ref == marker.nodes:
            self._base = self._whole


async def load(marker: Marker, step: Callable[[], AbstractContextManager[None]] = nullcontext) -> Snapshot:
    """The whole snapshot, decoded chunk by chunk, each within a `step`, with the event loop running in between.

    Raises Damaged, UnknownEncoding.
    """
    header = header_of(marker)
    bodies = await chunks.read(ChunkDocument, marker.nodes)
    bases = await chunks.read(ChunkDocument, marker.base) if marker.base else []
    nodes: list[PNode] = []
    for i, body in enumerate(bodies):
        with step():
            base = unpack(bases[i]) if i < len(bases) else None
            nodes.extend(NODES.load(unpack(body, base=base)))
        await asyncio.sleep(0)
    return Snapshot(header=header, nodes=tuple(nodes))


def header_of(marker: Marker) -> SnapshotHeader:
    """The header alone. Raises UnknownEncoding."""
    check_encoding(marker.encoding)
    return SnapshotHeader.model_validate_json(unpack(marker.header))


async def _packed(nodes: Sequence[PNode], bases: Sequence[bytes]) -> list[bytes]:
    bodies: list[bytes] = []
    async for raw in dump_chunks(NODES, nodes):
        base = unpack(bases[len(bodies)]) if len(bodies) < len(bases) else None
        bodies.append(pack(raw, level=KEPT_LEVEL, base=base))
    return bodies
