"""Decide whether a node is alive: a node is alive while its uptime advances.

A recent `last_seen` proves nothing. Records of dead pods circulate for days with a frozen uptime and a time stamp that
is reset repeatedly. Each seed's uptime for an address is therefore compared with the value that the same seed gave
before, never with another seed's. `schema.domain.node.process` defines which change proves life.
"""

from collections.abc import Mapping, Sequence

from schema.domain.base import HOUR
from schema.domain.node.memory import AddressMemory
from schema.domain.node.observation import Listing
from schema.domain.node.pnode import LivenessBasis, PNodeStatus
from schema.domain.node.process import ONE_PROCESS_SECONDS, Verdict, compare

FRESH_GOSSIP_SECONDS = 120
LONG_GAP_SECONDS = HOUR
"""A pod forgets a peer after an hour without contact."""
_MAX_FUTURE = 4
_MAX_SUPERSEDED = 4


def default_grace(interval: int) -> int:
    """How long a proof of life lasts, in seconds: three polling intervals of `interval` seconds, at least 2 minutes."""
    return max(3 * interval, 120)


def observe(
    memory: AddressMemory | None,
    address: str,
    listings: Sequence[Listing],
    at: int,
    *,
    grace: int = FRESH_GOSSIP_SECONDS,
    quorum: int = 1,
) -> AddressMemory:
    """Update the memory of an address with this cycle's listings (not empty), at time `at` (unix seconds).

    `quorum` seeds, or all that list the address if there are fewer, are needed to prove life. At first sight there is
    nothing to compare with: a gossip age under two minutes then counts as life, dated back by that age.
    """
    reports = _Reports(memory, at, grace)
    reports.take(listings)
    lived = _lived_at(reports, listings, at, grace, quorum)
    alive_at = lived if lived is not None else memory.alive_at if memory else None
    knows_uptime = any(reports.marks.values())
    if memory is None or not knows_uptime:
        alive_at = max(filter(None, (alive_at, _fresh_contact(listings, at, quorum))), default=None)
    moved = lived is not None
    before = memory or AddressMemory(address=address, first_listed=at, last_listed=at)
    return before.model_copy(
        update={
            "last_listed": at,
            "alive_at": alive_at,
            "uptimes": reports.marks,
            "moved": moved or before.moved,
            "frozen": not moved and (reports.compared or before.frozen),
            "quiet": reports.quiet,
            "below": reports.below,
            "superseded": tuple(reports.superseded[-_MAX_SUPERSEDED:]),
            "future": _future(before, listings),
        }
    )


def _future(memory: AddressMemory, listings: Sequence[Listing]) -> tuple[int, ...]:
    """The newest of the time stamps that lay in the future when they were listed."""
    new = [row.future for row in listings if row.future is not None]
    return tuple(sorted({*memory.future, *new})[-_MAX_FUTURE:]) if new else memory.future


def judge(memory: AddressMemory, at: int, grace: int) -> tuple[PNodeStatus, LivenessBasis]:
    """The status of an address that is listed at `at`, and its basis. `grace` is in seconds."""
    alive = memory.alive_at is not None and at - memory.alive_at <= grace
    if not any(memory.uptimes.values()):
        # Seeds before 0.7 report no uptime, and some 1.2 pods show 0 from 0.8, so only the gossip age is left. The
        # grace does not extend it: a contact proves less than an uptime, and such nodes exchange gossip too rarely to
        # benefit.
        fresh = memory.alive_at is not None and at - memory.alive_at < FRESH_GOSSIP_SECONDS
        return (PNodeStatus.ONLINE if fresh else PNodeStatus.UNKNOWN), LivenessBasis.GOSSIP_AGE
    if alive:
        return PNodeStatus.ONLINE, LivenessBasis.UPTIME if memory.moved else LivenessBasis.FIRST_SIGHT
    if memory.frozen and at - memory.first_listed > 0:
        return PNodeStatus.GHOST, LivenessBasis.UPTIME
    return PNodeStatus.UNKNOWN, LivenessBasis.NONE


class _Reports:
    """Compares this cycle's uptimes of one address with the previous ones, seed by seed."""

    def __init__(self, memory: AddressMemory | None, at: int, grace: int) -> None:
        self._memory = memory
        self._at = at
        self._grace = grace
        self._step = at - memory.last_listed if memory else 0
        before: Mapping[str, int] = memory.uptimes if memory else {}
        self._before = before
        self.marks: dict[str, int] = {**before}
        self.quiet: dict[str, int] = {}
        self.below: dict[str, int] = {}
        self.superseded: list[int] = [*memory.superseded] if memory else []
        self.lives: list[int] = []
        self.speaking = 0
        self.compared = False

    def take(self, listings: Sequence[Listing]) -> None:
        """Process one row for each seed."""
        before, marks, at = self._before, self.marks, self._at
        # The common case, in which `compare` returns GROWN: the process continues, after a step within the grace.
        least = max(self._step - ONE_PROCESS_SECONDS, 1)
        going_on = self._memory is not None and self._memory.moved and self._step <= self._grace
        was_quiet: Mapping[str, int] = self._memory.quiet if self._memory else {}
        moved: list[str] = []
        for listing in listings:
            seed, uptime = listing.seed, listing.observation.uptime
            if uptime is None:
                continue
            self.speaking += 1
            mark = before.get(seed)
            if mark is None:
                marks[seed] = uptime
                self.quiet[seed] = at if listing.last_seen is None else listing.last_seen
                continue
            self.compared = True
            if going_on and uptime - mark >= least and seed not in was_quiet:
                marks[seed] = uptime
                moved.append(seed)
                self.lives.append(at)
            elif uptime != mark and self._moves(listing, uptime, mark):
                moved.append(seed)
        if self._memory is not None and len(moved) < len(before):
            last_listed = self._memory.last_listed
            self.quiet.update((seed, was_quiet.get(seed, last_listed)) for seed in before if seed not in moved)

    def _moves(self, listing: Listing, uptime: int, mark: int) -> bool:
        """Whether a changed uptime from a seed that gave `mark` before proves life. Records the change."""
        seed, memory = listing.seed, self._memory
        if memory is None:
            return False
        moved_at = memory.moved_at(seed)
        since, step = self._at - moved_at, self._at - memory.last_listed
        below = memory.below.get(seed) if since > self._grace else None
        verdict = compare(mark, uptime, since=since, step=step, last=below)
        if uptime < mark and uptime in self.superseded:
            verdict = Verdict.OLD
        if verdict is Verdict.OLD:
            self.below[seed] = uptime
            return False
        if moved_at < memory.last_listed or not memory.moved:
            self.superseded.append(mark)
        self.marks[seed] = uptime
        self.lives.append(self._life(listing, uptime, mark))
        return True

    def _life(self, listing: Listing, uptime: int, mark: int) -> int:
        """The latest time at which the process with this uptime was certainly alive.

        Within the grace, that is now. Between lists that are further apart, the process was alive for no longer than
        its uptime grew. After more than an hour, an advance proves nothing about now: the process was alive until its
        contact.
        """
        memory = self._memory
        if memory is None or (gap := self._at - memory.last_listed) <= self._grace:
            return self._at
        grown = memory.last_listed + uptime - mark + ONE_PROCESS_SECONDS if uptime > mark else self._at
        contact = self._at if gap <= LONG_GAP_SECONDS else listing.last_seen
        return min(self._at, grown, memory.last_listed if contact is None else contact)


def _lived_at(reports: _Reports, listings: Sequence[Listing], at: int, grace: int, quorum: int) -> int | None:
    """The newest time at which enough seeds saw the address alive. None if its uptime did not advance now."""
    lives = reports.lives
    if not lives:
        return None
    needed = min(quorum, reports.speaking)
    if needed <= 1:
        return max(lives)
    if lives.count(at) >= needed:
        return at
    said = [row.seed for row in listings if row.observation.uptime is not None]
    others = [moved_at for seed in said if (moved_at := reports.quiet.get(seed)) is not None]
    lived = sorted((*lives, *others), reverse=True)[needed - 1]
    return lived if len(lives) >= needed or at - lived <= grace else None


def _fresh_contact(listings: Sequence[Listing], at: int, quorum: int) -> int | None:
    """The newest contact that enough seeds report, if it is less than two minutes old."""
    contacts = sorted((seen for listing in listings if (seen := listing.last_seen) is not None), reverse=True)
    if not contacts:
        return None
    newest = contacts[min(quorum, len(listings), len(contacts)) - 1]
    return newest if at - newest < FRESH_GOSSIP_SECONDS else None
