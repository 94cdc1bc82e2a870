"""How each seed sees each row: whether it lists it, when it was last in contact, and with what result.

A seed's view of a row is derived from one 64-bit word: bits 0-31 the time of contact, 32-39 outdated records, 40-51
coverage, 52 and 54-63 the contact interval. Most rows need only the interval and the time. Those are stored separately,
as plain numbers, because a list of 100,000 pods must be made within a second.
"""

from array import array
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jobs.simulate import params
from jobs.simulate.draws import GOLDEN, MASK, scramble
from jobs.simulate.roles import Mesh, Part
from jobs.simulate.row import Kind, Row
from schema.domain.base import DAY, MINUTE

TICKS = 1024  # a second; times are multiples of 1/1024 s, which floats add exactly; otherwise a contact could move back
AGE_STEPS = 1024
# A seed contacts a live pod at regular intervals, so its age grows from 0 to that interval: twice the mean age.
INTERVALS = tuple(
    round(2 * params.quantile(params.LIVE_AGE, (i + 0.5) / AGE_STEPS) * TICKS) / TICKS for i in range(AGE_STEPS)
)
OLD_INTERVALS = (240.0, 3_600.0)  # before 0.7: 3 random peers every two minutes, so most are contacted rarely
RELEARN_SECONDS = 3_600.0  # to 0.8, a dead record is pruned after an hour, and learned again from another seed at once
HONEST_SECONDS = 5.0 * DAY  # from 1.2 the age of a dead record stays correct: here, up to the pod's next short life
NAT_SPREAD = 40_000
TURN_SECONDS = 4 * MINUTE


class Sight(NamedTuple):
    """One row as one seed sees it: unix second of the last contact, uptime at that time, port, version."""

    contact: float
    uptime: int
    port: int
    version: str


@dataclass(slots=True)
class Contacts:
    """Rows (by index) that need only an interval and a time, both in seconds; see `last_contact`."""

    indices: MutableSequence[int] = field(default_factory=lambda: array("L"))
    intervals: MutableSequence[float] = field(default_factory=lambda: array("d"))
    moments: MutableSequence[float] = field(default_factory=lambda: array("d"))

    def add(self, index: int, word: int, interval: float) -> None:
        self.indices.append(index)
        self.intervals.append(interval)
        self.moments.append(_moment(word, interval))


@dataclass(slots=True)
class SeedView:
    """All rows that a seed may list: live pods and ordinary dead records, and the `odd` ones with their words."""

    live: Contacts = field(default_factory=Contacts)
    dead: Contacts = field(default_factory=Contacts)
    odd: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])


def view_of(rows: Sequence[Row], part: Part, own_host: str, salt: int) -> SeedView:
    """The rows that a seed with this role lists, without its own. `salt` (64 bits) differs between seeds."""
    view, covered = SeedView(), int(part.coverage * 4096)
    for index, row in enumerate(rows):
        # Multiplied out, not scrambled, for speed: the salts are random already.
        word = ((row.salt ^ salt) * GOLDEN) & MASK
        if (word >> 40 & 4095) >= covered or row.host == own_host:
            continue
        if row.mesh is not part.mesh:
            if (part.mesh, row.mesh) == (Mesh.MAIN, Mesh.V12) and word >> 52 & 1:
                view.odd.append((index, word))
        elif row.kind is Kind.GHOST:
            view.dead.add(index, word, _relearn_interval(row))
        elif row.kind is Kind.UNHEARD or row.nat_period or row.turns or _shown_version(row, word) != row.version:
            view.odd.append((index, word))
        else:
            view.live.add(index, word, _interval(row, word))
    return view


def odd_sight(row: Row, mesh: Mesh, word: int, at: float) -> Sight | None:
    """An odd row as a seed of this mesh sees it, at a unix second. None while the other row of its pair is listed."""
    if row.mesh is not mesh:
        # 0.8 decodes part of the gossip of 1.2, but has no contact with it: the age is old, and the uptime mostly
        # missing.
        contact = last_contact(at, RELEARN_SECONDS, _moment(word, RELEARN_SECONDS))
        return Sight(contact, 0 if word >> 32 & 3 else row.uptime_at(contact), row.port, row.version)
    if row.turns and scramble(row.turns + int(at // TURN_SECONDS) & MASK) & 1 != row.turn:
        return None
    interval = _interval(row, word) if row.kind is Kind.LIVE else _relearn_interval(row)
    contact = last_contact(at, interval, _moment(word, interval))
    return Sight(contact, row.uptime_at(contact), _port(row, contact), _shown_version(row, word))


def last_contact(at: float, interval: float, moment: float) -> float:
    """The unix second of the last contact up to `at`, with one contact every `interval` seconds."""
    return at - (at + moment) % interval


def _moment(word: int, interval: float) -> float:
    return int((word & 0xFFFFFFFF) / 2**32 * interval * TICKS) / TICKS


def _relearn_interval(row: Row) -> float:
    return HONEST_SECONDS if row.mesh in (Mesh.V12, Mesh.V13) else RELEARN_SECONDS


def _interval(row: Row, word: int) -> float:
    if row.mesh is Mesh.OLD:
        low, high = OLD_INTERVALS
        return low + (high - low) * (word >> 54) / AGE_STEPS
    return INTERVALS[word >> 54]


def _shown_version(row: Row, word: int) -> str:
    """One seed in 256 has an outdated record of a pod."""
    return row.older_version if word >> 32 & 255 == 0 and row.kind is Kind.LIVE else row.version


def _port(row: Row, contact: float) -> int:
    if not row.nat_period:
        return row.port
    return 20_000 + scramble(row.salt + int(contact // row.nat_period) & MASK) % NAT_SPREAD
