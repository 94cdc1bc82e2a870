"""Copies a store: first its state at one commit, then the older history."""

from schema.backup import BackupError, BackupSink, BackupSource, Moment
from schema.domain.base import Slot

MAX_PASSES = 10
"""How often the state is read before giving up. Each retry follows a commit that was made during the read."""


async def copy(source: BackupSource, sink: BackupSink, *, since: Slot | None = None) -> Moment:
    """Copy a store as of one commit into `sink`, and return that commit. With `since`, only newer data is copied.

    Raises BackupError if commits are made faster than the state can be read.
    """
    moment = await _state(source, sink, since)
    async for batch in source.past(moment, since):
        await sink.put(batch)
    return moment


async def _state(source: BackupSource, sink: BackupSink, since: Slot | None) -> Moment:
    for _ in range(MAX_PASSES):
        moment = await source.moment()
        async for batch in source.state(since):
            await sink.put(batch)
        if await source.moment() == moment:
            return moment
        await sink.again()
    raise BackupError(f"a commit was made in each of {MAX_PASSES} attempts to read the state of the store")
