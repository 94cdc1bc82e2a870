"""Records as compact bytes: pydantic's JSON, compressed with zstd, optionally relative to an earlier payload.

Every field is written, including defaults, so stored data keeps its meaning when a default changes. This costs 1 %
after compression. `ENCODING` is stored with the payload; another format needs another number, and a reader for the old
one.
"""

import asyncio
import math
import types
from collections.abc import AsyncIterator, Sequence
from typing import Any, Generic, TypeVar

import zstandard
from pydantic import TypeAdapter

from schema.domain.base import Record

ENCODING = 1
CHUNK_RECORDS = 300  # some 8 ms to decode, and 12 to 50 kB compressed

# Data that is kept for months is compressed more than data that the next cycle replaces. Relative to a base, a higher
# level than this one makes it no smaller.
KEPT_LEVEL = 8
CARRIED_LEVEL = 3

R = TypeVar("R", bound=Record)


class UnknownEncoding(Exception):
    """A payload was written by a newer release."""


class Codec(Generic[R]):
    """Converts tuples of one record type to JSON and back. Decoding restores equality."""

    def __init__(self, record: type[R]) -> None:
        shape: Any = types.GenericAlias(tuple, (record, ...))  # written `tuple[record, ...]`, it would be an annotation
        self._records: TypeAdapter[tuple[R, ...]] = TypeAdapter(shape)

    def dump(self, records: Sequence[R]) -> bytes:
        return self._records.dump_json(tuple(records))

    def load(self, raw: bytes) -> tuple[R, ...]:
        return self._records.validate_json(raw)


async def dump_chunks(codec: Codec[R], records: Sequence[R]) -> AsyncIterator[bytes]:
    """The JSON of each chunk of records. The event loop runs in between."""
    for chunk in split(records):
        yield codec.dump(chunk)
        await asyncio.sleep(0)


def split(records: Sequence[R], size: int = CHUNK_RECORDS) -> list[Sequence[R]]:
    """Split records into as few chunks of at most `size` as possible, of even length.

    With even lengths, one more node moves few nodes to another chunk, where they would compress worse.
    """
    count = math.ceil(len(records) / size)
    return [records[len(records) * i // count : len(records) * (i + 1) // count] for i in range(count)]


def pack(raw: bytes, *, level: int, base: bytes | None = None) -> bytes:
    """Compressed bytes. `base`, an earlier raw payload, leaves only the differences; `unpack` needs it again."""
    return zstandard.ZstdCompressor(level=level, dict_data=_dictionary(base)).compress(raw)


def unpack(body: bytes, *, base: bytes | None = None) -> bytes:
    """The inverse of `pack`. Raises zstandard.ZstdError if the bytes are damaged."""
    return zstandard.ZstdDecompressor(dict_data=_dictionary(base)).decompress(body)


class Unpacker:
    """`unpack` for many bodies that share their bases: each base is prepared once."""

    def __init__(self) -> None:
        self._plain = zstandard.ZstdDecompressor()
        self._by_base: dict[bytes, zstandard.ZstdDecompressor] = {}

    def unpack(self, body: bytes, packed_base: bytes | None) -> bytes:
        """The inverse of `pack`, with the base in its stored form. Raises zstandard.ZstdError."""
        if packed_base is None:
            return self._plain.decompress(body)
        ready = self._by_base.get(packed_base)
        if ready is None:
            base = self._plain.decompress(packed_base)
            ready = self._by_base[packed_base] = zstandard.ZstdDecompressor(dict_data=_dictionary(base))
        return ready.decompress(body)


def check_encoding(encoding: int) -> None:
    if encoding != ENCODING:
        raise UnknownEncoding(f"payload encoding {encoding}: this release reads {ENCODING}")


def _dictionary(base: bytes | None) -> zstandard.ZstdCompressionDict | None:
    return None if base is None else zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
