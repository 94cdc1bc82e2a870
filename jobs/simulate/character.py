"""The behaviour of a node in the simulated months. Unlike that of a real node, it is known.

A character is drawn once. It determines the node's course: the processes that it runs, each with a start, an end and a
release. A node is down between two processes. All times are unix seconds; rates are per day.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import NamedTuple

from jobs.simulate.draws import Draws
from jobs.simulate.params import Shares
from schema.domain.base import DAY, MINUTE


class Character(StrEnum):
    """GOOD: rarely down. FLAKY: down repeatedly, more in some weeks than in others. DYING: good, then down more and
    more, then down permanently. DEAD: good, then down permanently at once. LYING: flaky, with a false uptime, a false
    size, and for half of them a seed that confirms it. YOUNG: starts during the months, and is good. YOUNG_FLAKY:
    starts during the months, and is flaky. UPGRADING: good, and installs each release within a day."""

    GOOD = "good"
    FLAKY = "flaky"
    DYING = "dying"
    DEAD = "dead"
    LYING = "lying"
    YOUNG = "young"
    YOUNG_FLAKY = "young-flaky"
    UPGRADING = "upgrading"


SHARES: Shares = (
    (Character.GOOD, 0.46),
    (Character.UPGRADING, 0.12),
    (Character.FLAKY, 0.14),
    (Character.DYING, 0.06),
    (Character.DEAD, 0.05),
    (Character.LYING, 0.05),
    (Character.YOUNG, 0.08),
    (Character.YOUNG_FLAKY, 0.04),
)
SOUND = frozenset({Character.GOOD, Character.UPGRADING, Character.YOUNG})
"""The characters that should not score badly."""
RESTART_RATE = 0.024
"""Measured: four restarts in 11,555 pod-intervals of 20 minutes are about one in 1,000 hours."""
GOOD_OUTAGE_RATES = (1 / 90, 1 / 25)
FLAKY_OUTAGE_RATES = (0.4, 2.0)
CALM = 0.1
"""The share of its outages that a flaky node has in its better weeks."""
REGIME_DAYS = 10.0
GOOD_OUTAGE_HOURS = 1.0
FLAKY_OUTAGE_HOURS = (1.0, 8.0)
DYING_DAYS = (10.0, 25.0)
LATE_UPGRADE_DAYS = 8.0
LAGGARD_SHARE = 0.1
"""Among all characters except UPGRADING: the share that never installs a release."""
MIN_DOWN = 2 * MINUTE
_MAX_OUTAGES = 5_000


class Process(NamedTuple):
    """One run of a node: [start, end), and the release that it runs."""

    start: int
    end: int
    version: str


class Release(NamedTuple):
    """A release and the unix second from which it can be installed."""

    version: str
    at: int


@dataclass(frozen=True, slots=True)
class Course:
    """The processes of one node, sorted. `died_at` is when it went down permanently; None if it did not."""

    character: Character
    processes: tuple[Process, ...]
    died_at: int | None = None

    def process_at(self, at: float) -> Process | None:
        """The process that runs at a time. None while the node is down or has not started."""
        last = self.last_before(at)
        return last if last is not None and at < last.end else None

    def last_before(self, at: float) -> Process | None:
        """The newest process that started by a time, even if it has ended. None before the first one."""
        place = bisect_right(self.processes, at, key=lambda process: process.start)
        return self.processes[place - 1] if place else None

    def share_up(self, start: float, end: float) -> float:
        """The share 0..1 of [start, end) in which the node is up."""
        up = sum(max(0.0, min(end, p.end) - max(start, p.start)) for p in self.processes)
        return up / (end - start) if end > start else 0.0


class _Outage(NamedTuple):
    start: int
    end: int


def course(draws: Draws, character: Character, start: int, end: int, releases: Sequence[Release]) -> Course:
    """The course of a node from before `start` to `end`. `releases` are sorted; the first one is available at the
    start."""
    young = character in (Character.YOUNG, Character.YOUNG_FLAKY)
    begin = start + int(draws.between(0.05, 0.7) * (end - start)) if young else start - int(draws.between(1, 30) * DAY)
    died_at = _death(draws, character, start, end)
    outages = [*_outages(draws, character, begin, end, died_at), *_restarts(draws, begin, end)]
    upgrades = _upgrades(draws, character, begin, end, releases)
    outages.extend(_Outage(at, at + MIN_DOWN + draws.below(10 * MINUTE)) for at in upgrades)
    if died_at is not None:
        outages.append(_Outage(died_at, end))
    return Course(character, tuple(_processes(begin, end, outages, upgrades)), died_at)


def _death(draws: Draws, character: Character, start: int, end: int) -> int | None:
    if character not in (Character.DYING, Character.DEAD):
        return None
    return start + int(draws.between(0.35, 0.9) * (end - start))


def _outages(draws: Draws, character: Character, begin: int, end: int, died_at: int | None) -> list[_Outage]:
    if character in (Character.FLAKY, Character.LYING, Character.YOUNG_FLAKY):
        return _flaky(draws, begin, end)
    rate = draws.between(*GOOD_OUTAGE_RATES)
    found = _spells(draws, begin, died_at or end, rate, GOOD_OUTAGE_HOURS)
    if character is Character.DYING and died_at is not None:
        found.extend(_decline(draws, died_at))
    return found


def _flaky(draws: Draws, begin: int, end: int) -> list[_Outage]:
    """Alternating better and worse weeks, each with its own rate of outages."""
    rate, hours = draws.between(*FLAKY_OUTAGE_RATES), draws.between(*FLAKY_OUTAGE_HOURS)
    found: list[_Outage] = []
    calm, at = draws.chance(0.4), begin
    while at < end:
        until = min(end, at + int(_wait(draws, 1 / REGIME_DAYS)) + DAY)
        found.extend(_spells(draws, at, until, rate * (CALM if calm else 1.0), hours))
        calm, at = not calm, until
    return found


def _decline(draws: Draws, died_at: int) -> list[_Outage]:
    """Outages that become more frequent and longer towards the end."""
    at = died_at - int(draws.between(*DYING_DAYS) * DAY)
    found: list[_Outage] = []
    span = died_at - at
    while at < died_at and len(found) < _MAX_OUTAGES:
        near = 1 - (died_at - at) / span
        at += int(_wait(draws, 0.3 + 2.0 * near))
        length = int(_wait(draws, 24 / (1 + 6 * near)))
        found.append(_Outage(at, min(at + max(length, MIN_DOWN), died_at)))
        at += length
    return [outage for outage in found if outage.start < died_at]


def _spells(draws: Draws, begin: int, end: int, rate: float, hours: float) -> list[_Outage]:
    found: list[_Outage] = []
    at = begin + int(_wait(draws, rate))
    while at < end and len(found) < _MAX_OUTAGES:
        length = max(MIN_DOWN, int(_wait(draws, 24 / hours)))
        found.append(_Outage(at, at + length))
        at += length + int(_wait(draws, rate))
    return found


def _restarts(draws: Draws, begin: int, end: int) -> list[_Outage]:
    return [_Outage(o.start, o.start + MIN_DOWN) for o in _spells(draws, begin, end, RESTART_RATE, 0.1)]


def _upgrades(draws: Draws, character: Character, begin: int, end: int, releases: Sequence[Release]) -> dict[int, str]:
    """When the node installs which release. A release available at its start is installed from the start."""
    laggard = draws.chance(LAGGARD_SHARE) and character is not Character.UPGRADING
    out = [release for release in releases if release.at <= begin]
    found = {begin: out[-1].version if out else releases[0].version}
    for release in releases:
        delay = draws.between(0, DAY) if character is Character.UPGRADING else _wait(draws, 1 / LATE_UPGRADE_DAYS)
        at = release.at + int(delay)
        if release.at > begin and at < end and not laggard:
            found[at] = release.version
    return found


def _processes(begin: int, end: int, outages: Sequence[_Outage], upgrades: dict[int, str]) -> list[Process]:
    """The parts of [begin, end) without outages, each with the release installed last."""
    installed = sorted(upgrades.items())
    found: list[Process] = []
    at = begin
    for outage in sorted(outages):
        if outage.start > at:
            found.append(Process(at, min(outage.start, end), _installed(installed, at)))
        at = max(at, outage.end)
        if at >= end:
            break
    if at < end:
        found.append(Process(at, end, _installed(installed, at)))
    return [process for process in found if process.end > process.start]


def _installed(installed: Sequence[tuple[int, str]], at: int) -> str:
    return installed[max(0, bisect_right(installed, at, key=lambda each: each[0]) - 1)][1]


def _wait(draws: Draws, rate_per_day: float) -> float:
    """Seconds until the next event of a kind that occurs `rate_per_day` times a day on average."""
    return -log(1 - draws.unit()) / rate_per_day * DAY
