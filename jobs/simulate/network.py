"""A simulated pRPC network: what each seed would answer at a given time.

Everything is a pure function of size, seed number, roles and time, so that a network which is started again goes on
where wall-clock time says. Nothing is ever in the future, and what a seed says of a live pod only moves forward, save
for the pod's own restarts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from jobs.simulate import params
from jobs.simulate.draws import GOLDEN, MASK, Draws, scramble
from jobs.simulate.identity import RPC_PORT
from jobs.simulate.population import cast
from jobs.simulate.roles import FAULTS, PARTS, Mesh, Part, Role
from jobs.simulate.row import Kind, Row
from jobs.simulate.stats import seed_stats
from schema.domain.base import DAY, MINUTE

Pod = dict[str, str | int | float | bool | None]

DEFAULT_NODES = 300
AGE_STEPS = 1024
# A seed meets a live pod at regular intervals, so that its age grows from 0 to that interval: twice the mean age.
INTERVALS = tuple(2 * params.quantile(params.LIVE_AGE, (i + 0.5) / AGE_STEPS) for i in range(AGE_STEPS))
OLD_INTERVALS = (240.0, 3_600.0)  # before 0.7: 3 random peers every two minutes, so that most are met seldom
RELEARN_SECONDS = 3_600.0  # to 0.8, a dead record is pruned after an hour, and learned anew from another seed at once
HONEST_SECONDS = 5.0 * DAY  # from 1.2 the age of a dead record stays honest: here, up to the pod's next short life
NAT_SPREAD = 40_000
TURN_SECONDS = 4 * MINUTE
USED_WINDOW = 10 * MINUTE


class Sight(NamedTuple):
    """One row in the eyes of one seed: unix second of the last contact, uptime as of then, port, version."""

    contact: float
    uptime: int
    port: int
    version: str


class Network:
    """The network of one seed number; see the module.

    `roles` says what the pRPC seeds are like, in the order of `hosts`. Times are unix seconds.
    """

    def __init__(self, nodes: int = DEFAULT_NODES, seed: int = 1, roles: Sequence[Role] = FAULTS["typical"]) -> None:
        self.roles = tuple(roles)
        self.seed = seed
        self.rows = cast(nodes, seed, self.roles)
        # An islander cannot read the entry point that it was given: all of that pod stays unknown to it.
        self._unread = replace(self.rows[0], kind=Kind.UNHEARD)
        self._used: tuple[int, tuple[int, ...]] = (-1, ())

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The addresses of the seeds, without a port."""
        return tuple(row.host for row in self.rows[: len(self.roles)])

    def version(self, index: int) -> str:
        """The release that a seed runs."""
        return self.rows[index].version

    def stats(self, index: int, at: float) -> dict[str, int | float]:
        """A seed's get-stats."""
        return seed_stats(self.rows[index], Draws("stats", self.seed, index), at)

    def pods(self, index: int, at: float, shift: int = 0) -> list[Pod]:
        """A seed's get-pods-with-stats at `at`: never itself, keys in alphabetical order, re-learned ghosts last.

        `shift` (seconds) is added to every last_seen_timestamp, for a clock other than the network's own.
        """
        standing: list[Pod] = []
        ghosts: list[tuple[float, Pod]] = []
        for row, used, sight in self._seen(index, at):
            pod = _pod(row, used, sight, shift)
            if row.kind is Kind.GHOST:
                ghosts.append((sight.contact, pod))
            else:
                standing.append(pod)
        ghosts.sort(key=lambda ghost: ghost[0])
        standing.extend(pod for _, pod in ghosts)
        return standing

    def _seen(self, index: int, at: float) -> Iterator[tuple[Row, int, Sight]]:
        part, own = PARTS[self.roles[index]], self.hosts[index]
        salt = scramble(index + 1)
        covered = int(part.coverage * 4096)
        if part.mesh is not Mesh.MAIN:
            yield self._unread, 0, Sight(_contact(salt, at, RELEARN_SECONDS), 0, self._unread.port, "unknown")
        for row, used in zip(self.rows, self._used_at(at), strict=True):
            # The seed's view of the row hangs on these bits: 0-31 moment of contact, 32-39 old news, 40-51 coverage,
            # 54-63 interval of contact. They are multiplied out, not scrambled, for speed.
            word = ((row.salt ^ salt) * GOLDEN) & MASK
            if (word >> 40 & 4095) < covered and row.host != own:
                sight = _sight(row, part, word, at)
                if sight is not None:
                    yield row, used, sight

    def _used_at(self, at: float) -> tuple[int, ...]:
        """Bytes in use by row, as of the start of the current window; worked out once a window for all seeds."""
        window = int(at // USED_WINDOW)
        if self._used[0] != window:
            self._used = (window, tuple(row.usage.at(window * USED_WINDOW) for row in self.rows))
        return self._used[1]


def _sight(row: Row, part: Part, word: int, at: float) -> Sight | None:
    """What a seed sees of a row of its own mesh, or of 1.2 from the main one; None where it lists nothing."""
    if row.mesh is not part.mesh:
        return _foreign_sight(row, part, word, at)
    if row.kind is not Kind.LIVE:
        honest = row.mesh in (Mesh.V12, Mesh.V13)
        contact = _contact(word, at, HONEST_SECONDS if honest else RELEARN_SECONDS)
        return Sight(contact, row.uptime, row.port, row.version)
    if row.turns and scramble(row.turns + int(at // TURN_SECONDS) & MASK) & 1 != row.turn:
        return None
    contact = _contact(word, at, _interval(row, word))
    version = row.older_version if word >> 32 & 255 == 0 else row.version
    return Sight(contact, row.uptime_at(contact), _port(row, contact), version)


def _foreign_sight(row: Row, part: Part, word: int, at: float) -> Sight | None:
    """0.8 decodes some of what 1.2 says, but meets nobody there: a stale age, and mostly no uptime."""
    if (part.mesh, row.mesh) != (Mesh.MAIN, Mesh.V12) or word >> 52 & 1:
        return None
    contact = _contact(word, at, RELEARN_SECONDS)
    return Sight(contact, 0 if word >> 32 & 3 else row.uptime_at(contact), row.port, row.version)


def _contact(word: int, at: float, interval: float) -> float:
    """The last contact before `at`, of those that come regularly, at a moment which hangs on `word`."""
    return at - (at + (word & 0xFFFFFFFF) / 2**32 * interval) % interval


def _interval(row: Row, word: int) -> float:
    if row.mesh is Mesh.OLD:
        low, high = OLD_INTERVALS
        return low + (high - low) * (word >> 54) / AGE_STEPS
    return INTERVALS[word >> 54]


def _port(row: Row, contact: float) -> int:
    if not row.nat_period:
        return row.port
    return 20_000 + scramble(row.salt + int(contact // row.nat_period) & MASK) % NAT_SPREAD


def _pod(row: Row, used: int, sight: Sight, shift: int) -> Pod:
    address, last_seen = f"{row.host}:{sight.port}", int(sight.contact) + shift
    if row.kind is Kind.UNHEARD:
        return {
            "address": address,
            "is_public": None,
            "last_seen_timestamp": last_seen,
            "pubkey": None,
            "rpc_port": None,
            "storage_committed": None,
            "storage_usage_percent": None,
            "storage_used": None,
            "uptime": None,
            "version": "unknown",
        }
    return {
        "address": address,
        "is_public": row.is_public,
        "last_seen_timestamp": last_seen,
        "pubkey": row.pubkey,
        "rpc_port": RPC_PORT,
        "storage_committed": row.committed,
        "storage_usage_percent": used / row.committed * 100,
        "storage_used": used,
        "uptime": sight.uptime,
        "version": sight.version,
    }
