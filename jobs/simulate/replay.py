"""Recorded lists, served as if they were current: one list per slot, in the order in which they were recorded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from jobs.past.recording import POD_KEYS, BadRecording, Recording, read_recording, recording_files
from jobs.simulate.identity import public_host
from jobs.simulate.source import INTERNAL_ERROR, METHOD_NOT_FOUND, Result, Seed
from jobs.simulate.wire import pod_list
from schema.domain.base import MAX_INT64, slot_of


class Reel(NamedTuple):
    """The lists of one seed, oldest first: the file and the time (unix seconds) of each."""

    seed: Seed
    lists: tuple[tuple[float, Path], ...]


def read_reels(path: Path) -> tuple[Reel, ...]:
    """Find every list in a folder, by seed. Raises BadRecording for the first file that is not a list.

    Lists that do not name their seed count as those of one seed, with an invented address. Only times and paths are
    kept in memory; a list is read again when it is served.
    """
    found: dict[str, list[tuple[float, Path]]] = {}
    for file in recording_files(path):
        recording = read_recording(file)
        found.setdefault(recording.seed or public_host(0, 0), []).append((recording.taken_at, file))
    return tuple(Reel(Seed(name), tuple(sorted(lists))) for name, lists in sorted(found.items()))


def place_of(slots_passed: int, length: int, *, loop: bool) -> int:
    """The index of the list of a slot, out of `length`. The last list is repeated, unless the reel loops."""
    return slots_passed % length if loop else min(max(slots_passed, 0), length - 1)


def shifted(recording: Recording, second: int) -> list[dict[str, Any]]:
    """The pods of a list, with every last_seen_timestamp moved by the age of the list. Keys are sorted.

    Ages are then those of the recording. Uptimes are unchanged, and so are times that are not numbers. Rows that are
    not objects, and keys that no pod sends, are dropped. The text `last_seen` is dropped too: it would show the time of
    the recording, and no released pod sends it.
    """
    shift = second - recording.taken_at
    return [
        {
            key: _moved(value, shift) if key == "last_seen_timestamp" else value
            for key, value in sorted(cast("dict[str, Any]", row).items())
            if key in POD_KEYS and key != "last_seen"
        }
        for row in recording.rows
        if type(row) is dict
    ]


class Replay:
    """A source of recorded lists that serves the next one in each slot of `interval` seconds.

    The first slot is `first_slot`, or that of the first request for a list, so no list is missed before the collector
    starts. A recording lacks its seed's own version and figures, so those calls fail.
    """

    def __init__(
        self, reels: Sequence[Reel], *, interval: int, first_slot: int | None = None, loop: bool = False
    ) -> None:
        if interval < 1:
            raise ValueError(f"interval={interval}: expected at least 1 second")
        self._reels = tuple(reels)
        self._interval = interval
        self._first_slot = first_slot
        self._loop = loop
        self._open: dict[Path, Recording] = {}

    @property
    def seeds(self) -> Sequence[Seed]:
        return tuple(reel.seed for reel in self._reels)

    def result(self, seed: int, method: str, second: int) -> Result:
        if method in ("get-version", "get-stats"):
            return INTERNAL_ERROR
        if method not in ("get-pods", "get-pods-with-stats"):
            return METHOD_NOT_FOUND
        try:
            recording = self._recording(seed, second)
        except BadRecording:
            return INTERNAL_ERROR  # it was readable at the start, and is not now
        with_stats = method == "get-pods-with-stats"
        if with_stats and not recording.has_stats:
            return METHOD_NOT_FOUND
        return pod_list(shifted(recording, second), with_stats=with_stats)

    def _recording(self, seed: int, second: int) -> Recording:
        slot = slot_of(second, self._interval)
        if self._first_slot is None:
            self._first_slot = slot
        lists = self._reels[seed].lists
        _, path = lists[place_of((slot - self._first_slot) // self._interval, len(lists), loop=self._loop)]
        if path not in self._open:
            if len(self._open) >= len(self._reels):
                self._open.clear()
            self._open[path] = read_recording(path)
        return self._open[path]


def _moved(value: object, shift: float) -> object:
    return (
        int(value + shift)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_INT64
        else value
    )
