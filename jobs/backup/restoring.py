"""Restores a backup. It is read and verified to its end before it replaces any stored data."""

import asyncio

from jobs.backup.archive import ArchiveReader
from jobs.backup.progress import Progress
from schema.backup import BackupError, BackupTarget, Batch, Manifest

END = object()


async def restore(reader: ArchiveReader, target: BackupTarget, *, force: bool, progress: Progress) -> Manifest:
    """Restore a backup into a store, and return its manifest. If it raises BackupError, the store is unchanged."""
    await target.begin(force=force)
    try:
        items = reader.items()
        # The stream may be a slow pipe, and reading it must not block the driver's connections.
        while (item := await asyncio.to_thread(next, items, END)) is not END:
            if isinstance(item, Batch):
                await target.put(item)
                progress.add(item)
            else:
                await target.again()
        if reader.manifest is None:
            raise BackupError("the backup ends before its manifest: it is incomplete")
        await target.publish(reader.manifest)
        return reader.manifest
    finally:
        await target.leave()
