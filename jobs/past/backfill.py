"""Writes history that was not collected here: earlier snapshots, passed in order, become hourly history."""

from collections.abc import Iterator, Sequence

from jobs.past.retention import Retention
from jobs.past.rollup import network_hour
from schema.domain.base import DAY, HOUR, Slot, UnixSeconds
from schema.domain.cycle.events import Event
from schema.domain.history.points import NODE_METRICS
from schema.domain.history.rollup import Beat, Hour, Sample, hour_room, node_sample, roll_hour
from schema.domain.snapshot.record import Snapshot, SnapshotHeader
from schema.upkeep import ImportStore


class PastWriter:
    """Takes snapshots in the order of their slots, and writes what retention would have kept of them at `now`.

    Buckets come from the same code as those of live snapshots. `pinned` keeps every snapshot, raw sample and event
    permanently. The samples of one hour are held in memory (some 500 bytes per node and slot), and its day in packed
    form. Data added before a stop may be added again.
    """

    def __init__(self, store: ImportStore, retention: Retention, now: float, *, pinned: bool = False) -> None:
        self._store = store
        self._retention = retention
        self._now = int(now)
        self._pinned = pinned
        self._headers: list[SnapshotHeader] = []
        self._samples: dict[str, list[Sample]] = {}
        self._events: list[Event] = []
        self._last: Snapshot | None = None

    async def add(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        """Add the next snapshot, with the events that precede it."""
        if self._last is not None and self._last.slot // HOUR != snapshot.slot // HOUR:
            await self._end_hour(next_slot=snapshot.slot)
        header = snapshot.header
        self._headers.append(header)
        for node in snapshot.nodes:
            self._samples.setdefault(node.id, []).append(node_sample(node, header.slot, header.interval))
        self._events.extend(events)
        self._last = snapshot
        if self._keeps_every_slot(snapshot.slot):
            await self._store.keep(snapshot, pinned=self._pinned)

    async def close(self) -> None:
        """Write the hour and the day that are still open."""
        if self._last is not None:
            await self._end_hour(next_slot=None)

    def _keeps_every_slot(self, slot: Slot) -> bool:
        return self._pinned or slot >= self._now - self._retention.raw

    async def _end_hour(self, next_slot: UnixSeconds | None) -> None:
        last = self._last
        if last is None:
            return
        hour = last.slot // HOUR * HOUR
        if not self._keeps_every_slot(last.slot) and last.slot >= self._now - self._retention.hourly:
            await self._store.keep(last, pinned=False)
        if self._pinned or last.slot >= self._now - self._retention.events:
            await self._store.write_events(self._events, pinned=self._pinned)
        await self._store.hold_hour(hour, self._rolled(hour), pinned=self._pinned)
        if next_slot is None or next_slot // DAY != hour // DAY:
            await self._store.close_day(hour // DAY * DAY)
        self._headers, self._samples, self._events, self._last = [], {}, [], None

    def _rolled(self, hour: UnixSeconds) -> Iterator[tuple[str, Hour]]:
        room = hour_room([Beat(header.slot, header.interval) for header in self._headers], hour)
        for node_id in sorted(self._samples):
            yield node_id, roll_hour(self._samples[node_id], NODE_METRICS, hour, room)
        yield self._store.network, network_hour(self._headers, hour, room)
