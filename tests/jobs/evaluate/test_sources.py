import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.evaluate.sources import CapturedSource, MonthsSource, StoreSource
from jobs.past.recording import BadRecording
from jobs.simulate.months import Months, Wish
from schema.domain.base import HOUR, Slot
from schema.domain.snapshot.record import Snapshot
from tests.factories import AT, key, pnode, snapshot


class Kept:
    """Stored snapshots, and how many were read."""

    def __init__(self, kept: list[Snapshot]) -> None:
        self._kept = kept
        self.read = 0

    async def next_kept(self, start: int, end: int) -> Slot | None:
        return next((each.slot for each in self._kept if start <= each.slot < end), None)

    async def snapshots(self, hour: int) -> AsyncIterator[Snapshot]:
        for each in self._kept:
            if hour <= each.slot < hour + HOUR:
                self.read += 1
                yield each


async def slots_of(source: StoreSource | MonthsSource | CapturedSource) -> list[Slot]:
    return [each.slot async for each in source.snapshots()]


async def test_a_store_gives_the_newest_snapshot_of_each_hour_once() -> None:
    slots = [AT, AT + 60, AT + 3_540, AT + 2 * HOUR, AT + 7 * HOUR, AT + 7 * HOUR + 60]
    kept = Kept([snapshot([pnode()], slot) for slot in slots])
    source = StoreSource(kept, 0, AT + 100 * HOUR)
    assert await slots_of(source) == [AT + 3_540, AT + 2 * HOUR, AT + 7 * HOUR + 60]
    assert kept.read == len(slots)
    span = await source.span()
    assert span is not None
    assert span.start == AT


async def test_a_store_gives_nothing_outside_of_the_time_asked_for() -> None:
    kept = Kept([snapshot([pnode()], AT + hour * HOUR) for hour in range(5)])
    assert await slots_of(StoreSource(kept, AT + HOUR, AT + 3 * HOUR)) == [AT + HOUR, AT + 2 * HOUR]
    assert await StoreSource(kept, AT + 50 * HOUR, AT + 60 * HOUR).span() is None


async def test_months_give_their_cycles() -> None:
    months = Months(Wish(days=2, nodes=12, interval=HOUR))
    slots = await slots_of(MonthsSource(months))
    assert slots[0] == months.start
    assert 40 <= len(slots) <= 48


def recorded(folder: Path, lists: int) -> Path:
    for number in range(lists):
        at = AT + 1_200 * number
        nodes = [
            {
                "address": f"45.1.2.{node}:9001",
                "pubkey": key(node),
                "version": "0.8.0",
                "last_seen_timestamp": at - 3,
                "uptime": 1_000 + (1_200 * number if node == 1 else 0),
                "storage_committed": 2**30,
                "storage_used": 2**20,
                "storage_usage_percent": 0.0977,
            }
            for node in (1, 2)
        ]
        (folder / f"{lists - number}.json").write_text(json.dumps({"updatedAt": at, "nodes": nodes}))
    return folder


async def test_recorded_lists_are_read_in_the_order_of_their_times(tmp_path: Path) -> None:
    source = CapturedSource(recorded(tmp_path, 9))
    snapshots = [each async for each in source.snapshots()]
    assert [each.header.taken_at for each in snapshots] == [AT + 1_200 * number for number in range(9)]
    assert {node.id: node.is_online for node in snapshots[-1].nodes} == {key(1): True, key(2): False}


@pytest.mark.parametrize("lists", [0, 1])
def test_a_folder_without_a_series_is_refused(tmp_path: Path, lists: int) -> None:
    with pytest.raises(BadRecording):
        CapturedSource(recorded(tmp_path, lists))
