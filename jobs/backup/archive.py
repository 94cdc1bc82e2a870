"""The backup file format: BSON documents, one after the other, compressed with zstd.

{"backup": 1, "document_version", "database", "network", "release", "taken_at"}
{"collection": "registry", "documents": [...]}      repeated; a collection has several batches
{"again": true}                                     discards all records before it: a commit was made meanwhile
{"manifest": {"moment", "taken_at", "collections"}} the last record, which proves that the file is complete

`zstd -dc FILE | bsondump` shows a backup. The format number is incremented when older releases can no longer read it.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

import bson
import zstandard
from bson import encode
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pydantic import ValidationError

from schema.backup import BackupError, Batch, CollectionSum, Manifest

FORMAT = 1
LEVEL = 3
LENGTH_BYTES = 4
MIN_RECORD_BYTES = 5
MAX_RECORD_BYTES = 40 * 2**20
"""A batch of a source, whose last document has up to 16 MiB, plus its envelope."""
MAX_WINDOW_BYTES = 2**27

_LAZY: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)


def _decoded(record: RawBSONDocument) -> dict[str, Any]:
    return cast("Any", bson).decode(record.raw)


class Tally:
    """Counts and hashes the copied documents, by collection."""

    def __init__(self) -> None:
        self._documents: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        self._hashes: dict[str, Any] = {}

    def add(self, batch: Batch) -> None:
        name = batch.collection
        self._documents[name] = self._documents.get(name, 0) + len(batch.documents)
        self._bytes[name] = self._bytes.get(name, 0) + sum(map(len, batch.documents))
        digest = self._hashes.setdefault(name, hashlib.sha256())
        for document in batch.documents:
            digest.update(document)

    def clear(self) -> None:
        self.__init__()

    @property
    def documents(self) -> int:
        return sum(self._documents.values())

    @property
    def bytes(self) -> int:
        return sum(self._bytes.values())

    def sums(self) -> tuple[CollectionSum, ...]:
        """The totals by collection name."""
        return tuple(
            CollectionSum(name=name, documents=n, bytes=self._bytes[name], sha256=self._hashes[name].hexdigest())
            for name, n in sorted(self._documents.items())
        )


class ArchiveWriter:
    """Writes a backup to a stream; implements `BackupSink`. `about` describes it and becomes the first record."""

    def __init__(self, out: BinaryIO, about: Mapping[str, Any], tally: Tally) -> None:
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        self._out: Any = compressor.stream_writer(out, closefd=False)
        self._tally = tally
        self._write({"backup": FORMAT, **about})

    async def put(self, batch: Batch) -> None:
        self._tally.add(batch)
        lazy = [RawBSONDocument(document) for document in batch.documents]
        self._write({"collection": batch.collection, "documents": lazy})

    async def again(self) -> None:
        self._tally.clear()
        self._write({"again": True})

    def close(self, manifest: Manifest) -> None:
        """Write the manifest and end the stream."""
        self._write({"manifest": manifest.model_dump()})
        self._out.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        self._out.write(encode(record))


class ArchiveReader:
    """Reads a backup from a stream. `about` is its first record. Raises BackupError unless the backup is complete.

    `collections` are the allowed collection names.
    """

    def __init__(self, source: BinaryIO, collections: Collection[str]) -> None:
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        self._source = decompressor.stream_reader(source, closefd=False)
        self._collections = collections
        self._tally = Tally()
        self.manifest: Manifest | None = None
        self.about = self._first()

    def items(self) -> Iterator[Batch | None]:
        """Yield each batch, or None if all previous batches must be discarded. Ends after the manifest is verified."""
        while (record := self._record()) is not None:
            try:
                if "manifest" in record:
                    self._end(record["manifest"])
                    return
                item = self._item(record)
            except BSONError as error:
                raise BackupError("the backup is damaged: a record is unreadable") from error
            yield item
        raise BackupError("the backup ends before its manifest: it is incomplete")

    def _item(self, record: RawBSONDocument) -> Batch | None:
        if "again" in record:
            self._tally.clear()
            return None
        return self._batch(record)

    def _batch(self, record: RawBSONDocument) -> Batch:
        name = record.get("collection")
        if name not in self._collections:
            raise BackupError(f"the backup has a collection {name!r}: this release does not know it")
        documents: Sequence[object] = record.get("documents", ())
        whole = [each for each in documents if isinstance(each, RawBSONDocument)]
        if len(whole) != len(documents):
            raise BackupError("the backup is damaged: a record is unreadable")
        batch = Batch(str(name), [bytes(each.raw) for each in whole])
        self._tally.add(batch)
        return batch

    def _end(self, raw: RawBSONDocument) -> None:
        try:
            manifest = Manifest.model_validate(_decoded(raw))
        except ValidationError as error:
            raise BackupError("the manifest of the backup cannot be read") from error
        expected = {each.name: each for each in manifest.collections}
        for found in self._tally.sums():
            if expected.pop(found.name, None) != found:
                raise BackupError(f"{found.name}: the documents differ from the manifest")
        if expected:
            raise BackupError(f"{min(expected)}: the manifest lists documents that the backup lacks")
        if self._read(1):
            raise BackupError("the backup continues after its manifest")
        self.manifest = manifest

    def _first(self) -> Mapping[str, Any]:
        record = self._record()
        if record is None or "backup" not in record:
            raise BackupError("this is not a backup of pnodes")
        try:
            about = _decoded(record)
        except BSONError as error:
            raise BackupError("this is not a backup of pnodes, or it is damaged") from error
        if about["backup"] != FORMAT:
            raise BackupError(f"the backup has format {about['backup']!r}: this release reads format {FORMAT}")
        return about

    def _record(self) -> RawBSONDocument | None:
        """The next record; None at the end of the stream."""
        head = self._read(LENGTH_BYTES)
        if not head:
            return None
        length = int.from_bytes(head, "little")
        if len(head) < LENGTH_BYTES or not MIN_RECORD_BYTES <= length <= MAX_RECORD_BYTES:
            raise BackupError("this is not a backup of pnodes, or it is damaged")
        body = self._read(length - LENGTH_BYTES)
        if len(body) < length - LENGTH_BYTES:
            raise BackupError("the backup ends before its manifest: it is incomplete")
        try:
            record = RawBSONDocument(head + body, _LAZY)
            list(record)  # decoded on first access
        except BSONError as error:
            raise BackupError("the backup is damaged: a record is unreadable") from error
        return record

    def _read(self, size: int) -> bytes:
        found = bytearray()
        try:
            while len(found) < size and (piece := self._source.read(size - len(found))):
                found += piece
        except zstandard.ZstdError as error:
            raise BackupError("this is not a backup of pnodes, or it is damaged") from error
        return bytes(found)
