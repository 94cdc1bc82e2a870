"""Where the snapshots of an evaluation come from, oldest first, a few at a time.

Nothing here connects to a node or writes data.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from jobs.past.importer import ANONYMOUS, reply_of, without_anonymous
from jobs.past.recording import BadRecording, read_recording, recording_files
from jobs.simulate.months import Months
from schema.domain.base import HOUR, MINUTE, Slot, UnixSeconds, slot_of
from schema.domain.cycle.advance import CycleOptions, State, advance, identify, unknown_ids
from schema.domain.node.registry import RegistryEntry
from schema.domain.snapshot.record import Snapshot


class KeptSnapshots(Protocol):
    """The part of `schema.upkeep.RollupStore` that an evaluation reads."""

    async def next_kept(self, start: UnixSeconds, end: UnixSeconds) -> Slot | None: ...

    def snapshots(self, hour: UnixSeconds) -> AsyncIterator[Snapshot]: ...


class Span(NamedTuple):
    """The time range in which a source has snapshots."""

    start: UnixSeconds
    end: UnixSeconds


class StoreSource:
    """The history in a store: every slot of the last days, and one snapshot of each hour before.

    Only one snapshot of each hour is read, so that recent days do not have more weight than older ones.
    """

    name = "store"

    def __init__(self, store: KeptSnapshots, start: UnixSeconds, end: UnixSeconds) -> None:
        self._store = store
        self._start, self._end = start, end

    async def span(self) -> Span | None:
        """None if nothing is stored for that time."""
        first = await self._store.next_kept(self._start, self._end)
        return None if first is None else Span(first, self._end)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        at = self._start
        while (slot := await self._store.next_kept(at, self._end)) is not None:
            hour = slot // HOUR * HOUR
            newest: Snapshot | None = None
            async for snapshot in self._store.snapshots(hour):
                newest = snapshot if snapshot.slot < self._end else newest
            if newest is not None:
                yield newest
            at = hour + HOUR


class MonthsSource:
    """Simulated months."""

    name = "simulated months"

    def __init__(self, months: Months) -> None:
        self.months = months

    async def span(self) -> Span | None:
        return Span(self.months.start, self.months.end)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        for cycle in self.months.cycles():
            yield cycle.snapshot


class CapturedSource:
    """Recorded lists in a folder, read in place. Each is processed by a cycle at its own time, as in an import."""

    name = "captured series"

    def __init__(self, folder: Path) -> None:
        """Raises BadRecording for a folder without lists, and for a file that is not a list."""
        dated = sorted((read_recording(path).taken_at, path) for path in recording_files(folder))
        self._times = tuple(at for at, _ in dated)
        self._paths = tuple(path for _, path in dated)
        if len(dated) < 2:  # noqa: PLR2004  (a series has a before and an after)
            raise BadRecording(f"{folder}: found one list; expected a series of them")

    async def span(self) -> Span | None:
        return Span(int(self._times[0]), int(self._times[-1]) + 1)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        for snapshot in self._cycles():
            yield snapshot

    def _cycles(self) -> Iterator[Snapshot]:
        interval = self._interval()
        options = CycleOptions(interval=interval)
        state, registry = State(), dict[str, RegistryEntry]()
        for path in self._paths:
            reply = reply_of(read_recording(path))
            merged = identify(state, [reply], options)
            merged = without_anonymous(merged) if reply.seed == ANONYMOUS else merged
            recalled = {known: registry[known] for known in unknown_ids(state, merged) if known in registry}
            at = int(reply.answered_at)
            cycle = advance(state, [reply], merged, slot=slot_of(at, MINUTE), at=at, options=options, recalled=recalled)
            registry.update((entry.id, entry) for entry in cycle.registry)
            state = cycle.state()
            yield cycle.snapshot

    def _interval(self) -> int:
        """The usual time between two lists, within the bounds of CACHE_TTL."""
        gaps = sorted(int(after - before) for before, after in zip(self._times, self._times[1:], strict=False))
        return min(max(gaps[len(gaps) // 2], MINUTE), HOUR)


Source = StoreSource | MonthsSource | CapturedSource
