"""Moves a store to another server while collection continues: a copy, then the newer commits, then a comparison."""

from collections.abc import Awaitable, Callable

from jobs.backup.archive import Tally
from jobs.backup.copying import MAX_PASSES, copy
from jobs.backup.progress import Progress
from schema.backup import BackupError, Batch, Manifest, Moment, MoveSource, MoveTarget
from schema.domain.base import written
from schema.domain.words import counted


class _Sink:
    """Counts and reports what is written to a target."""

    def __init__(
        self,
        put: Callable[[Batch], Awaitable[None]],
        progress: Progress,
        again: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._put = put
        self._again = again
        self._progress = progress
        self.tally = Tally()

    async def put(self, batch: Batch) -> None:
        await self._put(batch)
        self.tally.add(batch)
        self._progress.add(batch)

    async def again(self) -> None:
        # Overlaid documents are overlaid again, by the same keys.
        self.tally.clear()
        if self._again is not None:
            await self._again()


async def move(source: MoveSource, target: MoveTarget, *, force: bool, now: int, progress: Progress) -> Moment:
    """Move a store, and return the last commit moved. Raises BackupError. The source is never changed.

    If an earlier move has filled the target, only newer commits are copied.
    """
    there = await target.moment()
    if there.slot is not None and not force and await source.has(there):
        progress.say(f"continues after slot {written(there.slot)}, where an earlier move stopped")
        await target.resume()
    else:
        await target.begin(force=force)
        there = Moment()
    try:
        if there.slot is None:
            there = await _whole(source, target, now, progress)
        return await _followed(source, target, there, progress)
    finally:
        await target.leave()


async def _whole(source: MoveSource, target: MoveTarget, now: int, progress: Progress) -> Moment:
    sink = _Sink(target.put, progress, target.again)
    moment = await copy(source, sink)
    if not sink.tally.documents:
        raise BackupError("the store is empty: there is nothing to move")
    await target.publish(Manifest(moment=moment, taken_at=now, collections=sink.tally.sums()))
    return moment


async def _followed(source: MoveSource, target: MoveTarget, at: Moment, progress: Progress) -> Moment:
    """Copy newer commits and compare, until nothing is missing and no commit was made meanwhile."""
    lacking = 0
    for _ in range(MAX_PASSES):
        at = await _caught_up(source, target, at, progress)
        lacking = 0
        async for batch in target.lacking(at):
            lacking += len(batch.documents)
            await target.overlay(batch)
        if not lacking and await source.moment() == at:
            return at
        if lacking:
            progress.say(f"{counted(lacking, 'document')} differed and were copied again")
    if lacking:
        raise BackupError(f"{counted(lacking, 'document')} differ between the stores after {MAX_PASSES} attempts")
    raise BackupError(f"a commit was made in each of {MAX_PASSES} attempts to compare the stores")


async def _caught_up(source: MoveSource, target: MoveTarget, at: Moment, progress: Progress) -> Moment:
    """Copy commits until there are no more."""
    while await source.moment() != at:
        at = await copy(source, _Sink(target.overlay, progress), since=at.slot)
        await target.advance()
        if at.slot is not None:
            progress.say(f"caught up to slot {written(at.slot)}")
    return at
