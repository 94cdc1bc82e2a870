"""A restore: a backup, read once and checked to its end before any of it takes the place of what is there."""

import asyncio

from jobs.backup.archive import ArchiveReader
from jobs.backup.progress import Progress
from schema.backup import BackupError, BackupTarget, Batch, Manifest

END = object()


async def restore(reader: ArchiveReader, target: BackupTarget, *, force: bool, progress: Progress) -> Manifest:
    """Put a backup into a store, and say what was in it. Raises BackupError; then the store has what it had."""
    await target.begin(force=force)
    try:
        items = reader.items()
        # The stream may be a slow pipe, which must not keep the driver from its connections.
        while (item := await asyncio.to_thread(next, items, END)) is not END:
            if isinstance(item, Batch):
                await target.put(item)
                progress.add(item)
            else:
                await target.again()
        if reader.manifest is None:
            raise BackupError("the backup ends before its manifest: it is not whole")
        await target.publish(reader.manifest)
        return reader.manifest
    finally:
        await target.leave()
