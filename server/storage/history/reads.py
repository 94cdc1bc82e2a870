"""Reads of the history, for one process."""

import asyncio
import time
from collections.abc import Callable, Sequence

from schema.domain.base import DAY, HOUR, MINUTE, UnixSeconds
from schema.domain.history.points import MAX_POINTS, History, Resolution
from schema.domain.history.ranges import check_points, check_room, clip
from schema.reads import HistoryStatusRow
from server.storage.connect import Mongo
from server.storage.head import Head
from server.storage.history.blocks import PointCache
from server.storage.history.buckets import NETWORK
from server.storage.history.open_hours import MAX_HOURS, OpenHours
from server.storage.history.progress import Progress
from server.storage.history.question import HistoryEnd, Question
from server.storage.history.sample_cache import SampleCache
from server.storage.history.shared import Shared
from server.storage.history.slices import Turn, next_pass
from server.storage.history.status import HistoryStatus, Status
from server.storage.history.store import HistoryStore


class HistoryReads:
    """`schema.reads.Reads` describes the results and errors. AUTO returns at most `max_auto_points`.

    Replies of the store are unpacked in slices of a few milliseconds. `turn` is awaited before each of them.
    """

    def __init__(
        self,
        mongo: Mongo,
        *,
        clock: Callable[[], float] = time.time,
        max_auto_points: int = MAX_POINTS,
        turn: Turn = next_pass,
        samples: SampleCache | None = None,
    ) -> None:
        self._mongo = mongo
        self._head = Head(mongo)
        self._store = HistoryStore(mongo, shared=True)
        self._progress = Progress(mongo)
        self._counts = HistoryStatus(mongo)
        self._turn = turn
        self._clock = clock
        self._max_auto_points = max_auto_points
        self._open = OpenHours(mongo)
        self._cache = PointCache()
        self._samples = SampleCache() if samples is None else samples
        self._status: tuple[UnixSeconds, Status] | None = None
        self._rows: dict[int, tuple[HistoryStatusRow, ...]] = {}
        self._earliest: tuple[float, UnixSeconds] | None = None
        self._newest_edge = Shared(self._look_up_edge, "look up the edge of history")

    async def network_history(
        self, start: UnixSeconds, end: UnixSeconds, resolution: Resolution, *, include_current: bool = False
    ) -> History:
        return await self._history((NETWORK,), start, end, resolution, include_current=include_current)

    async def node_history(
        self,
        node_ids: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool = False,
    ) -> History:
        # Its former ids come first in time.
        subjects = tuple(dict.fromkeys(reversed(node_ids)))
        return await self._history(subjects, start, end, resolution, include_current=include_current)

    async def history_status(self, limit: int, present: Sequence[str] = ()) -> tuple[tuple[HistoryStatusRow, ...], int]:
        """Counted again after each hour is rolled up. `present` are the sorted ids of the nodes in the snapshot.

        Present nodes that have no rolled-up hour yet follow, counted by the slots of the open hours.
        """
        async with self._mongo.answering():
            progress = await self._progress.rollup()
            rolled = progress.next_hour if progress else 0
            if self._status is None or self._status[0] != rolled:
                self._status = (rolled, await self._counts.count(progress))
                self._rows = {}
            status = self._status[1]
            if limit not in self._rows:
                self._rows = {limit: await self._counts.rows(status, limit)}
            rows = self._rows[limit]
            counted = {row.id for row in status}
            young = [node_id for node_id in present if node_id not in counted]
            return rows + await self._young(young[: max(0, limit - len(rows))]), len(status) + len(young)

    async def _young(self, node_ids: Sequence[str]) -> tuple[HistoryStatusRow, ...]:
        """The rows of nodes by their samples in the open hours. Sorted ids share the chunks that are read."""
        if not node_ids:
            return ()
        edge = await self._newest_edge.get()
        found: list[HistoryStatusRow] = []
        for node_id in node_ids:
            samples = await self._open.node(node_id, edge.rolled, edge.closed)
            if samples:
                first, last = samples[0].slot, samples[-1].slot
                found.append(HistoryStatusRow(id=node_id, address=None, samples=len(samples), first=first, last=last))
        return tuple(found)

    async def earliest(self) -> UnixSeconds | None:
        """The oldest slot, or the start of the oldest bucket in the finest stored resolution. None if nothing is
        stored.

        It is looked up once a minute, because only imports and retention change it.
        """
        now = self._clock()
        if self._earliest is None or not 0 <= now - self._earliest[0] < MINUTE:
            async with self._mongo.answering():
                found = await self._counts.earliest(int(now))
            if found is None:
                return None
            self._earliest = (now, found)
        return self._earliest[1]

    async def _history(
        self,
        subjects: Sequence[str],
        start: UnixSeconds,
        end: UnixSeconds,
        resolution: Resolution,
        *,
        include_current: bool,
    ) -> History:
        start, end = clip(start, end, self._clock())
        async with self._mongo.answering():
            sampling = self._store.sampled_days(subjects, start, end)
            edge, sampled = await asyncio.gather(self._newest_edge.get(), sampling)
            question = Question(
                subjects,
                start,
                end,
                include_current=include_current,
                edge=edge,
                sampled=sampled,
                store=self._store,
                open_hours=self._open,
                cache=self._cache,
                samples=self._samples,
                max_auto_points=self._max_auto_points,
                turn=self._turn,
            )
            if resolution is Resolution.AUTO:
                return await question.answer_auto()
            check_room(resolution, start, end, edge.interval)
            found = await question.answer(resolution)
        check_points(found.points, resolution)
        return found

    async def _look_up_edge(self) -> HistoryEnd:
        progress, committed = await asyncio.gather(self._progress.rollup(), self._head.committed_slot())
        now = int(self._clock())
        if committed is None:
            return HistoryEnd(rolled=now, unclosed=now, closed=now, interval=MINUTE)
        newest_hour = committed // HOUR * HOUR
        rolled = max(progress.next_hour if progress else 0, newest_hour - (MAX_HOURS - 1) * HOUR)
        unclosed = rolled // DAY * DAY
        if progress is not None and progress.open_day is not None:
            unclosed = min(unclosed, progress.open_day)
        await self._open.refresh(rolled, committed)
        newest = self._open.beats(committed, committed + 1)
        interval = newest[-1].interval if newest else MINUTE
        # A slot that does not exist two intervals after its end will not be committed.
        return HistoryEnd(rolled, unclosed, max(committed + interval, now - 2 * interval), interval)
