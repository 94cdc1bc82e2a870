"""Takes a backup: a store as of one commit, written to one stream."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from jobs.backup.archive import ArchiveWriter, Tally
from jobs.backup.copying import copy
from jobs.backup.progress import Progress
from schema.backup import BackupError, BackupSource, Batch, Manifest


class _Watched:
    """A sink that reports its progress."""

    def __init__(self, writer: ArchiveWriter, progress: Progress) -> None:
        self._writer = writer
        self._progress = progress

    async def put(self, batch: Batch) -> None:
        await self._writer.put(batch)
        self._progress.add(batch)

    async def again(self) -> None:
        await self._writer.again()


async def back_up(
    source: BackupSource, out: BinaryIO, about: Mapping[str, Any], *, now: int, progress: Progress
) -> Manifest:
    """Write a backup to `out`, and return its manifest. Raises BackupError, also for an empty store."""
    tally = Tally()
    version = (await source.moment()).document_version
    writer = ArchiveWriter(out, {"document_version": version, **about}, tally)
    moment = await copy(source, _Watched(writer, progress))
    if not tally.documents:
        raise BackupError("the store is empty: there is nothing to back up")
    manifest = Manifest(moment=moment, taken_at=now, collections=tally.sums())
    writer.close(manifest)
    return manifest
